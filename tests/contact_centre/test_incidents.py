"""Protection of staff: what is marked is seen and kept, no number is blocked by itself, and nobody calls back alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.calls import screening
from ivr.contact_centre import conversation_wishes, conversations, incidents, outbound_callbacks
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation
from ivr.models.incidents import Incident
from ivr.platform import database
from ivr.privacy import expired_data
from tests.support.people import a_task
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import InTurkish, Scripted, member

ANGRY = "+4942112345"
MIA = Actor("Mia", "member")


def a_talk(carrier: SimulatedCarrier, caller: type[Waiting] = Waiting) -> tuple[User, Scripted, SimulatedCall]:
    mia, phone = member(carrier)
    call = carrier.dials_in(caller(carrier, "caller", ANGRY))
    carrier.clock.run(60)
    assert phone.call is not None
    assert phone.call.room
    return mia, phone, call


def marks(carrier: SimulatedCarrier, by: User, kind: str, text: str = "", *, emergency: bool = False) -> int:
    with database.writing_alone() as session:
        talk = conversations.of_user(session, by.id)
        assert isinstance(talk, Conversation)
        if emergency:
            talk.urgency = "emergency"
        user = session.get_one(User, by.id)
        return incidents.mark(session, talk, kind, text, user, MIA, carrier.clock.now).id


def test_a_marked_call_is_kept_with_number_and_words_and_blocks_nobody_by_itself(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    carrier = simulated()
    mia, _, _ = a_talk(carrier)
    first = marks(carrier, mia, "threat", "I know where you live.")
    assert marks(carrier, mia, "threat", "And I come.") == first, "the same mark again adds its words"
    with database.reading() as session:
        one = session.get_one(Incident, first)
        assert (one.number, one.text) == (ANGRY, "I know where you live.\nAnd I come.")
        assert one.proposal == "proposed"
        assert not screening.is_blocked(session, ANGRY, carrier.clock.now)


def test_in_an_emergency_no_block_is_proposed(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, _, _ = a_talk(carrier)
    with database.reading() as session:
        assert session.get_one(Incident, marks(carrier, mia, "abuse", emergency=True)).proposal == "none"


def test_a_call_is_ended_with_a_sentence_in_the_callers_language(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, phone, call = a_talk(carrier, InTurkish)
    with database.writing_alone() as session:
        talk = conversations.of_user(session, mia.id)
        assert talk is not None
        conversation_wishes.cut_off(session, talk, session.get_one(User, mia.id), carrier.clock.now)
    carrier.clock.run(20)
    assert call.handset.prompts == ["ended_by_us"]
    assert call.is_over
    assert phone.call is not None
    assert phone.call.is_over
    assert carrier.faults == []


def test_who_was_threatened_calls_nobody_back_alone(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, _, call = a_talk(carrier)
    incident = marks(carrier, mia, "threat")
    carrier.hangs_up(call)
    carrier.clock.run(30)
    task_id = a_task(number=ANGRY)
    nils, _ = member(carrier, "nils")
    ole, oles = member(carrier, "ole")
    called = Scripted(carrier, "called", ANGRY)

    def calls_back(second: int | None) -> None:
        with database.writing_alone() as session:
            task, user = session.get_one(CallbackTask, task_id), session.get_one(User, nils.id)
            outbound_callbacks.begin(session, task, user, carrier.clock.now, second_id=second)

    for second, reason in ((None, "not_alone"), (nils.id, "not_there"), (987, "not_there")):
        with pytest.raises(Refused, match=reason):
            calls_back(second)
    oles.answers = 10.0
    calls_back(ole.id)
    carrier.clock.run(9)
    assert called.rung == [], "the caller is not dialled before the second one is there"
    carrier.clock.run(40)
    assert "Rückruf zu zweit" in oles.heard
    assert called.call is not None
    assert oles.call is not None
    assert called.call.room == oles.call.room != ""
    carrier.hangs_up(called.call)
    carrier.clock.run(30)
    assert carrier.faults == []
    with database.writing() as session:
        lena = session.get_one(User, ole.id)
        incidents.dismiss(session, session.get_one(Incident, incident), lena, MIA, carrier.clock.now)
        assert not incidents.has_threatened(session, session.get_one(CallbackTask, task_id))


def test_without_the_second_one_nobody_is_dialled(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, mias, call = a_talk(carrier)
    marks(carrier, mia, "threat")
    carrier.hangs_up(call)
    carrier.clock.run(30)
    task_id = a_task(number=ANGRY)
    nils, nilss = member(carrier, "nils")
    ole, _oles = member(carrier, "ole")
    _oles.key = "2"
    called = Scripted(carrier, "called", ANGRY)
    with database.writing_alone() as session:
        task, user = session.get_one(CallbackTask, task_id), session.get_one(User, nils.id)
        outbound_callbacks.begin(session, task, user, carrier.clock.now, second_id=ole.id)
    carrier.clock.run(60)
    assert called.rung == []
    assert "nicht erreicht" in nilss.heard
    assert nilss.call is not None
    carrier.hangs_up(nilss.call)
    carrier.clock.run(30)
    assert carrier.faults == []
    assert mias.call is not None


def test_evidence_has_a_period_of_its_own(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, _, _ = a_talk(carrier)
    marks(carrier, mia, "abuse")
    (part,) = expired_data.KINDS["incident"]
    with database.writing() as session:
        before, after = carrier.clock.now - timedelta(days=1), carrier.clock.now + timedelta(days=1)
        assert session.scalars(part.select_due(before)).all() == []
        part.delete(session, session.scalars(part.select_due(after)).all())
        assert session.scalar(select(func.count(Incident.id))) == 0
