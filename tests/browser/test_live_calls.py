"""Live calls in the browser: a member comes, answers in a softphone window, and four windows talk with each other."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlalchemy import select

from ivr.accounts import users
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, InterpreterRequest, Presence
from ivr.platform import database
from tests.support.browser import accessible, note_complaints, picture, press
from tests.support.call_queue import waits
from tests.support.people import PASSWORD, a_task
from tests.support.staff import have_met
from tests.support.waiting import eventually


def somebody(name: str, role: str, *teams: str) -> None:
    with database.writing() as session:
        if session.scalar(select(User).where(User.username == name)) is None:
            users.add(session, name, name.title(), role, PASSWORD, teams)


def logged_in(browser, url: str, username: str, **options: object) -> Page:
    page = browser.new_context(base_url=url, locale="de-DE", **options).new_page()
    page.goto("/login")
    page.get_by_label("Benutzername").fill(username)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    return page


def plugged(windows, url: str, number: str) -> Page:
    page = windows.new_context(base_url=url, locale="de-DE", permissions=["microphone"]).new_page()
    page.goto("/softphone/")
    page.get_by_label("Ihre Nummer").fill(number)
    page.get_by_role("button", name="Unter dieser Nummer angerufen werden").click()
    expect(page.locator("[data-status]")).to_contain_text("Dieses Fenster ist das Telefon")
    return page


def takes_the_call(page: Page) -> None:
    page.get_by_role("button", name="Anruf annehmen").click(timeout=20000)
    expect(page.locator("[data-talk]")).to_contain_text(re.compile("Eins|Hayır"), timeout=20000)
    page.locator("[data-key='1']").click()
    expect(page.locator("[data-status]")).to_contain_text("Sie sprechen mit den anderen", timeout=30000)


def test_four_windows_talk_with_each_other(windows, call_queue_hotline, team) -> None:
    """Caller, member, interpreter and companion: each hears the voices of the others."""
    somebody("mia", "member", "benefits")
    url = call_queue_hotline.url
    desk = logged_in(windows, url, "mia")
    desk.get_by_role("link", name="Live-Anrufe").click()
    desk.get_by_label("Telefon, an dem Sie sitzen").fill("0421 98765")
    member = plugged(windows, url, "0421 98765")
    aylin = plugged(windows, url, "+4915700000001")
    friend = plugged(windows, url, "+4917612345111")
    desk.get_by_role("button", name="Anrufe annehmen").click()
    expect(desk.get_by_role("region", name="Sie: erreichbar")).to_be_visible()
    accessible(desk)

    person = windows.new_context(base_url=url, locale="de-DE", permissions=["microphone"]).new_page()
    person.goto("/softphone/")
    person.get_by_label("Ihre Nummer").fill("+4915199990001")
    person.locator("#at").select_option("open")
    person.locator("[data-dial]").click()
    for key in "31":  # Turkish, money
        person.wait_for_timeout(1200)
        person.locator(f"[data-key='{key}']").click()
    takes_the_call(member)
    desk.get_by_text("Jemanden dazuholen").click()
    desk.get_by_label("Nummer der Vertrauensperson").fill("0176 12345111")
    takes_the_call(aylin)  # who is rung as soon as the member has accepted
    expect(person.locator("[data-status]")).to_contain_text("Sie sprechen mit den anderen", timeout=20000)
    expect(desk.get_by_text("Sprachmittler*in (Aylin): ist in der Leitung")).to_be_visible(timeout=10000)
    expect(desk.get_by_label("Nummer der Vertrauensperson")).to_have_value("0176 12345111")
    desk.get_by_role("button", name="Vertrauensperson dazuholen").click()
    takes_the_call(friend)
    expect(desk.get_by_text("Vertrauensperson: ist in der Leitung")).to_be_visible(timeout=10000)
    picture(desk, "live")
    room = next(room for room in call_queue_hotline.switch.conferences.all() if not room.over)  # the newest
    assert len(room.participants) == 4
    heard = {sid: one.incoming for sid, one in list(room.participants.items())}
    eventually(lambda: all(audio._fetched > 8000 for audio in heard.values()), 20)
    person.get_by_role("button", name="Auflegen").click()
    for page in (aylin, friend, member):  # the caller is gone: the others hear so, and their calls end
        expect(page.locator("[data-status]")).to_contain_text("beendet", timeout=15000)
    expect(desk.get_by_role("region", name="Sie: Nachbearbeitung")).to_be_visible(timeout=15000)
    accessible(desk)
    desk.get_by_label("geklärt").check()
    desk.get_by_label("Was wurde vereinbart?").fill("Alles erklärt.")
    desk.get_by_role("button", name="Fertig, nächster Anruf").click()
    expect(desk.get_by_role("region", name="Sie: erreichbar")).to_be_visible()
    with database.reading() as session:
        states = session.scalars(select(InterpreterRequest.state).order_by(InterpreterRequest.id.desc()).limit(2)).all()
        assert list(states) == ["joined", "joined"]


#: What the window has opened is kept, and a browser without a device is played.
MICROPHONES = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.opened = [];
navigator.mediaDevices.getUserMedia = async (wanted) => {
  if (window.unplugged) throw new DOMException("none", "NotFoundError");
  window.opened.push(await open(wanted));
  return window.opened.at(-1);
};
"""


