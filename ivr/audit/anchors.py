"""Heads of the access log, kept outside the database: who rewrites the log there, or puts an older state of it back,
disagrees with them.

    access-log/<time>-<number>.json     number and hash of the newest line then, sealed with the house's secret
    access-log/aside/<name>             heads that a restored database cannot know, moved there by the restore

One an hour is kept, for good one a day. A head that disagrees with the log is never thrown away.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select

from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain.timestamps import iso
from ivr.models.audit import AccessLine
from ivr.platform import blob_storage, database

log = logging.getLogger(__name__)
PREFIX = "access-log/"
_ASIDE = f"{PREFIX}aside/"
#: Heads are thinned to one a day when they are older.
_HOURLY_FOR = timedelta(days=7)
_EVERY = timedelta(hours=1)
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Head:
    """A kept head; `sealed` says whether its seal is right: yes, no, or sealed with another secret than the present."""

    name: str
    number: int
    hash: str
    at: datetime
    sealed: str


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"access log:" + settings().secret.encode()).digest())


def public_key() -> str:
    """The key (hex) with which anybody can check what this house has sealed; it changes with the house's secret."""
    return _signer().public_key().public_bytes_raw().hex()


def seal(content: dict[str, Any]) -> dict[str, Any]:
    """Content with a seal (Ed25519) that only who has the house's secret can make, and anybody can check."""
    content = {**content, "key": public_key()}
    return {**content, "seal": _signer().sign(json.dumps(content, sort_keys=True).encode()).hex()}


def sealed(content: dict[str, Any]) -> str:
    """`yes`, `no`, or `another` where it is whole and was sealed by another house, or with a former secret."""
    content = dict(content)
    try:
        stated = bytes.fromhex(str(content.pop("seal", "")))
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(content.get("key"))))
        key.verify(stated, json.dumps(content, sort_keys=True).encode())
    except (ValueError, InvalidSignature, TypeError):
        return "no"
    return "yes" if content["key"] == public_key() else "another"


def keep(now: datetime) -> bool:
    """Keep the present head if there is something new since the last hour's; False if not, or if the log disagrees with
    the newest heads, which is an alarm."""
    names = _names()
    newest_kept = [head for name in names[-3:] if (head := _load(name)) is not None]
    with database.reading() as session:
        number, newest = access_log.newest(session)
        wrong = [fault for head in newest_kept if (fault := _fault(session, head))]
    if wrong:
        log.critical("the access log disagrees with what was kept of it: %s", "; ".join(wrong))
        return False
    last = newest_kept[-1] if newest_kept else None
    if number == 0 or (last is not None and (last.number >= number or last.at > now - _EVERY)):
        return False
    content = seal({"number": number, "hash": newest, "at": iso(now)})
    blob_storage.store().put(f"{PREFIX}{now:{_TIME}}-{number}.json", json.dumps(content).encode())
    _thin(names, now)
    return True


def _thin(names: list[str], now: datetime) -> None:
    """Of each day that is long over the last head stays, and every one that disagrees."""
    old = [name for name in names if _made(name) < f"{now - _HOURLY_FOR:{_TIME}}"]
    for name, following in pairwise(old):
        if _made(name)[:8] == _made(following)[:8] and (head := _load(name)) is not None:
            with database.reading() as session:
                if _fault(session, head) is None:
                    blob_storage.store().delete(name)


def _names() -> list[str]:
    """Names of the kept heads, the oldest first."""
    return sorted(name for name in blob_storage.store().names(PREFIX) if not name.startswith(_ASIDE))


def _made(name: str) -> str:
    return name.removeprefix(PREFIX).partition("-")[0]


def _load(name: str) -> Head | None:
    """A head; None where another host has thinned it meanwhile."""
    try:
        content = json.loads(blob_storage.store().get(name))
        at = datetime.fromisoformat(content["at"]).astimezone(UTC)
        return Head(name, int(content["number"]), str(content["hash"]), at, sealed(content))
    except blob_storage.Missing:
        return None
    except (ValueError, KeyError, TypeError):
        return Head(name, 0, "", datetime.fromtimestamp(0, UTC), "no")


def _heads() -> Iterator[Head]:
    return (head for name in _names() if (head := _load(name)) is not None)


def _fault(session: Any, head: Head) -> str | None:
    if head.sealed != "yes":
        return f"the kept head {head.name} was changed, or sealed with another SECRET_KEY"
    first = session.scalar(select(AccessLine.number).order_by(AccessLine.number).limit(1))
    if first is None:
        return f"the log is empty, and had line {head.number} on {iso(head.at)}"
    if head.number < first:
        return None  # deleted, as a line says: the checker asks for it
    found = session.scalar(select(AccessLine.hash).where(AccessLine.number == head.number))
    if found is None:
        return f"line {head.number} is missing; it was there on {iso(head.at)}"
    return None if found == head.hash else f"line {head.number} is another than on {iso(head.at)}"


def disagreeing() -> list[str]:
    """What the log in the database does not have as it was kept."""
    with database.reading() as session:
        return [fault for head in _heads() if (fault := _fault(session, head))]


def set_aside(last: int) -> int:
    """After a restore: move heads away that are newer than the restored log, whose last line is `last`; how many."""
    place, moved = blob_storage.store(), 0
    for head in list(_heads()):
        if head.number > last:
            place.put(f"{_ASIDE}{Path(head.name).name}", place.get(head.name))
            place.delete(head.name)
            moved += 1
    return moved
