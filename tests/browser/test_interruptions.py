"""What interrupts people at their work, in real browsers: a colleague on the same task, a connection that is gone, a
second tab, a log-out on another machine, names that turn the text, a crashed browser."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route, expect
from sqlalchemy import select, update

from ivr.callbacks import claims
from ivr.domain.enums import IdentityProof
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.browser.test_live_calls import logged_in, somebody
from tests.support.browser import log_in, open_desk, press
from tests.support.people import a_task, the_task
from tests.support.waiting import eventually

TEXT = "Bescheid erklärt; ruft am 3. wieder an 🙂"
LATER = (utc_now() + timedelta(days=3)).strftime("%Y-%m-%dT10:00")

#: What `make test` leaves to `.ci/run`.
_LATER = pytest.mark.since("ci")
#: Every action on a task that somebody has claimed: its form, and what is typed into it.
ACTIONS = {
    "attempt": ("attempt", {"outcome": "busy"}),
    "close": ("close", {"text": TEXT}),
    "put-off": ("put-off", {"until": LATER}),
    "hand-over": ("hand-over", {"team": "youth", "reason": TEXT}),
    "name": ("name", {"name": TEXT}),
    "identity": ("identity", {"proof": next(iter(IdentityProof))}),
    "represent": ("representatives", {"name": "Anna Müller", "represents": TEXT}),
    "refused": ("disclosure-refused", {"text": TEXT}),
    "note": ("note", {"text": TEXT}),
    "release": ("release", {}),
    "call-back": ("call-back", {}),
    "macro": ("macro", {}),
}


def claimed_in(page: Page, **about: str) -> int:
    """A new task that the reader has claimed, and whose page is open."""
    task = a_task(text="Guten Tag, ich habe eine Frage.", **about)
    page.goto(f"/desk/tasks/{task}")
    page.locator('form[action$="/claim"] button').first.click()
    expect(page.locator(".flashes")).to_contain_text("Auftrag übernommen.")
    page.wait_for_load_state()
    return task


def form_of(page: Page, action: str) -> str:
    """The selector of an action's form, after its part of the page has been opened."""
    addresses = page.eval_on_selector_all(
        "main form[method=post]", "forms => forms.map((form) => form.getAttribute('action'))"
    )
    ending = {"call-back": "/call-back/", "macro": "/macro/"}.get(action, f"/{action}")
    (address, *_) = [one for one in addresses if ending in one and (ending.endswith("/") or one.endswith(ending))]
    page.locator(f'form[action="{address}"]').first.evaluate(
        "form => { const d = form.closest('details'); if (d) d.open = true; }"
    )
    return f'form[action="{address}"]'


@pytest.mark.parametrize(
    "action",
    [one if one in ("close", "hand-over", "call-back") else pytest.param(one, marks=_LATER) for one in ACTIONS],
)
def test_a_colleague_has_taken_the_task_in_the_middle_of_every_action(browser, hotline, people, action: str) -> None:
    """Who comes second is told, changes nothing of the colleague's task, and what they have typed is still there."""
    page = open_desk(browser, hotline)
    task = claimed_in(page, number="+4915112340111")
    name, typed = ACTIONS[action]
    form = form_of(page, name)
    for field, value in typed.items():
        one = page.locator(f"{form} [name={field}]")
        one.select_option(value) if one.evaluate("one => one.tagName") == "SELECT" else one.fill(value)
    with database.writing() as session:
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        found = session.get_one(CallbackTask, task)
        claims.release(session, found, lena, utc_now())  # a supervisor may
        claims.claim(session, found, lena, utc_now())
        holder = lena.id
    expect(page.locator("#others")).to_contain_text("Lena Leitung")
    for field, value in typed.items():
        expect(page.locator(f"{form} [name={field}]")).to_have_value(value)  # what others do takes nothing away
    page.locator(f"{form} button:not([type=button])").first.click()
    page.wait_for_load_state()
    if action in ("note", "put-off"):  # everybody of the team may
        expect(page.locator(".flashes [role=status]")).to_be_visible()
    else:
        expect(page.locator(".flashes [role=alert]")).to_be_visible()
        if TEXT in typed.values():
            values = page.eval_on_selector_all("main input, main textarea", "all => all.map((one) => one.value)")
            assert any(TEXT in value for value in values), "what was typed stays on the page"
    found = the_task(task)
    assert (found.state, found.claimed_by_id) == ("claimed", holder)
    assert found.attempts == []
    assert page.complaints == []


