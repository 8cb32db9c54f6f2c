"""Callers who say a word in place of pressing a key, whatever becomes of the word: never a silence, nothing kept.

Recognition is scripted; the last story has the real Korean model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pytest
import requests
from redis.exceptions import RedisError
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from ivr.audio.wav import RATE, Sound, write_wav
from ivr.carrier import media
from ivr.carrier.media import CarrierRecording
from ivr.config.settings import Settings
from ivr.domain.enums import Availability, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording, SpokenAnswer, Transcript, VoiceboxMessage
from ivr.platform import database, job_queue, outbox, write_behind
from ivr.platform.work_models import Work
from ivr.prompts import catalogue
from ivr.telephony import spoken_words
from ivr.transcription import answer_job, word_recogniser
from ivr.transcription.vosk_engine import recognition
from ivr.voicebox import fetch_job, spoken_answers
from ivr.workers import carrier_reconciliation
from tests.support.caller import Caller
from tests.support.speech import human_speech
from tests.support.transcription import set_up
from tests.support.waiting import eventually
from tests.support.webhook_caller import WebhookCaller, hotline_of_webhooks

#: Languages whose model is loaded.
LANGUAGES = ("de", "en", "uk")


@dataclass
class Recogniser:
    """A transcriber without a model: it hears what the story says, and notes what it fetched and deleted."""

    word: str | None = None
    fetched: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    audio: bytes = field(default_factory=lambda: write_wav(Sound(np.zeros(2 * RATE, np.int16), RATE)))

    def fetch(self, sid: str) -> bytes:
        self.fetched.append(sid)
        return self.audio

    def works(self, attempt: int = 1) -> None:
        """Its jobs are done now; `attempt` 2 after a worker was killed."""
        write_behind.flush()
        token = outbox.attempt.set(attempt)
        with database.reading() as session:
            waiting = session.scalars(select(SpokenAnswer.id).where(SpokenAnswer.recording_sid.is_not(None))).all()
        for answer_id in waiting:
            answer_job.understand(answer_id)
        outbox.attempt.reset(token)


@pytest.fixture
def recogniser(monkeypatch: pytest.MonkeyPatch) -> Recogniser:
    scripted = Recogniser()
    monkeypatch.setattr(media, "fetch_audio", scripted.fetch)
    monkeypatch.setattr(media, "delete_recording", scripted.deleted.append)
    monkeypatch.setattr(job_queue, "models_alive", lambda connection: frozenset(LANGUAGES))
    monkeypatch.setattr(recognition, "_models", dict.fromkeys(LANGUAGES))
    monkeypatch.setattr(word_recogniser, "understood", lambda model, sound, words: scripted.word)
    return scripted


@pytest.fixture
def silent_caller(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch, recogniser: Recogniser
) -> Iterator[Callable[..., WebhookCaller]]:
    """Somebody who has left a message after consent by key, and presses nothing at the question after it."""
    settings = set_up(monkeypatch, LANGUAGES='["de", "uk", "en"]', SPOKEN_ANSWERS='["de", "uk"]')
    with hotline_of_webhooks(settings, monkeypatch) as hotline:

        def a_caller(*language: str) -> WebhookCaller:
            person = WebhookCaller(hotline).dials().presses(*(language or "1"), "1", "1").speaks().hears("review")
            return person.presses("")

        yield a_caller


def says(person: WebhookCaller, recogniser: Recogniser, word: str | None) -> str:
    recogniser.word = word
    recording = person.says_word()
    assert person.verb == "", "the word is not understood yet"
    recogniser.works()
    person.goes_on()
    return recording


def task_of(person: WebhookCaller) -> CallbackTask:
    with database.reading() as session:
        query = select(CallbackTask).join(Contact).join(Call, Contact.call_id == Call.id)
        return session.scalars(query.where(Call.call_sid == person.sid)).one()


def nothing_was_kept(recogniser: Recogniser, *recordings: str) -> None:
    assert set(recordings) <= set(recogniser.deleted)
    with database.reading() as session:
        assert session.scalar(select(func.count(VoiceboxMessage.id))) == 1, "the message itself"
        assert session.scalar(select(func.count()).where(Recording.recording_sid.in_(recordings))) == 0
        assert session.scalar(select(func.count(Transcript.id))) <= 1
        left = select(func.count(SpokenAnswer.id)).where(SpokenAnswer.carrier_deleted_at.is_(None))
        assert session.scalar(left.where(SpokenAnswer.recording_sid.is_not(None))) == 0


@pytest.mark.parametrize(
    ("keys", "words"), [(("1",), ("eins", "nein", "ja", "zwei", "ja")), (("2",), ("один", "ні", "так", "два", "так"))]
)
def test_a_caller_without_keys_goes_on_by_words_to_the_receipt(silent_caller, recogniser, keys, words) -> None:
    one, no, right, two, yes = words
    person = silent_caller(*keys)
    person.hears("nothing_heard").hears("speak_instead").hears("review").hears("say_the_number")
    recordings = [says(person, recogniser, one)]
    recordings.append(says(person.hears("called_before").hears("say_yes_or_no"), recogniser, no))
    recordings.append(says(person.hears("confirm_number"), recogniser, right))
    person.hears("postal_code").presses("")  # it may be left out
    recordings.append(says(person.hears("availability").hears("say_the_number"), recogniser, two))
    recordings.append(says(person.hears("understood_number").hears("say_yes_or_no"), recogniser, yes))
    person.hears("receipt")
    assert person.heard.count("speak_instead") == 1, "it is told once"
    nothing_was_kept(recogniser, *recordings)
    assert task_of(person).availability == Availability.AFTERNOON


def test_nonsense_is_followed_by_the_question_for_a_key(silent_caller, recogniser) -> None:
    person = silent_caller()
    recording = says(person, recogniser, None)
    person.hears("word_not_understood").hears("review")
    assert not person.word_leads_to
    person.presses("1").hears("called_before")
    nothing_was_kept(recogniser, recording)


def test_who_says_nothing_after_the_tone_is_asked_for_a_key(silent_caller, recogniser) -> None:
    """The carrier has no recording, or one of silence."""
    person = silent_caller().presses("")
    person.hears("word_not_understood").hears("review")
    assert not person.word_leads_to
    assert recogniser.deleted == []


@pytest.mark.parametrize("ended_by", ["2", "9"])
def test_a_key_counts_while_the_word_is_recorded(silent_caller, recogniser, ended_by: str) -> None:
    person = silent_caller()
    recording = person.says_word(ended_by)
    assert "emergency" in person.last if ended_by == "9" else person.state.step in ("review", "listen")
    recogniser.works()
    nothing_was_kept(recogniser, recording)


def test_nobody_listens_to_silence_while_a_word_is_understood(silent_caller, recogniser) -> None:
    """Four seconds at most: a sentence at once, then a second without one, then the sentence again."""
    person = silent_caller()
    person.says_word()
    waited = [(person.last, "Pause" in person.tags)]
    for _ in range(3):
        person.goes_on()
        waited.append((person.last, "Pause" in person.tags))
    assert waited == [(["one_moment"], False), ([], True), (["one_moment"], False), ([], True)]


def test_a_word_that_comes_too_late_counts_for_nothing_and_is_not_even_fetched(silent_caller, recogniser) -> None:
    """The transcribers are busy with a long message, or have been killed."""
    person = silent_caller()
    recording = person.says_word()
    person.goes_on()
    assert person.verb == "", "four seconds at most"
    with database.writing() as session:
        session.execute(update(SpokenAnswer).values(recorded_at=utc_now() - spoken_answers.WAIT))
    person.goes_on().hears("word_not_understood").hears("review")
    recogniser.word = "drei"
    recogniser.works()
    assert recogniser.fetched == []
    nothing_was_kept(recogniser, recording)


def test_a_word_that_has_killed_a_worker_is_not_listened_to_again_but_deleted(silent_caller, recogniser) -> None:
    person = silent_caller()
    recording = person.says_word()
    recogniser.word = "eins"
    recogniser.works(attempt=2)
    assert recogniser.fetched == []
    person.goes_on().hears("word_not_understood").hears("review")
    nothing_was_kept(recogniser, recording)


def test_who_hangs_up_while_they_speak_leaves_no_recording(silent_caller, recogniser) -> None:
    person = silent_caller()
    event, recording = person.word_event, person.says_word("hangup")
    person._event(event, RecordingSid=recording, RecordingStatus="completed", RecordingDuration="1")
    person.hangs_up()
    recogniser.works()
    nothing_was_kept(recogniser, recording)
    assert recogniser.deleted == [recording], "one job, though two requests have told of it"


def test_a_recording_nobody_told_of_is_no_message(silent_caller, recogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests about it were lost. The row from before the tone says what it is."""
    person = silent_caller()
    recording = "RE" + "a" * 32
    kept = CarrierRecording(recording, "completed", 2.0, utc_now())
    monkeypatch.setattr(media, "recordings_of", lambda call_sid: [kept])
    monkeypatch.setattr(media, "recordings_since", lambda since: iter([(kept, person.sid)]))
    monkeypatch.setattr(carrier_reconciliation.call_control, "calls_since", lambda since: iter([]))
    assert fetch_job._of_messages(person.sid) == []
    assert carrier_reconciliation.reconcile().recordings_found == 0
    recogniser.works()
    assert recogniser.fetched == []
    nothing_was_kept(recogniser, recording)


