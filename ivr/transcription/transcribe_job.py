"""Job: transcribes a stored recording. If that is not possible, the transcript asks a person to listen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    case,
    false,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from ivr.audio.wav import Sound, read_wav
from ivr.callbacks import search_index
from ivr.config.settings import settings
from ivr.domain.enums import RecordingState, TranscriptReason, TranscriptState, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database, live_events, monitoring, outbox, outbox_leases, tracing
from ivr.platform.column_types import Instant
from ivr.platform.work_models import Work
from ivr.transcription import engines, expected_words, gist_job, language_job, plausibility, raised_words, second_job
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.transcription.speech_detector import Finding, SpeechDetector
from ivr.transcription.vosk_engine import recognition
from ivr.voicebox import audio_store, voicebox

_TRANSCRIPTS = Table("transcripts", Transcript.metadata)
#: Recordings that are longer than this (seconds) are not transcribed.
_LONGEST = 3600.0
#: Seconds of words that are judged together: whether somebody speaks there.
_STRETCH = 1.0
#: Reasons to listen after which a message is not transcribed again.
_SETTLED = (
    TranscriptReason.FAILED,
    TranscriptReason.LOW_CONFIDENCE,
    TranscriptReason.OUTSIDE_SPEECH,
    TranscriptReason.TOO_MANY_WORDS,
    TranscriptReason.TOO_FEW_WORDS,
    TranscriptReason.SHORT_WORDS,
    TranscriptReason.REPEATED_WORDS,
    TranscriptReason.ENGINES_DIFFER,
)
#: How long a message in a language that is not in memory may be delayed, if not all models fit.
_BATCHED_FOR = timedelta(minutes=5)


class TooLong(Exception):
    """The recording is too long to be transcribed."""


def transcribe(recording_id: int) -> None:
    """Transcribe a recording. Safe to repeat.

    Silence, an unreadable file and a missing model are results, not errors.
    """
    with database.glancing() as connection:
        wanted = _wanted(connection, recording_id)
    if wanted is None:
        return
    sid, language = wanted
    heard = _heard(recording_id, sid, language)
    if isinstance(heard, TranscriptReason):
        with database.writing() as session:
            _note(session, recording_id, state=TranscriptState.PLEASE_LISTEN, reason=heard)
            if heard == TranscriptReason.NO_MODEL:
                language_job.plan(session, recording_id)
                gist_job.plan(session, recording_id, language)
            outbox.finish_running(session, utc_now())
        return
    result, doubt = heard
    raised = raised_words.of(language, result)
    with database.writing() as session:  # the transcript, its consequences and the job's end are one transaction
        noted = _note(
            session, recording_id,
            state=TranscriptState.PLEASE_LISTEN if doubt else TranscriptState.DONE, reason=doubt,
            engine=result.engine, text=result.text, confidence=result.confidence, words=result.words,
        )  # fmt: skip
        if noted is not None and noted.task_id is not None:
            if noted.text is None:
                search_index.add_text(session, noted.task_id, result.text)
            else:  # words of the text before may have to go
                search_index.index(session, session.get_one(CallbackTask, noted.task_id))
            if noted.restricted_at is None:
                raised_words.apply(session, noted.task_id, raised, utc_now())
        second_job.plan(session, recording_id, language)
        language_job.plan(session, recording_id)
        gist_job.plan(session, recording_id, language)
        outbox.finish_running(session, utc_now())


def _wanted(connection: Connection, recording_id: int) -> tuple[str, str] | None:
    """The carrier's id and the language of a recording that is to be transcribed, in one statement.

    Raises:
        NoResultFound: there is no such recording.
    """
    row = connection.execute(_asking(), {"asked": recording_id}).one()
    sid, language, stored, state, reason, restricted_at = row
    if stored != RecordingState.STORED or language is None or state == TranscriptState.DONE:
        return None
    if reason in _SETTLED:
        return None  # there are words; or it has failed, or killed its worker, too often
    if restricted_at is not None:
        return None  # the job is planned again when the restriction ends
    return sid, language


@lru_cache(maxsize=1)
def _asking() -> Select[str, str, RecordingState, TranscriptState, TranscriptReason | None, datetime | None]:
    """What is asked about the recording `asked`. Built once: that takes longer than to execute it."""
    return (
        select(Recording.recording_sid, Transcript.language)
        .add_columns(Recording.state, Transcript.state, Transcript.reason, CallbackTask.restricted_at)
        .outerjoin(Transcript, Transcript.recording_id == Recording.id)
        .join(VoiceboxMessage, VoiceboxMessage.id == Recording.message_id)
        .outerjoin(CallbackTask, CallbackTask.id == VoiceboxMessage.task_id)
        .where(Recording.id == bindparam("asked"))
    )


#: The words of a recording, and why a person must listen all the same; or why there are no words.
Judged = tuple[TranscriptionResult, TranscriptReason | None] | TranscriptReason


def _heard(recording_id: int, sid: str, language: str) -> Judged:
    """What is heard in a recording, by the first engine of its language."""
    try:
        sound = _speech(audio_store.load(sid))
        phrases = _expected(recording_id)
        return judged(sound, lambda heard: _measured(heard, language, phrases))
    except NoModel:
        return TranscriptReason.NO_MODEL
    except TooLong:
        return TranscriptReason.TOO_LONG
    except ValueError:
        return TranscriptReason.UNUSABLE


def _measured(sound: Sound, language: str, phrases: Sequence[str]) -> TranscriptionResult:
    """What the first engine of a language hears; its time is counted."""
    began = time.monotonic()
    with tracing.span("transcription", language=language, audio_seconds=sound.seconds):
        result = engines.transcribe(sound, language, phrases)
    monitoring.count("transcribed_audio_seconds", sound.seconds, language)
    monitoring.count("transcription_seconds", time.monotonic() - began, language)
    return result


def judged(sound: Sound, listen: Callable[[Sound], TranscriptionResult]) -> Judged:
    """What an engine hears in a sound, which it only gets where somebody may speak.

    Raises:
        NoModel: the engine has no model of the language.
    """
    detector = SpeechDetector(sound)
    if (finding := detector.finding()) == Finding.NO_SPEECH:
        return TranscriptReason.NO_SPEECH
    result = listen(sound)
    if not result.words:
        return TranscriptReason.NO_SPEECH
    if finding == Finding.SPEECH:
        result = _doubted(result, detector)
    if finding == Finding.UNCHECKED:
        return result, TranscriptReason.UNCHECKED
    return result, _doubt(result, finding, detector)


def _expected(recording_id: int) -> tuple[str, ...]:
    if not settings().recognition_phrases:
        return ()
    with database.reading() as session:
        return expected_words.of_recording(session, recording_id)


def _doubt(result: TranscriptionResult, finding: Finding, detector: SpeechDetector) -> TranscriptReason | None:
    """Why a person must listen although there are words; with `low_confidence` 0 no words are doubted."""
    lowest = settings().low_confidence
    if lowest and finding == Finding.SPEECH:
        implausible = plausibility.doubt(result.words, detector.spoken_seconds())
        if implausible is not None:
            return implausible
    unsure = finding == Finding.PERHAPS or (result.confidence or 0) < lowest
    return TranscriptReason.LOW_CONFIDENCE if unsure else None


def _doubted(result: TranscriptionResult, detector: SpeechDetector) -> TranscriptionResult:
    """A transcript whose words outside the speech are uncertain: an engine hears words in tones and noise, too."""
    words: list[dict[str, Any]] = []
    for stretch in _stretches(result.words):
        spoken = detector.hears(stretch[0]["start"], stretch[-1]["end"])
        words += stretch if spoken else [{**word, "confidence": 0.0} for word in stretch]
    confidence = round(sum(word["confidence"] for word in words) / len(words), 3) if words else None
    return replace(result, words=words, confidence=confidence)


def _stretches(words: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The words in stretches of :data:`_STRETCH`, which are judged together."""
    stretch: list[dict[str, Any]] = []
    for word in words:
        if stretch and word["end"] - stretch[0]["start"] > _STRETCH:
            yield stretch
            stretch = []
        stretch.append(word)
    if stretch:
        yield stretch


