"""A caller is transferred: somebody else takes them, or they are back with the member; they are never in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.accounts import teams
from ivr.audit.access_log import Actor
from ivr.callbacks import emergency_reports
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.contact_centre import (
    agent_presence,
    companions,
    conversation_notes,
    conversation_wishes,
    conversations,
    directory,
    outbound_callbacks,
    transfers,
    wrap_up,
)
from ivr.contact_centre.directory import Listed
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import Concern, DirectoryKind, EmergencyKind, PresenceState, TaskState, TransferKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from tests.support.people import a_task
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import Scripted, member

CALLER = "+4917612345678"
OFFICE = "+494215550199"


class Desk:
    """mia talks with a caller; nils and ole are there as well, of the teams they are given."""

    def __init__(self, carrier: SimulatedCarrier, *, nils: float | None = 2.0, key: str = "1") -> None:
        self.carrier = carrier
        self.mia, self.mias = member(carrier)
        self.call = carrier.dials_in(Waiting(carrier, "caller", CALLER))
        carrier.clock.run(40)
        assert self.talks(self.mias), "mia and the caller talk"
        self.nils, self.nilss = member(carrier, "nils")
        self.nilss.answers, self.nilss.key = nils, key

    def talks(self, phone: Scripted) -> bool:
        return bool(phone.call and phone.call.room and phone.call.room == self.call.room)

    def conversation(self, session) -> Conversation:
        leg = conversations.leg_of(session, self.call.sid)
        assert leg is not None
        return leg.conversation

    def transfers(self, target: Target | None = None, kind: TransferKind = TransferKind.COLD, note: str = "") -> None:
        with database.writing_alone() as session:
            user = session.get_one(User, self.mia.id)
            to = target or Target(user_id=self.nils.id)
            conversation_wishes.transfer(
                session, self.conversation(session), to, kind, note, user, self.carrier.clock.now
            )

    def does(self, wish: Callable[..., None], user: User | None = None) -> None:
        with database.writing_alone() as session:
            by = session.get_one(User, (user or self.mia).id)
            wish(session, self.conversation(session), by, self.carrier.clock.now)

    def state_of(self, user: User) -> str:
        with database.reading() as session:
            return agent_presence.read_presence(session, user.id, self.carrier.clock.now).state

    def wraps_up(self, user: User, outcome: str = "passed_on", text: str = "") -> None:
        with database.writing_alone() as session:
            wrap_up.finish(session, session.get_one(User, user.id), outcome, text, self.carrier.clock.now)

    def ends_well(self) -> None:
        """Everybody hangs up, nobody is left, and nothing was heard that must not be."""
        self.carrier.hangs_up(self.call)
        self.carrier.clock.run(60)
        assert [call.handset.name for call in self.carrier.calls.values() if not call.is_over] == []
        assert self.carrier.faults == []


@pytest.fixture
def desk(simulated: Callable[..., SimulatedCarrier]) -> Desk:
    return Desk(simulated())


def test_handed_over_cold_the_caller_is_with_the_new_one_and_the_first_is_free(desk: Desk) -> None:
    desk.transfers(note="Needs the heating form.")
    desk.carrier.clock.run(2)
    assert desk.call.hears == "sound", "the caller hears a sentence and music"
    desk.carrier.clock.run(30)
    assert "Weiterleitung von Mia" in desk.nilss.heard
    assert desk.talks(desk.nilss)
    assert "Das Gespräch ist übergeben" in desk.mias.heard
    assert desk.mias.call is not None
    assert desk.mias.call.is_over
    assert (desk.state_of(desk.mia), desk.state_of(desk.nils)) == (PresenceState.WRAP_UP, PresenceState.TALKING)
    desk.wraps_up(desk.mia)
    desk.ends_well()
    desk.wraps_up(desk.nils, "settled", "Form sent.")
    with database.reading() as session:
        talked = desk.conversation(session)
        assert talked.note == "Mia: Needs the heating form.\n\nNils: Form sent."
        assert talked.outcome == "settled", "who had the caller last says how it ended"


@pytest.mark.parametrize("completes", ["hangs up", "key"])
def test_warm_the_member_talks_first_and_then_gives_the_caller_away(desk: Desk, completes: str) -> None:
    desk.transfers(kind=TransferKind.WARM)
    desk.carrier.clock.run(20)
    assert "Sie sprechen zuerst mit Mia" in desk.nilss.heard
    assert desk.mias.call is not None
    assert desk.nilss.call is not None
    assert desk.mias.call.room == desk.nilss.call.room != ""
    assert (desk.call.room, desk.call.hears) == ("", "sound"), "the caller hears music"
    if completes == "key":
        desk.does(conversation_wishes.hand_over)
    else:
        desk.carrier.hangs_up(desk.mias.call)
    desk.carrier.clock.run(15)
    assert desk.talks(desk.nilss)
    assert desk.mias.call.is_over
    desk.ends_well()


@pytest.mark.parametrize("before", [True, False], ids=["while they talk first", "with the caller"])
def test_warm_the_new_one_has_the_star_key_as_every_member(desk: Desk, *, before: bool) -> None:
    """They stay in the room when the caller becomes theirs: nothing new is executed by which they could get it."""
    aylin = Scripted(desk.carrier, "aylin", "+4915700000001")
    desk.transfers(kind=TransferKind.WARM)
    desk.carrier.clock.run(20)
    if not before:
        desk.does(conversation_wishes.hand_over)
        desk.carrier.clock.run(15)
    call = desk.nilss.call
    assert call is not None
    room, desk.nilss.key = call.room, ""
    for key in ("*", "7", "2"):  # an interpreter, for Turkish
        desk.carrier.presses(call, key)
        desk.carrier.clock.run(3)
    desk.carrier.clock.run(15)
    assert (call.room, aylin.call.room if aylin.call else "") == (room, room)
    if before:
        desk.does(conversation_wishes.hand_over)
        desk.carrier.clock.run(15)
    assert desk.talks(desk.nilss)
    desk.ends_well()


def test_warm_and_the_new_one_does_not_want_them(desk: Desk) -> None:
    desk.transfers(kind=TransferKind.WARM)
    desk.carrier.clock.run(20)
    assert desk.nilss.call is not None
    desk.carrier.hangs_up(desk.nilss.call)
    desk.carrier.clock.run(15)
    assert desk.talks(desk.mias)
    assert "nicht mehr in der Leitung" in desk.mias.heard
    assert desk.state_of(desk.nils) == PresenceState.AVAILABLE, "who had no caller wraps nothing up"
    desk.ends_well()


@pytest.mark.parametrize(
    ("answers", "key"), [(None, "1"), (2.0, "2"), (2.0, "")], ids=["lets it ring", "declines", "mailbox"]
)
def test_nobody_takes_them_and_they_are_back_with_the_member(
    simulated: Callable[..., SimulatedCarrier], answers: float | None, key: str
) -> None:
    desk = Desk(simulated(), nils=answers, key=key)
    desk.transfers()
    desk.carrier.clock.run(90)
    assert desk.talks(desk.mias)
    assert "Weiterleitung hat nicht geklappt" in desk.mias.heard
    desk.ends_well()


def test_who_hangs_up_while_it_rings_is_rung_again_if_nobody_takes_them(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    desk = Desk(simulated(), nils=None)
    desk.transfers()
    desk.carrier.clock.run(3)
    assert desk.mias.call is not None
    desk.carrier.hangs_up(desk.mias.call)
    desk.carrier.clock.run(3)
    with pytest.raises(Refused, match="transfer_goes_on"):
        desk.wraps_up(desk.mia)
    desk.carrier.clock.run(90)
    assert len(desk.mias.rung) == 2
    assert desk.talks(desk.mias)
    desk.ends_well()
    desk.wraps_up(desk.mia, "settled")


def test_nobody_comes_at_all_and_the_caller_is_offered_to_be_called(simulated: Callable[..., SimulatedCarrier]) -> None:
    desk = Desk(simulated(), nils=None)
    desk.transfers()
    desk.carrier.clock.run(3)
    assert desk.mias.call is not None
    desk.mias.answers = None
    desk.carrier.hangs_up(desk.mias.call)
    desk.carrier.clock.run(150)
    assert any("/voice/talk-over" in one for one in desk.call.story), "they hear that it is over, and may choose"
    assert desk.state_of(desk.mia) == PresenceState.WRAP_UP
    desk.ends_well()


def test_any_free_member_of_a_team_is_rung_one_after_the_other(simulated: Callable[..., SimulatedCarrier]) -> None:
    desk = Desk(simulated(), nils=None)
    desk.carrier.clock.run(1)
    _ole, oles = member(desk.carrier, "ole")
    with database.reading() as session:
        team = teams.by_key(session, "benefits", "")
        assert transfers.free_of(session, team, desk.mia, desk.carrier.clock.now) == 2
    desk.transfers(Target(team_id=team.id))
    desk.carrier.clock.run(90)
    assert (len(desk.nilss.rung), len(oles.rung)) == (1, 1)
    assert desk.talks(oles)
    desk.ends_well()


def test_an_office_of_the_directory_takes_the_caller_over(desk: Desk) -> None:
    office = Scripted(desk.carrier, "office", OFFICE)
    with database.writing_alone() as session:
        entry = Listed(DirectoryKind.OFFICE, "Wohngeldstelle", OFFICE, {"monday": "08:00-16:00"})
        entry_id = directory.add(session, entry, desk.mia, Actor("Lena", "supervisor"), desk.carrier.clock.now).id
        number, name = companions.listed(session, entry_id, desk.carrier.clock.now)
    desk.transfers(Target(number=number, name=name))
    desk.carrier.clock.run(30)
    assert "eine anrufende Person zu Ihnen durchstellen" in office.heard
    assert "Leistung" not in office.heard, "what it is about stays in the house"
    assert desk.talks(office), "and nobody asks a German speaker whether somebody is to translate"
    assert office.call is not None
    desk.carrier.presses(office.call, "*")
    assert office.call.room, "the star key is the members'"
    desk.ends_well()


@pytest.mark.parametrize("kind", list(TransferKind))
@pytest.mark.parametrize("after", [1.0, 6.0, 12.0])
@pytest.mark.parametrize("who", ["caller", "both"])
def test_who_hangs_up_in_the_middle_leaves_nobody_behind(
    desk: Desk, kind: TransferKind, after: float, who: str
) -> None:
    desk.transfers(kind=kind)
    desk.carrier.clock.run(after)
    calls: list[SimulatedCall | None] = [desk.call, *([desk.mias.call] if who == "both" else [])]
    for call in filter(None, calls):
        desk.carrier.hangs_up(call)
    desk.carrier.clock.run(60)
    assert [call.handset.name for call in desk.carrier.calls.values() if not call.is_over] == []
    assert desk.carrier.faults == []
    assert desk.state_of(desk.mia) == PresenceState.WRAP_UP
    assert desk.state_of(desk.nils) in (PresenceState.AVAILABLE, PresenceState.WRAP_UP)


def test_a_transfer_that_cannot_be_is_refused_and_changes_nothing(desk: Desk) -> None:
    now = desk.carrier.clock.now
    with database.writing_alone() as session:
        agent_presence.stop_answering(session, session.get_one(User, desk.nils.id), now, for_good=True)
    for target, reason in (
        (Target(user_id=desk.mia.id), "transfer_to_yourself"),
        (Target(user_id=desk.nils.id), "not_there"),
        (Target(team_id=987), "not_there"),
    ):
        with pytest.raises(Refused, match=reason):
            desk.transfers(target)
    assert desk.talks(desk.mias)
    _ole, _ = member(desk.carrier, "ole")
    desk.transfers(Target(user_id=_ole.id), TransferKind.WARM)
    with pytest.raises(Refused, match="transfer_goes_on"):
        desk.transfers(Target(user_id=_ole.id))
    with pytest.raises(Refused, match="no_transfer"):
        desk.does(conversation_wishes.hand_over)
    with pytest.raises(Refused, match="no_conversation"):
        desk.does(conversation_wishes.hold, _ole)
    desk.ends_well()


def test_on_hold_the_caller_hears_music_and_is_back_when_the_member_wants(desk: Desk) -> None:
    desk.does(conversation_wishes.hold)
    desk.carrier.clock.run(60)
    assert (desk.call.room, desk.call.hears) == ("", "sound")
    with pytest.raises(Refused, match="no_conversation"):
        desk.does(conversation_wishes.hold)
    desk.does(conversation_wishes.resume)
    desk.carrier.clock.run(5)
    assert desk.talks(desk.mias)
    with pytest.raises(Refused, match="nobody_waits"):
        desk.does(conversation_wishes.resume)
    desk.ends_well()


def test_who_takes_the_caller_back_while_it_rings_ends_the_ringing(simulated: Callable[..., SimulatedCarrier]) -> None:
    desk = Desk(simulated(), nils=8.0)
    desk.transfers()
    desk.carrier.clock.run(4)
    desk.does(conversation_wishes.resume)
    desk.carrier.clock.run(20)
    assert desk.talks(desk.mias)
    assert desk.state_of(desk.nils) == PresenceState.AVAILABLE
    desk.transfers()
    desk.ends_well()


def test_with_the_new_one_there_the_member_may_bring_the_caller_back_to_both(desk: Desk) -> None:
    desk.transfers(kind=TransferKind.WARM)
    desk.carrier.clock.run(20)
    desk.does(conversation_wishes.resume)
    desk.carrier.clock.run(10)
    assert desk.talks(desk.mias)
    assert desk.talks(desk.nilss)
    desk.ends_well()


def test_the_task_of_a_callback_goes_with_the_caller(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, mias = member(carrier)
    nils, nilss = member(carrier, "nils")
    called = Scripted(carrier, "called", "+4942112345")
    task_id = a_task(number=called.number)
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, task_id)
        outbound_callbacks.begin(session, task, session.get_one(User, mia.id), carrier.clock.now)
    carrier.clock.run(40)
    assert called.call is not None
    assert mias.call is not None
    assert called.call.room == mias.call.room != ""
    with database.writing_alone() as session:
        talk = conversations.of_user(session, mia.id)
        assert talk is not None
        user = session.get_one(User, mia.id)
        to = Target(user_id=nils.id)
        conversation_wishes.transfer(session, talk, to, TransferKind.COLD, "Was told.", user, carrier.clock.now)
        assert conversation_notes.written_by(talk, user) == "Was told."
    carrier.clock.run(30)
    assert nilss.call is not None
    assert nilss.call.room == called.call.room != ""
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).claimed_by_id == nils.id
    carrier.hangs_up(called.call)
    carrier.clock.run(30)
    assert carrier.faults == []


@pytest.mark.parametrize("kind", list(TransferKind))
@pytest.mark.parametrize(("after", "state"), [(1.0, TaskState.OPEN), (20.0, TaskState.CLOSED)])
def test_an_emergency_that_is_lost_while_it_is_given_away_is_a_task(
    desk: Desk, kind: TransferKind, after: float, state: TaskState
) -> None:
    """Who has talked with the one they were given to has been served; who has waited for them has not."""
    with database.writing_alone() as session:
        call = session.scalars(select(Call).where(Call.call_sid == desk.call.sid)).one()
        request = Request(concern=Concern.EMERGENCY, emergency_kind=EmergencyKind.POWER_CUT)
        emergency_reports.report(session, call, request, desk.carrier.clock.now)
    desk.transfers(kind=kind)
    desk.carrier.clock.run(after)
    if kind == TransferKind.WARM and state == TaskState.CLOSED:
        assert desk.mias.call is not None
        desk.carrier.hangs_up(desk.mias.call)
        desk.carrier.clock.run(10)
    desk.carrier.hangs_up(desk.call)
    desk.carrier.clock.run(60)
    with database.reading() as session:
        task = session.scalars(select(CallbackTask)).one()
        assert (task.state, task.unconfirmed) == (state, True)
