"""Words of a message that make its task urgent."""

from __future__ import annotations

import pytest

from ivr.callbacks import urgency
from ivr.callbacks.workflow import Refused
from ivr.config.sections import ConfigurationError
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.transcription import engines, transcribe_job, urgency_keywords
from ivr.transcription.result import TranscriptionResult
from tests.support.people import a_task, hire, the_task
from tests.support.transcription import a_message, desk, set_up, store


@pytest.mark.parametrize(
    ("language", "text", "hits"),
    [
        ("de", "guten tag mir wurde heute der strom abgestellt bitte rufen sie an", ["strom abgestellt"]),
        ("de", "Wir sind OBDACHLOSE und haben kein Geld", ["OBDACHLOSE", "kein Geld"]),
        ("en", "they will evict us and we have no food", ["evict", "no food"]),
        ("tr", "elektriğimiz kesildi elektrik kesildi evde çocuk var", ["elektrik kesildi", "elektriğimiz kesildi"]),
        ("ar", "انقطعت الكهرباء في البيت", ["انقطعت الكهرباء"]),
        ("fa", "ما پول نداريم", ["پول نداريم"]),  # with an Arabic ye, as keyboards and recognisers mix them
        ("ru", "у нас нечего есть", ["нечего есть"]),
        ("uk", "у нас немає світла", ["немає світла"]),
        ("pl", "odcięli prąd wczoraj", ["odcięli prąd"]),
        ("ro", "nu avem mancare pentru copii", ["nu avem mancare"]),  # written without its accents
        ("fr", "on nous a coupé l'électricité", ["coupé l'électricité"]),
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
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard)
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
        urgency.lower_urgency(session, session.get_one(CallbackTask, task_id), mia, utc_now())
    task = the_task(task_id)
    assert (task.urgency, task.due_at) == ("normal", before.due_at)
    assert [event.kind for event in task.events][-3:] == ["raised", "claimed", "lowered"]
    with database.writing() as session:
        assert not urgency.raise_by_words(session, session.get_one(CallbackTask, task_id), ["hunger"], utc_now())
        with pytest.raises(Refused, match="not_raised"):
            urgency.lower_urgency(session, session.get_one(CallbackTask, task_id), mia, utc_now())


def test_words_never_lower_and_what_the_caller_pressed_stays(empty_database) -> None:
    task_id = a_task("emergency")
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        assert not urgency.raise_by_words(session, task, ["hunger"], utc_now())
        assert (task.urgency, task.urgency_words) == ("emergency", None)
