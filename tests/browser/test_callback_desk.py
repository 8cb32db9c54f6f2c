"""The desk in a browser: keys, the palette, drafts, ticked tasks, and that everybody can use it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.support.browser import open_desk, picture, press
from tests.support.people import a_task, the_task


@pytest.fixture
def tasks(hotline) -> list[int]:
    """Five tasks of the benefits team, one of them an emergency, one in Arabic."""
    made = [a_task(text="Guten Tag, ich habe eine Frage zu meinem Bescheid.") for _ in range(3)]
    made += [a_task(language="ar", text="السلام عليكم عندي سؤال"), a_task("emergency")]
    return made


def test_a_day_by_keys_alone(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Tasten")
    expect(sheet).to_be_visible()
    picture(page, "keys")
    sheet.get_by_role("button", name="Schließen").click()
    press(page, "j")
    expect(page.locator("[data-row] a:focus")).to_have_count(1)
    press(page, "n")
    expect(page.get_by_role("heading", name=re.compile(r"Auftrag \d+"))).to_be_visible()
    page.wait_for_load_state()
    code = re.search(r"\d{10}", page.title())[0]
    press(page, "e")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Ruft nach dem Essen noch einmal an")
    page.wait_for_timeout(800)  # the draft is on its way
    page.reload()
    expect(page.locator("#note-text")).to_have_value("Ruft nach dem Essen noch einmal an")
    press(page, "Control+k")
    palette = page.get_by_role("dialog", name="Zu einem Auftrag")
    palette.get_by_role("combobox").fill(code)
    expect(palette.get_by_role("option").first).to_contain_text(code)
    press(page, "Enter")
    expect(page).to_have_title(re.compile(code))
    press(page, "q")
    expect(page.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()
    assert page.complaints == []


def test_keys_that_are_switched_off_are_off_in_every_browser(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Tasten")
    with page.expect_response("**/account/choices") as kept:
        sheet.get_by_role("checkbox").uncheck()
    assert kept.value.status == 204
    sheet.get_by_role("button", name="Schließen").click()
    other = open_desk(browser, hotline)
    for one in (page, other):
        press(one, "n", "?")
        expect(one.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()
        expect(one.get_by_role("dialog", name="Tasten")).to_be_hidden()
        assert one.complaints == []


def test_sounds_are_switched_on_for_every_browser_and_off_at_once(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    page.evaluate("localStorage.setItem('hotline.alerts', 'on')")  # as a browser kept it before the server did
    with page.expect_response("**/account/choices"):
        page.reload()
    page.reload()
    bell = page.get_by_role("button", name="Ton und Meldung bei Notfällen")
    expect(bell).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("localStorage.getItem('hotline.alerts')") is None
    other = open_desk(browser, hotline)
    expect(other.get_by_role("button", name="Ton und Meldung bei Notfällen")).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/account/choices"):
        bell.click()
    expect(bell).to_have_attribute("aria-pressed", "false")
    assert page.complaints == []


def test_single_letters_can_be_switched_off(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    page.get_by_role("button", name="Tasten (?)").click()
    page.get_by_label("Einzelne Buchstaben sind Tasten").uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Schließen").click()
    press(page, "n")
    page.wait_for_timeout(300)
    expect(page.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()


def test_ticked_tasks_stay_ticked_while_the_list_refreshes(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    box = page.get_by_label(f"Auftrag {the_task(tasks[0]).receipt_code} markieren")
    box.check()
    new = a_task()
    expect(page.get_by_role("link", name=the_task(new).receipt_code)).to_be_visible()
    expect(box).to_be_checked()
    expect(page.locator("[data-ticked]")).to_have_text("(1)")
    page.get_by_role("button", name="Zuweisen").click()
    expect(page.get_by_text("1 Auftrag zugewiesen.")).to_be_visible()
    assert the_task(tasks[0]).state == "claimed"


def test_without_javascript_list_page_claim_note_and_close_still_work(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline, java_script_enabled=False)
    page.get_by_label("Name, Nummer").fill(the_task(tasks[1]).receipt_code)
    page.get_by_role("button", name="Suchen").click()
    page.get_by_role("link", name=the_task(tasks[1]).receipt_code).click()
    page.get_by_role("button", name="Übernehmen", exact=True).click()
    page.locator("#note-text").fill("ohne Skript")
    page.get_by_role("button", name="Notiz speichern").click()
    expect(page.get_by_text("ohne Skript")).to_be_visible()
    page.locator("summary", has_text="Auftrag abschließen").click()
    page.get_by_label("Ergebnis").select_option("settled_otherwise")
    page.get_by_role("button", name="Auftrag abschließen").click()
    assert the_task(tasks[1]).state == "closed"


def test_many_tasks_are_seen_at_once(browser, hotline, people, tasks) -> None:
    for _ in range(8):
        a_task(age=timedelta(hours=30))
    for width, height, rows in ((1280, 800, 12), (390, 844, 6)):
        page = open_desk(browser, hotline, viewport={"width": width, "height": height})
        seen = page.locator("[data-row]").evaluate_all(
            "rows => rows.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"
        )
        assert seen >= rows
        page.locator("[data-row]").first.click()  # the whole row is the link
        page.get_by_role("button", name="Jetzt zurückrufen").wait_for()
        if page.get_by_role("button", name="Übernehmen", exact=True).count():
            page.get_by_role("button", name="Übernehmen", exact=True).click()
        bottom = page.get_by_role("button", name="Jetzt zurückrufen").bounding_box()
        assert bottom["y"] + bottom["height"] <= height, "Call back is seen without scrolling"


def test_one_form_is_open_at_a_time(browser, hotline, people) -> None:
    a_task()
    page = open_desk(browser, hotline)
    press(page, "n")
    page.locator('[data-act="close"]').wait_for()
    press(page, "h")
    expect(page.locator("#to-team")).to_be_visible()
    press(page, "Tab")
    page.locator("body").click(position={"x": 1, "y": 1})
    press(page, "a")
    expect(page.locator("#close-text")).to_be_focused()
    expect(page.locator("#to-team")).to_be_hidden()


def test_the_palette_takes_the_next_task(browser, hotline, people, tasks) -> None:
    page = open_desk(browser, hotline)
    press(page, "Control+k")
    palette = page.get_by_role("dialog", name="Zu einem Auftrag")
    palette.get_by_role("combobox").fill("nächster Auf")
    expect(palette.get_by_role("option").first).to_contain_text("nächster Auftrag")
    press(page, "Enter")
    expect(page.get_by_role("heading", name=re.compile(r"Auftrag \d+"))).to_be_visible()
