"""Callers of none of the languages: the desk tells that the language is unknown, and when an interpreter was wanted."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.accounts import api_tokens
from ivr.callbacks import merging
from ivr.domain.enums import WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database, outbox
from ivr.platform.work_models import Work
from ivr.transcription import engines, transcribe_job, vosk_engine
from ivr.web.app import create_app
from tests.notices.test_further_languages import name
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of
from tests.support.webhook_call import WebhookCall, carrier

UNKNOWN = "Sprache unbekannt, nicht in der Auswahl"
NUMBER = "+4917611122233"


def the_task() -> CallbackTask:
    with database.reading() as session:
        return session.scalars(select(CallbackTask).order_by(CallbackTask.id.desc())).first()


def test_the_desk_tells_that_the_language_is_unknown_and_when_it_was_wanted(desk) -> None:
    WebhookCall(carrier(), from_=NUMBER).rings().presses("0").hears("interpreter_callback")
    task = the_task()
    assert (task.unlisted_language, task.needs_interpreter) == (True, True)
    mia = desk("lena")
    assert UNKNOWN in mia.get("/desk/?view=all").text
    page = mia.get(f"/desk/tasks/{task.id}").text
    wanted = task.first_contact_at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%d.%m.%Y %H:%M")
    assert UNKNOWN in page
    told = page.partition("gewünscht im Anruf am ")[2]
    assert wanted in told[:40]
    contact = page.partition('class="app-contact"')[2].partition("</article>")[0]
    assert contact and "Deutsch" not in contact
    task_itself = page.partition('class="work-head"')[2]
    assert task_itself.count("unbekannt") == 2, "in the heading, and among the facts"


def test_who_goes_on_in_german_without_a_choice_has_an_unknown_language_too(empty_database) -> None:
    """Nobody can call a withheld number back; what the caller then asks for says the same of the language."""
    WebhookCall(carrier()).rings().presses("0").hears("main").presses("1", "2").presses("017611122233#", "1")
    assert the_task().unlisted_language


def test_who_chooses_a_language_has_a_known_one(empty_database) -> None:
    WebhookCall(carrier(), from_=NUMBER).rings().presses("1", "1", "2")
    assert not the_task().unlisted_language


@pytest.mark.parametrize(("key", "language"), [("1", "ti"), ("0", "und")])
def test_a_message_in_none_of_the_languages_is_not_written_down_as_german(desk, monkeypatch, key, language) -> None:
    """Nor are its words looked through for German ones. The check of languages may still name the one it hears."""
    name("ti", "Tigrinja")
    monkeypatch.setattr(vosk_engine, "installed_languages", lambda: ("de",))
    monkeypatch.setattr(engines, "installed_languages", lambda: ("de",))
    set_up(monkeypatch, CHECK_SPOKEN_LANGUAGE="1")
    WebhookCall(carrier()).rings().presses("0", key).hears("main").presses("1", "1").speaks().presses("1")
    with database.reading() as session:
        recording = session.scalars(select(Recording)).one()
        assert recording.message.language == language
    store(recording.id, human_speech(4))
    transcribe_job.transcribe(recording.id)
    transcript = transcript_of(recording.id)
    found = (transcript.language, transcript.text, transcript.state, transcript.reason)
    assert found == (language, None, "please_listen", "no_model")
    with database.reading() as session:
        assert outbox.is_planned(session, WorkKind.CHECK_LANGUAGE, recording.id)
    member = desk("lena")
    member.post(f"/desk/tasks/{the_task().id}/claim")
    page = member.get(f"/desk/tasks/{the_task().id}").text
    assert ("Die Spracherkennung konnte die Sprache nicht bestimmen." in page) == (language == "und")
    assert ("Für diese Sprache fehlt noch ein Sprachmodell" in page) == (language == "ti")


def test_a_language_that_no_pool_names_is_taken_by_the_first(empty_database, monkeypatch) -> None:
    pools = {"TRANSCRIPTION_POOLS": '{"north": ["de"], "south": ["tr"]}'}
    for pool, taken in (("south", ["tr"]), ("north", ["de", "und"])):
        set_up(monkeypatch, **pools, TRANSCRIPTION_POOL=pool)
        if pool == "south":
            for language in ("de", "tr", "und"):
                store(a_message(language))
        found = []
        with database.writing() as session:
            row = session.scalars(select(Work.id).where(Work.kind == WorkKind.TRANSCRIBE)).first()
            while work := transcribe_job.claim_most_urgent(session, row, "w", utc_now() + timedelta(minutes=9)):
                found.append(transcript_of(work.subject_id).language)
        assert sorted(found) == taken


def test_a_merge_keeps_it_and_a_program_reads_it(empty_database) -> None:
    WebhookCall(carrier(), from_=NUMBER).rings().presses("1", "1", "2")
    first = the_task().id
    WebhookCall(carrier(), from_=NUMBER).rings().presses("0", "0")
    with database.writing() as session:
        token = api_tokens.new_token(session, "reader", utc_now(), scopes=("tasks",))
    read = create_app().test_client()
    found = read.get(f"/api/v1/tasks/{the_task().id}", headers={"Authorization": f"Bearer {token}"}).json
    assert (found["unlisted_language"], the_task().id > first) == (True, True)
    with database.writing() as session:
        task, other = session.get(CallbackTask, first), session.get(CallbackTask, the_task().id)
        merging.merge(session, task, other, None, utc_now())
        assert task.unlisted_language