def test_a_recording_that_is_covered_by_the_time_its_picture_is_asked_for_is_said_to_be(
    browser, hotline, people
) -> None:
    """The picture is asked for late, when one comes near it: the browser does not complain, and the page says why."""
    page, held = open_desk(browser, hotline), list[Route]()
    page.route("**/desk/recordings/*.svg", lambda route: route.continue_() if held else held.append(route))
    task = claimed_in(page)
    page.locator(".app-wave").scroll_into_view_if_needed()
    eventually(lambda: page.wait_for_timeout(50) or held)
    with database.writing() as session:
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        claims.release(session, session.get_one(CallbackTask, task), lena, utc_now())
    held[0].continue_()
    expect(page.locator("[data-covered]")).to_contain_text("geschützt")
    expect(page.locator("[data-damaged]")).to_be_hidden()
    assert page.complaints == []


def without_a_connection(context: BrowserContext, page: Page, button: str) -> None:
    """Somebody presses a button while the connection is gone; the browser shows a page of its own."""
    context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.locator(button).first.click(no_wait_after=True)
    eventually(lambda: page.wait_for_timeout(50) or page.url.startswith("chrome-error:"))
    context.set_offline(False)


@pytest.mark.parametrize(("action", "field"), [("note", "text"), ("close", "text"), ("hand-over", "reason")])
def test_a_form_that_is_sent_without_a_connection_is_there_again(browser, hotline, people, action, field) -> None:
    page = open_desk(browser, hotline)
    task = claimed_in(page)
    form = form_of(page, action)
    page.locator(f"{form} [name={field}]").fill(TEXT)
    if action == "hand-over":
        page.locator(f"{form} [name=team]").select_option("youth")
    without_a_connection(page.context, page, f"{form} button:not([type=button])")
    page.goto(f"/desk/tasks/{task}")
    expect(page.locator(f"{form} [name={field}]")).to_have_value(TEXT)
    page.reload()
    expect(page.locator(f"{form} [name={field}]")).to_have_value(TEXT)
    expect(page.locator(f"{form} [name={field}]")).to_be_visible()  # a page that comes again has open what was open
    page.locator(f"{form} button:not([type=button])").first.click()
    expect(page.locator(".flashes [role=status]")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).filter((name) => name.includes('typed'))") == []
    page.goto(f"/desk/tasks/{task}")
    values = page.eval_on_selector_all("main textarea, main input[type=text]", "all => all.map((one) => one.value)")
    assert TEXT not in values, "what has been saved is not offered again"


def test_what_one_has_typed_is_not_shown_to_whoever_logs_in_next(browser, hotline, people) -> None:
    page = open_desk(browser, hotline)
    task = claimed_in(page)
    page.locator(f"{form_of(page, 'close')} [name=text]").fill(TEXT)
    page.get_by_role("button", name="Abmelden").click()
    log_in(page, "lena")
    page.goto(f"/desk/tasks/{task}")
    assert page.evaluate("Object.keys(sessionStorage).filter((name) => name.includes('typed'))") == []
    assert TEXT not in page.content()


def test_a_second_tab_takes_nothing_from_the_first(browser, hotline, people) -> None:
    first = open_desk(browser, hotline)
    task = claimed_in(first)
    first.locator("#note-text").press_sequentially("Erster Satz")
    first.wait_for_timeout(700)
    second = first.context.new_page()
    second.goto(f"/desk/tasks/{task}")
    expect(second.locator("#note-text")).to_have_value("Erster Satz")
    second.locator("#note-text").fill("Erster Satz. Zweiter Satz.")
    second.locator('form[action$="/note"] button:not([type=button])').click()
    expect(second.locator(".work-history")).to_contain_text("Zweiter Satz.")
    expect(first.locator("#note-text")).to_have_value("Erster Satz")
    first.locator("#note-text").press_sequentially(" geht weiter")
    first.wait_for_timeout(700)
    first.reload()
    expect(first.locator("#note-text")).to_have_value("Erster Satz geht weiter")
    press(second, "a")
    second.keyboard.type("Erledigt")
    second.keyboard.press("Control+Enter")
    expect(second.locator(".flashes")).to_contain_text("abgeschlossen")
    expect(first.locator("#others")).to_contain_text("schon abgeschlossen")
    assert the_task(task).state == "closed"


def test_a_log_out_on_another_machine_keeps_the_outcome_that_was_being_written(browser, hotline, people) -> None:
    page = open_desk(browser, hotline)
    task = claimed_in(page)
    press(page, "a")
    page.keyboard.type(TEXT)
    other = open_desk(browser, hotline)
    other.get_by_role("button", name="Abmelden").click()  # everywhere
    expect(other.get_by_label("Passwort")).to_be_visible()
    expect(page.locator("#live-note")).to_contain_text("abgemeldet", timeout=40_000)
    expect(page.locator("#close-text")).to_have_value(TEXT)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Ihre Eingaben sind aufbewahrt")).to_be_visible()
    log_in_here(page)
    page.goto("/kept/")
    page.get_by_role("button", name="Jetzt senden").click()
    eventually(lambda: the_task(task).state == "closed")
    page.goto(f"/desk/tasks/{task}")
    expect(page.locator(".work-history")).to_contain_text(TEXT)


