"""How the pages look in one's browser, and what the bars around them tell."""

from __future__ import annotations

import re

import pytest

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
    assert 'hx-trigger="every' in fragment.text, "the fragment repeats its trigger"
