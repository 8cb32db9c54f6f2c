"""Who may know what, in a browser: pages of administrator, officer and supervisor, a security key, covered tasks."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from ivr.accounts import users
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import SecurityKey, User
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from tests.support.browser import accessible, note_complaints, picture
from tests.support.people import PASSWORD, a_task, the_task


@pytest.fixture(scope="module")
def staff(hotline, people) -> None:
    with database.writing() as session:
        for name, full, role, teams in (
            ("adam", "Adam Admin", "administrator", []), ("dora", "Dora Datenschutz", "officer", []),
            ("kaya", "Kaya Schlüssel", "member", ["benefits"]),
        ):  # fmt: skip
            if session.scalar(select(User.id).where(User.username == name)) is None:
                users.add(session, name, full, role, PASSWORD, teams)


def logged_in(browser, hotline, name: str, **options: object) -> Page:
    context = browser.new_context(base_url=hotline.url.replace("127.0.0.1", "localhost"), locale="de-DE", **options)
    page = context.new_page()
    note_complaints(page)
    log_in(page, name)
    return page


def log_in(page: Page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("Benutzername").fill(name)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()


def test_a_covered_task_is_claimed_and_shown(browser, hotline, staff) -> None:
    task = a_task(text="Mein Bescheid fehlt", number="+4915112340077")
    page = logged_in(browser, hotline, "mia")
    page.goto(f"/desk/tasks/{task}")
    expect(page.get_by_role("heading", name="Geschützte Angaben")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("2340077")
    accessible(page)
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.locator(".work-side")).to_contain_text("2340077")
    expect(page.locator(".app-transcript")).to_contain_text("Bescheid")
    page.get_by_role("link", name="Wer diesen Auftrag gelesen hat").click()
    expect(page.locator("table")).to_contain_text("Mia Mitglied")


def test_only_looking_with_a_reason(browser, hotline, staff) -> None:
    task = a_task(text="Mein Bescheid fehlt", number="+4915112340078")
    page = logged_in(browser, hotline, "mia")
    page.goto(f"/desk/tasks/{task}")
    page.get_by_text("Einsicht mit Begründung").click()
    page.get_by_label("Warum öffnen Sie ihn?").select_option("stand_in")
    page.get_by_role("button", name="Für eine Stunde öffnen").click()
    expect(page.locator(".work-side")).to_contain_text("0078")
    expect(page.get_by_text("mit Grund geöffnet")).to_be_visible()
    assert the_task(task).state == "open"


def test_an_authenticator_app(browser, hotline, staff) -> None:
    with database.writing() as session:
        name = f"appa{session.query(User).count()}"
        users.add(session, name, "Anna App", "member", PASSWORD, ["benefits"])
    page = logged_in(browser, hotline, name)
    page.goto("/account/")
    page.locator("#present-app").fill(PASSWORD)
    page.get_by_role("button", name="App einrichten").click()
    expect(page.locator(".app-qr svg")).to_be_visible()
    accessible(page)
    picture(page, "second-factor-app")
    secret = page.locator("code").inner_text()
    page.get_by_label("Code Ihrer Authenticator-App").fill(pyotp.TOTP(secret).at(int(utc_now().timestamp())))
    page.get_by_role("button", name="Bestätigen").click()
    expect(page.locator("code")).to_have_count(10)
    codes = page.locator("code").all_inner_texts()
    page.goto("/account/")
    page.get_by_role("button", name="Abmelden").click()
    log_in(page, name)
    expect(page.get_by_role("heading", name="Zweiter Faktor")).to_be_visible()
    accessible(page)
    page.get_by_text("Beides nicht zur Hand").click()
    page.get_by_label("Wiederherstellungscode").fill(codes[3])
    page.get_by_role("button", name="Anmelden").last.click()
    expect(page.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()


def test_a_security_key(browser, hotline, staff) -> None:
    """A virtual authenticator in the browser, as a key that is plugged in."""
    with database.writing() as session:
        name = f"keya{session.query(User).count()}"
        users.add(session, name, "Karl Key", "member", PASSWORD, ["benefits"])
    page = logged_in(browser, hotline, name)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    plugged = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True,
                     "isUserVerified": True, "automaticPresenceSimulation": True}},
    )  # fmt: skip
    page.goto("/account/")
    page.get_by_label("Name des Schlüssels").fill("Blauer Schlüssel")
    page.locator("#present-new-key").fill(PASSWORD)
    page.get_by_role("button", name="Sicherheitsschlüssel hinzufügen").click()
    expect(page.locator("code").first).to_have_text(re.compile(r"[A-Z0-9]{4}-"))
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("Blauer Schlüssel")
    page.get_by_role("button", name="Abmelden").click()
    log_in(page, name)
    expect(page.get_by_role("heading", name="Zweiter Faktor")).to_be_visible()
    page.goto("/desk/")
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    log_in(page, name)
    page.get_by_role("button", name="Sicherheitsschlüssel verwenden").click()
    expect(page.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()
    with database.reading() as session:
        key = session.scalars(select(SecurityKey).join(User).where(User.username == name)).one()
        assert key.used_at is not None
        assert key.sign_count >= 1
    page.get_by_role("button", name="Abmelden").click()
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": plugged["authenticatorId"]})
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True,
                     "isUserVerified": True, "automaticPresenceSimulation": True}},
    )  # fmt: skip
    log_in(page, name)
    page.get_by_role("button", name="Sicherheitsschlüssel verwenden").click()
    expect(page.get_by_text("konnte nicht verwendet werden")).to_be_visible(timeout=90_000)


def test_a_supervisor_hands_out_what_is_known(browser, hotline, staff) -> None:
    a_task(text="Bitte um Auskunft", number="+4915112340099")
    page = logged_in(browser, hotline, "lena")
    page.get_by_role("link", name="Betroffenenanträge").click()
    page.get_by_label("Was verlangt wird").select_option("access")
    page.get_by_label("Telefonnummer oder Anfragenummer").fill("0151 12340099")
    page.get_by_label("hat sich persönlich ausgewiesen").check()
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("main")).to_contain_text("Aufnahmen: 1")
    accessible(page)
    picture(page, "protection-subject")
    with page.expect_download() as download:
        page.get_by_role("button", name="Alles herunterladen").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_a_damaged_recording_is_said_and_a_whole_one_is_not(browser, hotline, staff) -> None:
    whole, hurt = (a_task(text="Mein Bescheid fehlt", number=f"+491511234008{last}") for last in (1, 2))
    with database.reading() as session:
        sids = {
            task: session.scalars(select(Recording.recording_sid).join(VoiceboxMessage).where(
                VoiceboxMessage.task_id == task)).one() for task in (whole, hurt)
        }  # fmt: skip
    (path,) = (hotline.settings.audio_dir / "audio").rglob(f"{sids[hurt]}.*")
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    try:
        page = logged_in(browser, hotline, "mia")
        for task, is_damaged in ((whole, False), (hurt, True)):
            page.goto(f"/desk/tasks/{task}")
            page.get_by_role("button", name="Übernehmen").click()
            page.locator(".app-wave").scroll_into_view_if_needed()
            expect(page.locator(".app-wave")).to_have_js_property("complete", True)
            expect(page.locator("[data-damaged]")).to_be_visible(visible=is_damaged)
    finally:
        path.write_bytes(kept)  # the hotline is shared: a backup would report this recording
