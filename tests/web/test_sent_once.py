"""A form that arrives twice is done once: a double click, a repetition of a proxy, a page that is gone back to."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from ivr.accounts import api_tokens
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.orm import Base
from ivr.web import administration, sent_once
from tests.support.guarded_desk import Browser, claimed, notes
from tests.support.people import PASSWORD, a_task, the_task
from tests.support.volume import volume
from tests.web.test_directory import OFFICE
from tests.web.test_representatives import MOTHER
from tests.web.test_roster import WEEK
from tests.web.test_task_by_hand import VISIT

TWICE = "schon einmal angekommen"
SOON = f"{utc_now() + timedelta(days=3):%Y-%m-%d}"
TASK = "/desk/tasks/{task}"
DUTY = {"team": "1", "user": "{mia}", "weekday": "0", "starts": "08:00", "ends": "12:00"}

#: Forms that add something: who sends it, where it stands, where it goes, and what is typed.
ADDING = {
    "a note": ("mia", TASK, f"{TASK}/note", {"text": "Ruft am Montag an"}),
    "an attempt": ("mia", TASK, f"{TASK}/attempt", {"outcome": "no_answer"}),
    "a closing": (
        "mia", TASK, f"{TASK}/close", {"outcome": "settled_otherwise", "text": "Alles gesagt"},
    ),
    "a handing over": ("mia", TASK, f"{TASK}/hand-over", {"team": "work", "reason": "Stelle"}),
    "a text message": ("mia", TASK, f"{TASK}/text", {"template": "sms_missed", "text": "Bitte rufen Sie an."}),
    "a representative": ("mia", TASK, f"{TASK}/representatives", MOTHER),
    "a refusal to tell": ("mia", TASK, f"{TASK}/disclosure-refused", {"text": "Die Nachbarin fragte"}),
    "a merge": ("mia", TASK, f"{TASK}/merge", {"other": "{other}", "keep": "{task}"}),
    "a judgement": ("mia", TASK, f"{TASK}/tell-apart", {"other": "{other}"}),
    "a task by hand": ("mia", "/desk/new", "/desk/new", VISIT),
    "the next task": ("mia", "/desk/", "/desk/next", {}),
    "ticked tasks": ("mia", "/desk/", "/desk/selected", {"action": "assign", "task": "{other}", "to": "{mia}"}),
    "a view": ("mia", "/desk/", "/desk/views", {"name": "Meine", "view": "open"}),
    "a text module": (
        "lena", "/supervision/texts/", "/supervision/texts/modules",
        {"team": "benefits", "name": "Gruß", "use": "sms", "text_de": "Hallo"},
    ),
    "an absence": (
        "lena", "/supervision/roster", "/supervision/roster/absences",
        {**WEEK, "user": "{mia}", "begins_on": SOON, "ends_on": SOON},
    ),
    "a duty": ("lena", "/supervision/roster", "/supervision/roster/duties", DUTY),
    "an entry of the directory": ("lena", "/directory/", "/directory/", OFFICE),
    "a wish of a data subject": (
        "lena", "/supervision/subjects/", "/supervision/subjects/",
        {"kind": "access", "identity_check": "document", "named": "+4915112340002"},
    ),
}  # fmt: skip


def rows() -> dict[str, int]:
    """How many rows each table has, but for what tells of the requests themselves."""
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if name not in {"log_ins", "counted_requests"}
        }


def filled(guarded, form: str) -> tuple[Browser, str, str, dict[str, str]]:
    """A browser on the page of a form, the form's address, and what is typed into it."""
    who, page, path, typed = ADDING[form]
    mia, task, here, _ = claimed(guarded)
    other = a_task(text="Noch einmal ich", number="+4915112340002")
    if form in ("a merge", "a judgement"):
        mia.sends(f"/desk/tasks/{other}/claim", mia.token(here), here)
    names = {"task": task, "other": other, "mia": guarded.people["mia"].id}
    browser = mia if who == "mia" else guarded(who)
    fields = {name: value.format(**names) if isinstance(value, str) else value for name, value in typed.items()}
    return browser, page.format(**names), path.format(**names), fields


@pytest.mark.parametrize("form", [*ADDING][:: volume(test=3, ci=1, soak=1)])
def test_a_form_that_arrives_twice_is_done_once(form: str, guarded) -> None:
    browser, page, path, typed = filled(guarded, form)
    token, before = browser.token(page), rows()
    first = browser.sends(path, token, page, **typed)
    once = rows()
    assert first.status_code == 302
    assert once != before, browser.page(page)
    browser.page("/account/")  # what the first has said is read
    again = browser.sends(path, token, page, **typed)
    assert again.status_code == 302
    assert rows() == once
    assert TWICE in browser.client.get(again.headers["Location"], follow_redirects=True).text


