"""What many see alike is made once, is made anew when it changes, and shows nobody what is another's."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from ivr.accounts import teams
from ivr.callbacks import claims, workflow
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, live_events, live_feed
from ivr.platform.live_feed import Heard
from ivr.web import shared_views
from ivr.web.outgoing import Outgoing
from tests.support.people import a_task, the_task

LIST = "/desk/?view=open&seen=nothing"


class Feed(live_feed.Feed):
    """A feed that hears what a test says."""

    def start(self) -> None:
        """No thread, no Redis."""


@dataclass
class Office:
    """The desks of one web process that follows a feed."""

    desk: Callable
    feed: Feed = field(default_factory=lambda: Feed(alive=True, last=(1, 0)))
    _browsers: dict = field(default_factory=dict)

    def get(self, username: str, path: str = LIST, **headers: str) -> str:
        """What somebody's page asks for by itself."""
        return self.answer(username, path, **headers).text

    def answer(self, username: str, path: str = LIST, **headers: str) -> TestResponse:
        """The same with its headers."""
        here = Outgoing(SimpleNamespace(), SimpleNamespace(feed=self.feed))
        answer = self.browser(username).get(path, headers=headers, environ_overrides={"gunicorn.socket": here})
        assert answer.status_code in (200, 204)
        return answer

    def browser(self, username: str) -> FlaskClient:
        """Somebody's browser."""
        if username not in self._browsers:
            self._browsers[username] = self.desk(username)
        return self._browsers[username]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is asked of the database meanwhile about tasks."""
        asked: list[str] = []

        def note(_connection, _cursor, statement, *_: object) -> None:
            if "callback_tasks" in statement:
                asked.append(statement)

        event.listen(database.engine(), "before_cursor_execute", note)
        yield asked
        event.remove(database.engine(), "before_cursor_execute", note)


@pytest.fixture
def office(desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(live_events, "changed_here", None)
    monkeypatch.setattr(live_events, "publish", lambda topics: None)
    monkeypatch.setattr(shared_views, "_FRESH", 1e9)  # nothing grows old by itself
    monkeypatch.setattr(shared_views, "_minute", lambda: 0)
    return Office(desk)


def _act(change: Callable, task_id: int, username: str, *rest: object) -> None:
    with database.writing() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        change(session, session.get_one(CallbackTask, task_id), user, *rest, utc_now())


def test_a_list_is_made_once_for_all_who_see_the_same_teams(office: Office) -> None:
    code = the_task(a_task()).receipt_code
    assert code in office.get("mia") and office.get("nils")
    with office.statements() as asked:
        for username in ("mia", "nils"):
            assert code in office.get(username)
    assert not asked


def test_at_a_new_minute_a_list_is_made_anew_because_it_shows_times(office: Office, monkeypatch) -> None:
    a_task()
    office.get("mia")
    monkeypatch.setattr(shared_views, "_minute", lambda: 1)
    with office.statements() as asked:
        office.get("mia")
    assert asked


def test_no_team_role_or_language_gets_what_was_made_for_another(office: Office) -> None:
    benefits, youth = (the_task(a_task(concern)).receipt_code for concern in ("benefits", "under_25"))
    assert benefits in office.get("mia") and youth not in office.get("mia")
    assert youth in office.get("sven") and benefits not in office.get("sven")
    lenas = office.get("lena")
    assert benefits in lenas and youth in lenas
    office.get("nils")
    office.browser("nils").post("/language", data={"language": "en"})
    assert "Receipt code" in office.get("nils") and "Anfragenummer" in office.get("mia")
    assert "Anfragenummer" not in office.get("nils")


def test_views_pages_and_filters_are_told_apart(office: Office) -> None:
    task = a_task(language="tr")
    _act(claims.claim, task, "mia")
    code = the_task(task).receipt_code
    assert code in office.get("mia", "/desk/?view=open&seen=x")
    for without in ("view=unclaimed", "view=closed", "view=open&language=de", "view=open&page=2", "view=forms"):
        assert code not in office.get("mia", f"/desk/?{without}&seen=x"), without
    assert code in office.get("mia", "/desk/?view=mine&seen=x")
    assert code not in office.get("nils", "/desk/?view=mine&seen=x")


def test_a_name_is_shown_to_who_may_read_it_alone(office: Office) -> None:
    task = a_task()
    _act(claims.claim, task, "mia")
    with database.writing() as session:
        session.get_one(CallbackTask, task).caller_name = "Erika <b>Muster"
    for _ in range(2):
        mias, nils = office.get("mia"), office.get("nils")
        assert "Erika &lt;b&gt;Muster" in mias
        assert "Erika" not in nils and "<!--" not in nils and "<!--" not in mias
    seen = re.search(r"seen=(\w+)", mias)[1]
    assert office.get("mia", f"/desk/?view=open&seen={seen}") == ""
    assert office.get("nils", f"/desk/?view=open&seen={seen}") != "", "a page with the name is another version"


@pytest.mark.parametrize("told", ["here", "by another process", "everything", "its kind", "that the feed is lost"])
def test_a_change_is_shown_as_soon_as_it_is_told(office: Office, told: str) -> None:
    task = a_task()
    office.get("mia")
    team = the_task(task).team_id
    if told != "here":
        live_events.changed_here = None
    _act(claims.claim, task, "nils")
    match told:
        case "by another process":
            office.feed.take(Heard((2, 0), frozenset({f"team:{team}", f"task:{task}"})))
        case "its kind":
            office.feed.take(Heard((2, 0), frozenset({"team"})))
        case "everything":
            office.feed.take(Heard((2, 0), everything=True))
        case "that the feed is lost":
            office.feed.lose()
    assert "Nils Nebenan" in office.get("mia")


def test_what_concerns_others_makes_nothing_anew(office: Office) -> None:
    task = a_task()
    office.get("mia")
    live_events.changed_here = None
    office.feed.take(Heard((2, 0), frozenset({f"team:{the_task(task).team_id + 1}", "person:3", "task:17"})))
    with office.statements() as asked:
        office.get("mia")
    assert not asked


def test_a_task_that_moves_leaves_one_list_and_comes_to_the_other(office: Office) -> None:
    task = a_task()
    code = the_task(task).receipt_code
    assert code in office.get("mia") and code not in office.get("sven")
    with database.writing() as session:
        lena = session.scalars(select(User).where(User.username == "lena")).one()
        youth = teams.by_key(session, "youth", settings().teams["youth"].name)
        workflow.hand_over(session, session.get_one(CallbackTask, task), lena, youth, "falsches Team", utc_now())
    assert code not in office.get("mia") and code in office.get("sven")


def test_who_leaves_a_team_sees_its_list_no_more(office: Office) -> None:
    code = the_task(a_task()).receipt_code
    assert code in office.get("nils") and code in office.get("mia")
    with database.writing() as session:
        nils = session.scalars(select(User).where(User.username == "nils")).one()
        nils.teams.clear()
    assert code not in office.get("nils") and code in office.get("mia")


def test_the_counts_of_the_views_are_counted_once_and_ones_own_for_each(office: Office) -> None:
    task = a_task()
    _act(claims.claim, task, "mia")
    side = {name: office.get(name, "/desk/side?seen=x") for name in ("mia", "nils")}
    own = {name: re.search(r"view=mine.*?side-count\">(\d+)", text, re.S)[1] for name, text in side.items()}
    assert own == {"mia": "1", "nils": "0"}


def test_a_part_is_compressed_once_and_only_for_who_can_read_that(office: Office) -> None:
    code = the_task(a_task()).receipt_code
    packed = office.answer("mia", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and code in gzip.decompress(packed.data).decode()
    assert "Accept-Encoding" in packed.headers["Vary"] and packed.headers["Cache-Control"] == "private, no-store"
    assert code in office.get("mia")
