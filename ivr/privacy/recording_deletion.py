"""Executes the planned deletions in the audio store and at the carrier."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable

from sqlalchemy import delete, func, select, update

from ivr.calls import erased_ids
from ivr.carrier import record_deletion
from ivr.carrier.exchanges import ExchangeAway
from ivr.domain.timestamps import utc_now
from ivr.models.privacy import PendingDeletion
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.voicebox import audio_store

log = logging.getLogger(__name__)

#: Seconds that the deletion at the carrier may take at night.
NIGHT_SECONDS = 1800.0


#: Consecutive failures after which the carrier, or the audio store, counts as not available.
_MOST_FAILURES = 5


def count_pending(*kinds: str) -> int:
    """The number of planned deletions of some kinds that are not done."""
    with database.reading() as session:
        undone = select(func.count()).select_from(PendingDeletion)
        undone = undone.where(PendingDeletion.kind.in_(kinds), PendingDeletion.done_at.is_(None))
        return session.scalar(undone) or 0


def destroy_audio() -> int:
    """Delete the planned keys and audio of the audio store. Returns the number of recordings."""
    return _carry_out("audio", audio_store.delete, NIGHT_SECONDS)


def forget_at_carrier(seconds: float = 20.0) -> int:
    """Delete the planned records at the carrier, for some seconds at most. Returns their number."""
    return sum(
        _carry_out(kind, functools.partial(record_deletion.delete_record, kind), seconds)
        for kind in ("call", "message", "recording")
    )


def _carry_out(kind: str, forget: Callable[[str], None], seconds: float) -> int:
    """Execute the planned deletions of a kind. Failures are repeated in the next run."""
    done, failures, last = 0, 0, ""
    until = time.monotonic() + seconds
    while failures < _MOST_FAILURES and time.monotonic() < until:
        with database.reading() as session:
            query = select(PendingDeletion.sid).where(
                PendingDeletion.kind == kind, PendingDeletion.done_at.is_(None), PendingDeletion.sid > last
            )
            sid = session.scalar(query.order_by(PendingDeletion.sid).limit(1))
        if sid is None:
            break
        last = sid
        try:
            forget(sid)
        except record_deletion.NotDeleted as error:
            log.warning("a %s was not deleted (%s)", kind, error)
        except ExchangeAway as error:  # the ids of the others sort behind those of one exchange
            last = f"{sid[:4]}g"
            log.warning("what %s has is deleted when it is there again", error)
        except OSError as error:  # this includes the errors of requests
            failures += 1
            log.warning("a %s could not be deleted now (%s)", kind, type(error).__name__)
        else:
            _note_gone(kind, sid)
            done += 1
    return done


def _note_gone(kind: str, sid: str) -> None:
    now = utc_now()
    with database.writing() as session:
        gone = erased_ids.hash_of_id(sid)
        planned = PendingDeletion.sid.in_((sid, *erased_ids.hashes_of_id(sid)))
        session.execute(delete(PendingDeletion).where(PendingDeletion.kind == kind, planned))
        session.add(PendingDeletion(kind=kind, sid=gone, planned_at=now, done_at=now))
        if kind == "recording":
            known = update(Recording).where(Recording.recording_sid == sid, Recording.carrier_deleted_at.is_(None))
            session.execute(known.values(carrier_deleted_at=now))
