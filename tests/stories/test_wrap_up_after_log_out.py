"""A member logs out, or is logged out, before what came of a conversation is written down: nothing of it is lost."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.contact_centre import conversation_notes
from ivr.models.contact_centre import Conversation, Presence
from ivr.platform import database
from tests.stories.test_calls_and_requests import enters, talked
from tests.support.guarded_desk import Browser, half_an_hour_passes
from tests.support.people import log_in

TEXT = "Frau Beispiel bringt den Mietvertrag am Montag"


@pytest.fixture
def mia(desk) -> FlaskClient:
    """mia has talked with a caller, and the wrap-up is due."""
    browser = desk("mia")
    browser.post("/desk/live/come", data={"number": "0421 98765"})
    with database.writing() as session:
        talked(session, desk.people["mia"], enters(session, 1))
    return browser


def state(desk) -> tuple[str, str | None]:
    with database.reading() as session:
        here = session.get_one(Presence, desk.people["mia"].id)
        return here.state, here.afterwards


def kept() -> tuple[str | None, str | None]:
    """Outcome and note of the conversation."""
    with database.reading() as session:
        talk = session.scalars(select(Conversation)).one()
        return talk.outcome, talk.note


def found(desk, word: str) -> int:
    with database.reading() as session:
        return len(conversation_notes.matching(session, desk.people["mia"], word))


def test_who_logs_out_first_writes_it_down_after_the_next_log_in(desk, mia: FlaskClient) -> None:
    mia.post("/logout")
    assert state(desk) == ("wrap_up", "offline"), "no call comes, and what is due stays due"
    again = log_in(mia, "mia")
    assert 'name="outcome"' in again.get("/desk/live/").text
    again.post("/desk/live/wrap-up", data={"outcome": "passed_on", "text": TEXT})
    assert kept() == ("passed_on", TEXT)
    assert found(desk, "mietvertrag") == 1
    assert state(desk) == ("offline", None), "who has logged out takes no call before they come again"


def test_what_was_written_before_the_log_out_stands_in_the_form_afterwards(desk, mia: FlaskClient) -> None:
    mia.post("/desk/live/wrap-up", data={"outcome": "", "text": TEXT})  # refused: no outcome
    mia.post("/logout")
    assert TEXT in log_in(mia, "mia").get("/desk/live/").text
    assert found(desk, "mietvertrag") == 1


@pytest.mark.parametrize("ends", ["by log-out in another window", "by time"])
def test_a_text_that_is_sent_after_the_log_in_has_ended_is_offered_again(desk, mia: FlaskClient, ends: str) -> None:
    desk.app.config["WTF_CSRF_ENABLED"] = True
    browser = Browser(desk.app.test_client()).logs_in("mia")
    token = browser.token("/desk/live/")
    if ends == "by time":
        half_an_hour_passes()
    else:
        other = Browser(desk.app.test_client()).logs_in("mia")
        other.sends("/logout", other.token("/desk/"))
    browser.sends("/desk/live/wrap-up", token, "/desk/live/", outcome="settled", text=TEXT)
    assert kept() == (None, None)
    browser.logs_in("mia")
    page = browser.page(browser.lands_on)
    assert TEXT in page
    action = re.search(r'action="([^"]*wrap-up[^"]*)"', page)
    assert action or TEXT in browser.page("/desk/live/")
    browser.sends("/desk/live/wrap-up", browser.token("/desk/live/"), outcome="settled", text=TEXT)
    assert kept() == ("settled", TEXT)
    assert found(desk, "mietvertrag") == 1
