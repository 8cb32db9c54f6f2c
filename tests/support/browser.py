"""Chromium, and what every test with a browser does in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.environment import ROOT
from tests.support.people import PASSWORD
from tests.support.running_hotline import RunningHotline
from tests.support.volume import LEVEL, LEVELS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "docs" / "screenshots"
HELP = ROOT / "ivr" / "web" / "static" / "help"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Every page is looked at in the light appearance; `make soak-night` looks at all in the dark one too.
SCHEMES = ("light", pytest.param("dark", marks=pytest.mark.since("night")))
#: Widths (pixels) at which nothing may be wider than the window.
WIDTHS = (320,) if LEVELS.index("night") > LEVEL else (320, 480, 768, 1024, 1920)

#: The sizes (pixels) in which a page is looked at: telephone, tablet, laptop, large screen.
SIZES = ((390, 844), (768, 1024), (1280, 800), (1920, 1080))

#: WCAG 2.1, 1.4.12: lines 1.5, paragraphs 2, letters 0.12, words 0.16 of the font's size.
_WIDER = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
        + " word-spacing: 0.16em !important } p { margin-bottom: 2em !important }");
    document.adoptedStyleSheets = [sheet];
}"""
_CUT = """() => [...document.querySelectorAll("button, a, label, summary, h1, h2, h3, td, th, p, dd, dt, li")]
    .filter((one) =>
    one.checkVisibility() && one.clientWidth && !one.closest(".kern-sr-only")
    && (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "hidden"
        && getComputedStyle(one).textOverflow !== "ellipsis"
        || one.scrollHeight > one.clientHeight + 1 && getComputedStyle(one).overflowY === "hidden")
    ).map((one) => one.textContent.trim().slice(0, 60))"""


def chromium() -> str:
    """The browser without windows, which takes a third less processor time, or another one that is installed."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), "/usr/bin/chromium")


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium by itself, where no test has it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


def open_desk(browser: Browser, hotline: RunningHotline, username: str = "mia", **options: object) -> Page:
    """The desk of a person who has logged in, in a browser of their own."""
    from playwright.sync_api import expect

    page = browser.new_context(base_url=hotline.url, locale="de-DE", **options).new_page()
    note_complaints(page)
    log_in(page, username, "/")
    expect(page.get_by_role("heading", name="Rückrufaufträge")).to_be_visible()
    page.wait_for_load_state()  # the keys work from now on
    return page


def log_in(page: Page, username: str, at: str = "/login") -> None:
    """Fill in the form of the log-in, and wait for the page that follows."""
    page.goto(at)
    page.get_by_label("Benutzername").fill(username)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_url(lambda address: "/login" not in address)


def note_complaints(page: Page) -> None:
    """Keep in `page.complaints` what the browser complains of. A stream of events that was refused for a moment, as on
    a busy machine, is none: the page asks by itself until there is one."""
    page.complaints = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "/desk/events" not in message.location["url"]:
            page.complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))


def press(page: Page, *keys: str) -> None:
    """Presses keys one after the other, when the page that is shown listens to keys."""
    page.wait_for_load_state()
    for key in keys:
        page.keyboard.press(key)


def picture(page: Page, name: str) -> None:
    """A picture of the page, where `make screenshots` asks for it. Those that lie in docs/screenshots are renewed
    there, and those of the help page in its folder; all others go to var/screenshots, which git does not keep."""
    if not os.environ.get("SCREENSHOTS"):
        return
    kept = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=kept if kept.exists() else ROOT / "var" / "screenshots" / f"{name}.png")
    if (shown := HELP / f"{name}.png").exists():
        before = page.viewport_size
        page.set_viewport_size({"width": 1280, "height": 900})  # as the help page says
        page.screenshot(path=shown)
        page.set_viewport_size(before)


def pictures_of(page: Page, name: str) -> None:
    """Pictures of a page in four sizes, where `make screenshots` asks for them: var/screenshots, which git ignores."""
    if not os.environ.get("SCREENSHOTS"):
        return
    before = page.viewport_size
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=ROOT / "var" / "screenshots" / f"{width}" / f"{name}.png")
    page.set_viewport_size(before)


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds of WCAG 2.1 A and AA: rules and the places that break them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = page.evaluate("rules => axe.run(document, rules)", rules)
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


def accessible(page: Page) -> None:
    """axe-core finds nothing of WCAG 2.1 A and AA."""
    assert violations(page) == []


def wider_than_the_window(page: Page) -> int:
    """By how many pixels."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def reflows(page: Page, path: str) -> None:
    """The page, as it is now, fits into every width; afterwards the window has the width of before."""
    before = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert wider_than_the_window(page) <= 0, f"{path} is wider than {width} px"
    page.set_viewport_size(before)


def cut_by_wider_spacing(page: Page) -> list[str]:
    """The texts that are cut, and the page if it is too wide, where a reader spaces text wider."""
    page.evaluate(_WIDER)
    wider = wider_than_the_window(page)
    return [*page.evaluate(_CUT), *([f"wider by {wider} px"] if wider > 0 else [])]
