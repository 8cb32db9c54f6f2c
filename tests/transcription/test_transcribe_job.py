"""What is written down: in which order, by which engine, what it makes of bad audio, and which words raise a task."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from flask import Response
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.audio.wav import RATE, Sound, at_rate, at_telephone_rate, read_wav, write_wav
from ivr.callbacks import intake, workflow
from ivr.callbacks.workflow import Refused
from ivr.calls import calls
from ivr.carrier import media
from ivr.cli import hotline as command_line
from ivr.config import settings
from ivr.config.sections import ConfigurationError
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database, outbox
from ivr.platform.work_models import Work
from ivr.transcription import engines, model_plan, transcribe_job, urgency_keywords, vosk_engine
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.voicebox import audio_store, fetch_job, voicebox
from ivr.web.app import create_app
from ivr.workers import runner
from tests.support.people import a_task, hire, log_in, the_task
from tests.support.speech import human_speech

VOICES = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
CONGRATULATIONS = (
    "Congratulations. You have successfully installed and executed the Asterisk open source PBX. You have also "
    "installed a set of sample sounds and configuration files that should help you to get started. Like a normal PBX, "
    "you will navigate this demonstration by dialing digits. If you are using a console channel driver instead of a "
    "real phone, you can use the dial, answer, and hangup commands to simulate the actions of a standard telephone."
)


def set_up(monkeypatch: pytest.MonkeyPatch, **values: str) -> settings.Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    return settings.settings()


def desk(username: str) -> FlaskClient:
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return log_in(app.test_client(), username)


def a_message(language: str = "de", concern: str = "benefits", age: timedelta = timedelta(0)) -> int:
    """A recording of which the carrier has told; its id."""
    now = utc_now() - age
    with database.writing() as session:
        call = calls.seen(session, "CA" + secrets.token_hex(16), f"+4917{secrets.randbelow(10**9):09d}", now)
        calls.progressed(call, "record", language, concern)
        about = {"concern": concern}
        recording = voicebox.announced(
            session, call, voicebox.Take(1, language, about), "RE" + secrets.token_hex(16), now
        )
        voicebox.left(session, call, recording, 4, now)
        return recording.id


def store(recording_id: int, sound: Sound | None = None) -> None:
    audio = write_wav(sound or human_speech(1))
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        kept = audio_store.save(recording.recording_sid, audio, voicebox.description(recording))
        voicebox.stored(session, recording, kept.sha256, kept.size, 1.0, utc_now())


def transcript_of(recording_id: int) -> Transcript:
    with database.reading() as session:
        return session.scalars(select(Transcript).where(Transcript.recording_id == recording_id)).one()


# -- words that raise ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text", "hits"),
    [
        ("de", "guten tag mir wurde heute der strom abgestellt bitte rufen sie an", ["strom abgestellt"]),
        ("de", "Wir sind OBDACHLOSE und haben kein Geld", ["OBDACHLOSE", "kein Geld"]),
        ("en", "they will evict us and we have no food", ["evict", "no food"]),
        ("tr", "elektriğimiz kesildi elektrik kesildi evde çocuk var", ["elektrik kesildi"]),
        ("ar", "انقطعت الكهرباء في البيت", ["انقطعت الكهرباء"]),
        ("fa", "ما پول نداريم", ["پول نداريم"]),  # with an Arabic ye, as keyboards and recognisers mix them
        ("ru", "у нас нечего есть", ["нечего есть"]),
        ("uk", "у нас немає світла", ["немає світла"]),
        ("pl", "odcięli prąd wczoraj", ["odcięli prąd"]),
        ("ro", "nu avem mancare pentru copii", ["nu avem mancare"]),  # written without its accents
        ("fr", "on nous a coupé l'électricité", ["coupé l électricité"]),
        ("kmr", "elektrik tune ye", ["elektrik tune"]),
        ("bg", "нямам пари", ["нямам пари"]),
    ],
)
def test_words_of_need_are_found_in_every_language(empty_database, language: str, text: str, hits: list[str]) -> None:
    assert urgency_keywords.found(language, text) == hits


def test_other_words_are_not(empty_database) -> None:
    for language, text in {
        "de": "ich wollte fragen ob mein antrag angekommen ist, der strom kostet viel, die wohnung ist schön",
        "en": "i would like an appointment about training",
        "tr": "başvurum hakkında bilgi almak istiyorum",
    }.items():
        assert urgency_keywords.found(language, text) == []
    assert urgency_keywords.found("xx", "kein geld") == []


def test_every_language_of_the_menu_has_its_list() -> None:
    assert all(urgency_keywords._usual()[code] for code in LANGUAGES)


def test_the_operators_own_words_replace_a_language(empty_database, monkeypatch) -> None:
    set_up(monkeypatch, URGENCY_WORDS='{"de": ["wasserrohr*"]}')
    assert urgency_keywords.found("de", "ein Wasserrohrbruch, kein Geld") == ["Wasserrohrbruch"]
    with pytest.raises(ConfigurationError, match="has no word"):
        set_up(monkeypatch, URGENCY_WORDS='{"de": ["* *"]}')


def test_a_transcript_raises_its_task_and_a_person_takes_that_back(empty_database, monkeypatch) -> None:
    """Raised once, with the words; taken back by a person, it is what it was, and no word raises it again."""
    mia = hire()["mia"]
    recording_id = a_message()
    store(recording_id)
    heard = TranscriptionResult(
        "der strom abgestellt", 0.9, [{"word": "strom", "start": 0, "end": 1, "confidence": 0.9}], "test"
    )
    monkeypatch.setattr(engines, "transcribe", lambda sound, language: heard)
    with database.reading() as session:
        task_id = session.get_one(Recording, recording_id).message.task_id
    before = the_task(task_id)
    transcribe_job.transcribe(recording_id)
    task = the_task(task_id)
    assert (task.urgency, task.urgency_words) == ("emergency", ["strom abgestellt"])
    assert task.due_at <= before.due_at
    member = desk("mia")
    assert "strom abgestellt" not in member.get(f"/desk/tasks/{task_id}").text, "covered"
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}")
    assert "strom abgestellt" in page.text
    assert "Notfall laut Abschrift" in page.text
    with database.writing() as session:
        workflow.lower_urgency(session, session.get_one(CallbackTask, task_id), mia, utc_now())
    task = the_task(task_id)
    assert (task.urgency, task.due_at) == ("normal", before.due_at)
    assert [event.kind for event in task.events][-3:] == ["raised", "claimed", "lowered"]
    with database.writing() as session:
        assert not workflow.raise_by_words(session, session.get_one(CallbackTask, task_id), ["hunger"], utc_now())
        with pytest.raises(Refused, match="not_raised"):
            workflow.lower_urgency(session, session.get_one(CallbackTask, task_id), mia, utc_now())


def test_what_follows_from_a_transcript_is_written_down_with_it(empty_database, monkeypatch) -> None:
    """A worker that dies between the two must not leave a transcript whose words have raised nothing."""
    recording_id = a_message()
    store(recording_id)
    heard = TranscriptionResult(
        "wir haben kein geld", 0.9, [{"word": "geld", "start": 0, "end": 1, "confidence": 0.9}], "test"
    )
    monkeypatch.setattr(engines, "transcribe", lambda sound, language: heard)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(intake, "raise_by_words", dies)
        with pytest.raises(KeyboardInterrupt):
            transcribe_job.transcribe(recording_id)
    assert transcript_of(recording_id).state == "pending"
    transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        assert session.get_one(Recording, recording_id).message.task.urgency == "emergency"


def test_words_never_lower_and_what_the_caller_pressed_stays(empty_database) -> None:
    task_id = a_task("emergency")
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        assert not workflow.raise_by_words(session, task, ["hunger"], utc_now())
        assert (task.urgency, task.urgency_words) == ("emergency", None)


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
        with database.reading() as session:
            found = transcribe_job.most_urgent(session, utc_now())
            return [subjects[session.get_one(Work, work_id).subject_id] for work_id in found]

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


# -- which models ---------------------------------------------------------------------------------------


@pytest.fixture
def models(empty_database, tmp_path: Path, monkeypatch) -> Callable[..., None]:
    """Directories that look like models, of so many megabytes."""

    def install(**megabytes: int) -> None:
        for language, size in megabytes.items():
            (tmp_path / "models" / language / "am").mkdir(parents=True)
            with (tmp_path / "models" / language / "am" / "final.mdl").open("wb") as file:
                file.truncate(size * 1024 * 1024)
        set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path / "models"), LANGUAGES='["de", "en", "tr", "ru"]')

    return install


def test_all_models_stay_in_memory_if_they_fit(models, monkeypatch) -> None:
    models(de=100, en=100)
    set_up(monkeypatch, MODEL_MEMORY_MB="4000", RECOGNISER_MEMORY_MB="500")
    made = model_plan.make(engines.served_languages(), 2)
    assert (made.resident, made.in_turn, made.missing) == (("de", "en"), (), ("tr", "ru"))
    assert "in memory: de, en; no model, please listen: tr, ru" in str(made)


def test_otherwise_the_first_languages_stay_and_the_others_take_turns(models, monkeypatch) -> None:
    models(de=100, en=100, tr=100, ru=100)
    set_up(monkeypatch, MODEL_MEMORY_MB="1700", RECOGNISER_MEMORY_MB="300")
    made = model_plan.make(engines.served_languages(), 2)
    assert made.needed == 1400
    assert (made.resident, made.in_turn) == (("de", "en", "tr", "ru"), ())
    set_up(monkeypatch, MODEL_MEMORY_MB="1399")
    made = model_plan.make(engines.served_languages(), 2)
    assert (made.resident, made.in_turn) == (("de",), ("en", "tr", "ru"))
    assert "in turn: en, tr, ru" in str(made)


def test_a_model_taken_in_turn_makes_room_for_the_next(
    empty_database, korean_model: Path, tmp_path: Path, monkeypatch
) -> None:
    """With the real model under three names: at most one beside what was inherited."""
    for name in ("de", "en", "tr"):
        (tmp_path / name).symlink_to(korean_model / "ko")
    set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path))
    ours = vosk_engine.Recognition()
    ours.load("de")
    ours.inherited, ours.memory_limited = frozenset({"de"}), True
    for language in ("en", "tr", "en"):
        ours.transcribe(human_speech(1), language)
        assert ours.loaded == {"de", language}


def test_further_models_do_not_count_as_growth(empty_database, korean_model: Path, tmp_path: Path, monkeypatch) -> None:
    """Three models in one process: the recognisers of the first are kept."""
    for name in ("de", "en", "tr"):
        (tmp_path / name).symlink_to(korean_model / "ko")
    set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path), RECOGNISER_MEMORY_MB="400")
    ours = vosk_engine.Recognition()
    for language in ("de", "en", "tr"):
        ours.load(language)
        ours.warm(language)
    assert len(ours._recognisers) == 3
    ours.reset_memory_baseline()  # as after the fork
    ours.transcribe(human_speech(2), "de")
    assert len(ours._recognisers) == 3


def test_the_plan_does_not_count_loaded_models_twice(models, monkeypatch) -> None:
    models(de=100, en=100)
    set_up(monkeypatch, RECOGNISER_MEMORY_MB="50")
    model_plan._available.cache_clear()
    first = model_plan.make(("de",), 1)
    monkeypatch.setattr(
        model_plan.psutil, "virtual_memory", lambda: (_ for _ in ()).throw(AssertionError("asked again"))
    )
    assert model_plan.make(("de", "en"), 1).allowed == first.allowed
    model_plan._available.cache_clear()


# -- the second engine ----------------------------------------------------------------------------------


def test_the_second_engine_is_off_by_default(empty_database) -> None:
    with pytest.raises(NoModel):
        engines.transcribe(human_speech(1), "bg")


def test_a_language_without_a_vosk_model_is_written_down_by_the_second_engine(
    empty_database, whisper_directory: Path, monkeypatch
) -> None:
    """English stands for Bulgarian here: of it there is human speech."""
    set_up(monkeypatch, WHISPER_MODEL=str(whisper_directory), WHISPER_LANGUAGES='["en", "bg", "ro"]')
    assert engines.served_languages() == ("bg", "en", "ro")
    recording_id = a_message("en")
    store(recording_id, at_telephone_rate(read_wav((VOICES / "vm-instructions.wav").read_bytes())))
    transcribe_job.transcribe(recording_id)
    written = transcript_of(recording_id)
    assert (written.state, written.engine) == ("done", f"whisper {whisper_directory.name}")
    assert {"press", "key"} <= {word["word"].strip(".,").lower() for word in written.words}
    assert all(0 <= word["start"] <= word["end"] for word in written.words)


def test_the_second_engine_makes_nothing_up_over_silence(empty_database, whisper_directory: Path, monkeypatch) -> None:
    set_up(monkeypatch, WHISPER_MODEL=str(whisper_directory), WHISPER_LANGUAGES='["en"]')
    assert engines.transcribe(Sound(np.zeros(RATE * 4, np.int16), RATE), "en").words == []


def test_an_unsure_transcript_asks_a_member_to_listen_and_shows_what_was_heard(empty_database, monkeypatch) -> None:
    set_up(monkeypatch, LOW_CONFIDENCE="0.5")
    recording_id = a_message()
    store(recording_id)
    words = [{"word": "vielleicht", "start": 0, "end": 1, "confidence": 0.2}]
    monkeypatch.setattr(engines, "transcribe", lambda *_: TranscriptionResult("vielleicht", 0.2, words, "test"))
    transcribe_job.transcribe(recording_id)
    written = transcript_of(recording_id)
    assert (written.state, written.reason, written.text) == ("please_listen", "low_confidence", "vielleicht")


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


def test_a_recording_of_three_hours_is_kept_and_somebody_is_asked_to_listen(strange_carrier) -> None:
    hours = write_wav(Sound(np.zeros(3 * 3600 * RATE, np.int16), RATE))
    recording_id = fetch(strange_carrier, hours)
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
    assert "braucht jemanden" in page
    assert "Die Aufnahme lässt sich beim Telefonanbieter nicht abholen." in page
    supervisor = desk("lena")
    listed = supervisor.get("/supervision/unfinished").text
    assert the_task(task_id).receipt_code in listed
    assert "NotAudio" in listed, "the operator's word for it"
    assert client.get("/supervision/unfinished").status_code in (302, 403, 404)


# -- judging models --------------------------------------------------------------------------------------


@pytest.fixture
def judged(empty_database, tmp_path: Path) -> Path:
    folder = tmp_path / "own audio"
    folder.mkdir()
    (folder / "demo.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "demo.txt").write_text(CONGRATULATIONS)
    (folder / "no text.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "broken.txt").write_text("broken")
    (folder / "empty.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "empty.txt").write_text(" …\n")
    return folder


def test_an_operator_judges_a_model_on_their_own_audio(judged: Path, whisper_directory: Path) -> None:
    model = ["--model", str(whisper_directory), "--worst", "1"]
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), "--language", "en", *model])
    assert answer.exit_code == 0, answer.output
    assert "left out: broken.wav" in answer.output
    assert "left out: empty.wav: its text is empty" in answer.output
    rates = {
        line.split("rate")[0].strip(): float(line.split("rate")[1].split("%")[0])
        for line in answer.output.splitlines()
        if "error rate" in line
    }
    assert 0 <= rates["character error"] <= rates["word error"] < 20
    assert "files                 1 (" in answer.output


def test_a_vosk_model_is_judged_by_the_same_command(judged: Path, korean_model: Path) -> None:
    model = ["--engine", "vosk", "--model", str(korean_model / "ko"), "--limit", "3"]
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), "--language", "en", *model])
    assert answer.exit_code == 0, answer.output
    assert "engine                vosk en" in answer.output
    assert "%" in answer.output


def test_rates_and_their_intervals() -> None:
    from ivr.transcription.evaluation import _count_errors, _rate

    def judge(wanted: str, written: str) -> tuple[int, int, int]:
        judged = _count_errors("x", wanted, TranscriptionResult(written, None, [], "test"))
        return judged.word_errors, judged.words, judged.letter_errors

    assert judge("Guten Tag, Herr Müller!", "guten tag herr müller") == (0, 4, 0)
    assert judge("kein Strom seit gestern", "kein strom gestern") == (1, 4, 5)
    assert judge("ja", "") == (1, 1, 2)
    assert judge("ja", "ja ja ja")[0] == 2
    rate = _rate([(1, 10)] * 50 + [(3, 10)] * 50)
    assert rate.value == pytest.approx(0.2)
    assert 0.17 < rate.low < rate.value < rate.high < 0.23
    assert _rate([(2, 4)]).low == _rate([(2, 4)]).high == 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--language", "xx"], "is not one of"),
        (["--language", "de"], "there is no model for de"),
        (["--language", "de", "--engine", "whisper"], "there is no model for de"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(judged: Path, arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), *arguments])
    assert answer.exit_code != 0
    assert said in answer.output


def test_an_empty_folder_is_one_sentence(empty_database, tmp_path: Path, korean_model: Path) -> None:
    (tmp_path / "none").mkdir()
    command = ["transcribe-eval", str(tmp_path / "none"), "--language", "ko", "--model", str(korean_model / "ko")]
    answer = CliRunner().invoke(command_line, command)
    assert answer.exit_code == 1
    assert "no NAME.wav with a NAME.txt" in answer.output
