"""How the pages look in one's browser, and what the bars around them tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ivr.callbacks import queries
from ivr.platform import database
from tests.support.desk import codes
from tests.support.desk_pages import count_of_view
from tests.support.people import a_task


def test_a_chosen_appearance_holds_after_the_log_out(desk) -> None:
    mia = desk("mia")
    assert "data-kern-theme" not in mia.get("/desk/").text
    answer = mia.post("/appearance", data={"theme": "dark", "next": "/desk/?view=mine"})
    assert answer.headers["Location"] == "/desk/?view=mine"
    assert 'data-kern-theme="dark"' in mia.get("/desk/").text
    mia.post("/logout")
    assert 'data-kern-theme="dark"' in mia.get("/login").text
    mia.post("/appearance", data={"theme": "system"})
    assert "data-kern-theme" not in mia.get("/login").text


@pytest.mark.parametrize("value", ["purple", '"><script>', "dark "])
def test_an_appearance_that_is_none_changes_nothing(desk, value: str) -> None:
    mia = desk("mia")
    assert mia.post("/appearance", data={"theme": value}).status_code in (302, 400)
    mia.set_cookie("theme", value)
    assert "data-kern-theme" not in mia.get("/desk/").text


def test_nobody_is_led_to_another_site(desk) -> None:
    answer = desk("mia").post("/appearance", data={"theme": "dark", "next": "https://example.org/"})
    assert answer.headers["Location"] == "/"


def test_the_side_bar_counts_by_itself_and_is_silent_while_nothing_changes(desk) -> None:
    mia = desk("mia")
    task = a_task()
    page = mia.get("/desk/help").text
    assert count_of_view(page, "open") == "1"
    asked = re.search(r'hx-get="(/desk/side\?seen=[^"]+)"', page)[1]
    assert mia.get(asked).status_code == 204
    mia.post(f"/desk/tasks/{task}/claim")
    fragment = mia.get(asked)
    assert (fragment.status_code, count_of_view(fragment.text, "mine")) == (200, "1")
    assert 'hx-trigger="live"' in fragment.text, "the fragment repeats its trigger"


def test_a_page_has_its_bars_where_nothing_can_be_counted(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    mia = desk("mia")

    def away(*_: object) -> dict[str, int]:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(queries, "counts", away)
    page = mia.get("/desk/help")
    assert (page.status_code, count_of_view(page.text, "open")) == (200, "–")
    assert mia.get("/desk/tasks/999").status_code == 404


def test_a_page_holds_one_connection_at_a_time(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two for each page would let pages wait for each other, when as many are asked for as there are connections."""
    held, most, reading = 0, 0, database.reading

    @contextmanager
    def counted() -> Iterator[Session]:
        nonlocal held, most
        with reading() as session:
            held += 1
            most = max(most, held)
            yield session
            held -= 1

    mia, task = desk("mia"), a_task()
    monkeypatch.setattr(database, "reading", counted)
    for path in ("/desk/", "/desk/?view=mine", f"/desk/tasks/{task}", "/desk/live/", "/desk/new", "/desk/wall"):
        assert mia.get(path).status_code == 200
    assert most == 1


def test_the_list_beside_a_task_has_the_order_of_the_list(desk) -> None:
    tasks = [a_task("emergency", age=timedelta(hours=hours)) for hours in (0, 30, 26)] + [a_task()]
    mia = desk("mia")
    page = mia.get(f"/desk/tasks/{tasks[0]}").text
    beside = page.partition('class="beside"')[2].partition("</nav>")[0]
    assert codes(beside, tasks) == codes(mia.get("/desk/").text, tasks) != tasks
