"""Compares the carrier and the audio store with the database, and repairs what the database lacks.

It may run at any time, repeatedly, and on several hosts at once: what the database knows is not added again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.audio.wav import read_wav
from ivr.calls import caller_language, calling_telephone, calls, erased_ids, screening, synthetic_calls
from ivr.carrier import call_control, media, one_by_one
from ivr.carrier.client import Refused
from ivr.carrier.exchanges import ExchangeAway
from ivr.config.settings import settings
from ivr.domain.caller_ids import CallerId
from ivr.domain.carrier_ids import UNKNOWN_TO_THE_CARRIER
from ivr.domain.enums import CallRowState, RecordingState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database, outbox
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint
from ivr.telephony import call_intake
from ivr.voicebox import audio_store, spoken_answers, voicebox

log = logging.getLogger(__name__)

#: The period before the last run that is looked at again, because calls last and clocks differ.
_OVERLAP = timedelta(hours=2)
#: The period of the first run.
_FIRST = timedelta(days=2)
#: A call that began so long ago and has not ended is looked up at the carrier.
_STUCK_AFTER = timedelta(minutes=2)
_CHECKPOINT = "reconciliation"


@dataclass
class Report:
    """The numbers of repairs."""

    #: Recordings at the carrier without an event; now messages with a task.
    recordings_found: int = 0
    #: Known recordings whose processing had stopped.
    recordings_resumed: int = 0
    #: Copies at the carrier that are to be deleted, because the recording is stored here or must not be kept.
    copies_to_delete: int = 0
    #: Calls that had ended without an event.
    calls_closed: int = 0
    #: Calls without any event.
    calls_found: int = 0
    #: Recordings in the audio store that the database did not know.
    audio_found: int = 0

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in vars(self).items())


def reconcile(since: datetime | None = None, *, audio: bool = False, grace: timedelta = timedelta(0)) -> Report:
    """Compare everything that is new since a UTC instant; by default since the last run.

    `audio` compares the whole audio store as well. Recordings and calls that are younger than `grace` are left out,
    because their events may still arrive.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked, or refuses something about one
            recording or call; or of several exchanges one is away. All other repairs are kept, and it is compared again
            from the same instant.
        SQLAlchemyError: the database does not answer. OSError: the audio store does not; the carrier was compared.
    """
    report, began_at = Report(), utc_now()
    call_intake.replay_spool()  # the spool knows more than the carrier
    since = since or _since(began_at)
    audio_error: OSError | None = None
    try:
        if audio:
            _take_in_audio(report)
    except OSError as error:  # the carrier is compared even if the audio store does not answer
        audio_error = error

    def compare(found: tuple[media.CarrierRecording, str]) -> None:
        kept, call_sid = found
        if kept.created_at is not None and kept.created_at > began_at - grace:
            return
        with suppress(IntegrityError):  # another host adds it at the same moment
            _compare_recording(kept, call_sid, report)

    refused = one_by_one.each(media.recordings_since(since), compare)
    refused = _compare_calls(since, began_at - grace, report) or refused
    if report:
        log.warning("reconciled with the carrier: %s", report)
    if refused:
        raise refused
    with database.writing() as session:
        new = insert(session.get_bind().dialect, Checkpoint).values(name=_CHECKPOINT, at=began_at)
        session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": began_at}))
    if audio_error is not None:
        raise audio_error
    return report


def _since(now: datetime) -> datetime:
    with database.reading() as session:
        last = session.get(Checkpoint, _CHECKPOINT)
        return (last.at - _OVERLAP) if last is not None and last.at <= now else now - _FIRST


def _compare_recording(kept: media.CarrierRecording, call_sid: str, report: Report) -> None:
    if kept.status in ("in-progress", "paused", "processing"):
        return
    with database.reading() as session:
        if erased_ids.was_deleted(session, kept.recording_sid, call_sid):
            return
        synthetic = synthetic_calls.is_one(session, call_sid)
        known = session.scalar(select(Recording).where(Recording.recording_sid == kept.recording_sid))
        ours = known is not None or session.scalar(select(Call.id).where(Call.call_sid == call_sid)) is not None
    if synthetic:
        media.delete_recording(kept.recording_sid)
        return
    if known is None and _is_spoken_answer(kept, call_sid):
        return
    if known is None:
        _take_in_recording(kept, call_sid, ours, report)
        return
    now = utc_now()
    with database.writing() as session:
        recording = session.get_one(Recording, known.id)
        if recording.state in (RecordingState.STORED, RecordingState.DELETED) or (
            recording.state == RecordingState.ABSENT and kept.seconds == 0
        ):
            if not outbox.is_planned(session, WorkKind.DELETE_AT_CARRIER, recording.id):
                outbox.add(session, WorkKind.DELETE_AT_CARRIER, recording.id)
                report.copies_to_delete += 1
        elif recording.state in (RecordingState.ANNOUNCED, RecordingState.ABSENT) and kept.seconds > 0:
            voicebox.left(session, recording.message.call, recording, kept.seconds, now)
            report.recordings_resumed += 1
        elif recording.state == RecordingState.ANNOUNCED:
            voicebox.nothing_left(session, recording.message.call, recording, now)
            outbox.add(session, WorkKind.DELETE_AT_CARRIER, recording.id)
        elif recording.state == RecordingState.AVAILABLE and not outbox.is_planned(
            session, WorkKind.FETCH_RECORDING, recording.id
        ):
            outbox.add(session, WorkKind.FETCH_RECORDING, recording.id)
            report.recordings_resumed += 1


def _is_spoken_answer(kept: media.CarrierRecording, call_sid: str) -> bool:
    with database.writing() as session:
        return spoken_answers.is_answer(session, kept, call_sid, utc_now())


def _take_in_recording(kept: media.CarrierRecording, call_sid: str, ours: bool, report: Report) -> None:
    """Add a recording without an event, with the language, number and concern that are known of its call."""
    number, began_at = None, None
    if not ours:
        try:
            placed = call_control.placed_call(call_sid)
            if not _to_the_hotline(placed):
                return  # the account has other numbers, too
            number, began_at = _caller(placed).number, placed.started_at
        except call_control.CallIsOver:
            log.warning("adding a recording of a call that the carrier does not know")
    if kept.seconds <= 0:
        if ours:  # the recording is empty
            media.delete_recording(kept.recording_sid)
        return
    now = utc_now()
    with database.writing() as session:
        call = calls.seen(session, call_sid, number, began_at or now)
        call.language = call.language or caller_language.language_of(session, call.from_number, now)
        described = {"call_sid": call_sid, "seconds": kept.seconds, **_describe_call(session, call)}
        if voicebox.take_in(session, kept.recording_sid, described, now) is not None:
            report.recordings_found += 1


def _to_the_hotline(placed: call_control.PlacedCall) -> bool:
    configured = settings()
    return placed.direction == "inbound" and placed.to_number in (
        configured.hotline_number,
        *configured.dialled_languages,
    )


def _caller(placed: call_control.PlacedCall) -> CallerId:
    return calling_telephone.identified(placed.from_number, placed.forwarded_from)


def _describe_call(session: Session, call: Call) -> dict[str, object]:
    """Recording number, language and request of a recording without an event.

    Taken from the message that expects a recording, else from the last message, else from the call's concern.
    """
    taken = select(Recording.message_id)
    expected = session.scalar(
        select(VoiceboxMessage)
        .where(VoiceboxMessage.call_id == call.id, VoiceboxMessage.id.not_in(taken))
        .order_by(VoiceboxMessage.recording_number.desc())
        .limit(1)
    )
    if expected is not None:
        return {"take": expected.recording_number, "language": expected.language, "about": expected.about}
    last = call.messages[-1] if call.messages else None
    about = last.about if last is not None and last.about else {"concern": call.concern or "other"}
    return {"take": (last.recording_number + 1) if last else 1, "language": call.language, "about": about}


def _compare_calls(since: datetime, until: datetime, report: Report) -> Refused | ExchangeAway | None:
    now = utc_now()
    with database.reading() as session:
        stuck = select(Call.call_sid).where(Call.state != CallRowState.ENDED, Call.started_at < now - _STUCK_AFTER)
        stuck = stuck.where(*(Call.call_sid.not_like(f"{begin}%") for begin in UNKNOWN_TO_THE_CARRIER))
        unended = set(session.scalars(stuck.limit(1000)))

    def compare(placed: call_control.PlacedCall) -> None:
        late = placed.started_at is not None and placed.started_at > until
        if late or placed.status not in call_control.ENDED or not _to_the_hotline(placed):
            return
        if placed.call_sid in unended:
            unended.discard(placed.call_sid)
            call_intake.call_ended(placed.call_sid, _caller(placed).number, now)
            report.calls_closed += 1
        elif _is_unknown(placed):
            number = _caller(placed).number
            with database.writing() as session:
                calls.seen(session, placed.call_sid, number, placed.started_at or now)
            call_intake.call_ended(placed.call_sid, number, now)
            report.calls_found += 1

    away = one_by_one.each(call_control.calls_since(since), compare)

    def look(call_sid: str) -> None:
        try:
            over = call_control.call_status(call_sid) in call_control.ENDED
        except call_control.CallIsOver:
            over = True
        if over:
            call_intake.call_ended(call_sid, None, now)
            report.calls_closed += 1

    return one_by_one.each(unended, look) or away  # they began before `since`


def _is_unknown(placed: call_control.PlacedCall) -> bool:
    """Whether a call is to be added; a flood of calls is not."""
    caller = _caller(placed)
    with database.reading() as session:
        if erased_ids.was_deleted(session, placed.call_sid) or synthetic_calls.is_one(session, placed.call_sid):
            return False
        known = session.scalar(select(Call.id).where(Call.call_sid == placed.call_sid))
        ours = placed.started_at is not None and calls.has_another_id(session, caller.number, placed.started_at)
        unwanted = ours or screening.is_of_a_flood(session, caller.telephone, placed.started_at)
    return known is None and not unwanted


def _take_in_audio(report: Report) -> None:
    """Add recordings of the audio store that the database lacks, because an older backup was restored."""
    for sid in list(audio_store.recordings()):
        with database.reading() as session:
            known = session.scalar(select(Recording.id).where(Recording.recording_sid == sid)) is not None
            if known or erased_ids.was_deleted(session, sid):
                continue
        try:
            described, audio = audio_store.about(sid), audio_store.load(sid)
            sound = read_wav(audio)
        except (audio_store.Missing, audio_store.Unreadable, ValueError):
            log.exception("a recording of the audio store is unusable")
            continue
        if not described.get("call_sid"):
            continue
        now = utc_now()
        with database.writing() as session:
            recording = voicebox.take_in(session, sid, described, now)
            if recording is not None:
                stored = audio_store.described(audio)
                voicebox.stored(session, recording, stored.sha256, stored.size, sound.seconds, now)
                report.audio_found += 1
