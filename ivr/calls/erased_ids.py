"""Tombstones of deleted carrier records, so that late events and reconciliation do not restore them.

A tombstone holds the carrier's id until the carrier has deleted its record, and for some days after it a keyed hash.
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


def hash_of_id(sid: str) -> str:
    """The keyed hash of a carrier's id."""
    return keyed_hash(Purpose.DELETED, sid)


def hashes_of_id(sid: str) -> list[str]:
    """The keyed hashes of a carrier's id under the present and all former secret keys."""
    return keyed_hashes(Purpose.DELETED, sid)


def was_deleted(session: Session, *sids: str) -> bool:
    """Whether a record with one of these carrier ids was deleted here."""
    known = [*sids, *(one for sid in sids for one in hashes_of_id(sid))]
    return session.scalar(select(PendingDeletion.sid).where(PendingDeletion.sid.in_(known)).limit(1)) is not None


#: Prefix of the random id that replaces the carrier's id after an erasure.
ERASED = "erased-"


#: Work whose subject is a recording, a message, or a text message.
_WORK_OF = {
    Recording: (WorkKind.FETCH_RECORDING, WorkKind.DELETE_AT_CARRIER, WorkKind.DISCARD_RECORDING, WorkKind.TRANSCRIBE),
    VoiceboxMessage: (WorkKind.FIND_RECORDING, WorkKind.ASK_FOR_RECORDING),
    TextMessage: (WorkKind.SEND_TEXT_MESSAGE,),
}


def plan_external_deletion(session: Session, kind: str, sid: str) -> None:
    """Plan the deletion of something outside the database.

    `kind` is `audio` (our audio store), or `recording`, `call` or `message` (SMS) at the carrier. `sid` is the
    carrier's id.
    """
    if sid.startswith(ERASED):
        return
    new = insert(session.get_bind().dialect, PendingDeletion).values(kind=kind, sid=sid, planned_at=utc_now())
    again = {"planned_at": utc_now(), "done_at": None}
    session.execute(new.on_conflict_do_update(index_elements=["kind", "sid"], set_=again))
