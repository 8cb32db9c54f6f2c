"""That something of the carrier's was deleted here: no late event and no comparison with the carrier brings it back.
While the carrier still has it, it is known by its own id; afterwards, for some days, by a keyed hash."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.keyed_hashes import keyed_hash
from ivr.retention.models import PendingDeletion


def hidden(sid: str) -> str:
    """The keyed hash of a carrier's id."""
    return keyed_hash("deleted", sid)


def lies_on(session: Session, *sids: str) -> bool:
    """Whether one of some ids was deleted here."""
    known = [*sids, *map(hidden, sids)]
    return session.scalar(select(PendingDeletion.sid).where(PendingDeletion.sid.in_(known)).limit(1)) is not None
