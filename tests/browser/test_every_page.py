"""Every page there is: axe finds nothing, nothing is wider than the window, no text is cut; and no page is forgotten.

`make test` looks at each in the light appearance, `make soak-night` in the dark one and in every width too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from ivr.config.settings import Settings, settings
from ivr.web.app import create_app
from tests.support import lived_in_house
from tests.support.browser import (
    SCHEMES,
    WIDTHS,
    cut_by_wider_spacing,
    log_in,
    note_complaints,
    picture,
    pictures_of,
    violations,
    wider_than_the_window,
)  # fmt: skip
from tests.support.servers import QuietRequestHandler, free_port
from tests.support.volume import LEVEL, LEVELS

#: Files that a page did not wait for are closed late by the server of these tests, which is not that of the product.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

#: What is folded is looked at as well.
EVERYTHING_OPEN = """document.querySelectorAll("main details").forEach(
    (one) => { one.removeAttribute("name"); one.open = true; })"""
WINDOW = {"width": 1280, "height": 800}
#: The pages of each person, by endpoint; `{…}` are ids of the house.
PAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "": {
        "login.page": ("/login",),
        "links.forgotten": ("/login/forgotten",),
        "links.page": ("/login/link/{invited}", "/login/link/unknown"),
        "public.accessibility": ("/accessibility",),
        "public.privacy": ("/privacy",),
        "softphone.page": ("/softphone/",),
    },
    "mia": {
        "desk.queue": (
            "/desk/", "/desk/?view=mine", "/desk/?view=due", "/desk/?view=all", "/desk/?view=mentions",
            "/desk/?view=open&language=ar", "/desk/?view=closed",
        ),
        "desk.task": (
            "/desk/tasks/{covered}", "/desk/tasks/{mine}", "/desk/tasks/{arabic}", "/desk/tasks/{emergency}",
            "/desk/tasks/{closed}", "/desk/tasks/{forms}", "/desk/tasks/0",
        ),
        "desk.compare": ("/desk/tasks/{mine}/compare/{covered}",),
        "person.page": ("/desk/tasks/{mine}/person",),
        "reading.open_by_code": ("/desk/open",),
        "reading.readers": ("/desk/tasks/{mine}/readers",),
        "desk_tools.team_readers": ("/desk/readers",),
        "desk_tools.first_steps": ("/desk/help",),
        "hand.page": ("/desk/new",),
        "dates.page": ("/appointments/", "/appointments/?view=day"),
        "live.page": ("/desk/live/",),
        "live.notes": ("/desk/live/notes?q=Bescheid",),
        "browser_telephone.page": ("/desk/telephone/",),
        "wall.page": ("/desk/wall",),
        "account.page": ("/account/",),
        "kept.page": ("/kept/",),
    },
    "lena": {
        "desk.queue": ("/desk/",),
        "desk.task": ("/desk/tasks/{mine}",),
        "live.page": ("/desk/live/",),
        "desk_tools.first_steps": ("/desk/help",),
        "figures.page": ("/supervision/figures/",),
        "figures.behind": ("/supervision/figures/behind/missed", "/supervision/figures/behind/tasks"),
        "figures.abandoned": ("/supervision/figures/abandoned",),
        "costs.page": ("/supervision/costs",),
        "reports.page": ("/supervision/reports/", "/supervision/reports/?report=scorecard"),
        "supervision.duties": ("/supervision/roster",),
        "supervision.unwanted": ("/supervision/unwanted",),
        "supervision.unfinished": ("/supervision/unfinished",),
        "supervision.corrected": ("/supervision/corrections",),
        "marked.page": ("/supervision/incidents/",),
        "special.page": ("/opening-hours/",),
        "special.preview": ("/opening-hours/preview?day=2027-05-07&opened=closed&reason=Personalversammlung",),
        "announcing.page": ("/announcements/",),
        "announcing.preview": ("/announcements/1",),
        "night.page": ("/night-answers/",),
        "night.answers": ("/night-answers/de",),
        "further.page": ("/further-languages/",),
        "subjects.page": ("/supervision/subjects/",),
        "subjects.one": ("/supervision/subjects/{request}",),
        "directory.page": ("/directory/",),
        "directory.entry": ("/directory/{entry}",),
        "team_texts.page": ("/supervision/texts/",),
        "team_texts.new_module": ("/supervision/texts/modules/new",),
        "team_texts.module": ("/supervision/texts/modules/{module}",),
        "team_texts.macro": ("/supervision/texts/macros/{macro}",),
        "studio.languages": ("/studio/",),
        "studio.prompts": ("/studio/ar",),
        "studio.flow": ("/studio/flow",),
    },
    "adam": {
        "administration.people": ("/administration/people",),
        "administration.tokens": ("/administration/programs",),
        "telephones.index": ("/administration/telephones/",),
        "settings.page": ("/administration/settings",),
        "settings.section": tuple(
            f"/administration/settings/{name}"
            for name in ("hours", "sla_policies", "teams", "routing", "forms", "interpreters", "alerts")
        ),
        "settings.version": ("/administration/settings/versions/0",),
        "desk_tools.first_steps": ("/desk/help",),
    },
    "dora": {
        "protection.page": ("/protection/",),
        "protection.unusual": ("/protection/unusual",),
        "protection.deletions": ("/protection/deletions",),
        "protection.periods": ("/protection/periods",),
    },
}  # fmt: skip
#: Addresses that are no page: files, parts of pages, streams, data for programs, redirects.
NO_PAGES = {
    "static", "home", "health.healthz", "health.readyz", "health.completez", "monitored.metrics", "public.security",
    "voice.playback", "voice.prompt", "voice.hold_music", "login.sso", "login.sso_back", "softphone.exchange",
    "api.document", "reading.recording", "reading.waveform", "desk.others", "desk_tools.alerts", "side_bar.views",
    "live_channel.events", "dates.feed", "live.bar", "live.alive", "browser_telephone.waits",
    "browser_telephone.talks", "costs.download", "reports.download", "protection.export", "announcing.listen",
    "night.listen", "further.listen", "studio.listen", "studio.flow_diagram",
}  # fmt: skip
#: The pictures in docs/screenshots and of the help page that need no call: person, page, appearance.
KEPT = {
    "queue": ("mia", "/desk/", "light"),
    "task": ("mia", "/desk/tasks/{shown}", "light"),
    "task-covered": ("mia", "/desk/tasks/{covered}", "light"),
    "task-arabic-dark": ("mia", "/desk/tasks/{arabic}", "dark"),
    "figures": ("lena", "/supervision/figures/", "light"),
    "roster-light": ("lena", "/supervision/roster", "light"),
    "reports-light": ("lena", "/supervision/reports/", "light"),
    "scorecard-light": ("lena", "/supervision/reports/?report=scorecard", "light"),
    "studio": ("lena", "/studio/fa", "light"),
}
#: Pages that need more than an address, and who looks at them.
ELSEWHERE = {
    "reports.draft": "needs a month that can be published; it is the page reports.page with a button",
    "login.second_factor": "test_data_protection.py: test_an_authenticator_app",
    "wall.screen": "here: the page wall.page without its menu; tests/web/test_wall_screen.py",
}


def test_no_page_is_forgotten(empty_database) -> None:
    known = {endpoint for pages in PAGES.values() for endpoint in pages} | NO_PAGES | set(ELSEWHERE)
    there = {
        rule.endpoint
        for rule in create_app().url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("api.")
    } | {"api.document"}
    assert there - known == set(), "give the new page an address in PAGES"
    assert known - there == set(), "these are gone"


class House:
    """The desk in this process, whose people have worked for days, and the ids that addresses need."""

    def __init__(self, url: str, ids: dict[str, int | str]) -> None:
        self.url, self.ids = url, ids

    def opened(self, browser: Browser, name: str, **options: object) -> Page:
        """A page of a person who has logged in; without a name, of nobody."""
        page = browser.new_context(base_url=self.url, locale="de-DE", viewport=WINDOW, **options).new_page()
        note_complaints(page)
        if name:
            log_in(page, name)
        return page

    def visited(self, page: Page, name: str) -> Iterator[str]:
        """Open the pages of a person one after the other; gives their addresses."""
        for paths in PAGES[name].values():
            for path in (path.format(**self.ids) for path in paths):
                answer = page.goto(path)
                if not path.endswith(("/tasks/0", "/link/unknown")):
                    assert answer is not None
                    assert answer.status == 200, path
                    assert page.url.endswith(path), f"{path} leads to {page.url}"
                yield path


@pytest.fixture
def house(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")  # then passwords can be forgotten
    settings.cache_clear()
    many = bool(os.environ.get("SCREENSHOTS"))
    ids = lived_in_house.move_in(4 if many else 1, 60 if many else 12)
    server = make_server("127.0.0.1", free_port(), create_app(), threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield House(f"http://127.0.0.1:{server.server_port}", ids)
    server.shutdown()
    server.server_close()


@pytest.mark.since("ci")
@pytest.mark.night
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_reflows(browser, house, name: str, scheme: str) -> None:
    """axe in the usual width, and at night in every one."""
    page, wrong = house.opened(browser, name, color_scheme=scheme), []
    at_night = LEVELS.index("night") <= LEVEL
    for path in house.visited(page, name):
        pictures_of(page, f"{scheme}-{name or 'nobody'}{path}".replace("/", "_").replace("?", "_"))
        page.evaluate(EVERYTHING_OPEN)
        for width in (1280, *WIDTHS):
            page.set_viewport_size({"width": width, "height": 800})
            if (wider := wider_than_the_window(page)) > 0:
                wrong.append(f"{path} at {width} px: wider by {wider}")
            if width == 1280 or at_night:
                wrong += [f"{path} at {width} px: {found}" for found in violations(page)]
        page.set_viewport_size(WINDOW)
    assert wrong == []
    assert [text for text in page.complaints if "404" not in text and "410" not in text] == []


@pytest.mark.since("night")
@pytest.mark.parametrize("name", PAGES)
def test_text_that_is_spaced_wider_loses_nothing(browser, house, name: str) -> None:
    page, wrong = house.opened(browser, name), []
    for path in house.visited(page, name):
        wrong += [f"{path}: {text}" for text in cut_by_wider_spacing(page)]
    assert wrong == []


@pytest.mark.since("night")
@pytest.mark.parametrize("name", PAGES)
def test_at_400_percent_nothing_is_lost(browser, house, name: str) -> None:
    """A window of 1280 × 1024 that is enlarged four times has 320 × 256 pixels."""
    page, wrong = house.opened(browser, name), []
    page.set_viewport_size({"width": 320, "height": 256})
    for path in house.visited(page, name):
        if (wider := wider_than_the_window(page)) > 0:
            wrong.append(f"{path}: wider by {wider}")
    assert wrong == []


@pytest.mark.since("night")
def test_the_pictures_of_the_documents(browser, house) -> None:
    for name, (person, path, scheme) in KEPT.items():
        page = house.opened(browser, person, color_scheme=scheme)
        if "/tasks/" in path:
            page.goto("/desk/?view=mine")  # the list beside the task
        page.goto(path.format(**house.ids))
        page.wait_for_timeout(700)  # the bar of the telephone has come
        if (takes := page.get_by_role("button", name="Ich kümmere mich").first).is_visible():
            takes.click()  # an incident, which would lie over a part of the page
            expect(takes).to_be_hidden()
            page.goto(path.format(**house.ids))
            page.wait_for_timeout(700)
        picture(page, name)
        assert page.complaints == []
        page.context.close()
