"""A note in a real browser, at a desk that two people share, whose log-in ends while it is written."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import update

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import LogIn
from ivr.platform import database
from tests.support.browser import accessible, open_desk, reflows
from tests.support.people import PASSWORD, a_task, the_task

TEXT = "Bringt die Unterlagen am Montag vorbei"


def logs_in(page, name: str) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_load_state()


def test_a_note_outlives_the_log_in_in_which_it_was_written(browser, hotline, people) -> None:
    task_id = a_task()
    page = open_desk(browser, hotline)
    page.goto(f"{hotline.url}/desk/tasks/{task_id}")
    page.locator("form[action$='/claim'] button").first.click()
    expect(page.locator("#note-text")).to_be_visible()
    with database.writing() as session:
        session.execute(update(LogIn).values(used_at=utc_now() - timedelta(minutes=31)))
    page.fill("#note-text", TEXT)
    page.wait_for_timeout(600)  # the draft cannot be saved; the browser keeps it
    page.click("form[action$='/note'] button:not([type=button])")
    expect(page.get_by_text("Ihre Eingaben sind aufbewahrt")).to_be_visible()
    logs_in(page, "lena")  # a colleague takes the desk over
    page.goto(f"{hotline.url}/desk/tasks/{task_id}")
    assert TEXT not in page.content()
    expect(page.locator("#note-text")).to_have_value("")
    page.get_by_role("button", name="Abmelden").click()
    page.wait_for_load_state()
    logs_in(page, "mia")
    expect(page.get_by_role("heading", name="Noch nicht gesendet")).to_be_visible()
    accessible(page)
    reflows(page, "/kept/")
    page.goto(f"{hotline.url}/kept/")
    page.get_by_role("button", name="Jetzt senden").click()
    page.wait_for_load_state()
    expect(page.get_by_text(TEXT)).to_be_visible()
    expect(page.locator("#note-text")).to_have_value("")
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.includes('draft'))") == []


def test_what_was_typed_after_the_log_in_had_ended_goes_on_behind_what_the_server_has(browser, hotline, people) -> None:
    """Half a sentence is a draft already; the page is left before the rest is sent."""
    task_id = a_task()
    page = open_desk(browser, hotline)
    page.goto(f"{hotline.url}/desk/tasks/{task_id}")
    page.locator("form[action$='/claim'] button").first.click()
    expect(page.locator("#note-text")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 204):
        page.locator("#note-text").press_sequentially(TEXT[:20])
    with database.writing() as session:
        session.execute(update(LogIn).values(used_at=utc_now() - timedelta(minutes=31)))
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status != 204):
        page.locator("#note-text").press_sequentially(TEXT[20:])
    page.goto(f"{hotline.url}/desk/")
    logs_in(page, "mia")
    page.goto(f"{hotline.url}/desk/tasks/{task_id}")
    expect(page.locator("#note-text")).to_have_value(TEXT)


def test_a_button_that_is_pressed_twice_sends_its_form_once(browser, hotline, people) -> None:
    task_id = a_task()
    page = open_desk(browser, hotline)
    page.goto(f"{hotline.url}/desk/tasks/{task_id}")
    page.locator("form[action$='/claim'] button").first.dblclick()
    expect(page.get_by_text("Auftrag übernommen")).to_be_visible()
    page.fill("#note-text", TEXT)
    page.locator("form[action$='/note'] button:not([type=button])").dblclick()
    expect(page.get_by_text("Notiz gespeichert")).to_be_visible()
    assert [event.text for event in the_task(task_id).events if event.kind == "noted"] == [TEXT]
