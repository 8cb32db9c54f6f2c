"""A caller is transferred, waits or is on hold while the hotline closes, clocks change, members log out, servers start
anew, or the carrier's events come twice and in any order: somebody has them, or they hear what follows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from ivr.contact_centre import agent_presence, conversation_wishes, conversations, wrap_up
from ivr.domain.enums import ConversationState, LegState, PresenceState, TransferKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Presence
from ivr.platform import database
from ivr.workers import scheduler
from tests.stories.test_transfers import CALLER, Desk
from tests.support.environment import forget_settings
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import member
from tests.support.volume import volume

#: The hotline closes at six in Bremen; in the last night of next October the clock goes back at one, UTC.
SIX = datetime(2026, 11, 23, 17, tzinfo=UTC)
BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)


def some(*values: Sequence[object], always: Collection[tuple[int, ...]]) -> list[object]:
    """All combinations: those at these places in `make test`, the others in `.ci/run`."""
    return [
        pytest.param(
            *(value for _, value in each),
            marks=() if tuple(place for place, _ in each) in always else pytest.mark.since("ci"),
            id="-".join(str(place) for place, _ in each),
        )
        for each in product(*(list(enumerate(one)) for one in values))
    ]


def at(carrier: SimulatedCarrier, moment: datetime, before: float) -> SimulatedCarrier:
    """So many seconds before a moment."""
    carrier.clock.skip_to(moment - timedelta(seconds=before))
    return carrier


def is_decided(desk: Desk) -> None:
    """The caller talks with somebody, or has heard what follows; nobody else is on the line for them."""
    with database.reading() as session:
        conversation = desk.conversation(session)
        there = [leg for leg in conversation.legs if leg.state != LegState.ENDED]
        if conversation.state == ConversationState.ENDED:
            assert there == []
            assert desk.call.is_over or any("/voice/talk-over" in one for one in desk.call.story)
        else:
            assert {leg.role for leg in there} == {"caller", "member"}
    silent = [fault for fault in desk.carrier.faults if "silence" not in fault]
    assert silent == []


@pytest.mark.parametrize(
    ("moment", "kind", "answers"),
    some([SIX, BACK], list(TransferKind), [4.0, None], always=((0, 0, 0), (1, 1, 0))),
)
def test_a_transfer_that_rings_at_that_moment_is_decided_as_always(
    simulated: Callable[..., SimulatedCarrier],
    monkeypatch: pytest.MonkeyPatch,
    moment: datetime,
    kind: TransferKind,
    answers: float | None,
) -> None:
    if moment == BACK:
        monkeypatch.setenv("HOURS__DAILY", "00:00-24:00")
        forget_settings()
    desk = Desk(at(simulated(), moment, 42), nils=answers)
    desk.transfers(kind=kind)
    assert desk.carrier.clock.now < moment
    desk.carrier.clock.run(3)
    assert desk.carrier.clock.now > moment
    scheduler.end_presences()
    desk.carrier.clock.run(60)
    if answers is None:
        assert desk.talks(desk.mias), "back with the member, who is there until they hang up"
    elif kind == TransferKind.WARM:
        desk.does(conversation_wishes.hand_over)
        desk.carrier.clock.run(15)
    if answers is not None:
        assert desk.talks(desk.nilss)
    is_decided(desk)
    desk.ends_well()
    goes_on = PresenceState.AVAILABLE if moment == BACK else PresenceState.OFFLINE
    for user in (desk.mia, desk.nils):
        if desk.state_of(user) == PresenceState.WRAP_UP:
            desk.wraps_up(user)
        assert desk.state_of(user) == goes_on, user.username


@pytest.mark.parametrize("seconds", [0.3, 0.9])
def test_who_has_talked_is_not_sent_back_into_the_queue_because_an_event_is_late(
    simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """The member hangs up before it is told that the caller had come into the room."""
    carrier = simulated()
    tells = carrier._tell

    def late(url: str, call: SimulatedCall, **form: str) -> None:
        if call.inbound and form.get("StatusCallbackEvent") == "participant-join":
            carrier.clock.after(2 + seconds, lambda: carrier._deliver(url, call, form))
        else:
            tells(url, call, **form)

    monkeypatch.setattr(carrier, "_tell", late)
    desk = Desk.__new__(Desk)
    desk.carrier = carrier
    desk.mia, desk.mias = member(carrier)
    desk.call = carrier.dials_in(Waiting(carrier, "caller", CALLER))
    while not desk.talks(desk.mias):
        carrier.clock.run(0.1)
    carrier.clock.run(2)
    carrier.hangs_up(desk.mias.call)
    carrier.clock.run(20)
    asked = [line.partition(" ")[2] for line in desk.call.story]
    last = max(place for place, what in enumerate(asked) if what == "/voice/talk-over")
    assert asked[last + 1] == "/voice/answer 1", "it is over; they say that they were cut off, and only so wait again"
    assert carrier.faults == []


def test_on_hold_at_closing_time_the_caller_comes_back_to_the_member(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    desk = Desk(at(simulated(), SIX, 45))
    desk.does(conversation_wishes.hold)
    desk.carrier.clock.run(30)
    scheduler.end_presences()
    desk.does(conversation_wishes.resume)
    desk.carrier.clock.run(5)
    assert desk.talks(desk.mias)
    desk.ends_well()


@pytest.mark.parametrize("before", some([0.5, 2.0, 4.0, 8.0], always=((2,),)))
def test_who_waits_at_closing_time_has_a_member_or_the_voicebox_whoever_is_quicker(
    simulated: Callable[..., SimulatedCarrier], before: float
) -> None:
    """A member comes so many seconds before six, is rung, and presses the key while the caller is being led away."""
    carrier = at(simulated(), SIX, 60)
    member(carrier, "ole")[1].key = "2"
    call = carrier.dials_in(Waiting(carrier, "caller", CALLER))
    carrier.clock.run(60 - before)
    mia, phone = member(carrier)
    carrier.clock.run(90)
    scheduler.end_presences()
    carrier.clock.run(5)
    assert call.is_over or call.room or "/voice/wait" not in call.story[-1], call.story
    if phone.call is not None and phone.call.room:
        assert phone.call.room == call.room, "nobody waits for somebody who was led away"
    carrier.hangs_up(call)
    carrier.clock.run(60)
    assert carrier.faults == []
    assert [one.handset.name for one in carrier.calls.values() if not one.is_over] == []
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state in (PresenceState.OFFLINE, PresenceState.WRAP_UP)


@pytest.mark.parametrize(
    ("kind", "who", "answers", "hangs_up"),
    some(
        list(TransferKind),
        ["mia", "nils", "both"],
        [6.0, None],
        [False, True],
        always=((0, 2, 1, 1),),
    ),
)
def test_who_logs_out_while_it_rings_leaves_no_caller_behind(
    simulated: Callable[..., SimulatedCarrier], kind: TransferKind, who: str, answers: float | None, hangs_up: bool
) -> None:
    desk = Desk(simulated(), nils=answers)
    desk.transfers(kind=kind, note="Needs the heating form.")
    desk.carrier.clock.run(2)
    if hangs_up:
        assert desk.mias.call is not None
        desk.carrier.hangs_up(desk.mias.call)
        desk.carrier.clock.run(1)
    with database.writing_alone() as session:
        for user in (desk.mia, desk.nils):
            if who in (user.username, "both"):
                now = desk.carrier.clock.now
                agent_presence.stop_answering(session, session.get_one(User, user.id), now, for_good=True)
    desk.carrier.clock.run(90)
    if kind == TransferKind.WARM and answers and not hangs_up:
        desk.does(conversation_wishes.hand_over)
        desk.carrier.clock.run(15)
    assert desk.talks(desk.nilss if answers else desk.mias)
    desk.ends_well()
    with database.writing_alone() as session:
        talk = desk.conversation(session)
        for user in (desk.mia, desk.nils):
            if agent_presence.unfinished(session, user.id) is not None:
                wrap_up.finish(session, session.get_one(User, user.id), "settled", "", desk.carrier.clock.now)
        assert talk.note == "Needs the heating form."
    for user in (desk.mia, desk.nils):
        gone = who in (user.username, "both")
        assert desk.state_of(user) == (PresenceState.OFFLINE if gone else PresenceState.AVAILABLE), user.username


@pytest.mark.soak
@pytest.mark.parametrize("kind", some(list(TransferKind), always=((1,),)))
@pytest.mark.parametrize("seed", range(volume(test=1, ci=2, soak=10)))
def test_every_event_twice_and_in_any_order_changes_nothing(
    simulated: Callable[..., SimulatedCarrier], kind: TransferKind, seed: int
) -> None:
    carrier = simulated(seed=seed)
    carrier.doubles = 1.0
    desk = Desk(carrier)
    desk.does(conversation_wishes.hold)
    carrier.clock.run(10)
    desk.transfers(kind=kind)
    carrier.clock.run(25)
    if kind == TransferKind.WARM:
        assert desk.talks(desk.mias) is False
        desk.does(conversation_wishes.hand_over)
        carrier.clock.run(15)
    assert desk.talks(desk.nilss)
    assert (len(desk.mias.rung), len(desk.nilss.rung)) == (1, 1), "nobody is rung a second time"
    is_decided(desk)
    desk.ends_well()
    assert (desk.state_of(desk.mia), desk.state_of(desk.nils)) == (PresenceState.WRAP_UP, PresenceState.WRAP_UP)


@pytest.mark.parametrize(
    ("kind", "after", "loses_events"),
    some(list(TransferKind), [0.2, 1.0, 3.0, 5.0], [False, True], always=((1, 1, 1),)),
)
def test_servers_that_start_anew_in_the_middle_lose_nobody(
    simulated: Callable[..., SimulatedCarrier], kind: TransferKind, after: float, loses_events: bool
) -> None:
    desk = Desk(simulated())
    desk.transfers(kind=kind)
    desk.carrier.clock.run(after)
    desk.carrier.restarts(4.0, loses_events=loses_events)
    desk.carrier.clock.run(100)
    if kind == TransferKind.WARM and not desk.call.room:
        desk.does(conversation_wishes.hand_over)
        desk.carrier.clock.run(15)
    assert desk.talks(desk.nilss) or desk.talks(desk.mias)
    is_decided(desk)
    desk.carrier.hangs_up(desk.call)
    desk.carrier.clock.run(100)
    assert [call.handset.name for call in desk.carrier.calls.values() if not call.is_over] == []
    with database.reading() as session:
        assert conversations.situation(session, desk.conversation(session)).is_over
