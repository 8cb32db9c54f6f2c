"""The live channel: who may open a stream, and that a running hotline tells desks of changes within a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from ivr.callbacks import claims
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import PASSWORD, a_task


@pytest.mark.parametrize("username", [None, "dora", "adam"])
def test_only_who_serves_tasks_may_open_a_stream(desk, username: str | None) -> None:
    assert desk(username).get("/desk/events").status_code == (401 if username is None else 404)


def test_a_server_that_cannot_hold_streams_says_so_and_the_page_asks_by_itself(desk) -> None:
    answer = desk("mia").get("/desk/events", headers={"Last-Event-ID": "nonsense"})
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    page = desk("mia").get("/desk/").text
    assert 'data-live-url="/desk/events"' in page and 'data-live="team"' in page


def test_a_page_that_asks_by_itself_is_not_sent_to_the_log_in(desk) -> None:
    """Its answer would take the place of the list; what is typed beside it would be lost."""
    for path in ("/desk/?seen=x", "/desk/side", "/desk/live/bar", "/desk/events"):
        assert desk().get(path).status_code == 401
    assert desk().get("/desk/").status_code == 302


class Stream:
    """A desk's stream at a running hotline."""

    def __init__(self, url: str, **headers: str) -> None:
        self.browser = requests.Session()
        self.url = url
        form = self.browser.get(f"{url}/login", timeout=5).text
        self.token = re.search(r'csrf-token" content="([^"]+)"', form)[1]
        answer = self.post("/login", username="mia", password=PASSWORD)
        assert answer.history, "logged in"
        self.token = re.search(r'csrf-token" content="([^"]+)"', answer.text)[1]
        self.answer = self.browser.get(f"{url}/desk/events", stream=True, timeout=30, headers=headers)
        self.lines = self.answer.iter_lines()

    def post(self, path: str, **form: str) -> requests.Response:
        headers = {"Referer": self.url}
        return self.browser.post(
            f"{self.url}{path}", data={"csrf_token": self.token, **form}, headers=headers, timeout=5
        )

    def hears(self, text: str) -> str:
        for line in self.lines:
            if text in line.decode():
                return line.decode()
        raise AssertionError(f"the stream ended before {text}")


@pytest.fixture
def stream(hotline, people) -> Iterator[Stream]:
    opened = Stream(hotline.url, **{"Last-Event-ID": "99999999999999999999-☃".encode().decode("latin-1")})
    assert opened.answer.status_code == 200
    assert opened.answer.headers["X-Accel-Buffering"] == "no"
    opened.hears("event: hello")
    yield opened
    opened.answer.close()


def test_what_another_member_does_is_told_and_a_log_out_elsewhere_ends_the_stream(stream: Stream, hotline) -> None:
    task = a_task()
    assert "team:" in stream.hears(f"task:{task} ") or "team:" in stream.hears("data:")
    with database.writing() as session:
        lena = session.query(User).filter_by(username="lena").one()
        claims.claim(session, session.get_one(CallbackTask, task), lena, utc_now())
    told = stream.hears(f"task:{task}")
    assert re.fullmatch(rf"data: \d+ task:{task} team:\d+", told), "ids alone"
    stream.post("/logout")
    assert "log-in" in stream.hears("data: log-in")
    assert b"".join(stream.lines) == b"", "and closes"
    stream.browser.close()  # the server ends the connection too; which comes first is chance
    assert stream.browser.get(f"{hotline.url}/desk/events", timeout=5).status_code == 401
