"""One number that rings without end, blocked numbers, and events that come twice, late, or the wrong way round."""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from ivr import prompts
from ivr.accounts import users
from ivr.callbacks.request import Request
from ivr.calls import call_counters, calls, screening
from ivr.contact_centre import call_distribution, call_queue, conversations, leg_events
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg, QueueEntry
from ivr.models.screening import FrequentCaller
from ivr.platform import database, write_behind
from ivr.telephony.flow_context import FlowContext
from ivr.web.app import create_app
from ivr.workers import carrier_reconciliation
from tests.support.call_queue import conversation_of, entry_of, waits
from tests.support.caller import Caller, Telephone
from tests.support.running_hotline import RunningHotline
from tests.support.volume import volume
from tests.support.waiting import eventually

#: The flood keeps its rate, 2,000 calls a minute; `make soak` goes on with it for five minutes.
MINUTES = volume(test=1, soak=20) / 4
FLOOD, ORDINARY = int(2000 * MINUTES), max(50, int(100 * MINUTES))


#: Processes that answer calls. Each knows of a number that rings too often once it has rung there.
PROCESSES = 2
#: Seconds after which every process knows of a block, with some more for a busy machine.
SECOND = 1.2


def ordinary(hotline: RunningHotline, number: str) -> tuple[str, list[str]]:
    """Somebody who rings in opening hours and wants to be called back if nobody is there."""
    heard: list[str] = []
    person = ScriptedCaller(
        keys=["1", "1", "-", "2", "1", "28195", "3"], on_event=lambda event: heard.append(str(event.get("text", "")))
    )
    report = hotline.switch.call(ScriptedLine(person), number, {"SipHeader_X-Hotline-At": "open"})
    # A request that the carrier repeats because a busy machine was slow is no fault: the task is the verdict.
    assert [error for error in report.errors if not error.startswith("11205")] == []
    return report.call_sid, heard


@pytest.mark.soak
def test_a_flood_from_three_numbers_leaves_everybody_else_served(call_queue_hotline, live_tasks_of) -> None:
    """Everybody else gets a task, and what is kept is bounded. `python -m benchmarks flood` measures the answers."""
    numbers = [f"+49170{index:07d}" for index in range(ORDINARY)]
    dice, begin = random.Random(5), time.monotonic()
    before = _rows()

    def nuisance(index: int) -> None:
        # 2,000 in 60 s, whether or not the hotline keeps up
        time.sleep(max(0.0, begin + index * 60 * MINUTES / FLOOD - time.monotonic()))
        robot = ScriptedCaller(keys=[dice.choice("12*#-")], hangs_up=True)
        call_queue_hotline.switch.call(
            ScriptedLine(robot), f"+4917199999{index % 3:02d}", {"SipHeader_X-Hotline-At": "open"}
        )

    def neighbour(index: int) -> tuple[str, list[str]]:
        time.sleep(max(0.0, begin + index * 60 * MINUTES / ORDINARY - time.monotonic()))
        return ordinary(call_queue_hotline, numbers[index])

    with ThreadPoolExecutor(24) as robots, ThreadPoolExecutor(8) as crowd:
        storm = [robots.submit(nuisance, index) for index in range(FLOOD)]
        served = list(crowd.map(neighbour, range(ORDINARY)))
        for one in storm:
            one.result()
    lasted = time.monotonic() - begin  # longer than it should on a busy machine

    for call_sid, heard in served:
        assert len(live_tasks_of(call_sid)) == 1, heard
    # Processes tell of whom they held off in their own time; a busy machine is behind with that.
    eventually(lambda: len(_frequent()) >= 3 and sum(one.calls for one in _frequent()) > FLOOD * 0.9, 60)
    grown = _rows() - before
    minutes = math.ceil(lasted / 60)
    assert grown <= ORDINARY + 3 * (call_queue_hotline.settings.calls_a_minute + PROCESSES) * (minutes + 1) + 3, (
        "what is kept of a flood is bounded"
    )


def _rows() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(Call.id))) or 0


def _frequent() -> list[FrequentCaller]:
    with database.reading() as session:
        return list(screening.frequent(session))


def is_held_off_everywhere(hotline: RunningHotline, number: str) -> None:
    """Ring until every process holds the number off. Each learns of it when the number rings there."""
    asked_to_wait = prompts.catalogue("de")["held_off"]
    in_a_row = 0
    for _ in range(200):
        heard: list[str] = []
        robot = ScriptedCaller(hangs_up=True, on_event=lambda event, heard=heard: heard.append(str(event.get("text"))))
        hotline.switch.call(ScriptedLine(robot), number, {"SipHeader_X-Hotline-At": "closed"})
        in_a_row = in_a_row + 1 if asked_to_wait in heard else 0
        if in_a_row == 12:
            return
    raise AssertionError("a process does not hold the number off")


