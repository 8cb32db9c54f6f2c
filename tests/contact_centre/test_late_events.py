"""Events of a callback's telephones that arrive in another order than they happened."""

from __future__ import annotations

import secrets
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from ivr.carrier import call_control
from ivr.contact_centre import agent_presence, dialer_job, leg_events, outbound_callbacks
from ivr.domain.conversation_rules import Sentence
from ivr.domain.enums import ConversationState, LegRole
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from ivr.telephony import leg_documents
from ivr.telephony.agent_announcements import staff_prompts
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire

ROOM = "CF" + "1" * 32


@pytest.fixture
def legs(empty_database, monkeypatch: pytest.MonkeyPatch) -> dict[LegRole, int]:
    """A callback: the member is in the room, the called person has picked up and heard the question."""
    for hours in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(hours, "00:00-24:00")
    forget_settings()
    mia, now = hire()["mia"], utc_now()
    task_id = a_task()
    with database.writing_alone() as session:
        agent_presence.start_answering(session, mia, "+4942198765", ["de"], now)
        outbound_callbacks.begin(session, session.get_one(CallbackTask, task_id), mia, now)
        session.flush()
        member = session.scalars(select(Leg)).one()
        call_sid = "CA" + secrets.token_hex(16)
        leg_events.answered(session, member, call_sid, now)
        assert leg_events.accepted(session, member, now)
        leg_events.in_room(session, member, 1, now, ROOM)
        session.flush()
        caller = session.scalars(select(Leg).where(Leg.role == LegRole.CALLER)).one()
        leg_events.answered(session, caller, "CA" + secrets.token_hex(16), now)
        return {LegRole.MEMBER: member.id, LegRole.CALLER: caller.id}


def leaves_first(session, legs: dict[LegRole, int], now) -> None:
    """The member hangs up; it is told before the event by which the other came into the room."""
    leg_events.out_of_room(session, session.get_one(Leg, legs[LegRole.MEMBER]), 3, False, now, ROOM)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the carrier is asked to do with calls."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(call_control, "end_call", lambda sid: found.append(("end", sid)))
    monkeypatch.setattr(
        call_control, "redirect_call", lambda sid, url: found.append((url.partition("?")[0].rpartition("/")[2], sid))
    )
    return found


def test_who_accepted_as_the_member_left_is_not_cut_off_without_a_sentence(legs, asked) -> None:
    now = utc_now()
    with database.writing_alone() as session:
        assert leg_events.accepted(session, session.get_one(Leg, legs[LegRole.CALLER]), now)
        leaves_first(session, legs, now)
    dialer_job.hang_up_leg(legs[LegRole.CALLER])
    assert [what for what, _ in asked] == ["left"]


def test_they_have_met_if_one_left_after_the_other_had_come(legs, asked) -> None:
    now = utc_now()
    with database.writing_alone() as session:
        caller = session.get_one(Leg, legs[LegRole.CALLER])
        assert leg_events.accepted(session, caller, now)
        leaves_first(session, legs, now)
        leg_events.in_room(session, caller, 2, now + timedelta(milliseconds=5), ROOM)
    dialer_job.hang_up_leg(legs[LegRole.CALLER])
    assert asked == [], "the job that empties the room says goodbye"
    with database.reading() as session:
        conversation = session.scalars(select(Conversation)).one()
        assert conversation.connected_at is not None
        assert conversation.connected_at <= conversation.ended_at


def test_they_have_not_met_if_one_came_after_the_other_had_left(legs, asked) -> None:
    now = utc_now()
    with database.writing_alone() as session:
        caller = session.get_one(Leg, legs[LegRole.CALLER])
        assert leg_events.accepted(session, caller, now)
        leaves_first(session, legs, now)
        leg_events.in_room(session, caller, 4, now + timedelta(milliseconds=5), ROOM)
    with database.reading() as session:
        assert session.scalars(select(Conversation)).one().connected_at is None


def said_to(session, leg_id: int) -> str:
    """What somebody hears who is let go now."""
    document = ElementTree.fromstring(str(leg_documents.released(session, session.get_one(Leg, leg_id))))
    return " ".join(document.itertext())


@pytest.mark.parametrize("told", [("join", "leave"), ("leave", "join"), ("leave",)])
def test_who_has_confirmed_is_never_told_that_somebody_wanted_a_call(legs, told: tuple[str, ...]) -> None:
    """The member hangs up as the called person comes: in whatever order that is told, or before it is told."""
    now, texts = utc_now(), catalogue("de")
    with database.writing_alone() as session:
        caller = session.get_one(Leg, legs[LegRole.CALLER])
        assert leg_events.accepted(session, caller, now)
        for event in told:
            leaves_first(session, legs, now) if event == "leave" else leg_events.in_room(session, caller, 2, now, ROOM)
        assert said_to(session, caller.id) == texts["goodbye" if "join" in told else "callback_sorry"]


@pytest.mark.parametrize("told", ["completed", "leave"])
def test_a_member_never_hears_that_nobody_was_reached_where_somebody_has_confirmed(legs, told: str) -> None:
    """The called person hangs up as soon as they are in the room; that they came is told later."""
    now = utc_now()
    with database.writing_alone() as session:
        caller = session.get_one(Leg, legs[LegRole.CALLER])
        assert leg_events.accepted(session, caller, now)
        if told == "leave":
            leg_events.out_of_room(session, caller, 3, False, now, ROOM)
        else:
            leg_events.call_over(session, caller, told, now)
        member = session.get_one(Leg, legs[LegRole.MEMBER])
        assert (member.to_hear, member.conversation.state) == (Sentence.CALLER_GONE, ConversationState.ENDED)
        before = said_to(session, member.id)
        leg_events.in_room(session, caller, 2, now, ROOM)
        assert said_to(session, member.id) == before == staff_prompts().sentences["caller_gone"]
