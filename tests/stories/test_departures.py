"""Somebody leaves a conversation, or does not come, at a moment of their own choice: who hears what, who is rung."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
from sqlalchemy import select

from ivr.carrier import call_control
from ivr.contact_centre import conversation_control, conversation_wishes, conversations
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import ConversationState, LegRole, TransferKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, InterpreterRequest, Presence
from ivr.platform import database
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_staff import InTurkish, Scripted, member

GONE = "Die Sprachmittlung ist nicht mehr in der Leitung. Wir rufen wieder jemanden."
ONE_GONE = "Eine Sprachmittlung ist nicht mehr in der Leitung."
NOBODY, ASKED = "Es ist keine Sprachmittlung erreichbar", "Sizi tercümanla birlikte"
OVER = "Görüşme bitti"


class Talk:
    """mia and a caller, who share no language; Aylin interprets Turkish, the service Turkish and Arabic."""

    def __init__(
        self, carrier: SimulatedCarrier, *, aylin: float | None = 2.0, service: float | None = 2.0, key: str = "1"
    ) -> None:
        """`aylin`, `service`: seconds until they answer; None: never. `key`: what both press then."""
        self.carrier, self.clock = carrier, carrier.clock
        self.mia, self.mias = member(carrier)
        self.aylin = Scripted(carrier, "aylin", "+4915700000001", answers=aylin, key=key)
        self.service = Scripted(carrier, "service", "+4915700000002", answers=service, key=key)
        self.handset = InTurkish(carrier, "caller", "+4917612345678")
        self.call = carrier.dials_in(self.handset)
        self.until(lambda: "mia" in self.room)

    def until(self, happens: Callable[[], bool]) -> None:
        for _ in range(1_200):
            if happens():
                return
            self.clock.run(0.1)
        raise AssertionError(self.call.story)

    @property
    def room(self) -> set[str]:
        """Who can hear the caller."""
        return {call.handset.name for call in self.carrier.rooms[self.call.room].calls} if self.call.room else set()

    @property
    def heard(self) -> str:
        """Everything that was said to the caller."""
        return " ".join(self.call.said)

    def hangs_up(self, *phones: Scripted) -> None:
        for phone in phones:
            assert phone.call is not None
            self.carrier.hangs_up(phone.call)

    def wants_arabic(self) -> None:
        with database.writing_alone() as session:
            by = session.get_one(User, self.mia.id)
            talk = session.scalars(select(Conversation)).one()
            assert conversation_control.want_interpreter(session, talk, self.clock.now, by=by, language="ar")

    def does(self, wish: Callable[..., None]) -> None:
        with database.writing_alone() as session:
            talk = session.scalars(select(Conversation)).one()
            wish(session, talk, session.get_one(User, self.mia.id), self.clock.now)

    def searches(self) -> list[tuple[str, str]]:
        with database.reading() as session:
            asked = select(InterpreterRequest.language, InterpreterRequest.state).order_by(InterpreterRequest.id)
            return [(language, str(state)) for language, state in session.execute(asked)]


@pytest.fixture
def begin(simulated: Callable[..., SimulatedCarrier]) -> Callable[..., Talk]:
    return lambda **does: Talk(simulated(), **does)


# -- interpreters of two languages ------------------------------------------------------------------------


def with_both_interpreters(begin: Callable[..., Talk]) -> Talk:
    """Aylin interprets Turkish; then Arabic was wanted, and somebody of the service interprets that."""
    talk = begin()
    talk.until(lambda: "aylin" in talk.room)
    talk.wants_arabic()
    talk.until(lambda: "service" in talk.room)
    return talk


@pytest.mark.parametrize("seconds", [2.0, pytest.param(20.0, marks=pytest.mark.since("ci"))])
def test_who_interprets_a_language_that_is_not_wanted_any_more_may_leave(
    begin: Callable[..., Talk], seconds: float
) -> None:
    """Whether the one who is wanted now is in the room, or still rings."""
    talk = begin(service=seconds)
    talk.until(lambda: "aylin" in talk.room)
    talk.wants_arabic()
    talk.clock.run(15)
    talk.hangs_up(talk.aylin)
    talk.clock.run(40)
    assert talk.room == {"caller", "mia", "service"}
    assert talk.searches() == [("tr", "joined"), ("ar", "joined")]
    assert (ONE_GONE in talk.mias.heard, NOBODY in talk.mias.heard, ASKED in talk.heard) == (True, False, False)
    assert talk.carrier.faults == []


def test_where_nobody_comes_for_another_language_both_know_though_somebody_is_there(begin: Callable[..., Talk]) -> None:
    talk = begin(service=None)
    talk.until(lambda: "aylin" in talk.room)
    talk.wants_arabic()
    talk.clock.run(25)
    assert talk.searches() == [("tr", "joined"), ("ar", "unmet")]
    assert NOBODY in talk.mias.heard
    assert ASKED in talk.heard
    assert talk.carrier.faults == []


def test_who_interprets_the_language_wanted_last_is_fetched_again_though_another_stays(
    begin: Callable[..., Talk],
) -> None:
    talk = with_both_interpreters(begin)
    talk.hangs_up(talk.service)
    talk.clock.run(15)
    assert GONE in talk.mias.heard
    assert talk.room == {"caller", "mia", "aylin", "service"}
    talk.hangs_up(talk.aylin, talk.service)
    talk.clock.run(15)
    assert talk.room == {"caller", "mia", "service"}, "both drop, and one is fetched again"
    assert talk.carrier.faults == []


def test_an_interpreter_who_is_there_is_not_wanted_again_whatever_was_wanted_after_them(
    begin: Callable[..., Talk],
) -> None:
    talk = with_both_interpreters(begin)
    with database.writing_alone() as session:
        conversation = session.scalars(select(Conversation)).one()
        assert not conversation_control.want_interpreter(session, conversation, talk.clock.now, language="tr")
    assert talk.searches() == [("tr", "joined"), ("ar", "joined")]


# -- nobody interprets --------------------------------------------------------------------------------------


def test_where_nobody_interprets_while_the_caller_is_on_hold_both_know(begin: Callable[..., Talk]) -> None:
    talk = begin(aylin=None, service=None)
    talk.clock.run(3)
    talk.does(conversation_wishes.hold)
    talk.clock.run(50)
    assert NOBODY in talk.mias.heard
    assert ASKED not in talk.heard
    talk.does(conversation_wishes.resume)
    talk.clock.run(5)
    assert ASKED in talk.heard
    assert talk.carrier.faults == []


def test_a_second_search_that_finds_nobody_is_told_to_the_caller_as_the_first_was(begin: Callable[..., Talk]) -> None:
    talk = begin(aylin=2.0, service=2.0, key="2")
    talk.handset.KEYS = (("no_interpreter", (("2", 1),)), *talk.handset.KEYS)
    talk.until(lambda: ASKED in talk.heard)
    talk.clock.run(10)
    assert talk.room == {"caller", "mia"}, "they talk without"
    talk.does(lambda session, one, by, now: conversation_control.want_interpreter(session, one, now, by=by))
    talk.clock.run(20)
    assert talk.heard.count(ASKED) == talk.mias.heard.count(NOBODY) == 2
    assert talk.carrier.faults == []


def test_the_caller_is_asked_once_though_the_carrier_does_not_fetch_them_at_first(
    begin: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a carrier refuses to do now is not done, and so it is not noted as done."""
    redirects, refused = call_control.redirect_call, list[str]()

    def redirect(call_sid: str, url: str) -> None:
        if "/no-interpreter" in url and len(refused) < 2:
            refused.append(url)
            raise requests.ConnectionError
        redirects(call_sid, url)

    monkeypatch.setattr(call_control, "redirect_call", redirect)
    talk = begin(aylin=2.0, service=2.0, key="2")
    talk.handset.KEYS = (("no_interpreter", (("2", 1),)), *talk.handset.KEYS)
    talk.until(lambda: ASKED in talk.heard)
    talk.clock.run(30)
    assert len(refused) == 2
    assert (talk.heard.count(ASKED), talk.room) == (1, {"caller", "mia"})
    assert talk.carrier.faults == []


