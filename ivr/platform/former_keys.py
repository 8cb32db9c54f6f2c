"""Keys of former secret keys that are still needed when the secret key itself is no longer in the settings.

Keyed hashes cannot be made again, and anchors of the access log stay signed with the key of their time. So
`python -m ivr keys rotate` keeps, of each former secret key, the derived keys of such hashes and the public key that
signed. Both are sealed with the present secret key: whoever can only write into the database can neither read nor add
any. The former secret key itself is not kept.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.timestamps import iso
from ivr.platform import crypto, database
from ivr.platform.column_types import insert
from ivr.platform.crypto import CannotOpen, Purpose
from ivr.platform.work_models import FormerKey

log = logging.getLogger(__name__)

#: Hashes that are compared for longer than a rotation takes.
KEPT = (
    Purpose.KNOWN_CALLERS, Purpose.DELETED, Purpose.LOG_INS, Purpose.RECOVERY_CODES, Purpose.TRIMMED, Purpose.ERASED,
)  # fmt: skip


@dataclass(frozen=True)
class Former:
    """What is kept of a former secret key and a version.

    Its public key (hex), since when it signs nothing any more, and keys of hashes by purpose.
    """

    signer: str
    retired_at: datetime
    hash_keys: dict[str, bytes]


def signer(secret: str | None = None, version: int = crypto.PRESENT_VERSION) -> Ed25519PrivateKey:
    """The key that signs anchors and exports of the access log; of the present secret key unless another is given."""
    return Ed25519PrivateKey.from_private_bytes(crypto.derive(Purpose.ACCESS_LOG, secret=secret, version=version))


def public_key(secret: str | None = None, version: int = crypto.PRESENT_VERSION) -> str:
    """The public half (hex) of :func:`signer`."""
    return signer(secret, version).public_key().public_bytes_raw().hex()


def of(purpose: Purpose) -> list[bytes]:
    """Keys of hashes of a purpose that no secret key in the settings gives."""
    if purpose not in KEPT:
        return []
    return [former.hash_keys[purpose] for former in kept() if purpose in former.hash_keys]


def kept() -> tuple[Former, ...]:
    """What is kept, read once by each process. What cannot be opened is left out, and the log says so."""
    return _kept(settings().secrets, settings().database)


@lru_cache(maxsize=1)
def _kept(_secrets: tuple[str, ...], _database: str) -> tuple[Former, ...]:
    found = []
    with database.reading() as session:
        for row in session.scalars(select(FormerKey).order_by(FormerKey.kept_at, FormerKey.signer)):
            try:
                found.append(_opened(row))
            except CannotOpen as error:
                log.error("%s", error)
    return tuple(found)


def forget_read() -> None:
    """Read what is kept once more, when it is needed the next time."""
    _kept.cache_clear()


def faults(session: Session) -> list[str]:
    """Kept keys that cannot be opened."""
    found = []
    for row in session.scalars(select(FormerKey).order_by(FormerKey.signer)):
        try:
            _opened(row)
        except CannotOpen as error:
            found.append(str(error))
    return found


def keep(session: Session, now: datetime) -> int:
    """Keep what is needed of the former secret keys in the settings; for how many of them it was not kept before."""
    known, new = set(session.scalars(select(FormerKey.signer))), 0
    for secret in settings().secrets[1:]:
        for version in (crypto.PRESENT_VERSION, 0):
            keys = {purpose: crypto.derive(purpose, secret=secret, version=version).hex() for purpose in KEPT}
            mine = public_key(secret, version)
            content = {"signer": mine, "retired_at": iso(now), "hash_keys": keys}
            sealed = crypto.seal(Purpose.FORMER_KEYS, json.dumps(content))
            values = {"sealed": sealed, "kept_at": now}
            row = insert(session.get_bind().dialect, FormerKey).values(signer=mine, **values)
            session.execute(row.on_conflict_do_update(index_elements=[FormerKey.signer], set_=values))
            new += mine not in known
    return new


def replace(session: Session, signer: str, old: str, new: str) -> None:
    """Put the same content, sealed again, in the place of the old one."""
    session.execute(update(FormerKey).where(FormerKey.signer == signer, FormerKey.sealed == old).values(sealed=new))


def _opened(row: FormerKey) -> Former:
    what = f"former key {row.signer}"
    content = json.loads(crypto.unseal(Purpose.FORMER_KEYS, row.sealed, what=what))
    if content["signer"] != row.signer:
        raise CannotOpen(what, "its content belongs to another key")
    hash_keys = {purpose: bytes.fromhex(key) for purpose, key in content["hash_keys"].items()}
    return Former(row.signer, datetime.fromisoformat(content["retired_at"]), hash_keys)
