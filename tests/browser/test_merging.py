"""Two tasks that are perhaps of one person, in a browser: compared, merged and taken back, by keys, without scripts."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import accessible, open_desk, picture, reflows
from tests.support.contacts import changed_by_code
from tests.support.people import a_task, the_task

SIZES = ((320, 640), (768, 1024), (1280, 800), (1920, 1080))


@pytest.fixture
def pair(hotline) -> list[int]:
    """Two callers of one telephone."""
    number = f"+49176{secrets.randbelow(9 * 10**7) + 10**7}"
    said = ("Guten Tag, hier spricht die Mutter wegen der Miete.", "Hallo, ich noch einmal wegen der Miete.")
    return [a_task(number=number, text=text) for text in said]


def looked_at(page: Page, path: str, name: str) -> None:
    """A page in four sizes, as everybody may have it."""
    page.goto(path)
    accessible(page)
    reflows(page, path)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        picture(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_two_tasks_of_one_person_are_merged_and_the_merge_is_undone(browser, hotline, people, pair) -> None:
    task, other = pair
    codes = [the_task(one).receipt_code for one in pair]
    page = open_desk(browser, hotline)
    page.locator("#search").fill(the_task(task).callback_number)  # other stories have filled the first page
    page.get_by_role("button", name="Suchen").click()
    expect(page.locator(f"#task-{task}")).to_contain_text("vielleicht dieselbe Person")
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name="Übernehmen", exact=True).first.click()
    page.get_by_role("link", name=f"Mit {codes[1]} vergleichen").click()
    expect(page.get_by_role("heading", name="Vielleicht dieselbe Person")).to_be_visible()
    page.get_by_role("button", name="Beide übernehmen und vergleichen").press("Enter")
    expect(page.get_by_role("button", name="Mutter")).to_be_visible()
    looked_at(page, f"/desk/tasks/{task}/compare/{other}", "compare")
    page.get_by_role("radio", name=re.compile("der ältere")).focus()
    page.get_by_role("button", name="Zusammenführen", exact=True).press("Enter")
    expect(page.get_by_text("Zusammengeführt: Alle Kontakte stehen jetzt hier")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("Anruf vom"))).to_have_count(2)
    assert the_task(other).state == "closed"
    looked_at(page, f"/desk/tasks/{task}", "merged")
    page.get_by_role("button", name="Zusammenführung rückgängig machen").press("Enter")
    expect(page.get_by_text("Die Zusammenführung ist rückgängig gemacht")).to_be_visible()
    assert [the_task(one).state for one in pair] == ["claimed", "claimed"]
    assert [one for one in page.complaints if "Failed to load" not in one] == []


def test_without_javascript_a_change_by_receipt_code_is_decided(browser, hotline, people, pair) -> None:
    task = pair[0]
    changed_by_code(task, "+4917633333333", withdrawn=True)
    page = open_desk(browser, hotline, java_script_enabled=False)
    page.goto(f"/desk/tasks/{task}")
    expect(page.get_by_text("per Anfragenummer geändert, noch nicht bestätigt").first).to_be_visible()
    page.get_by_role("button", name="Übernehmen", exact=True).first.click()
    page.get_by_label("unter der früheren Nummer zurückgerufen").check()
    page.get_by_role("button", name="Änderung bestätigen").click()
    expect(page.get_by_text("Bestätigt.")).to_be_visible()
    assert (the_task(task).state, the_task(task).outcome) == ("closed", "withdrawn")


def test_what_waits_for_a_decision_can_be_read_by_everybody(browser, hotline, people, pair) -> None:
    changed_by_code(pair[0], "+4917633333333")
    page = open_desk(browser, hotline)
    page.goto(f"/desk/tasks/{pair[0]}")
    page.get_by_role("button", name="Übernehmen", exact=True).first.click()
    looked_at(page, f"/desk/tasks/{pair[0]}", "changed-by-code")
    looked_at(page, "/desk/", "queue-marks")
    assert [one for one in page.complaints if "Failed to load" not in one] == []
