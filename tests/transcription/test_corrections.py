"""Corrections are counted without a trace: what is wrong most often, and nobody's name."""

from __future__ import annotations

from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database
from ivr.transcription import corrections
from tests.support.environment import forget_settings
from tests.support.transcription import a_message, store


def corrected(heard: str, said: str, name: str | None = None, language: str = "de") -> None:
    """A message that a member has corrected."""
    recording_id = a_message(language)
    store(recording_id)
    with database.writing() as session:
        recording = session.get_one(Recording, recording_id)
        transcript = session.scalars(select(Transcript).where(Transcript.recording_id == recording_id)).one()
        transcript.state, transcript.text, transcript.corrected_text = "done", heard, said or None
        transcript.corrected_at = utc_now()
        recording.message.task.caller_name = name


def counted() -> list[corrections.OfLanguage]:
    with database.reading() as session:
        return corrections.of_teams(session, session.scalars(select(Team.id)).all())


def test_the_words_that_are_often_wrong_are_named_and_names_are_not(desk) -> None:
    for number in range(5):
        corrected("guten tag herr gruber burger geld", f"guten tag, Herr Huber: Bürgergeld {number}", "Anna Huber")
    corrected("ich heiße tom", "ich heiße Tomasz")
    corrected("guten tag", "")
    found = counted()[0]
    assert (found.language, found.messages, found.corrected) == ("de", 7, 6)
    assert [(one.said, one.tasks) for one in found.most] == [("bürgergeld", 5)], "no name, no number, nothing rare"
    assert 0.3 < found.rate < 0.7
    page = desk("lena").get("/supervision/corrections").text
    assert "bürgergeld" in page
    assert "huber" not in page.lower()
    assert "tomasz" not in page.lower()


def test_of_few_corrections_nothing_is_said(desk, monkeypatch) -> None:
    assert "noch keine Abschrift" in desk("lena").get("/supervision/corrections").text
    corrected("guten tag", "gute nacht")
    with database.reading() as session:
        team = session.scalars(select(CallbackTask)).one().team.key
    monkeypatch.setenv("RECOGNITION_PHRASES", f'{{"{team}": ["Vegesack"]}}')
    forget_settings()
    page = desk("lena").get("/supervision/corrections").text
    assert "zu wenige" in page
    assert "nacht" not in page
    assert "Vegesack" in page
    assert counted()[0].rate is None


def test_what_is_deleted_counts_no_more_and_members_see_nothing_of_it(desk) -> None:
    corrected("guten tag", "gute nacht")
    assert desk("mia").get("/supervision/corrections").status_code == 404
    with database.writing() as session:
        session.delete(session.scalars(select(Transcript)).one())
    assert counted() == []