@pytest.mark.since("ci")
@pytest.mark.parametrize("key", ["1", "2", None])
def test_the_member_leaves_while_the_caller_is_asked_because_nobody_interprets(
    begin: Callable[..., Talk], key: str | None
) -> None:
    talk = begin(key="2")
    talk.handset.KEYS = (("no_interpreter", ((key, 1),)), *talk.handset.KEYS)
    talk.until(lambda: "no_interpreter" in talk.handset.prompts)
    talk.hangs_up(talk.mias)
    talk.clock.run(60)
    assert (OVER in talk.heard) == (key != "1"), "who wants a call back has been told that there will be one"
    assert talk.carrier.rooms == {}
    assert talk.carrier.faults == []


@pytest.mark.parametrize("unmet", [False, True])
def test_where_the_new_member_speaks_the_language_nobody_is_rung_on_and_the_caller_is_not_asked(
    begin: Callable[..., Talk], *, unmet: bool
) -> None:
    """Whether interpreters ring at that moment, or nobody could be had while the caller was on hold."""
    talk = begin(aylin=2.0 if unmet else 30.0, service=2.0 if unmet else 30.0, key="2")
    talk.clock.run(2)
    if unmet:
        talk.does(conversation_wishes.hold)
        talk.until(lambda: NOBODY in talk.mias.heard)
    nils, phone = member(talk.carrier, "nils")
    with database.writing_alone() as session:
        session.get_one(Presence, nils.id).languages = ["de", "tr"]
    talk.does(
        lambda session, one, by, now: conversation_wishes.transfer(
            session, one, Target(user_id=nils.id), TransferKind.COLD, "", by, now
        )
    )
    talk.until(lambda: "nils" in talk.room)
    talk.clock.run(40)
    assert talk.room == {"caller", "nils"}
    assert talk.searches() == [("tr", "unmet" if unmet else "canceled")]
    assert (ASKED in talk.heard, NOBODY in phone.heard) == (False, False)
    assert talk.carrier.faults == []


