"""Windows of 320 pixels (an enlarged one of 1280): whoever works at the desk reaches everything, and nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from ivr.callbacks import claims
from ivr.domain.enums import PresenceState
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.support.browser import open_desk, wider_than_the_window
from tests.support.people import a_task, the_task

#: A telephone held upright, a window of 1280 × 1024 that is enlarged four times, and one of usual size.
SIZES = ((320, 640), (320, 256), (1280, 800))
#: What gets the focus, and is then covered at its middle and its four edges by something else.
_COVERED = """async () => {
    document.documentElement.style.scrollBehavior = "auto";
    const found = [], all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")];
    for (const back of [false, true]) {
        for (const one of back ? all.reverse() : all) {
            if (!one.checkVisibility() || one.tabIndex < 0 || one.closest("dialog") || one.matches(".skip")) continue;
            one.focus();
            const [box] = one.getClientRects();
            const places = [[.5, .5], [.1, .5], [.9, .5], [.5, .15], [.5, .85]];
            const seen = places.some(([x, y]) => {
                const at = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
                return at && (one.contains(at) || at.contains(one) || at.closest("label")?.control === one);
            });
            if (box.width && box.height && !seen) found.push(one.outerHTML.slice(0, 120));
        }
    }
    return found;
}"""
#: Texts of rows that are cut.
_CUT = """() => [...document.querySelectorAll("#queue td, #queue th, #queue td *, #queue th *")].filter((one) =>
    one.checkVisibility() && one.clientWidth && !one.matches(".kern-sr-only")
    && getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1
    ).map((one) => one.textContent.trim())"""


def mia_is(state: PresenceState) -> None:
    """While she is not away, the bar of the telephone stands at the lower edge of her pages."""
    with database.writing_alone() as session:
        user = session.scalars(select(User).where(User.username == "mia")).one()
        here = session.get(Presence, user.id) or Presence(user_id=user.id)
        now = utc_now()
        here.state, here.number, here.came_at = state, "+4942198765432", now
        here.since_at = here.idle_since_at = now
        session.add(here)


def claimed_by_mia(**about: Any) -> int:
    task = a_task(**about)
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        claims.claim(session, session.get_one(CallbackTask, task), mia, utc_now())
    return task


@pytest.fixture
def narrow(browser, hotline, people) -> Iterator[Page]:
    mia_is(PresenceState.PAUSED)
    page = open_desk(browser, hotline, viewport={"width": 320, "height": 640})
    expect(page.locator("#phone summary")).to_be_visible()
    yield page
    mia_is(PresenceState.OFFLINE)


def test_nothing_that_gets_the_focus_is_covered(narrow: Page) -> None:
    """Not by the bar of the telephone, by the button that calls back, or by what is done with ticked tasks."""
    task = claimed_by_mia(text="Guten Tag, ich habe eine Frage.")
    for width, height in SIZES:
        narrow.set_viewport_size({"width": width, "height": height})
        for path in ("/desk/", f"/desk/tasks/{task}", "/desk/new"):
            narrow.goto(path)
            expect(narrow.locator("#phone summary")).to_be_visible()
            if path == "/desk/":
                narrow.locator("[name=task]").first.check()
            assert narrow.evaluate(_COVERED) == [], f"{path} in {width} × {height}"
            assert wider_than_the_window(narrow) <= 0


def test_no_text_of_a_row_is_cut(narrow: Page) -> None:
    """A promise that is missed is told with that word, and a person by the whole name."""
    late = claimed_by_mia(age=timedelta(hours=30))
    narrow.goto("/desk/")
    expect(narrow.locator(f"#task-{late}")).to_contain_text("überfällig")
    assert narrow.evaluate(_CUT) == []


def test_all_tasks_of_a_page_are_ticked_with_one_press(narrow: Page) -> None:
    task = a_task(age=timedelta(hours=40))  # on the first of several pages
    narrow.goto("/desk/?view=unclaimed")
    narrow.get_by_label("Alle Aufträge dieser Seite").check()
    expect(narrow.get_by_label(f"Auftrag {the_task(task).receipt_code} markieren")).to_be_checked()


def test_the_menu_of_an_enlarged_window_shows_its_entries(narrow: Page) -> None:
    narrow.set_viewport_size({"width": 320, "height": 256})
    narrow.get_by_role("link", name="Menü").click()
    side = narrow.locator("#side")
    for entry in (side.get_by_role("link", name="Live-Anrufe"), side.get_by_role("button", name="Abmelden")):
        entry.scroll_into_view_if_needed()
        expect(entry).to_be_in_viewport(ratio=1)
        assert entry.evaluate(
            "one => { const box = one.getBoundingClientRect();"
            " return one.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)); }"
        )
