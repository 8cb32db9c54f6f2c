"""Somebody whom the caller trusts is rung by the rules of a conversation, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.config.settings import Settings, settings
from ivr.contact_centre import call_queue, conversation_control, conversations, leg_events, transfers
from ivr.domain.enums import ConversationState, LegRole, LegState, TransferKind, Urgency
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.platform import database
from ivr.platform.work_models import Work
from tests.support.people import hire

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FRIEND, COUSIN, CALLER = "0421 12345", "0421 54321", "+4917600000001"


class Talk:
    """A caller and mia, who talk."""

    def __init__(self, session: Session, mia: User) -> None:
        self.session, self.mia = session, mia
        call = calls.seen(session, f"CA{1:032d}", CALLER, NOW)
        entry = call_queue.enter(session, call, 1, Request(concern="benefits"), "de", "", NOW)
        self.conversation = conversations.for_entry(session, entry, NOW)
        self.conversation.state = ConversationState.LIVE
        member = {"user_id": self.mia.id, "accepted_at": NOW}
        for role, number, values in ((LegRole.MEMBER, None, member), (LegRole.CALLER, CALLER, {})):
            leg = conversations.add_leg(session, self.conversation, role, number, NOW, ring=False, **values)
            leg.call_sid, leg.joined_at, leg.state = f"CA{role:0>32}", NOW, LegState.JOINED

    def wants(self, number: str) -> None:
        conversation_control.want_companion(self.session, self.conversation, number, self.mia, NOW)

    def companions(self) -> list[Leg]:
        theirs = select(Leg).where(Leg.conversation_id == self.conversation.id, Leg.role == LegRole.COMPANION)
        return list(self.session.scalars(theirs.order_by(Leg.id)))

    def member(self) -> Leg:
        return next(leg for leg in self.conversation.legs if leg.role == LegRole.MEMBER)

    def comes(self, leg: Leg) -> bool:
        leg.call_sid, leg.state = f"CA{leg.id:032d}", LegState.ANSWERED
        return leg_events.accepted(self.session, leg, NOW)

    def work(self, kind: str, leg: Leg) -> bool:
        planned = select(Work.id).where(Work.kind == kind, Work.subject_id == leg.id)
        return self.session.scalar(planned) is not None

    def wishes(self, role: LegRole) -> list[str]:
        asked = select(InterpreterRequest.state).where(InterpreterRequest.role == role)
        return [str(state) for state in self.session.scalars(asked.order_by(InterpreterRequest.id))]


@pytest.fixture
def talk(empty_database: Settings) -> Iterator[Talk]:
    mia = hire()["mia"]
    with database.writing() as session:
        yield Talk(session, mia)


def test_a_companion_is_rung_once_and_a_second_wish_for_the_same_number_says_so(talk: Talk) -> None:
    talk.wants(FRIEND)
    (leg,) = talk.companions()
    assert talk.work("ring_leg", leg)
    with pytest.raises(Refused, match="companion_there"):
        talk.wants(FRIEND)
    assert len(talk.companions()) == 1


@pytest.mark.parametrize("limits", [{"RUNG_CALLS_A_DAY": "1"}, {"CALLS_BY_COUNTRY": '{"DE": 2}'}])
def test_beyond_a_cap_no_companion_is_rung_unless_in_an_emergency(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, limits: dict[str, str]
) -> None:
    """A stranger names the number: without a cap, a hundred dear ones a day would be paid for."""
    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    conversations.add_leg(talk.session, talk.conversation, LegRole.INTERPRETER, "+4942155512", NOW, ring=False)
    if "CALLS_BY_COUNTRY" in limits:
        talk.wants(FRIEND)
    with pytest.raises(Refused) as refused:
        talk.wants(COUSIN)
    assert (refused.value.reason, refused.value.cap.partition(" ")[0].upper()) == ("too_many_rung", *limits)
    outside = transfers.Target(number="+49421999", name="Wohngeldstelle")
    with pytest.raises(Refused, match="too_many_rung"):
        transfers.begin(talk.session, talk.conversation, outside, TransferKind.COLD, talk.mia, NOW)
    talk.conversation.urgency = Urgency.EMERGENCY
    talk.wants(COUSIN)
    assert talk.companions()


@pytest.mark.parametrize("written", ["0176 00000001", "+49 176 00000001"])
def test_the_callers_own_number_is_no_companions(talk: Talk, written: str) -> None:
    """It would be found busy, and the member would be told that nobody came."""
    with pytest.raises(Refused, match="companion_there"):
        talk.wants(written)
    assert (talk.companions(), talk.wishes(LegRole.COMPANION)) == ([], [])


def test_one_who_is_missed_is_told_though_another_is_there(talk: Talk) -> None:
    talk.wants(FRIEND)
    talk.wants(COUSIN)
    friend, cousin = talk.companions()
    assert (talk.work("ring_leg", friend), talk.work("ring_leg", cousin)) == (True, True)
    assert talk.comes(friend)
    leg_events.call_over(talk.session, cousin, "no-answer", NOW)
    assert talk.member().to_hear == "companion_not_reached"
    assert talk.wishes(LegRole.COMPANION) == ["joined", "unmet"]


def test_one_who_leaves_is_told_though_another_stays_and_may_be_fetched_again(talk: Talk) -> None:
    talk.wants(FRIEND)
    talk.wants(COUSIN)
    friend, cousin = talk.companions()
    assert (talk.comes(friend), talk.comes(cousin)) == (True, True)
    with pytest.raises(Refused, match="companion_there"):
        talk.wants(COUSIN)
    leg_events.call_over(talk.session, friend, "completed", NOW)
    assert talk.member().to_hear == "companion_gone"
    talk.wants(FRIEND)
    assert len(talk.companions()) == 3


def test_nobody_is_rung_for_a_conversation_without_a_member(talk: Talk) -> None:
    member = talk.member()
    member.accepted_at = member.joined_at = None
    with pytest.raises(Refused, match="no_conversation"):
        talk.wants(FRIEND)
    assert (talk.companions(), talk.wishes(LegRole.COMPANION)) == ([], [])


def test_another_language_is_wanted_and_the_companion_who_is_rung_may_still_come(talk: Talk) -> None:
    talk.wants(FRIEND)
    conversation = talk.session.get_one(Conversation, talk.conversation.id)
    conversation_control.want_interpreter(talk.session, conversation, NOW, by=talk.mia, language="tr")
    conversation_control.want_interpreter(talk.session, conversation, NOW, by=talk.mia, language="ar")
    (leg,) = talk.companions()
    assert talk.comes(leg)
    assert talk.wishes(LegRole.COMPANION) == ["joined"]