def loses_the_microphone(phone) -> None:
    """Somebody pulls the plug in the middle of a call, and plugs it in again."""
    told = phone.get_by_role("alert").filter(has_text="hören Sie nicht")
    phone.evaluate(
        "window.unplugged = true; for (const track of window.opened.at(-1).getTracks())"
        " { track.stop(); track.dispatchEvent(new Event('ended')); }"
    )
    expect(told).to_be_visible()
    phone.evaluate("window.unplugged = false; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(told).to_be_hidden()
    eventually(lambda: phone.evaluate("window.opened.at(-1).getTracks().every((track) => track.readyState === 'live')"))
    expect(phone.get_by_role("button", name="Auflegen")).to_be_visible()


def types_without_a_connection(desk: Page) -> None:
    """The note of a call is typed while the connection is away for some seconds; the call goes on."""
    text = "Bescheid vom 3., ruft mit Nachweis wieder an"
    expect(desk.get_by_label("Notiz", exact=True)).to_be_editable()
    desk.context.set_offline(True)
    with desk.expect_event("requestfailed", lambda request: request.method == "POST" and "note" in request.url):
        desk.get_by_label("Notiz", exact=True).fill(text)
    desk.context.set_offline(False)

    def note() -> str | None:
        with database.reading() as session:
            return session.scalars(select(Conversation.note).order_by(Conversation.id.desc())).first()

    eventually(lambda: note() == text, 20)
    expect(desk.get_by_label("Notiz", exact=True)).to_have_value(text)


def test_a_call_is_taken_in_the_page(windows, call_queue_hotline, team) -> None:
    """The desk rings: a member answers, is heard, mutes, is loaded anew in the call, and hangs up, all by buttons."""
    somebody("ada", "member", "benefits")
    url = call_queue_hotline.url
    desk = logged_in(windows, url, "ada", permissions=["microphone"])
    desk.context.add_init_script(MICROPHONES)
    desk.goto("/desk/live/")
    with desk.expect_popup() as opened:
        desk.get_by_role("link", name="Telefon: dieser Browser").click()
    phone = opened.value
    phone.get_by_role("button", name="Anrufe hier annehmen").click()
    expect(phone.get_by_text("erreichbar", exact=True)).to_be_visible()
    accessible(phone)
    second = desk.context.new_page()
    second.goto("/desk/telephone/")
    second.get_by_role("button", name="Anrufe hier annehmen").click()
    expect(second.get_by_text("Ein anderes Fenster ist zurzeit Ihr Telefon.")).to_be_visible()
    second.close()
    desk.goto("/desk/")
    person = windows.new_context(base_url=url, locale="de-DE", permissions=["microphone"]).new_page()
    person.goto("/softphone/")
    person.get_by_label("Ihre Nummer").fill("+4915199990077")
    person.locator("#at").select_option("open")
    person.locator("[data-dial]").click()
    for key in "11":  # German, money
        person.wait_for_timeout(1200)
        person.locator(f"[data-key='{key}']").click()
    bar = desk.get_by_role("region", name="Telefon in diesem Browser")
    expect(bar).to_contain_text("Leistung", timeout=30000)
    bar.get_by_role("button", name="Annehmen").click()
    expect(person.locator("[data-status]")).to_contain_text("Sie sprechen mit den anderen", timeout=30000)
    (room,) = [room for room in call_queue_hotline.switch.conferences.all() if not room.over]
    heard = {one.call_sid: one.incoming for one in list(room.participants.values())}
    assert len(heard) == 2
    eventually(lambda: all(audio._fetched > 4000 for audio in heard.values()), 20)
    types_without_a_connection(desk)
    bar.get_by_role("button", name="Stumm").click()
    expect(phone.get_by_role("button", name="Wieder sprechen")).to_be_visible()
    accessible(desk)
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.reload()
    expect(phone.get_by_role("button", name="Auflegen")).to_be_visible()
    assert len(room.participants) == 2, "the call has survived it"
    loses_the_microphone(phone)
    press(desk, "l")
    told = person.locator("[data-status]")
    expect(told).to_contain_text("Sie sind gerade nicht mit den anderen verbunden", timeout=15000)
    expect(bar).to_be_hidden()
    phone.close()


def test_a_refused_microphone_is_said_in_plain_words(browser, call_queue_hotline, team) -> None:
    somebody("ben", "member", "benefits")
    phone = logged_in(browser, call_queue_hotline.url, "ben")
    expect(phone.get_by_role("link", name="Live-Anrufe")).to_be_visible()
    phone.goto("/desk/telephone/")
    phone.get_by_role("button", name="Anrufe hier annehmen").click()
    expect(phone.get_by_role("alert").filter(has_text="Mikrofon")).to_be_visible()
    with database.reading() as session:
        states = session.scalars(select(Presence.state).join(User).where(User.username == "ben")).all()
        assert list(states) in ([], ["offline"]), "who cannot speak is not rung"


def test_call_back_from_the_desk(windows, call_queue_hotline, team, phone) -> None:
    somebody("nils", "member", "benefits")
    called = phone()
    task_id = a_task(number=called.number)
    own = phone()
    desk = logged_in(windows, call_queue_hotline.url, "nils")
    desk.goto(f"/desk/tasks/{task_id}")
    desk.get_by_role("button", name="Jetzt zurückrufen").click()
    expect(desk.get_by_role("alert")).to_contain_text("an welchem Telefon Sie sitzen")
    desk.get_by_label("Telefon, an dem Sie sitzen").fill(own.number)
    desk.get_by_role("button", name="Anrufe annehmen").click()
    desk.goto(f"/desk/tasks/{task_id}")
    accessible(desk)
    desk.get_by_role("button", name="Jetzt zurückrufen").click()
    expect(desk.locator(".app-flash").first).to_contain_text("Ihr Telefon klingelt")
    own.accepts()
    called.answers().hears("callback_greeting").presses("1").is_talking()
    expect(desk.get_by_text("Anrufer*in: ist in der Leitung")).to_be_visible(timeout=10000)
    called.hangs_up()
    desk.get_by_label("geklärt").check(timeout=10000)
    desk.get_by_role("button", name="Fertig, nächster Anruf").click()
    desk.goto(f"/desk/tasks/{task_id}")
    expect(desk.get_by_text("Erreicht, Anliegen besprochen").first).to_be_visible()


def test_supervisors_plan_duties_and_block_numbers(windows, call_queue_hotline, team) -> None:
    somebody("lena", "supervisor")
    somebody("mia", "member", "benefits")
    page = logged_in(windows, call_queue_hotline.url, "lena", viewport={"width": 320, "height": 900})
    for path in ("/desk/live/", "/supervision/roster", "/supervision/unwanted"):
        page.goto(path)
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    page.goto("/supervision/roster")
    page.get_by_text("Ohne Raster eintragen").click()
    page.locator("#duty-user").select_option(label="Mia")
    page.locator("#duty-team").select_option(index=0)
    page.locator("#duty-starts").fill("08:00")
    page.locator("#duty-ends").fill("12:30")
    page.get_by_role("button", name="Eintragen").first.click()
    page.get_by_text("Wöchentliche Dienste aller Teams").click()
    expect(page.get_by_text("Montag, 08:00–12:30: Mia")).to_be_visible()
    page.get_by_role("button", name="Löschen Mia").first.click()
    expect(page.get_by_text("Montag, 08:00–12:30: Mia")).to_have_count(0)
    page.goto("/supervision/unwanted")
    page.get_by_role("textbox", name="Nummer").fill("0170 7654321")
    page.get_by_label("Grund").fill("Telefonterror")
    page.get_by_role("button", name="Sperren").click()
    expect(page.get_by_text("Telefonterror")).to_be_visible()
    page.get_by_role("button", name=re.compile("Aufheben")).click()
    expect(page.get_by_text("Sperre aufgehoben.")).to_be_visible()
    member = logged_in(windows, call_queue_hotline.url, "mia")
    assert member.goto("/supervision/roster").status == 404
    with database.reading() as session:
        assert session.scalars(select(Presence).where(Presence.state == "talking")).all() == []


def test_a_supervisor_listens_in_by_a_button_that_comes_and_goes_with_the_conversation(
    browser, call_queue_hotline, team, caller_at_menu, phone
) -> None:
    """The page was open before anybody talked. Member and caller are told; what cannot be is said in plain words."""
    somebody("leo", "supervisor", "benefits")
    own = phone()
    desk = logged_in(browser, call_queue_hotline.url, "leo")
    note_complaints(desk)
    desk.get_by_role("link", name="Live-Anrufe").click()
    listen, said = desk.get_by_role("button", name="Mithören"), desk.locator(".flashes")
    expect(desk.get_by_role("heading", name="Jetzt in der Leitung")).to_be_visible()
    expect(listen).to_have_count(0)
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.accepts()
    have_met(person)
    expect(listen).to_be_visible(timeout=20_000)
    accessible(desk)
    listen.focus()
    desk.wait_for_timeout(1500)  # the list is loaded anew beneath
    expect(listen).to_be_focused()
    desk.keyboard.press("Enter")
    expect(said).to_contain_text("an welchem Telefon Sie sitzen")
    own.stays_quiet()
    desk.get_by_label("Telefon, an dem Sie sitzen").fill(own.number)
    desk.get_by_role("button", name="Anrufe annehmen").click()
    desk.get_by_role("button", name="Pause").click()
    listen.click()
    expect(said).to_contain_text("Ihr Telefon klingelt")
    own.answers().presses("1")
    mia.is_told("hört jemand aus der Teamleitung mit")
    person.hears("somebody_listens")
    own.is_talking()
    listen.click()
    expect(said).to_contain_text("hört bereits jemand mit")
    person.hangs_up()
    own.has_hung_up()
    expect(listen).to_have_count(0, timeout=20_000)
    assert desk.complaints == []
    team.wraps_up("mia")