def _speech(audio: bytes) -> Sound:
    """Decode the audio of a recording.

    Raises:
        ValueError: it cannot be read. TooLong: it is longer than :data:`_LONGEST`.
    """
    sound = read_wav(audio)
    if sound.seconds > _LONGEST:
        raise TooLong
    return sound


def claim_most_urgent(session: Session, asked_for: int, worker: str, now: datetime) -> Work | None:
    """Lease the message that this host should transcribe first, if the row that was `asked_for` is a transcription.

    Emergencies come first, then the earliest deadline. If not all models fit into memory, messages in a loaded language
    precede messages that have waited for less than :data:`_BATCHED_FOR`.
    """
    if not recognition.memory_limited:
        return outbox.claim_first(session, _in_order(None, *_of_pool()), asked_for, worker, now)
    waiting = _in_order(recognition.loaded | recognition.inherited, *_of_pool())
    return outbox.claim_first(session, waiting, asked_for, worker, now, stored_before=now - _BATCHED_FOR)


def _of_pool() -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    configured = settings()
    return configured.pool_languages, configured.languages_elsewhere


@lru_cache(maxsize=16)
def _in_order(
    at_hand: frozenset[str] | None, wanted: tuple[str, ...] | None, elsewhere: tuple[str, ...] | None
) -> Select[int]:
    """Rows of the outbox in the order in which a host with these languages `at_hand` should transcribe them.

    `wanted`: the languages of its pool, None for all; `elsewhere`: those of the others, if it takes all that are left.

    With `at_hand`, `stored_before` is the instant before which a message has waited too long for others to go first.
    """
    other = aliased(Work)
    asked_for = select(other.id).where(other.id == outbox_leases.ASKED_FOR, other.kind == WorkKind.TRANSCRIBE)
    order: list[ColumnElement[Any]] = [Work.urgent.desc()]
    if at_hand is not None:
        waits_too_long = Recording.stored_at < bindparam("stored_before", type_=Instant())
        order.append(case((or_(Transcript.language.in_(at_hand), waits_too_long), 0), else_=1))
    query = (
        select(Work.id)
        .join(Recording, Recording.id == Work.subject_id)
        .join(Transcript, Transcript.recording_id == Recording.id)
        .where(Work.kind == WorkKind.TRANSCRIBE, outbox_leases.may_be_claimed(), asked_for.exists())
        .order_by(*order, Work.deadline_at, Work.id)
    )
    if wanted is None:
        return query
    left = Transcript.language.not_in(elsewhere) if elsewhere is not None else false()
    return query.where(or_(Transcript.language.in_(wanted), left))