def calls_too_often(hotline: RunningHotline, number: str) -> None:
    while not screening.too_often(number):
        call_counters.tell()
    is_held_off_everywhere(hotline, number)


def test_who_is_held_off_can_still_report_an_emergency(caller_at_menu, team) -> None:
    number = "+4917188888888"
    team.member("mia")
    calls_too_often(team.hotline, number)
    person = Caller(team.hotline.switch, number, at="open").dials()
    person.hears("held_off").presses("9").hears("emergency").presses("1").hears("transfer").stays_silent()
    person.waits_in_line().hangs_up()
    calls_too_often(team.hotline, number)  # a minute may have passed
    again = Caller(team.hotline.switch, number, at="open").dials()
    again.hears("held_off").presses("0").hears("goodbye").is_sent_off()


def test_a_blocked_number_hears_how_to_write_and_the_block_is_logged(team) -> None:
    number = "+4917177777777"
    team.member("mia")
    with database.writing() as session:
        mia = session.get_one(User, team.people["mia"][0].id)
        with pytest.raises(ValueError, match="reason"):
            screening.block(session, number, 3, " ", mia, utc_now())
        blocked = screening.block(session, number, 3, "Bedroht Mitarbeitende", mia, utc_now())
        session.flush()
        block_id = blocked.id
    time.sleep(SECOND)
    person = Caller(team.hotline.switch, number, at="open").dials()
    person.hears("blocked").stays_silent().hears("goodbye").is_sent_off()
    urgent = Caller(team.hotline.switch, number, at="open").dials()
    urgent.hears("blocked").presses("9").hears("emergency").hangs_up()
    with database.writing() as session:
        screening.lift(session, block_id, session.get_one(User, team.people["mia"][0].id), utc_now())
    time.sleep(SECOND)
    Caller(team.hotline.switch, number, at="open").dials().hears("choose_language").hangs_up()
    with database.reading() as session:
        (kept,) = [one for one in screening.blocks(session) if one.number == number]
        assert (kept.reason, kept.lifted_at is not None) == ("Bedroht Mitarbeitende", True)


# -- one truth ---------------------------------------------------------------------------------------


def test_two_members_press_1_at_the_same_moment_and_one_has_the_caller(caller_at_menu, team) -> None:
    """The first one's telephone counted as lost and the next was rung; then both press."""
    mia, nils = team.member("mia"), team.member("nils")
    person = waits(caller_at_menu())
    mia.answers().is_told("Annehmen")
    with database.writing() as session:
        leg = session.get_one(Leg, entry_of(person).offered_leg_id)
        call_distribution.refused(session, leg, "no_answer", utc_now())
        call_distribution.match(session, utc_now())
    nils.answers().is_told("Annehmen")
    barrier = threading.Barrier(2)

    def press(member: Telephone) -> None:
        barrier.wait()
        member.presses("1")

    both = [threading.Thread(target=press, args=(member,)) for member in (mia, nils)]
    for one in both:
        one.start()
    person.is_talking()
    eventually(lambda: entry_of(person).state == "answered")
    with database.reading() as session:
        room = session.get_one(Leg, entry_of(person).offered_leg_id)
        winner = room.user_id
    names = {team.people[name][0].id: phone for name, (_, phone) in team.people.items()}
    names[winner].is_talking()
    (other,) = [phone for user_id, phone in names.items() if user_id != winner]
    other.is_told("erledigt").has_hung_up()
    person.hangs_up()
    names[winner].has_hung_up()