# -- the member goes while telephones ring -------------------------------------------------------------------


@pytest.mark.since("ci")
def test_the_member_hangs_up_while_two_interpreters_are_rung_at_once(begin: Callable[..., Talk]) -> None:
    talk = begin(aylin=30.0, service=30.0)
    talk.clock.run(12)
    assert talk.aylin.rung
    assert talk.service.rung
    talk.hangs_up(talk.mias)
    talk.clock.run(10)
    assert OVER in talk.heard
    assert [phone.call and phone.call.status for phone in (talk.aylin, talk.service)] == ["canceled"] * 2
    assert talk.searches() == [("tr", "canceled")]
    assert talk.carrier.faults == []


@pytest.mark.since("ci")
def test_mailboxes_that_press_no_key_are_not_taken_for_interpreters(begin: Callable[..., Talk]) -> None:
    talk = begin(key="")
    talk.until(lambda: ASKED in talk.heard)
    assert len(talk.aylin.rung) == len(talk.service.rung) == 1
    assert (talk.service.rung[0] - talk.aylin.rung[0]).total_seconds() < 16
    assert talk.searches() == [("tr", "unmet")]
    assert talk.carrier.faults == []


@pytest.mark.since("ci")
def test_a_companion_leaves_first_then_the_member_and_everybody_is_released(begin: Callable[..., Talk]) -> None:
    talk = begin()
    friend = Scripted(talk.carrier, "friend", "+4942112345")
    talk.until(lambda: "aylin" in talk.room)
    talk.does(lambda session, one, by, now: conversation_control.want_companion(session, one, friend.number, by, now))
    talk.until(lambda: talk.room == {"caller", "mia", "aylin", "friend"})
    talk.hangs_up(friend)
    talk.clock.run(8)
    assert "dazugeholte Person ist nicht mehr" in talk.mias.heard
    assert talk.room == {"caller", "mia", "aylin"}
    talk.hangs_up(talk.mias)
    talk.clock.run(8)
    assert OVER in talk.heard
    assert "Das Gespräch ist beendet" in talk.aylin.heard
    with database.reading() as session:
        one = session.scalars(select(Conversation).order_by(Conversation.id)).first()
        assert one is not None
        assert one.state == ConversationState.ENDED
        assert not conversations.with_role(one, LegRole.INTERPRETER, conversations.ON_THE_LINE)
    assert talk.carrier.faults == []