def test_a_long_recording_is_a_message_whatever_was_asked(silent_caller, recogniser) -> None:
    person = silent_caller()
    message = CarrierRecording("RE" + "b" * 32, "completed", 9.0, utc_now())
    earlier = CarrierRecording("RE" + "c" * 32, "completed", 2.0, utc_now() - timedelta(minutes=1))
    with database.writing() as session:
        for kept in (message, earlier):
            assert not spoken_answers.is_answer(session, kept, person.sid, utc_now())


def test_in_a_language_that_is_not_named_there_are_keys_only(silent_caller, recogniser) -> None:
    person = silent_caller("3").hears("nothing_heard").hears("review")
    assert not person.word_leads_to
    person.does_not_hear("speak_instead")


def test_without_redis_or_a_loaded_model_there_are_keys_only(silent_caller, recogniser, monkeypatch) -> None:
    def silent(connection: object) -> frozenset[str]:
        raise RedisError

    for models in (silent, lambda connection: frozenset({"uk"})):
        monkeypatch.setattr(job_queue, "models_alive", models)
        person = silent_caller().hears("review").does_not_hear("speak_instead")
        assert not person.word_leads_to


def test_without_a_row_there_are_keys_only(silent_caller, recogniser, monkeypatch) -> None:
    def full(*given: object) -> int:
        raise OperationalError("insert", {}, Exception("the disk is full"))

    monkeypatch.setattr(spoken_words.spoken_answers, "expect", full)
    person = silent_caller().hears("review").does_not_hear("say_the_number")
    assert not person.word_leads_to
    person.presses("1").hears("called_before")