def given_up(session: Session, recording_id: int) -> None:
    """Ask a person to listen, because every attempt has failed."""
    session.execute(
        update(Transcript)
        .where(Transcript.recording_id == recording_id, Transcript.state != TranscriptState.DONE)
        .values(state=TranscriptState.PLEASE_LISTEN, reason=TranscriptReason.FAILED)
    )


def requeue_waiting_for_models(session: Session) -> int:
    """Plan the transcripts again that waited for a model that is now installed. Returns their number."""
    installed = engines.served_languages()
    if not installed:
        return 0
    waiting = session.scalars(
        select(Transcript).where(
            Transcript.state == TranscriptState.PLEASE_LISTEN,
            Transcript.reason == TranscriptReason.NO_MODEL,
            Transcript.language.in_(installed),
        )
    ).all()
    for transcript in waiting:
        transcript.state, transcript.reason = TranscriptState.PENDING, None
        voicebox.plan_transcript(session, transcript.recording)
    return len(waiting)


def _note(session: Session, recording_id: int, **values: Any) -> _Before | None:
    """Write a transcript down; what was there before, and its task. None: there is one that counts.

    If two workers transcribe the same message, the first result is kept.
    """
    connection = session.connection()
    before = connection.execute(_holding(), {"asked": recording_id}).one_or_none()
    if before is not None:
        connection.execute(_noting(tuple(values)), {"noted": before.id, "transcribed_at": utc_now(), **values})
        if before.team_id is not None:
            live_events.tell(session, f"task:{before.task_id}", f"team:{before.team_id}")
    return before


#: Id and text of a transcript, id of its task, since when that is restricted, and its team.
_Before = Row[int, str | None, int | None, datetime | None, int | None]


@lru_cache(maxsize=1)
def _holding() -> Select[int, str | None, int | None, datetime | None, int | None]:
    columns = select(
        Transcript.id, Transcript.text, VoiceboxMessage.task_id, CallbackTask.restricted_at, CallbackTask.team_id
    )
    return (
        columns.join(Recording, Recording.id == Transcript.recording_id)
        .join(VoiceboxMessage, VoiceboxMessage.id == Recording.message_id)
        .outerjoin(CallbackTask, CallbackTask.id == VoiceboxMessage.task_id)
        .where(Transcript.recording_id == bindparam("asked"), Transcript.state != TranscriptState.DONE)
        .with_for_update(of=Transcript)
    )


@lru_cache(maxsize=4)
def _noting(names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in ("transcribed_at", *names)}
    return update(_TRANSCRIPTS).where(_TRANSCRIPTS.c.id == bindparam("noted")).values(values)
