"""A supervisor's day in a browser: a promise in danger, the figures, a report on paper."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import expect
from sqlalchemy import update

from ivr.domain.timestamps import utc_now
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.support.browser import accessible, open_desk
from tests.support.people import a_task, the_task


def fall_due(task_id: int) -> None:
    due = utc_now()
    with database.writing() as session:
        session.execute(
            update(SlaClock)
            .where(SlaClock.task_id == task_id, SlaClock.measure == "tried")
            .values(due_at=due, at_risk_at=due, next_change_at=due)
        )


def test_a_missed_promise_appears_by_itself_and_leads_to_its_task(browser, hotline, people) -> None:
    with database.writing() as session:  # what other stories have left
        session.execute(update(SlaClock).where(SlaClock.state == "missed").values(state="void"))
    task = a_task("rehab", language="fa", text="سلام")
    page = open_desk(browser, hotline, "lena")
    page.get_by_role("link", name="Kennzahlen").click()
    link = page.get_by_role("link", name=the_task(task).receipt_code)
    expect(page.get_by_role("heading", name="Überfällig und noch offen")).to_be_visible()
    expect(link).to_have_count(0)
    fall_due(task)
    expect(link).to_be_visible(timeout=20_000)
    tile = page.get_by_role("listitem").filter(has_text="Überfällig und offen")
    expect(tile).to_contain_text("Ziel verfehlt")
    accessible(page)
    link.click()
    expect(page.get_by_text("Erster Versuch", exact=True)).to_be_visible()
    expect(page.locator(".work-side")).to_contain_text("überfällig")
    assert page.complaints == []


def test_who_asks_for_a_later_date_is_shown_to_have_asked(browser, hotline, people) -> None:
    task = a_task("rehab")
    page = open_desk(browser, hotline)
    page.goto(f"/desk/tasks/{task}")
    page.get_by_role("button", name="Übernehmen").click()
    later = (utc_now() + timedelta(days=3)).replace(hour=11, minute=0)  # people are called back then, on any day
    page.locator("summary", has_text="Wiedervorlage").click()
    page.get_by_label("Die Person möchte später angerufen werden").fill(f"{later:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Wiedervorlage").click()
    expect(page.locator(".work-side")).to_contain_text("Auf Wunsch verschoben bis")
    expect(page.locator(".work-history")).to_contain_text(f"{later:%d.%m.%Y}")
    page.locator("summary", has_text="Wiedervorlage").click()
    page.get_by_label("Die Person möchte später angerufen werden").fill("2020-01-01T10:00")
    page.get_by_role("button", name="Wiedervorlage").click()
    expect(page.get_by_role("alert")).to_contain_text("innerhalb der nächsten 60 Tage")
    accessible(page)


def test_a_report_is_chosen_printed_and_downloaded(browser, hotline, people) -> None:
    page = open_desk(browser, hotline, "lena")
    page.goto("/supervision/figures/")
    page.get_by_role("link", name="Berichte").click()
    page.get_by_label("Bericht").select_option("scorecard")
    page.get_by_role("button", name="Anzeigen").first.click()
    expect(page.get_by_role("heading", name=re.compile("Servicekennzahlen"))).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").click()
    assert waiting.value.suggested_filename.startswith("servicekennzahlen-")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("link", name="PDF")).to_be_hidden()
    expect(page.get_by_role("heading", name=re.compile("Servicekennzahlen"))).to_be_visible()
    page.emulate_media(media="screen")
    page.goto("/supervision/figures/")
    expect(page.get_by_role("rowheader", name="Besetzung")).to_be_visible()
    assert page.complaints == []
