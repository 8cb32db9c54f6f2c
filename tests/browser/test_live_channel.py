"""What others do appears in an open page by itself, and nothing that somebody is at is lost."""

from __future__ import annotations

from playwright.sync_api import expect

from ivr.callbacks import claims
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.browser import open_desk
from tests.support.people import a_task, the_task

#: Milliseconds in which a page would not have asked by itself yet.
_TOLD = {"timeout": 8000}


def test_anothers_claim_appears_and_focus_ticks_and_half_a_note_stay(browser, hotline, people) -> None:
    mine, others = a_task(language="bg"), a_task(language="bg")
    page = open_desk(browser, hotline)
    page.goto("/desk/?language=bg")  # not among the tasks of all other stories
    box = page.get_by_label(f"Auftrag {the_task(mine).receipt_code} markieren")
    box.check()
    with database.writing() as session:
        lena = session.query(User).filter_by(username="lena").one()
        claims.claim(session, session.get_one(CallbackTask, others), lena, utc_now())
    expect(page.locator(f"#task-{others}")).to_contain_text("Lena Leitung", **_TOLD)
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    page.goto(f"/desk/tasks/{mine}")
    page.locator('form[action$="/claim"] button').first.click()
    page.locator("#note-text").click()
    page.keyboard.type("Ein halber Sa")
    lena_at_work = open_desk(browser, hotline, "lena")
    lena_at_work.goto(f"/desk/tasks/{mine}")
    expect(page.locator("#others")).to_contain_text("Lena Leitung", **_TOLD)
    lena_at_work.goto("/desk/")
    expect(page.locator("#others")).not_to_contain_text("Lena Leitung", **_TOLD)
    page.keyboard.type("tz")
    expect(page.locator("#note-text")).to_have_value("Ein halber Satz")
    assert page.complaints == []
