"""Callers of none of the languages: the desk tells that the language is unknown, and when an interpreter was wanted."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import select

from ivr.accounts import api_tokens
from ivr.callbacks import merging
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web.app import create_app
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
