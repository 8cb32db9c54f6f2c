"""What others do appears in an open page by itself, and nothing that somebody is at is lost."""

from __future__ import annotations

from playwright.sync_api import Route, expect
from sqlalchemy import select

from ivr.callbacks import claims
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import database
from tests.support.browser import open_desk
from tests.support.people import a_task, the_task
from tests.support.waiting import eventually

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


MORE = "hat mehr von einer Nachricht verstanden"


def a_machine_understands_more(task: int) -> None:
    with database.writing() as session:
        left = select(VoiceboxMessage.id).where(VoiceboxMessage.task_id == task)
        heard = select(Transcript).join(Recording).where(Recording.message_id.in_(left))
        session.scalars(heard).one().gist = {"language": "en", "text": "About the rent.", "engine": "whisper"}


def test_a_form_on_its_way_is_not_broken_off_though_a_machine_understands_more(browser, hotline, people) -> None:
    mine = a_task(text="Guten Tag, es geht um die Miete.")
    page = open_desk(browser, hotline)
    page.goto(f"/desk/tasks/{mine}")
    on_its_way: list[Route] = []
    page.route("**/claim", lambda route: on_its_way.append(route))
    page.locator('form[action$="/claim"] button').first.click(no_wait_after=True)
    eventually(lambda: page.wait_for_timeout(50) or on_its_way)
    with page.expect_response("**/others?*"):
        a_machine_understands_more(mine)
    page.wait_for_timeout(500)  # the page has shown the answer
    on_its_way[0].continue_()
    expect(page.locator(".flashes")).to_contain_text("Auftrag übernommen.")
    assert page.complaints == []


def test_what_came_of_a_form_stays_though_a_machine_understands_more(browser, hotline, people) -> None:
    mine = a_task(text="Guten Tag, es geht um die Miete.")
    page = open_desk(browser, hotline)
    page.goto(f"/desk/tasks/{mine}")
    page.locator('form[action$="/claim"] button').first.click()
    expect(page.locator(".flashes")).not_to_be_empty()
    a_machine_understands_more(mine)
    expect(page.locator("#others")).to_contain_text(MORE, **_TOLD)
    expect(page.locator(".flashes")).not_to_be_empty()
    page.locator("#others a").click()
    expect(page.locator("#main")).to_contain_text("About the rent.")
    assert page.complaints == []
