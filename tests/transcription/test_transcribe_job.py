"""What is written down: in which order, by which engine, what it makes of bad audio, and which words raise a task."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
import soundfile
from flask import Response
from sqlalchemy import event, select

from ivr.audio.wav import RATE, Sound, at_rate, read_wav, write_wav
from ivr.callbacks import search_index, urgency
from ivr.carrier import media
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Recording
from ivr.platform import database, outbox, settings_store
from ivr.platform.work_models import Work
from ivr.transcription import engines, transcribe_job, vosk_engine
from ivr.transcription.result import TranscriptionResult
from ivr.voicebox import audio_store, fetch_job
from ivr.workers import runner
from tests.support.people import hire, the_task
from tests.support.speech import human_speech
from tests.support.transcription import a_message, desk, set_up, store, transcript_of
from tests.support.volume import volume

# -- words that raise ----------------------------------------------------------------------------------


def test_what_follows_from_a_transcript_is_written_down_with_it(empty_database, monkeypatch) -> None:
    """A worker that dies between the two must not leave a transcript whose words have raised nothing."""
    recording_id = a_message()
    store(recording_id)
    heard = TranscriptionResult(
        "wir haben kein geld", 0.9, [{"word": "geld", "start": 0, "end": 1, "confidence": 0.9}], "test"
    )
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(urgency, "raise_by_words", dies)
        with pytest.raises(KeyboardInterrupt):
            transcribe_job.transcribe(recording_id)
    assert transcript_of(recording_id).state == "pending"
    transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        assert session.get_one(Recording, recording_id).message.task.urgency == "emergency"


# -- which first ----------------------------------------------------------------------------------------


def test_emergencies_are_written_down_first_then_by_deadline(empty_database, monkeypatch) -> None:
    made = {
        "new": a_message(),
        "old": a_message(age=timedelta(hours=20)),
        "emergency": a_message(concern="emergency"),
        "older": a_message("tr", age=timedelta(hours=22)),
    }
    for recording_id in made.values():
        store(recording_id)
    subjects = {recording_id: name for name, recording_id in made.items()}

    def order() -> list[str]:
        found = []
        with database.writing() as session:
            asked_for = session.scalars(select(Work.id).where(Work.kind == "transcribe")).first()
            while work := transcribe_job.claim_most_urgent(session, asked_for, "worker", utc_now()):
                found.append(subjects[work.subject_id])
            session.rollback()
        return found

    assert order() == ["emergency", "older", "old", "new"]
    monkeypatch.setattr(vosk_engine.recognition, "memory_limited", True)
    monkeypatch.setattr(vosk_engine.recognition, "inherited", frozenset({"de"}))
    assert order() == ["emergency", "old", "new", "older"], "one language after the other where not all models fit"
    set_up(
        monkeypatch,
        TRANSCRIPTION_POOLS='{"south": ["tr"], "north": ["de", "en"]}',
        TRANSCRIPTION_POOL="south",
        LANGUAGES='["de", "en", "tr"]',
    )
    assert order() == ["older"], "a host writes down the languages of its pool"


def test_a_job_takes_the_most_urgent_message_whatever_it_was_made_for(empty_database, monkeypatch) -> None:
    first, urgent = a_message(), a_message(concern="emergency")
    for recording_id in (first, urgent):
        store(recording_id)
    done: list[int] = []
    monkeypatch.setitem(runner.HANDLERS, "transcribe", done.append)  # type: ignore[arg-type]
    with database.reading() as session:
        made_for = session.scalar(select(Work.id).where(Work.kind == "transcribe", Work.subject_id == first))
    runner.run(made_for)
    assert done == [urgent, first] or done == [urgent]
    runner.run(made_for)
    assert done[:2] == [urgent, first]


# -- the second engine ----------------------------------------------------------------------------------


def test_an_unsure_transcript_asks_a_member_to_listen_and_shows_what_was_heard(empty_database, monkeypatch) -> None:
    set_up(monkeypatch, LOW_CONFIDENCE="0.5")
    recording_id = a_message()
    store(recording_id)
    words = [{"word": "vielleicht", "start": 0, "end": 1, "confidence": 0.2}]
    monkeypatch.setattr(engines, "transcribe", lambda *_: TranscriptionResult("vielleicht", 0.2, words, "test"))
    transcribe_job.transcribe(recording_id)
    written = transcript_of(recording_id)
    assert (written.state, written.reason, written.text) == ("please_listen", "low_confidence", "vielleicht")


def test_a_second_try_leaves_no_words_of_the_first_in_the_search(empty_database, monkeypatch) -> None:
    """The first result was unsure and is replaced: nobody finds the task by words that are not in it."""
    set_up(monkeypatch, LOW_CONFIDENCE="0.5")
    recording_id = a_message()
    store(recording_id)
    for text, confidence in (("mietvertrag", 0.2), ("heizung", 0.9)):
        words = [{"word": text, "start": 0, "end": 1, "confidence": confidence}]
        result = TranscriptionResult(text, confidence, words, "test")
        monkeypatch.setattr(engines, "transcribe", lambda *_, result=result: result)
        with database.writing() as session:
            session.get_one(Recording, recording_id).transcript.reason = None
        transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        task = session.get_one(Recording, recording_id).message.task
        found = {word: session.scalars(search_index.matching(word)).all() for word in ("mietvertrag", "heizung")}
    assert found == {"mietvertrag": [], "heizung": [task.id]}


def test_a_job_beside_its_recogniser_takes_few_statements(empty_database, monkeypatch) -> None:
    """Claimed in one, asked in one, written in four: the transcript read and written, its words, the job's end."""
    recording_id = a_message()
    store(recording_id)
    words = [{"word": "guten", "start": 0, "end": 1, "confidence": 0.9}]
    monkeypatch.setattr(engines, "transcribe", lambda *_: TranscriptionResult("guten tag", 0.9, words, "test"))
    with database.reading() as session:
        work_id = session.scalar(select(Work.id).where(Work.kind == "transcribe"))
    settings_store.look()  # a worker looks every three seconds
    said: list[str] = []
    event.listen(database.engine(), "before_cursor_execute", lambda *args: said.append(args[2]))
    runner.run(work_id)
    assert transcript_of(recording_id).state == "done"
    about_rows = [one for one in said if one.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert len(about_rows) == 6 + 1, about_rows  # one is asked by this test


# -- bad audio ------------------------------------------------------------------------------------------

SPEECH = human_speech(2)


def encoded(sound: Sound, kind: str, channels: int = 1) -> bytes:
    out = io.BytesIO()
    samples = np.column_stack([sound.samples] * channels) if channels > 1 else sound.samples
    soundfile.write(out, samples, sound.rate, format=kind)
    return out.getvalue()


AUDIO = {
    "stereo": encoded(SPEECH, "WAV", channels=2),
    "44.1 kHz": write_wav(at_rate(SPEECH, 44100)),
    "MP3": encoded(at_rate(SPEECH, 16000), "MP3"),
    "FLAC": encoded(SPEECH, "FLAC"),
}


def fetch(answers: list[Response], body: bytes, tries: int = 1) -> int:
    recording_id = a_message()
    answers.append(Response(body, mimetype="audio/x-wav"))
    outbox.attempt.set(tries)
    fetch_job.fetch_recording(recording_id)
    return recording_id


@pytest.mark.parametrize("kind", AUDIO)
def test_audio_of_another_kind_is_taken_all_the_same(strange_carrier, kind: str) -> None:
    recording_id = fetch(strange_carrier, AUDIO[kind])
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        assert recording.state == "stored"
        assert recording.recorded_seconds == pytest.approx(SPEECH.seconds, abs=0.2)
        assert read_wav(audio_store.load(recording.recording_sid)).seconds == pytest.approx(SPEECH.seconds, abs=0.2)


@pytest.mark.parametrize("body", [b"", b"not audio", b"<html>oops</html>", write_wav(SPEECH)[:9000]], ids=repr)
def test_what_is_no_audio_or_truncated_is_fetched_again(strange_carrier, body: bytes) -> None:
    with pytest.raises(media.NotAudio):
        fetch(strange_carrier, body)


def test_after_some_tries_a_part_of_a_message_is_better_than_none(strange_carrier) -> None:
    recording_id = fetch(strange_carrier, write_wav(SPEECH)[:16044], tries=4)
    with database.reading() as session:
        recording = session.get_one(Recording, recording_id)
        assert (recording.state, recording.recorded_seconds) == ("stored", pytest.approx(1.0, abs=0.1))
        assert "recording_cut_short" in [event.kind for event in recording.message.task.events]


@pytest.mark.soak
def test_a_recording_that_is_too_long_is_kept_and_somebody_is_asked_to_listen(strange_carrier) -> None:
    minutes = write_wav(Sound(np.zeros(volume(test=61, soak=180) * 60 * RATE, np.int16), RATE))
    recording_id = fetch(strange_carrier, minutes)
    transcribe_job.transcribe(recording_id)
    written = transcript_of(recording_id)
    assert (written.state, written.reason) == ("please_listen", "too_long")


def test_a_message_whose_audio_never_comes_says_so_on_its_task(strange_carrier, monkeypatch) -> None:
    """The carrier keeps answering with an error page: after the last try the task asks for a person, in German."""
    hire()
    recording_id = a_message()
    monkeypatch.setattr(outbox, "BACKOFF", (0, 0))
    with database.reading() as session:
        work = session.scalars(select(Work.id).where(Work.kind == "fetch_recording")).one()
        task_id = session.get_one(Recording, recording_id).message.task_id
    for _ in range(3):
        strange_carrier.append(Response("<x/>", 200, mimetype="application/xml"))
        runner.run(work)
    client = desk("mia")
    page = client.get(f"/desk/tasks/{task_id}").text
    assert ">Störung<" in page
    assert "Die Aufnahme lässt sich beim Telefonanbieter nicht abholen." in page
    supervisor = desk("lena")
    listed = supervisor.get("/supervision/unfinished").text
    assert the_task(task_id).receipt_code in listed
    assert "NotAudio" in listed, "the operator's word for it"
    assert client.get("/supervision/unfinished").status_code in (302, 403, 404)
