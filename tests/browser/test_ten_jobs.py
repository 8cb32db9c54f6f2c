"""The ten most frequent jobs, done by keys alone and counted; docs/members.md has the same table."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import update

from ivr.domain.timestamps import utc_now
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.support.browser import open_desk
from tests.support.environment import ROOT
from tests.support.people import a_task, the_task

MEMBERS = (ROOT / "docs" / "members.md").read_text(encoding="utf-8")


class Hands:
    """Presses keys and counts them; what is typed as text counts as text."""

    def __init__(self, page: Page) -> None:
        self.page, self.keys = page, 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def write(self, text: str) -> None:
        self.page.keyboard.type(text)

    def done(self, job: str, said: str | re.Pattern[str]) -> None:
        """The page says that it is done; the job took no more keys than the table of the members says."""
        expect(self.page.locator(".flashes")).to_contain_text(said)
        self.page.wait_for_load_state()
        row = re.search(rf"^\| {re.escape(job)} \|.*\| (\d+)(?: and text)? \|$", MEMBERS, re.MULTILINE)
        assert row is not None, f"docs/members.md has no row for: {job}"
        assert self.keys == int(row[1]), job
        self.keys = 0


def go(page: Page, task: int) -> None:
    page.goto(f"/desk/tasks/{task}")
    page.wait_for_load_state()


def test_the_ten_most_frequent_jobs(browser, hotline, people) -> None:
    tasks = [a_task(number=f"+4915112345{number}") for number in range(600, 604)]
    with database.writing() as session:
        session.execute(update(Contact).values(agreed_to_texts=True))
    page = open_desk(browser, hotline)
    hands = Hands(page)

    hands.press("n")
    expect(page.get_by_role("heading", name=re.compile(r"Auftrag \d+"))).to_be_visible()
    page.wait_for_load_state()
    assert hands.keys == 1
    hands.keys, claimed = 0, page.url
    hands.press("b")
    hands.done("call back", re.compile("Telefon|angerufen|Öffnungszeiten"))
    page.goto(claimed)  # who sits at no telephone was led to where one says at which one sits
    page.wait_for_load_state()

    hands.press("1")
    hands.done("not reached, with a text message", "SMS wird gesendet.")
    hands.press("r", "b", "Control+Enter")
    hands.done("not reached", "Versuch festgehalten.")
    hands.press("e")
    hands.write("Ruft wieder an")
    hands.press("Control+Enter")
    hands.done("note", "Notiz gespeichert.")
    hands.press("w")
    expect(page.locator("#put-off")).to_be_focused()
    until = (utc_now() + timedelta(days=3)).strftime("%Y-%m-%dT10:00")
    page.locator("#put-off").fill(until)  # text: how a date is typed depends on the language of the browser
    hands.press("Control+Enter")
    hands.done("resubmission", "Wiedervorlage")
    hands.press("a")
    hands.write("Bescheid erklärt")
    hands.press("Control+Enter")
    hands.done("close by hand", "abgeschlossen")
    hands.press("u")
    hands.done("undo", "Rückgängig gemacht")

    go(page, tasks[1])
    hands.press("h", "j", "Control+Enter")
    hands.done("hand over", "Auftrag abgegeben an")
    for _ in range(20):
        a_task()
    page.goto("/desk/?view=unclaimed")
    page.wait_for_load_state()
    hands.press("X", "z", "n", "Control+Enter")
    hands.done("assign twenty", re.compile(r"\d\d Aufträge zugewiesen"))

    code = the_task(tasks[0]).receipt_code
    hands.press("Control+k")
    hands.write(code)
    expect(page.get_by_role("listbox", name="Gefunden").get_by_role("option").first).to_contain_text(code)
    hands.press("Enter")
    expect(page).to_have_title(re.compile(code))
    assert hands.keys == 2
    assert page.complaints == []
