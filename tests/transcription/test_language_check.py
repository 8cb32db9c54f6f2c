"""Somebody presses German and speaks Arabic: the task says so, nothing changes by itself, a member decides."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.callbacks import queries
from ivr.contact_centre import interpreter_bookings
from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Transcript
from ivr.platform import database, job_queue
from ivr.platform.work_models import Work
from ivr.transcription import engines, language_check, language_job, transcribe_job
from ivr.transcription.language_check import Guess
from ivr.transcription.result import NoModel, TranscriptionResult
from tests.support.people import the_task
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of

ARABIC = "أريد أن أقتل نفسي رقمي صفر واحد"


def heard(text: str, engine: str) -> TranscriptionResult:
    words = [
        {"word": word, "start": at * 0.3, "end": at * 0.3 + 0.3, "confidence": 0.9}
        for at, word in enumerate(text.split())
    ]
    return TranscriptionResult(text, 0.9, words, engine)


@pytest.mark.parametrize(
    ("chosen", "guess", "contradicted"),
    [
        ("de", Guess("ar", 0.93, 8), True),
        ("de", Guess("de", 0.99, 8), False),
        ("de", Guess("ar", 0.7, 8), False),  # unsure
        ("de", Guess("ar", 0.99, 2), False),  # too little was said
        ("kmr", Guess("tr", 0.99, 20), False),  # the model does not know Kurmanji
        ("ti", Guess("ar", 0.99, 20), False),  # a language beyond the menu: the model may not know it
        ("und", Guess("ar", 0.99, 20), True),  # nobody has said which it is
        ("und", Guess("ar", 0.9, 20), False),
        ("uk", Guess("ru", 0.9, 20), False),  # it confuses these
        ("uk", Guess("ru", 0.97, 20), True),
        ("de", Guess("ti", 0.9, 20), True),
    ],
)
def test_only_who_certainly_speaks_another_language_is_contradicted(chosen: str, guess: Guess, contradicted) -> None:
    assert guess.contradicts(chosen) is contradicted


@pytest.fixture
def checked(desk, monkeypatch: pytest.MonkeyPatch):
    """A German message in which Arabic was heard, checked; its recording and its task."""

    def check(guess: Guess, served: tuple[str, ...] = ("ar", "de")) -> tuple[int, int]:
        set_up(monkeypatch, CHECK_SPOKEN_LANGUAGE="1")
        said = {"de": heard("ja na so", "vosk de"), "ar": heard(ARABIC, "vosk ar")}
        monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): said[language])
        monkeypatch.setattr(engines, "served_languages", lambda: served)
        monkeypatch.setattr(language_check, "spoken", lambda sound: guess)
        recording_id = a_message("de")
        store(recording_id, human_speech(4))
        transcribe_job.transcribe(recording_id)
        language_job.check(recording_id)
        with database.reading() as session:
            return recording_id, session.scalars(select(CallbackTask.id)).one()

    return check


def test_the_task_says_it_is_offered_to_speakers_and_changes_by_a_button_alone(desk, checked) -> None:
    recording_id, task_id = checked(Guess("ar", 0.93, 8))
    with database.reading() as session:
        planned = session.scalars(select(Work.kind).where(Work.kind == WorkKind.CHECK_LANGUAGE)).all()
    assert planned == [WorkKind.CHECK_LANGUAGE], "the check follows the transcript"
    transcript, task = transcript_of(recording_id), the_task(task_id)
    assert (transcript.language, transcript.text, task.language) == ("de", "ja na so", "de"), "nothing has changed"
    assert (task.spoken_language, transcript.spoken["text"]) == ("ar", ARABIC)
    assert task.danger == "life", "its words count in the language in which they were said"
    with database.writing() as session:
        mia = session.get_one(User, desk.people["mia"].id)
        task = session.get_one(CallbackTask, task_id)
        task.danger = task.danger_words = None
        task.urgency = "normal"
        session.flush()
        assert list(queries.candidates(session, mia, ["ar"], utc_now())) == [task_id]
    member = desk("mia")
    member.post(f"/desk/tasks/{task_id}/language")
    assert the_task(task_id).language == "de", "covered"
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}").text
    assert "Klingt nach Arabisch" in page
    assert ARABIC in page
    member.post(f"/desk/tasks/{task_id}/language")
    transcript, task = transcript_of(recording_id), the_task(task_id)
    assert (task.language, task.spoken_language) == ("ar", None)
    assert (transcript.language, transcript.text, transcript.state) == ("ar", ARABIC, "done")
    event = next(one for one in task.events if one.kind == "language_changed")
    assert (event.text, event.user_id) == ("ar", desk.people["mia"].id)
    assert "Klingt nach Arabisch" not in member.get(f"/desk/tasks/{task_id}").text


def test_who_interprets_the_spoken_language_can_be_booked_and_the_callback_is_interpreted_in_it(
    desk, checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, task_id = checked(Guess("ar", 0.93, 8), served=("de",))
    always = {"daily": "00:00-24:00"}
    people = [
        {"name": one, "number": f"+49421555010{at}", "languages": [one], "hours": always}
        for at, one in enumerate(("ar", "tr"))
    ]
    set_up(monkeypatch, INTERPRETERS=json.dumps(people), CALLING_HOURS__DAILY="00:00-24:00", HOURS__DAILY="00:00-24:00")
    with database.writing() as session:
        task, mia = session.get_one(CallbackTask, task_id), session.get_one(User, desk.people["mia"].id)
        assert [one.name for one in interpreter_bookings.candidates(session, task)] == ["ar"]
        assert interpreter_bookings.language_of(session, task, utc_now()) == "de", "nothing changes by itself"
        begins_at = utc_now() + timedelta(days=1)
        booked = interpreter_bookings.book(session, task, people[0]["number"], begins_at, 30, mia, utc_now())
        assert booked.language == "ar"
        assert interpreter_bookings.language_of(session, task, begins_at) == "ar"
        assert interpreter_bookings.language_of(session, task, begins_at + timedelta(hours=2)) == "de"


def test_an_open_page_says_that_there_is_more_to_read(desk, checked) -> None:
    _, task_id = checked(Guess("ar", 0.93, 8))
    member = desk("mia")
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}").text
    asks = html.unescape(re.search(r'hx-get="([^"]*/others[^"]*)"', page)[1])
    assert "data-heard-more" not in member.get(asks).text
    with database.writing() as session:
        session.scalars(select(Transcript)).one().gist = {"language": "en", "text": "Call me.", "engine": "whisper"}
    assert "data-heard-more" in member.get(asks).text


def test_a_member_says_that_the_machine_is_wrong(desk, checked) -> None:
    _, task_id = checked(Guess("ar", 0.93, 8), served=("de",))
    member = desk("mia")
    member.post(f"/desk/tasks/{task_id}/claim")
    assert "kein Sprachmodell" in member.get(f"/desk/tasks/{task_id}").text
    member.post(f"/desk/tasks/{task_id}/language/keep")
    task = the_task(task_id)
    assert (task.language, task.spoken_language) == ("de", None)
    answer = member.post(f"/desk/tasks/{task_id}/language", follow_redirects=True)
    assert "keine andere Sprache" in answer.text


def test_who_speaks_the_chosen_language_hears_nothing_of_it(desk, checked) -> None:
    recording_id, task_id = checked(Guess("de", 0.99, 8))
    assert the_task(task_id).spoken_language is None
    assert transcript_of(recording_id).spoken == {"language": "de", "sure": 0.99, "differs": False}
    desk("mia").post(f"/desk/tasks/{task_id}/claim")
    assert "Klingt nach" not in desk("mia").get(f"/desk/tasks/{task_id}").text


def test_without_the_model_nothing_changes(desk, monkeypatch) -> None:
    def absent(sound: object) -> Guess:
        raise NoModel("whisper")

    monkeypatch.setattr(language_check, "spoken", absent)
    recording_id = a_message("de")
    store(recording_id, human_speech(4))
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard("guten tag", "vosk de"))
    transcribe_job.transcribe(recording_id)
    language_job.check(recording_id)
    assert transcript_of(recording_id).spoken is None
    with database.reading() as session:
        assert session.scalars(select(Work).where(Work.kind == WorkKind.CHECK_LANGUAGE)).all() == []
    assert job_queue.LISTENING not in job_queue.names()


@pytest.mark.since("ci")
def test_a_person_who_speaks_english_is_heard(empty_database, whisper_directory: Path, monkeypatch) -> None:
    set_up(monkeypatch, WHISPER_MODEL=str(whisper_directory))
    guess = language_check.spoken(human_speech(8))
    assert guess.language == "en"
    assert guess.contradicts("de")
    assert not guess.contradicts("en")
    assert language_check.spoken(human_speech(2)).sure == 0