def test_a_fault_of_ours_leads_to_the_question(silent_caller, recogniser, monkeypatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError("a fault")

    person = silent_caller()
    monkeypatch.setattr(spoken_words.spoken_answers, "recorded", broken)
    person.says_word()
    person.goes_on().hears("review")


def test_a_carrier_that_does_not_delete_is_asked_again(silent_caller, recogniser, monkeypatch) -> None:
    def refuses(sid: str) -> None:
        raise requests.ConnectionError

    person = silent_caller()
    recogniser.word = "eins"
    person.says_word()
    deleting = media.delete_recording
    monkeypatch.setattr(media, "delete_recording", refuses)
    with pytest.raises(requests.ConnectionError):
        recogniser.works()
    person.goes_on().hears("called_before")  # the caller does not wait for it
    monkeypatch.setattr(media, "delete_recording", deleting)
    recogniser.works(attempt=2)
    nothing_was_kept(recogniser, *recogniser.deleted)


def test_the_rows_are_gone_the_day_after(silent_caller, recogniser) -> None:
    person = silent_caller()
    says(person, recogniser, "eins")
    with database.writing() as session:
        spoken_answers.forget(session, utc_now())
        assert session.scalar(select(func.count(SpokenAnswer.id))) == 2
        spoken_answers.forget(session, utc_now() + timedelta(hours=25))
        assert session.scalar(select(func.count(SpokenAnswer.id))) == 0


def understood(person: Caller, word: str, prompt: str) -> bool:
    """Whether the hotline goes on with a prompt after a word. On a busy machine four seconds may be too short."""
    person.says(word, then="")
    assert person.is_asked()
    return catalogue("ko")[prompt] in person.everything[-3:]


def is_transcribing() -> bool:
    """Whether the only process that recognises anything is busy: a word waits behind what it has begun."""
    begun = Work.leased_by.is_not(None), Work.done_at.is_(None), Work.kind == WorkKind.TRANSCRIBE
    with database.reading() as session:
        return session.scalar(select(Work.id).where(*begun).limit(1)) is not None


def test_a_korean_caller_answers_by_words_to_running_processes(hotline, caller, tasks_of) -> None:
    """The real model, worker, queue and carrier: nonsense, then words, as a synthetic voice says them."""
    for _ in range(15):
        eventually(lambda: not is_transcribing(), 240, 0.2)  # stories before this one leave long messages
        person = caller().dials().chooses("ko").presses("1").hears("consent").presses("1").hears("speak_now")
        person.says(human_speech(2)).hears("review").presses("").hears("speak_instead").hears("review")
        person.says("안녕하십니까 여보세요", then="").hears("word_not_understood").hears("review").presses("1")
        person.hears("called_before").presses("2").hears("confirm_number").presses("").hears("say_yes_or_no")
        if understood(person, "아니요", "understood_no") and understood(person, "네", "enter_number"):
            break
        person.hangs_up()
    person.hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert len(task["messages"]) == 1
    eventually(lambda: not list(hotline.switch.store.recordings(person.call_sid)), 30)
    with database.reading() as session:
        asked = select(SpokenAnswer).where(SpokenAnswer.call_sid == person.call_sid).order_by(SpokenAnswer.id)
        answers = session.scalars(asked).all()
        assert [answer.key for answer in answers if answer.recording_sid] == ["", "2", "1"]