def log_in_here(page: Page) -> None:
    page.get_by_label("Benutzername").fill("mia")
    page.get_by_label("Passwort").fill("correct horse battery staple")
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_load_state()


#: Text that turns the direction of what follows it: where such a character is seen outside an element that isolates it.
_TURNED = """() => {
    const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode;
        if (!/[\\u202a-\\u202e\\u2066\\u2067]/.test(text.data)) continue;
        let one = text.parentElement, isolated = false;
        for (; one && one !== document.body && !isolated; one = one.parentElement) {
            const style = getComputedStyle(one);
            isolated = /isolate|plaintext/.test(style.unicodeBidi) || one.matches("textarea, script, [dir=auto]");
        }
        if (!isolated) found.push(text.data.trim().slice(0, 80));
    }
    return found;
}"""


def test_names_that_turn_the_text_turn_nothing_but_themselves(browser, hotline, people) -> None:
    """Names of a member and of a caller, typed in the pages, with emoji and with signs that override the direction."""
    somebody("adam", "administrator")
    somebody("rosa", "member", "benefits")
    turned = "Rosa \u202e\u2067🙂👩‍👩‍👧 evil"
    admin = logged_in(browser, hotline.url, "adam")
    admin.goto("/administration/people")
    row = admin.locator("details", has_text="(rosa)")
    row.locator("summary").first.click()
    row.locator("[name=name]").first.fill(turned)
    row.locator("form", has=admin.locator("[name=name]")).get_by_role("button").first.click()
    expect(admin.locator("main")).to_contain_text("👩‍👩‍👧")
    page = logged_in(browser, hotline.url, "rosa")
    task = claimed_in(page)
    form = form_of(page, "name")
    page.locator(f"{form} [name=name]").fill("\u202eفاطمة 🙂 \u2066x")
    page.locator(f"{form} button").click()
    expect(page.locator(".work-side")).to_contain_text("فاطمة 🙂")
    press(page, "e")
    page.keyboard.type("Notiz \u202eumgekehrt")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".work-history")).to_contain_text("umgekehrt")
    lena = open_desk(browser, hotline, "lena")
    for one, paths in (
        (page, (f"/desk/tasks/{task}", "/desk/?view=mine", f"/desk/tasks/{task}/readers", "/account/")),
        (lena, (f"/desk/tasks/{task}", "/desk/?view=all", "/desk/readers", "/desk/live/", "/supervision/roster")),
        (admin, ("/administration/people",)),
    ):
        for path in paths:
            one.goto(path)
            assert one.evaluate(_TURNED) == [], path
            told = one.evaluate(
                "[...document.querySelectorAll('[title], [aria-label]')].map((x) => x.title + x.ariaLabel).join()"
            )
            assert not re.search("[\u202a-\u202e\u2066\u2067]", told + one.title()), path
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# -- in a call ---------------------------------------------------------------------------------------


def telephone_of(desk: Page) -> Page:
    """The window that is the telephone of who is logged in."""
    phone = desk.context.new_page()
    phone.goto("/desk/telephone/")
    phone.get_by_role("button", name="Anrufe hier annehmen").click()
    expect(phone.get_by_text("erreichbar", exact=True)).to_be_visible()
    return phone


def state_of(name: str) -> str:
    with database.reading() as session:
        return session.scalars(select(Presence.state).join(User).where(User.username == name)).one()


def test_a_browser_that_has_crashed_while_available_rings_nobody(windows, call_queue_hotline, team) -> None:
    """No page of it says good-bye. The window is missed after 35 seconds, which the test does not wait for."""
    somebody("rita", "member", "benefits")
    desk = logged_in(windows, call_queue_hotline.url, "rita")
    desk.context.grant_permissions(["microphone"])
    window = telephone_of(desk)
    assert state_of("rita") == "available"
    with suppress(Error):  # who has crashed does not answer
        window.goto("chrome://crash", timeout=3000)
    with database.writing_alone() as session:
        rita = session.scalars(select(User.id).where(User.username == "rita")).one()
        session.execute(
            update(Presence).where(Presence.user_id == rita).values(window_seen_at=utc_now() - timedelta(seconds=36))
        )
    eventually(lambda: state_of("rita") == "offline", 30)
    again = desk.context.new_page()
    again.goto("/desk/live/")
    expect(again.get_by_role("alert").filter(has_text="abgemeldet")).to_be_visible()


def test_the_closed_window_of_an_available_member_signs_them_off(windows, call_queue_hotline, team) -> None:
    somebody("ruth", "member", "benefits")
    desk = logged_in(windows, call_queue_hotline.url, "ruth")
    desk.context.grant_permissions(["microphone"])
    window = telephone_of(desk)
    window.close(run_before_unload=True)
    eventually(lambda: state_of("ruth") == "offline", 60)
