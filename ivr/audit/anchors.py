"""Anchors: heads of the access log that are kept outside the database.

A log that was rewritten in the database, or an older state of it, disagrees with them.

    access-log/<time>-<number>.json     number and hash of the newest line then, signed
    access-log/aside/<name>             anchors that a restored database cannot know, moved there by the restore

One an hour is kept for a week, then one a day for good. An anchor that disagrees with the log is never deleted. Each
states the public key that signed it. That key changes with the secret key: see :class:`Signature`.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain.timestamps import iso
from ivr.models.audit import AccessLine
from ivr.platform import blob_storage, clock_watch, crypto, database, former_keys

log = logging.getLogger(__name__)
PREFIX = "access-log/"
_ASIDE = f"{PREFIX}aside/"
#: Age after which anchors are thinned to one a day.
_HOURLY_FOR = timedelta(days=7)
_EVERY = timedelta(hours=1)
_TIME = "%Y%m%dT%H%M%SZ"


class Signature(Enum):
    """Who signed an anchor or an export. The value is shown to people."""

    PRESENT = "signed with the present key"
    FORMER = "signed with a former key of this installation"
    RETIRED = "signed with a former key of this installation after that key was retired"
    UNKNOWN = (
        "signed with a key that is not known here "
        "(if it is a former one of this installation, the former SECRET_KEY belongs into SECRET_KEY_PREVIOUS)"
    )
    BROKEN = "changed, or not signed"

    @property
    def ours(self) -> bool:
        """Whether this installation signed it."""
        return self in (Signature.PRESENT, Signature.FORMER)


@dataclass(frozen=True)
class Anchor:
    """The newest line at an instant: its number and hash, and the public key (hex) that signed them."""

    name: str
    number: int
    hash: str
    at: datetime
    key: str
    signature: Signature


def public_key() -> str:
    """The public key (hex) that verifies the signatures of this installation. It changes with the secret key."""
    return former_keys.public_key()


def sign(content: dict[str, Any]) -> dict[str, Any]:
    """Add a signature (Ed25519) to content. Anybody can verify it with the public key."""
    content = {**content, "key": public_key()}
    return {**content, "seal": former_keys.signer().sign(json.dumps(content, sort_keys=True).encode()).hex()}


def signature_of(content: dict[str, Any]) -> Signature:
    """Who signed the content."""
    content = dict(content)
    try:
        stated = bytes.fromhex(str(content.pop("seal", "")))
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(content.get("key"))))
        key.verify(stated, json.dumps(content, sort_keys=True).encode())
    except (ValueError, InvalidSignature, TypeError):
        return Signature.BROKEN
    if content["key"] == public_key():
        return Signature.PRESENT
    if content["key"] in _keys_of(settings().secrets):
        return Signature.FORMER
    for former in former_keys.kept():
        if former.signer == content["key"]:
            return Signature.RETIRED if _said_at(content) > former.retired_at else Signature.FORMER
    return Signature.UNKNOWN


def is_ours(key: str) -> bool:
    """Whether a public key is that of a secret key of this installation, present or former."""
    return key in _keys_of(settings().secrets) or any(former.signer == key for former in former_keys.kept())


@lru_cache(maxsize=2)
def _keys_of(secrets: tuple[str, ...]) -> frozenset[str]:
    """The public keys of the secret keys in the settings."""
    return frozenset(
        former_keys.public_key(secret, version) for secret in secrets for version in (crypto.PRESENT_VERSION, 0)
    )


def _said_at(content: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(content.get("at") or content.get("exported_at"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def keep(now: datetime, *, thin: bool = True) -> bool:
    """Write an anchor of the newest line, at most once an hour and only if there are new lines; `thin` out old ones.

    Returns False if none was written. If the log disagrees with the newest anchors, none is written and the log of the
    software has a critical line.
    """
    # Anchors of the future were written while a clock was wrong: they stay, and new ones are written beside them.
    names = [name for name in _names() if _made(name) <= f"{now + clock_watch.DIFFERENCE:{_TIME}}"]
    newest_kept = [anchor for name in names[-3:] if (anchor := _load(name)) is not None]
    with database.reading() as session:
        number, newest = access_log.newest(session)
        wrong = [fault for anchor in newest_kept if (fault := _fault(session, anchor))]
    if wrong:
        log.critical("the access log disagrees with its anchors: %s", "; ".join(wrong))
        return False
    last = newest_kept[-1] if newest_kept else None
    if number == 0 or (last is not None and (last.number >= number or last.at > now - _EVERY)):
        return False
    content = sign({"number": number, "hash": newest, "at": iso(now)})
    blob_storage.store().put(f"{PREFIX}{now:{_TIME}}-{number}.json", json.dumps(content).encode())
    if thin:
        _thin(names, now)
    return True


def _thin(names: list[str], now: datetime) -> None:
    """Keep the last anchor of each past day, and every anchor that disagrees."""
    old = [name for name in names if _made(name) < f"{now - _HOURLY_FOR:{_TIME}}"]
    for name, following in pairwise(old):
        if _made(name)[:8] == _made(following)[:8] and (anchor := _load(name)) is not None:
            with database.reading() as session:
                if _fault(session, anchor) is None:
                    blob_storage.store().delete(name)


def _names() -> list[str]:
    """Names of the anchors, the oldest first."""
    return sorted(name for name in blob_storage.store().names(PREFIX) if not name.startswith(_ASIDE))


def _made(name: str) -> str:
    return name.removeprefix(PREFIX).partition("-")[0]


def _load(name: str) -> Anchor | None:
    """Read an anchor. Returns None if another host has deleted it meanwhile."""
    try:
        content = json.loads(blob_storage.store().get(name))
        at = datetime.fromisoformat(content["at"]).astimezone(UTC)
        signature = signature_of(content)
        return Anchor(name, int(content["number"]), str(content["hash"]), at, str(content.get("key")), signature)
    except blob_storage.Missing:
        return None
    except (ValueError, KeyError, TypeError):
        return Anchor(name, 0, "", datetime.fromtimestamp(0, UTC), "", Signature.BROKEN)


def all_anchors() -> Iterator[Anchor]:
    """The anchors, the oldest first."""
    return (anchor for name in _names() if (anchor := _load(name)) is not None)


def _fault(session: Session, anchor: Anchor) -> str | None:
    if not anchor.signature.ours:
        return f"the anchor {anchor.name} was {anchor.signature.value}"
    first = session.scalar(select(AccessLine.number).order_by(AccessLine.number).limit(1))
    if first is None:
        return f"the log is empty, and had line {anchor.number} on {iso(anchor.at)}"
    if anchor.number < first:
        return None  # the line was deleted with a line that says so, which the checker verifies
    found = session.scalar(select(AccessLine.hash).where(AccessLine.number == anchor.number))
    if found is None:
        return f"line {anchor.number} is missing; it was there on {iso(anchor.at)}"
    return None if found == anchor.hash else f"line {anchor.number} is another than on {iso(anchor.at)}"


def disagreeing_lately() -> list[str]:
    """The same for the newest anchors alone."""
    newest = [anchor for name in _names()[-3:] if (anchor := _load(name)) is not None]
    with database.reading() as session:
        return [fault for anchor in newest if (fault := _fault(session, anchor))]


def disagreeing() -> list[str]:
    """The differences between the log in the database and its anchors."""
    with database.reading() as session:
        return [fault for anchor in all_anchors() if (fault := _fault(session, anchor))]


def signers() -> Counter[tuple[Signature, str]]:
    """How many anchors each public key has signed."""
    return Counter((anchor.signature, anchor.key) for anchor in all_anchors())


def set_aside(last: int) -> int:
    """After a restore: move anchors aside that are newer than the restored log's line `last`. Returns their number."""
    place, moved = blob_storage.store(), 0
    for anchor in list(all_anchors()):
        if anchor.number > last:
            place.put(f"{_ASIDE}{Path(anchor.name).name}", place.get(anchor.name))
            place.delete(anchor.name)
            moved += 1
    return moved
