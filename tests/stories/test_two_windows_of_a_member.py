"""A member has the desk open in two windows: whether they are there does not depend on which one they close."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from ivr.contact_centre import agent_presence
from ivr.models.contact_centre import Presence
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.environment import forget_settings
from tests.support.people import log_in

PAGES = ("/desk/", "/desk/live/", "/desk/live/bar", "/desk/live/?part=me", "/desk/live/alive")


class Windows:
    """Two windows of mia; `reads` is the one in which she works, `other` stands behind it."""

    def __init__(self, desk) -> None:
        self.mia = desk.people["mia"]
        self.reads, self.other = desk("mia"), desk.app.test_client()
        with self.reads.session_transaction() as known, self.other.session_transaction() as same:
            same.update(known)  # one browser: both windows have its cookies

    def state(self) -> str:
        with database.reading() as session:
            return session.get_one(Presence, self.mia.id).state

    def time_passes(self, seconds: int, *alive: FlaskClient) -> None:
        """Time passes, in which some windows give signs of life."""
        for _ in range(seconds // 30):
            with database.writing() as session:
                here = session.get_one(Presence, self.mia.id)
                for column in ("seen_at", "came_at", "window_seen_at"):
                    if (at := getattr(here, column)) is not None:
                        setattr(here, column, at - timedelta(seconds=30))
            for window in alive:
                window.get("/desk/live/alive")
        scheduler.end_presences()


@pytest.fixture
def windows(desk, monkeypatch: pytest.MonkeyPatch) -> Windows:
    monkeypatch.setenv("HOURS__DAILY", "00:00-24:00")
    forget_settings()
    return Windows(desk)


def test_one_of_two_windows_is_closed_and_the_member_is_still_there(windows: Windows) -> None:
    windows.reads.post("/desk/live/come", data={"number": "0421 98765"})
    windows.time_passes(300, windows.other)
    assert windows.state() == "available"
    windows.time_passes(300)
    assert windows.state() == "offline", "both are closed"


def test_signs_of_life_are_written_down_only_when_they_are_due(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many pages ask at once; each that writes would wait for its turn among the writes of live calls."""
    windows.reads.post("/desk/live/come", data={"number": "0421 98765"})
    written: list[int] = []
    monkeypatch.setattr(agent_presence, "seen", lambda session, user_id, now: written.append(user_id))
    for window in (windows.reads, windows.other, windows.reads):
        assert window.get("/desk/live/alive").status_code == 204
    assert written == []
    windows.time_passes(30, windows.other)
    assert written == [windows.mia.id]


def test_a_log_out_in_one_window_ends_the_presence_whatever_the_other_one_asks(windows: Windows) -> None:
    windows.reads.post("/desk/live/come", data={"number": "0421 98765"})
    windows.reads.post("/logout")
    assert windows.state() == "offline"
    for page in PAGES:
        answer = windows.other.get(page)
        assert (answer.status_code, "/login" in answer.headers.get("Location", "")) in ((302, True), (401, False)), page
    assert windows.other.post("/desk/live/come", data={"number": "0421 98765"}).status_code in (302, 401)
    assert windows.state() == "offline"


def test_who_signs_off_in_one_window_is_signed_off_in_the_other(windows: Windows) -> None:
    windows.reads.post("/desk/live/come", data={"number": "0421 98765"})
    windows.other.post("/desk/live/go", data={"for_good": "1"})
    windows.time_passes(60, windows.reads, windows.other)
    assert windows.state() == "offline", "a sign of life brings nobody back"
    assert "Anrufe annehmen" in windows.reads.get("/desk/live/").text


@pytest.mark.carrier("twilio")  # the others call no browsers
def test_the_window_that_is_the_telephone_is_closed_and_the_other_one_says_so(windows: Windows) -> None:
    answer = windows.reads.post("/desk/telephone/on", data={"window": "window-one"})
    assert (answer.status_code, windows.state()) == (200, "available")
    windows.time_passes(60, windows.reads, windows.other)
    assert windows.state() == "offline", "the page of the other one lives, and is no telephone"
    assert "Browserfenster" in windows.other.get("/desk/live/").text
    answer = windows.other.post("/desk/telephone/on", data={"window": "window-two"})
    assert (answer.status_code, windows.state()) == (200, "available"), "and takes its place without asking"


def test_somebody_else_at_the_same_desk_is_somebody_else(windows: Windows, desk) -> None:
    """mia's windows stay hers: a colleague who logs in at another machine answers only their own calls."""
    windows.reads.post("/desk/live/come", data={"number": "0421 98765"})
    sven = log_in(desk.app.test_client(), "sven")
    sven.post("/logout")
    assert windows.state() == "available"
