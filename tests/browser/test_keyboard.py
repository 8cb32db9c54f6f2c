"""The desk by keyboard alone: the focus is not lost when a part of a page changes, and Escape leads back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from ivr.callbacks import claims
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.browser import open_desk, press
from tests.support.people import a_task


@pytest.fixture
def page(browser, hotline, people) -> Page:
    return open_desk(browser, hotline)


def test_the_row_that_a_colleague_takes_away_leaves_the_focus_to_its_neighbour(page: Page) -> None:
    _first, second, _third = (a_task(age=timedelta(hours=40)) for _ in range(3))  # on the first of several pages
    page.goto("/desk/?view=unclaimed")
    page.wait_for_load_state()
    rows = page.locator("[data-row]").evaluate_all("rows => rows.map((row) => row.id)")
    gone = rows.index(f"task-{second}")
    page.locator(f"#task-{second} a").focus()
    with database.writing() as session:
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        claims.claim(session, session.get_one(CallbackTask, second), lena, utc_now())
    expect(page.locator(f"#task-{second}")).to_have_count(0)
    neighbour = [row for row in rows if row != f"task-{second}"][min(gone, len(rows) - 2)]
    expect(page.locator(f"#{neighbour} a")).to_be_focused()
    press(page, "j")
    assert page.evaluate("document.activeElement.closest('[data-row]') !== null"), "the keys go on from there"
    assert page.complaints == []


def test_escape_closes_a_form_and_keeps_what_was_typed(page: Page) -> None:
    task = a_task()
    page.goto(f"/desk/tasks/{task}")
    press(page, "c")
    expect(page.locator(".flashes")).to_contain_text("Auftrag übernommen")
    press(page, "a")
    page.keyboard.type("Bescheid")
    page.keyboard.press("Escape")
    expect(page.locator("#close-text")).to_be_hidden()
    expect(page.locator('[data-act="close"] summary')).to_be_focused()
    press(page, "a")
    expect(page.locator("#close-text")).to_have_value("Bescheid")
    page.locator("#note-text").focus()
    press(page, "Control+k")
    expect(page.get_by_role("dialog", name="Zu einem Auftrag")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#note-text")).to_be_focused()


def test_the_folded_menu_is_left_with_escape_and_nothing_behind_it_gets_the_focus(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    menu = page.get_by_role("link", name="Menü")
    menu.focus()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#side, #phone')"
        )
        assert inside, page.evaluate("document.activeElement.outerHTML.slice(0, 100)")
    page.locator("#side a").nth(3).focus()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(menu).to_be_focused()


def test_dialogs_of_the_folded_menu_are_seen(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_role("link", name="Menü").click()
    page.locator("#side").get_by_role("button", name="Tasten (?)").click()
    sheet = page.get_by_role("dialog", name="Tasten")
    expect(sheet.get_by_role("button", name="Schließen")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#side").get_by_role("button", name="Tasten (?)")).to_be_focused()
