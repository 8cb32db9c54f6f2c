"""That something of the carrier's was deleted here: no late event and no comparison with the carrier brings it back.

While the carrier still has it, it is known by its own id; afterwards, for some days, by a keyed hash.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import TextMessage
from ivr.models.privacy import PendingDeletion
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash, keyed_hashes


def hidden(sid: str) -> str:
    """The keyed hash of a carrier's id."""
    return keyed_hash(Purpose.DELETED, sid)


def all_hidden(sid: str) -> list[str]:
    """All keyed hashes of a carrier's id: with former secret keys as well."""
    return keyed_hashes(Purpose.DELETED, sid)


def lies_on(session: Session, *sids: str) -> bool:
    """Whether one of some ids was deleted here."""
    known = [*sids, *(one for sid in sids for one in all_hidden(sid))]
    return session.scalar(select(PendingDeletion.sid).where(PendingDeletion.sid.in_(known)).limit(1)) is not None


#: What the carrier's id of a call or leg is replaced with when a person is erased begins so.
ERASED = "erased-"


#: Work whose subject is a recording, a message, or a text message.
_WORK_OF = {
    Recording: (WorkKind.FETCH_RECORDING, WorkKind.DELETE_AT_CARRIER, WorkKind.DISCARD_RECORDING, WorkKind.TRANSCRIBE),
    VoiceboxMessage: (WorkKind.FIND_RECORDING, WorkKind.ASK_FOR_RECORDING),
    TextMessage: (WorkKind.SEND_TEXT_MESSAGE,),
}


def elsewhere(session: Session, kind: str, sid: str) -> None:
    """Plan that something outside of the database goes.

    `audio` in our store; a `recording`, `call` or `message` (SMS) at the carrier. `sid` is the carrier's id.
    """
    if sid.startswith(ERASED):
        return
    new = insert(session.get_bind().dialect, PendingDeletion).values(kind=kind, sid=sid, planned_at=utc_now())
    again = {"planned_at": utc_now(), "done_at": None}
    session.execute(new.on_conflict_do_update(index_elements=["kind", "sid"], set_=again))