def test_the_same_words_from_a_new_page_and_a_form_that_was_refused_are_done(guarded) -> None:
    mia, task, page, token = claimed(guarded)
    mia.sends(f"{page}/note", token, page, text="Nicht erreicht")
    mia.sends(f"{page}/note", mia.token(page), page, text="Nicht erreicht")
    assert notes(task) == ["Nicht erreicht"] * 2
    other = a_task()
    page = f"/desk/tasks/{other}"
    token = mia.token(page)
    mia.sends(f"{page}/name", token, page, name="Ada")
    assert the_task(other).caller_name != "Ada", "what is the caller's is covered"
    mia.sends(f"{page}/claim", token, page)
    mia.sends(f"{page}/name", token, page, name="Ada")
    assert the_task(other).caller_name == "Ada"


def test_the_next_task_is_taken_in_each_of_two_tabs_that_were_opened_in_one_second(guarded) -> None:
    """A browser opens all tabs of yesterday at once."""
    mia, tasks = guarded("mia"), [a_task() for _ in range(2)]
    tokens = [mia.token("/desk/") for _ in range(2)]
    for token in tokens:
        mia.sends("/desk/next", token, "/desk/")
    assert [the_task(one).state for one in tasks] == ["claimed", "claimed"]


def test_of_a_form_that_arrives_twice_at_one_moment_one_is_done(guarded) -> None:
    mia, task, page, token = claimed(guarded)
    cookies, start, answers = mia.client.get_cookie("hotline"), Barrier(2), []
    assert cookies is not None

    def sends() -> None:
        client = guarded().client
        client.set_cookie("hotline", cookies.value)
        start.wait()
        answers.append(Browser(client).sends(f"{page}/note", token, page, text="Einmal").status_code)

    both = [Thread(target=sends) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert answers == [302, 302]
    assert notes(task) == ["Einmal"]


@pytest.mark.parametrize(
    ("page", "path"),
    [("/appointments/", "/appointments/feed"), ("/administration/people", "/administration/people/{mia}/link")],
)
def test_what_an_answer_alone_shows_is_shown_by_the_one_that_its_reader_gets(guarded, page: str, path: str) -> None:
    """The browser shows the second answer, or the first one is loaded again: what the first showed is gone with it."""
    browser = guarded("mia" if "feed" in path else "adam")
    path, token = path.format(mia=guarded.people["mia"].id), browser.token(page)
    shown = [re.findall(r"/(?:feed|link)/([\w-]{20,})", browser.sends(path, token, page).text) for _ in range(2)]
    assert all(shown), shown
    assert shown[0] != shown[1], "the later one replaces the former"


@pytest.mark.parametrize(
    ("page", "typed", "shown"),
    [
        (
            "/administration/people",
            {"username": "neu", "name": "Neu", "role": "supervisor"},
            r"/login/link/([\w-]{20,})",
        ),
        ("/administration/programs", {"name": "Wand", "days": "30"}, r"<code>([\w-]{20,})</code>"),
    ],
)
def test_what_is_made_once_is_shown_again_to_the_same_form_and_only_for_a_moment(
    page: str, typed: dict[str, str], shown: str, guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser shows the second answer of a double click; nothing can make the same secret but the same form."""
    adam = guarded("adam")
    token = adam.token(page)
    made = [re.findall(shown, adam.sends(page, token, page, **typed).text) for _ in range(3)]
    assert len(made[0]) == 1
    assert made[0] == made[1] == made[2]
    once = rows()
    with monkeypatch.context() as later:
        later.setattr(sent_once, "utc_now", lambda: utc_now() + timedelta(minutes=2))
        later.setattr(administration, "utc_now", lambda: utc_now() + timedelta(minutes=2))
        assert adam.sends(page, token, page, **typed).status_code == 302
    assert rows() == once
    if "people" in page:
        link = f"/login/link/{made[0][0]}"
        guest = guarded().client
        assert guest.get(link).status_code == 200
        Browser(guest).sends(link, Browser(guest).token(link), link, new=f"{PASSWORD} anders")
    else:
        with database.writing() as session:
            api_tokens.revoke_token(session, "Wand", utc_now())
    answer = adam.sends(page, token, page, **typed)
    assert answer.status_code == 302, "it was used, or revoked"