@pytest.fixture
def faulty_status_callbacks(call_queue_hotline, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Each status callback is delivered twice, and those that come close together in reverse order."""
    post, held, lock = call_queue_hotline.switch.post_status, [], threading.Lock()
    done = threading.Event()

    def deliver() -> None:
        while not done.wait(0.15):
            with lock:
                batch, held[:] = held[::-1], []
            for url, form in itertools.chain.from_iterable((item, item) for item in batch):
                post(url, form)

    def hold(url: str, form: object) -> None:
        with lock:
            held.append((url, form))

    monkeypatch.setattr(call_queue_hotline.switch, "post_status", hold)
    courier = threading.Thread(target=deliver, daemon=True)
    courier.start()
    yield lambda: None
    done.set()
    courier.join()
    for url, form in held:
        post(url, form)


def test_events_twice_and_in_reverse_order_tell_one_truth(caller_at_menu, team, faulty_status_callbacks) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.accepts()
    person.is_talking()
    eventually(lambda: conversation_of(person).connected_at is not None)
    person.hangs_up()
    mia.has_hung_up()
    eventually(lambda: team.state("mia") == "wrap_up")
    conversation = conversation_of(person)
    assert conversation.state == "ended"
    with database.reading() as session:
        legs = session.scalars(select(Leg).where(Leg.conversation_id == conversation.id).order_by(Leg.id)).all()
        assert [(leg.role, leg.state, leg.joined_at is not None) for leg in legs] == [
            ("member", "ended", True), ("caller", "ended", True),
        ]  # fmt: skip
        call = session.scalars(select(Call).where(Call.call_sid == person.call_sid)).one()
        assert (call.state, call.ending) == ("ended", "connected")
        assert len(session.scalars(select(QueueEntry).where(QueueEntry.call_id == call.id)).all()) == 1
    team.wraps_up("mia")
    assert team.state("mia") == "available"


def test_the_end_of_a_call_before_its_queue_action(caller_at_menu, team) -> None:
    """A status callback was seen before the queue action of the same call."""
    team.member("mia")
    person = waits(caller_at_menu())
    with database.writing() as session:
        call = session.scalars(select(Call).where(Call.call_sid == person.call_sid)).one()
        leg_events.callers_call_over(session, call, utc_now())
    assert (entry_of(person).state, entry_of(person).reason) == ("left", "hung_up")
    person.hangs_up()
    time.sleep(0.3)
    assert (entry_of(person).state, entry_of(person).reason) == ("left", "hung_up")
    with database.reading() as session:
        assert conversations.leg_of(session, person.call_sid) is None


def desk_of(hotline: RunningHotline):
    """A supervisor at the desk."""
    with database.writing() as session:
        if session.scalar(select(User.id).where(User.username == "chief")) is None:
            users.add(session, "chief", "Chief", "supervisor", "correct horse battery staple", ["benefits"])
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert (
        client.post("/login", data={"username": "chief", "password": "correct horse battery staple"}).status_code == 302
    )
    return client


def rings(hotline: RunningHotline, number: str, keys: list[str]) -> str:
    robot = ScriptedCaller(keys=keys, hangs_up=True)
    return hotline.switch.call(ScriptedLine(robot), number, {"SipHeader_X-Hotline-At": "closed"}).call_sid


@pytest.mark.parametrize("number", ["anonymous", "+4942100", "+499001234567"])
def test_a_flood_of_withheld_or_made_up_numbers_takes_no_more_room(call_queue_hotline, number: str) -> None:
    """They are served all the same: who asks for something is written down."""
    before, began = _rows(), utc_now()
    limits = call_queue_hotline.settings
    most = limits.withheld_calls_a_minute if number == "anonymous" else limits.calls_a_minute
    for _ in range(most + 30):
        rings(call_queue_hotline, number, ["1"])
    eventually(lambda: _rows() > before)
    write_behind.flush()
    assert _rows() - before <= most + 1 + PROCESSES
    assert any(one.number == ("withheld" if number == "anonymous" else number) for one in _frequent())
    client = desk_of(call_queue_hotline)
    assert client.get("/supervision/unwanted").status_code == 200
    report = carrier_reconciliation.reconcile(began)
    assert report.calls_found <= 2, "what was not written down of a flood is not found again"
    if number == "anonymous":
        asked = rings(call_queue_hotline, number, ["1", "1", "2"])
        with database.reading() as session:
            assert session.scalar(select(CallbackTask.id).join(Call).where(Call.call_sid == asked))


def test_a_blocked_number_that_rings_without_end_leaves_few_traces(call_queue_hotline) -> None:
    with database.writing() as session:
        boss = users.add(session, "boss2", "Boss", "supervisor", "x" * 12, [])
        session.flush()
        screening.block(session, "+4917055500001", 1, "Telefonterror", boss, utc_now())
    time.sleep(SECOND)
    before = _rows()
    for _ in range(40):
        rings(call_queue_hotline, "+4917055500001", ["1"])
    write_behind.flush()
    assert _rows() - before <= call_queue_hotline.settings.calls_a_minute + 1 + PROCESSES


def test_one_unwanted_number_does_not_fill_the_line_with_emergencies(call_queue_hotline, team) -> None:
    """Its emergency gets through, once; further ones reach the voicebox."""
    team.member("nora")
    with database.writing() as session:
        context = FlowContext("CA1", lambda: "+4917055500002", utc_now())
        call = calls.seen(session, "CAflood", "+4917055500002", utc_now())
        call_queue.enter(session, call, 1, Request(concern="emergency"), "de", "", utc_now())
        session.flush()
        assert not context._holds_a_place(session)
        for _ in range(call_queue_hotline.settings.calls_a_minute + 1):
            screening.too_often("+4917055500002")
        assert context._holds_a_place(session)
        session.rollback()
