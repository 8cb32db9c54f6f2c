"""What callers are promised is in the database before they hear it, wherever they hang up."""

from __future__ import annotations

import json
import random
import secrets
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.accounts import users
from ivr.callbacks import alert_digest, attempts, claims, contacts, queries, silent_callers, sms, workflow
from ivr.callbacks.request import Request
from ivr.calls import screening
from ivr.config.settings import Settings
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    call_queue,
    kept_places,
    leg_events,
    queue_order,
    wrap_up,
)
from ivr.domain.enums import Held, Outcome, ReplyBy, Screening, TaskKind
from ivr.domain.routing import TEAMS
from ivr.domain.timestamps import utc_now
from ivr.flows.prompt_promises import PROMISES
from ivr.models.accounts import User
from ivr.models.alerts import AlertItem
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg, QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import database, write_behind
from tests.support.environment import forget_settings
from tests.support.outages import FOR_GOOD, Outage
from tests.support.people import hire, hire_on_a_call
from tests.support.volume import volume
from tests.support.webhook_caller import Hotline, WebhookCaller

#: German, then the main menu.
GERMAN = "1"


def tasks_of(person: WebhookCaller) -> list[CallbackTask]:
    with database.reading() as session:
        query = select(CallbackTask).join(Contact).join(Call, Contact.call_id == Call.id)
        return list(session.scalars(query.where(Call.call_sid == person.sid).order_by(CallbackTask.id)))


def the_task(person: WebhookCaller) -> CallbackTask:
    (task,) = tasks_of(person)
    return task


# -- emergencies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "kind"), [("1", "no_money"), ("2", "power_cut"), ("3", "housing"), ("4", "other")])
def test_an_emergency_is_a_task_from_the_key_that_says_what_it_is(webhook_caller, key: str, kind: str) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9")
    assert tasks_of(person) == []
    person.presses(key).hears("consent_emergency").does_not_hear("promise_emergency").hangs_up()
    task = the_task(person)
    assert (task.concern, task.urgency, task.emergency_kind, task.state) == ("emergency", "emergency", kind, "open")
    assert task.callback_number == person.number
    assert task.unconfirmed
    assert not task.provisional


def test_an_emergency_whose_caller_does_not_say_what_it_is_is_one_too(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "", "").hears("consent_emergency").hangs_up()
    assert (the_task(person).emergency_kind, the_task(person).unconfirmed) == ("other", True)


def test_without_a_number_nothing_is_promised_before_somebody_asks(webhook_caller) -> None:
    person = webhook_caller("anonymous").dials().presses(GERMAN, "9", "1").hears("consent_emergency")
    person.does_not_hear("promise_emergency").hangs_up()
    assert tasks_of(person) == []


@pytest.mark.parametrize("screened", list(Screening))
def test_a_screened_number_has_no_emergency_by_a_key_alone(webhook_caller, screened: Screening, monkeypatch) -> None:
    person = webhook_caller()
    if screened == Screening.BLOCKED:
        boss = hire()["lena"]
        with database.writing() as session:
            screening.block(session, person.number, 3, "Telefonterror", boss, utc_now())
    else:
        monkeypatch.setattr(screening, "too_often", lambda number, call_sid: True)
    person.dials().presses("9", "1").hears("consent_emergency").does_not_hear("promise_emergency")
    assert tasks_of(person) == []
    person.presses("2", "1")
    assert not the_task(person).unconfirmed, "who asks for a callback is heard"


@pytest.mark.parametrize("how", ["agrees to be recorded", "asks for a callback", "speaks", "hangs up in mid-speech"])
def test_an_emergency_is_confirmed_by_consent_or_a_wish(webhook_caller, how: str) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "2")
    assert the_task(person).unconfirmed
    person.presses("2" if how == "asks for a callback" else "1")
    assert not the_task(person).unconfirmed
    if how == "speaks":
        person.speaks().hears("review")
    if how == "hangs up in mid-speech":
        person.speaks(hangs_up=True)
    if not person.is_over:
        person.hangs_up()
    assert the_task(person).state == "open"


def test_silence_after_the_tone_takes_no_emergency_back(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "2", "1").speaks(0).speaks(0).speaks(0).hangs_up()
    assert the_task(person).state == "open"


def test_who_stays_silent_at_the_question_about_the_recording_hears_their_code(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "2", "", "").hears("receipt").hears("promise_emergency")
    assert person.is_over
    assert the_task(person).unconfirmed, "nothing was agreed to or asked for"


def test_a_failure_of_ours_still_leads_an_emergency_to_the_voicebox(webhook_caller, webhooks: Hotline) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "2")
    person._request("/voice/fallback", ErrorCode="11200", ErrorUrl=person.address)
    person.hears("technical_problem").hears("consent")


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS", json.dumps([{"name": "all", "to": "team@example.org"}]))
    monkeypatch.setenv("SMTP_URL", "smtp://localhost:1")
    forget_settings()


def told_at(now: datetime) -> int:
    with database.writing() as session:
        return alert_digest.write_due_messages(session, now)


#: Friday in Bremen: a quarter past one at night, and ten in the morning.
NIGHT, MORNING = datetime(2026, 11, 27, 0, 15, tzinfo=UTC), datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def test_nobody_is_woken_by_an_emergency_that_is_not_confirmed(alerts, webhook_caller, webhook_clock) -> None:
    webhook_clock(NIGHT)
    webhook_caller(at="clock").dials().presses(GERMAN, "9", "1").hangs_up()
    assert told_at(NIGHT + timedelta(minutes=5)) == 0
    assert told_at(datetime(2026, 11, 27, 6, 59, tzinfo=UTC)) == 0
    assert told_at(datetime(2026, 11, 27, 7, 0, tzinfo=UTC)) == 1, "the hotline opens at eight"


def test_an_emergency_that_is_confirmed_at_night_is_told_at_once(alerts, webhook_caller, webhook_clock) -> None:
    webhook_clock(NIGHT)
    person = webhook_caller(at="clock").dials().presses(GERMAN, "9", "1")
    assert told_at(NIGHT) == 0
    person.presses("2")
    assert told_at(NIGHT) == 1


def test_by_day_it_is_told_when_the_caller_has_gone_without_an_answer(alerts, webhook_caller, webhook_clock) -> None:
    webhook_clock(MORNING)
    person = webhook_caller(at="clock").dials().presses(GERMAN, "9", "1")
    assert told_at(MORNING) == 0, "the caller is still on the telephone"
    person.hangs_up()
    assert told_at(MORNING) == 1


def test_it_comes_first_and_is_not_offered_while_its_caller_is_on_the_telephone(webhook_caller) -> None:
    people = hire()
    ordinary = webhook_caller().dials().presses(GERMAN, "1", "2").hangs_up()
    person = webhook_caller().dials().presses(GERMAN, "9", "1")
    with database.reading() as session:
        mia = session.get_one(User, people["mia"].id)
        listed = queries.in_view(session, mia, "open", now=utc_now())
        first = listed.tasks[0] if hasattr(listed, "tasks") else listed[0]
        assert first.id == the_task(person).id
        assert queries.candidates(session, mia, ["de"], utc_now()) == [the_task(ordinary).id]
    person.hangs_up()
    with database.reading() as session:
        assert queries.candidates(session, mia, ["de"], utc_now())[0] == the_task(person).id


def test_the_time_that_is_promised_is_never_later_than_the_deadline_of_the_row(webhook_caller, webhook_clock) -> None:
    webhook_clock(MORNING + timedelta(minutes=34, seconds=20))
    person = webhook_caller(at="clock").dials().presses(GERMAN, "9", "1", "1", "2").hears("promise_emergency")
    due_at = the_task(person).due_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (due_at.hour, due_at.minute) == (12, 34)
    assert "bis zwölf Uhr dreißig" in person.text, "five minutes are told, the earlier ones"


def test_who_asks_by_code_for_a_callback_without_a_recording_has_the_wish_in_the_history(webhook_caller) -> None:
    owner = webhook_caller().dials().presses(GERMAN, "1", "2")
    while not owner.is_over:
        owner.presses("1")
    task = the_task(owner)
    again = webhook_caller("anonymous").dials().presses(GERMAN, "3", "4", task.receipt_code, "0", "2").hears("noted")
    again.presses("1", "0", "2").hears("noted").hangs_up()
    with database.reading() as session:
        kinds = [event.kind for event in session.get_one(CallbackTask, task.id).events]
    assert kinds == ["opened", "called_again", "callback_wanted"]


# -- the call queue -----------------------------------------------------------------------------------


@pytest.fixture
def mia(empty_database: Settings) -> User:
    """A member of the team for emergencies, at her telephone but on another call."""
    return hire_on_a_call("mia")


def waits(person: WebhookCaller, *keys: str) -> WebhookCaller:
    """In opening hours, up to the call queue."""
    person.dials().presses(GERMAN, *keys, "")
    assert person.verb == "Enqueue", person.last
    return person


def test_an_emergency_that_hangs_up_in_the_queue_is_a_task(webhook_caller, mia: User) -> None:
    person = waits(webhook_caller(at="open"), "9", "3")
    person.waits().hears("line_position").hangs_up()
    task = the_task(person)
    assert (task.state, task.unconfirmed, task.emergency_kind) == ("open", True, "housing")


def test_an_emergency_keyed_while_waiting_is_a_task_too(webhook_caller, mia: User) -> None:
    person = waits(webhook_caller(at="open"), "1").waits("9").hears("emergency").presses("4").hangs_up()
    assert [task.emergency_kind for task in tasks_of(person)] == ["other"]


def talks(person: WebhookCaller, mia: User) -> Leg:
    """A member accepts, and both are in the room."""
    now = utc_now()
    with database.writing_alone() as session:
        agent_presence.get_or_create(session, mia.id, now).state = "available"
        (leg,) = call_distribution.match(session, now)
        leg_events.answered(session, leg, "CA" + secrets.token_hex(16), now)
        assert leg_events.accepted(session, leg, now)
        entry_id = leg.conversation.entry_id
    person._request(f"/voice/connected?entry={entry_id}")
    assert person.verb == "Dial"
    with database.writing_alone() as session:
        leg = session.get_one(Leg, leg.id)
        callers = [one for one in leg.conversation.legs if one.role == "caller"]
        for number, one in enumerate((leg, *callers), start=1):
            leg_events.in_room(session, one, number, now + timedelta(seconds=2))
    return leg


def test_it_is_closed_with_the_conversation_if_its_caller_is_served(webhook_caller, mia: User, alerts) -> None:
    person = waits(webhook_caller(at="open"), "9", "1")
    talks(person, mia)
    assert the_task(person).state == "open"
    person.hangs_up()
    task = the_task(person)
    assert (task.state, task.outcome) == ("closed", Outcome.TALKED)
    with database.reading() as session:
        assert session.scalars(select(AlertItem)).all() == []


def test_who_is_cut_off_and_waits_again_has_their_task_again(webhook_caller, mia: User) -> None:
    person = waits(webhook_caller(at="open"), "9", "1")
    leg = talks(person, mia)
    with database.writing_alone() as session:
        leg_events.call_over(session, session.get_one(Leg, leg.id), "completed", utc_now())
    person.conversation_ends().hears("conversation_over")
    assert the_task(person).state == "closed"
    person.presses("1")
    assert person.verb == "Enqueue"
    assert (the_task(person).state, the_task(person).unconfirmed) == ("open", True)
    person.waits().hangs_up()
    assert the_task(person).state == "open"


@pytest.mark.parametrize(("outcome", "state"), [("settled", "closed"), ("broken_off", "open"), ("follow_up", "open")])
def test_what_the_member_says_of_the_conversation_counts(webhook_caller, mia: User, outcome: str, state: str) -> None:
    person = waits(webhook_caller(at="open"), "9", "1")
    talks(person, mia)
    person.hangs_up()
    with database.writing_alone() as session:
        leg = session.scalars(select(Leg).where(Leg.user_id == mia.id)).one()
        leg_events.call_over(session, leg, "completed", utc_now())
        wrap_up.finish(session, session.get_one(User, mia.id), outcome, "", utc_now())
    assert the_task(person).state == state
    assert not the_task(person).unconfirmed or state == "closed"


# -- kept places --------------------------------------------------------------------------------------


def test_a_place_without_a_number_is_not_said_to_be_kept(webhook_caller, mia: User) -> None:
    person = waits(webhook_caller("anonymous", at="open"), "1").waits("1").hears("enter_number")
    person.does_not_hear("place_kept").presses("017612345678", "1").hears("place_kept")
    assert the_task(person).callback_number == "+4917612345678"


def test_a_place_with_a_number_is_kept_at_once(webhook_caller, mia: User) -> None:
    waits(webhook_caller(at="open"), "1").waits("1").hears("place_kept")


def test_who_hangs_up_before_giving_a_number_holds_no_place(webhook_caller, mia: User) -> None:
    for _ in range(4):
        waits(webhook_caller("anonymous", at="open"), "1").waits("1").hangs_up()
    person = waits(webhook_caller(at="open"), "1")
    assert place_of(person) == 1
    with database.writing() as session:
        kept_places.drop_kept_places(session, utc_now(), closed=False)
        gone = session.scalars(select(QueueEntry.reason).where(QueueEntry.mode == "callback")).all()
    assert gone == ["withdrawn"] * 4
    assert place_of(person) == 1


@pytest.mark.parametrize("shown", ["+252612345679", "+447781123456", "+99999123456"])
def test_a_place_that_nobody_may_call_is_none(webhook_caller, mia: User, shown: str) -> None:
    """A number is shown, and it is in no country that is called: no member is rung for it."""
    waits(webhook_caller(shown, at="open"), "1").waits("1").hears("enter_number").hangs_up()
    person = waits(webhook_caller(at="open"), "1")
    assert place_of(person) == 1
    with database.writing() as session:
        assert [entry.mode for entry in queue_order.waiting(session, utc_now())] == ["live"]
        assert queue_order.kept_for(session, shown, "benefits", utc_now()) is None
        kept_places.drop_kept_places(session, utc_now(), closed=False)
        assert session.scalars(select(QueueEntry.reason).where(QueueEntry.mode == "callback")).all() == ["withdrawn"]


def place_of(person: WebhookCaller) -> int:
    with database.reading() as session:
        entry = call_queue.of_call(session, person.sid, 1)
        assert entry is not None
        return queue_order.position(session, entry, utc_now())


@pytest.mark.parametrize("what", ["number given", "in writing", "erased", "closed", "restricted", "blocked", "claimed"])
def test_a_kept_place_counts_as_long_as_it_can_be_served(webhook_caller, mia: User, what: str) -> None:
    keeper = waits(webhook_caller(at="open"), "1").waits("1").hangs_up()
    person = waits(webhook_caller(at="open"), "1")
    assert place_of(person) == 2
    now = utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, the_task(keeper).id)
        match what:
            case "erased":
                task.callback_number, task.erased_at = None, now
            case "closed":
                workflow.withdraw(session, task, now)
            case "restricted":
                task.restricted_at = now
            case "in writing":
                task.reply_by = ReplyBy.WRITING
            case "claimed":
                claims.claim(session, task, session.get_one(User, mia.id), now)
            case "blocked":
                screening.block(session, keeper.number, 3, "Telefonterror", session.get_one(User, mia.id), now)
    counts = what == "number given"
    assert place_of(person) == (2 if counts else 1)
    with database.reading() as session:
        assert (len(queue_order.waiting(session, now)) == 2) == counts


# -- silent callers ------------------------------------------------------------------------------------


def is_silent(person: WebhookCaller, questions: int = 20) -> WebhookCaller:
    """Presses nothing until the hotline ends the call."""
    person.dials()
    for _ in range(questions):
        if person.is_over:
            break
        person.presses("")
    assert person.is_over
    return person


def test_a_caller_who_presses_nothing_is_called_back_once(webhook_caller) -> None:
    person = is_silent(webhook_caller())
    assert person.last[-2:] == ["silent_callback", "goodbye"]
    assert person.heard.count("main") == 2, "the language menu and the main menu are repeated once each"
    person.does_not_hear("consent")
    task = the_task(person)
    assert (task.silent_caller, task.state, task.urgency, task.callback_number) == (
        True,
        "open",
        "normal",
        person.number,
    )


def test_who_has_chosen_a_language_and_nothing_else_is_called_back_without_a_question_more(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "", "").hears("silent_callback")
    assert person.is_over and person.heard.count("main") == 2
    person.does_not_hear("consent")
    assert the_task(person).silent_caller


def test_who_has_chosen_a_language_and_shows_no_number_is_asked_what_can_be_had(webhook_caller) -> None:
    webhook_caller("anonymous").dials().presses(GERMAN, "", "").hears("consent").presses("2").hears("enter_number")


def test_without_a_number_a_silent_caller_is_told_to_call_again(webhook_caller) -> None:
    person = is_silent(webhook_caller("anonymous"))
    assert person.last[-2:] == ["call_again", "goodbye"]
    assert tasks_of(person) == []


def test_a_number_is_called_for_silence_once_a_day(webhook_caller) -> None:
    first = is_silent(webhook_caller())
    again = is_silent(webhook_caller(first.number))
    again.does_not_hear("silent_callback")
    assert again.last[-2:] == ["call_again", "goodbye"]
    assert tasks_of(again) == []


def test_the_hotlines_own_numbers_and_screened_ones_are_not_called_for_silence(
    webhook_caller, webhooks, monkeypatch
) -> None:
    own = is_silent(webhook_caller(webhooks.settings.hotline_number))
    assert tasks_of(own) == []
    monkeypatch.setattr(screening, "too_often", lambda number, call_sid: True)
    robot = is_silent(webhook_caller())
    robot.hears("held_off") if "held_off" in robot.last else None
    assert tasks_of(robot) == []


def test_so_many_silent_callers_a_day_and_no_more(webhook_caller, monkeypatch) -> None:
    monkeypatch.setenv("SILENT_CALLERS_A_DAY", "1")
    forget_settings()
    assert len(tasks_of(is_silent(webhook_caller()))) == 1
    assert tasks_of(is_silent(webhook_caller())) == []


def test_silence_where_a_choice_is_needed_is_answered_too(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "1", "", "").hears("silent_callback")
    assert the_task(person).silent_caller
    assert person.is_over


@pytest.mark.parametrize("asked", [1, 3], ids=["once", "three times"])
@pytest.mark.parametrize("keys", [("1",), ("3", "5", "", "", "")], ids=["about the recording", "about what is stored"])
@pytest.mark.parametrize("shown", ["", "anonymous", "+252612345678", "+494211782666"])
def test_silence_after_an_explanation_is_answered_as_any_other(webhook_caller, shown, keys, asked) -> None:
    """To ask what happens to the recording, or to what is said, is neither a yes nor a no to being called back."""
    person = webhook_caller(shown).dials().presses(GERMAN, *keys, *(["3"] * asked)).hears("consent")
    person.hears("about_recording").presses("", "")
    assert person.is_over
    if shown:  # withheld, in a country that is not called, one of ours
        person.hears("call_again")
        assert tasks_of(person) == []
    else:
        person.hears("silent_callback")
        assert the_task(person).silent_caller


def test_silence_after_an_explanation_leaves_an_emergency_as_it_is(webhook_caller) -> None:
    person = webhook_caller().dials().presses(GERMAN, "9", "1", "3").hears("about_recording").presses("", "")
    person.hears("promise_emergency").hears("receipt").does_not_hear("silent_callback")
    assert (the_task(person).silent_caller, the_task(person).unconfirmed) == (False, True)


def test_who_calls_again_about_it_is_a_caller_like_others(webhook_caller) -> None:
    """Yes, I have called before: what was the task of a silent caller is that of one who asks."""
    silent = is_silent(webhook_caller())
    person = (
        webhook_caller(silent.number)
        .dials()
        .presses(GERMAN, "4", "3", "2")
        .hears("called_before")
        .presses("1")
        .hangs_up()
    )
    task = the_task(person)
    assert (task.id, task.silent_caller) == (the_task(silent).id, False)


def attempted(person: WebhookCaller, outcome: str) -> CallbackTask:
    with database.writing() as session:
        task = session.get_one(CallbackTask, the_task(person).id)
        mia = session.scalar(select(User).where(User.username == "mia")) or users.add(
            session, "mia", "Mia", "member", "x" * 12, list(TEAMS)
        )
        session.flush()
        claims.claim(session, task, mia, utc_now())
        workflow.record_attempt(session, task, mia, outcome, utc_now())
    return the_task(person)


@pytest.mark.parametrize("outcome", ["no_answer", "busy", "answering_machine", "wrong_person", "call_refused"])
def test_a_silent_caller_is_tried_a_single_time(webhook_caller, outcome: str) -> None:
    task = attempted(is_silent(webhook_caller()), outcome)
    assert (task.state, task.outcome, task.next_attempt_at, task.letter_proposed_at) == ("closed", outcome, None, None)


def test_a_number_where_the_call_was_unwanted_is_left_alone(webhook_caller) -> None:
    person = is_silent(webhook_caller())
    attempted(person, "wrong_person")
    with database.writing() as session:  # some days ago
        for task in session.scalars(select(CallbackTask)):
            task.first_contact_at -= timedelta(days=3)
    assert tasks_of(is_silent(webhook_caller(person.number))) == []


def test_silent_callers_come_last(webhook_caller) -> None:
    silent = is_silent(webhook_caller())
    asked = webhook_caller().dials().presses(GERMAN, "4", "3", "2").hangs_up()
    with database.writing() as session:
        boss = users.add(session, "mia", "Mia", "member", "x" * 12, list(TEAMS))
        session.flush()
        order = queries.candidates(session, boss, [], utc_now())
        assert order == [the_task(asked).id], "another language than the member's comes before a silent caller"
        claims.claim(session, session.get_one(CallbackTask, the_task(asked).id), boss, utc_now())
        assert queries.candidates(session, boss, ["de"], utc_now()) == [the_task(silent).id]
        assert attempts is not None


# -- instants ------------------------------------------------------------------------------------------


def test_what_is_told_by_code_at_night_is_an_hour_at_which_somebody_works(
    webhook_caller, webhook_clock, webhooks: Hotline
) -> None:
    """Half an hour after midnight: what is promised within 24 hours is told until six in the evening."""
    half_past_midnight = datetime(2026, 11, 26, 23, 31, tzinfo=UTC)
    webhook_clock(half_past_midnight)
    person = webhook_caller(at="clock").dials().presses(GERMAN, "1", "2").hangs_up()
    code = the_task(person).receipt_code
    again = webhook_caller(at="clock").dials().presses(GERMAN, "3", "4", code).hears("request_open")
    assert "Wir melden uns: heute bis achtzehn Uhr." in again.text
    webhook_clock(datetime(2026, 11, 26, 22, 58, tzinfo=UTC))
    late = webhook_caller(at="clock").dials().presses(GERMAN, "9", "1", "2").hears("promise_emergency")
    assert "Wir rufen Sie zurück: morgen bis zehn Uhr." in late.text
    webhook_clock(datetime(2026, 11, 26, 23, 1, tzinfo=UTC))
    late.presses("*").hears("promise_emergency")
    assert "Wir rufen Sie zurück: heute bis zehn Uhr." in late.text, "it is spoken after midnight"
    closed = webhook_caller(at="clock").dials().presses(GERMAN, "1", "2", "2", "1", "#", "3").hears("opening_again")
    assert "wieder da: heute ab acht Uhr." in closed.text


@pytest.mark.parametrize(
    ("calls_at", "told"),
    [
        ("2026-12-23T18:30", "meistens innerhalb von 24 Stunden."),
        ("2026-12-24T17:59", "meistens innerhalb von 24 Stunden."),
        ("2026-12-24T18:00", "Wir rufen Sie zurück: Montag bis zehn Uhr."),
        ("2026-12-26T12:00", "Wir rufen Sie zurück: Montag bis zehn Uhr."),
        ("2026-12-27T09:00", "meistens innerhalb von 24 Stunden."),
        ("2027-03-27T08:03", "Wir rufen Sie zurück: Dienstag bis zehn Uhr."),
        ("2026-12-01T08:03", "meistens innerhalb von 24 Stunden."),
    ],
)
def test_nobody_is_told_of_hours_in_which_nobody_works(
    webhook_caller, webhook_clock, monkeypatch, calls_at: str, told: str
) -> None:
    """Closed at Christmas and at Easter: who is called on Monday by ten is told so, not of 24 hours, nor of 88."""
    monkeypatch.setenv("HOURS", json.dumps({"weekdays": {"saturday": "closed", "sunday": "closed"}, "holidays": True}))
    forget_settings()
    webhook_clock(datetime.fromisoformat(calls_at).replace(tzinfo=ZoneInfo("Europe/Berlin")))
    person = webhook_caller(at="clock").dials().presses(GERMAN, "1")
    while not {"callback_usual", "callback_by"} & set(person.last):
        person.presses(
            {"consent": "2", "called_before": "2", "confirm_number": "1", "postal_code": "#"}.get(person.last[-1], "3")
        )
    assert told in person.text


@pytest.mark.parametrize(
    ("calls_at", "keys", "told"),
    [
        ("2026-12-01T08:03", "1", "Wenn wir uns nicht innerhalb von 24 Stunden melden,"),
        ("2026-12-24T18:00", "1", "Wenn wir uns nicht bei Ihnen melden,"),
        ("2026-12-01T08:03", "91", "Wenn wir uns nicht bei Ihnen melden,"),
    ],
    ids=["usual", "before closed days", "emergency"],
)
def test_without_a_code_hours_are_named_only_where_they_are_the_usual_ones(
    webhook_caller, webhook_clock, monkeypatch, calls_at: str, keys: str, told: str
) -> None:
    """The database is away: nobody is told of 88 hours, and no emergency of a day."""
    monkeypatch.setenv("HOURS", json.dumps({"weekdays": {"saturday": "closed", "sunday": "closed"}, "holidays": True}))
    forget_settings()
    webhook_clock(datetime.fromisoformat(calls_at).replace(tzinfo=ZoneInfo("Europe/Berlin")))
    person = webhook_caller(at="clock").dials().presses(GERMAN)
    with pytest.MonkeyPatch.context() as patch:
        Outage(patch, ["database"], 0, FOR_GOOD).before(0, "")
        person.presses(*keys)
        while not person.is_over:
            person.presses({"consent": "2", "consent_emergency": "2", "postal_code": "#"}.get(person.last[-1], "3"))
    assert "keine Anfragenummer geben" in person.text
    assert told in person.text


# -- callers of none of the languages ----------------------------------------------------------------------


def test_who_speaks_none_of_the_languages_is_a_task_for_an_interpreter(webhook_caller) -> None:
    """One key where no language has two; no recording. The task tells the hour; it is there before they hear."""
    person = webhook_caller().dials().presses("0").hears("interpreter_callback").does_not_hear("consent").hangs_up()
    task = the_task(person)
    assert (task.needs_interpreter, task.callback_number, task.concern) == (True, person.number, "other")
    assert task.first_contact_at <= utc_now()


def test_who_speaks_none_of_the_languages_and_shows_no_number_is_promised_nothing(webhook_caller) -> None:
    person = webhook_caller("anonymous").dials().presses("0").hears("main").does_not_hear("interpreter_callback")
    assert tasks_of(person.hangs_up()) == []


# -- any call, hung up anywhere --------------------------------------------------------------------------


class Walker:
    """Somebody who presses whatever they press, and remembers what the hotline promised to them, and owes them."""

    def __init__(self, person: WebhookCaller, dice: random.Random, codes: list[str]) -> None:
        self.person, self.dice, self.codes = person, dice, codes
        self.promised: list[tuple[str, Request | None]] = []
        #: Keys that are pressed before those at random.
        self.way: list[str] = []
        #: They have said what their emergency is, and their telephone shows a number that may be called.
        self.emergency = False
        #: The number that they have keyed in, and not taken back.
        self.keyed = ""
        #: They have said of a number that was read back that it is not theirs.
        self.takes_back = False
        #: What was pressed at which question, for who reads a failure.
        self.pressed: list[tuple[str, str]] = []
        person.has_heard = self.hears

    def __str__(self) -> str:
        return f"{self.person.number} pressed {self.pressed} and heard {self.person.heard}"

    def act(self) -> None:
        person, dice = self.person, self.dice
        match person.verb:
            case "Gather":
                self._presses(self._keys())
            case "Record":
                person.speaks(dice.choice([0, 0, 2.0, 5.0]), hangs_up=dice.random() < 0.2)
            case "Enqueue":
                self._in_queue()
            case _:
                person.goes_on()

    def _presses(self, keys: str) -> None:
        asked, state = self.person.last[-1] if self.person.last else "", self.person.state
        assert state is not None
        self.pressed.append((asked, keys))
        can_be_called = self.person.number.startswith("+49") and state.screened is None
        self.emergency |= asked == "emergency" and keys in ("1", "2", "3", "4") and can_be_called
        if asked == "enter_number" and keys in NUMBERS and not state.request.changes:
            self.keyed = NUMBERS[keys]
        if asked in ("confirm_number", "number_abroad") and not state.heard_key:
            self.takes_back |= (takes_back := keys in ({"confirm_number": "2", "number_abroad": "1"}[asked], "#"))
            self.keyed = "" if takes_back else self.keyed
        self.person.presses(keys)

    def hears(self) -> None:
        """A document has been heard; nothing else is known of the call yet."""
        self.remember()
        self.check()

    def _keys(self) -> str:
        if self.way:
            return self.way.pop(0).replace("-", "")
        asked = self.person.last[-1] if self.person.last else ""
        if asked in ("enter_number", "enter_sms_number"):
            return self.dice.choice([*NUMBERS, "", "110", "9"])
        if asked == "enter_code":
            return self.dice.choice([*self.codes[-3:], "12345678", ""])
        if asked in ("customer_number", "postal_code"):
            return self.dice.choice(["214123456", "28195", "", "1"])
        if asked == "transfer" and self.dice.random() < 0.8:
            return ""
        return self.dice.choice("111111222233344556789" + "0*#") if self.dice.random() > 0.15 else ""

    def _in_queue(self) -> None:
        if self.dice.random() < 0.2:
            self.person.leaves_queue(self.dice.choice(["queue-full", "error", "system-error"]))
        else:
            self.person.waits(self.dice.choice(["", "1", "1", "2", "9", "5"]))

    def remember(self) -> None:
        """What the last document has promised, and what the call was about then."""
        state = self.person.state
        request = Request.of(state.request) if state is not None else None
        self.promised += [(prompt, request) for prompt in self.person.last if prompt in PROMISES]

    def check(self) -> None:
        """Every promise heard so far has its row."""
        for prompt, request in self.promised:
            assert self._is_held(prompt, request), f"{prompt} has no row; codes {self.codes}; {self}"
        with database.reading() as session:
            made = session.scalars(select(Contact).join(Call).where(Call.call_sid == self.person.sid)).all()
            if self.emergency:
                tasks = [one.task for one in made if one.urgency == "emergency"]
                assert [task for task in tasks if task.state != "closed"], f"no task; {self}"
            if self.keyed and made:
                numbers = {one.callback_number for one in made}
                assert self.keyed in numbers, f"{self.keyed} is not among {numbers}; {self}"

    def _is_held(self, prompt: str, request: Request | None) -> bool:
        with database.reading() as session:
            if PROMISES[prompt] == Held.REQUEST_FOUND:  # of an earlier call; the row of this one may still be to come
                return any(contacts.by_code(session, code) is not None for code in self.codes)
            call = session.scalar(select(Call).where(Call.call_sid == self.person.sid))
            if call is None:
                return False
            if PROMISES[prompt] == Held.TEXT_MESSAGE:
                return session.scalar(select(TextMessage.id).where(TextMessage.call_id == call.id)) is not None
            if request is not None and (contact := contacts.of_call(session, call, request)) is not None:
                return prompt != "place_kept" or contact.callback_number is not None or self.takes_back
            if request is None or prompt == "silent_callback":  # the last words of a call
                return session.scalar(select(Contact.id).where(Contact.call_id == call.id).limit(1)) is not None
            return False


#: What is keyed in as a number -> the number.
NUMBERS = {"017612345678": "+4917612345678", "042117890": "+4942117890"}
#: Where a walk at random begins: anywhere, in the call queue, at the tone, at forms, a link, a code, or in silence.
_WAYS = ([], [], "1-", "11-", "191-", "111", "1312", "1331", "134", "-" * 12)
WALKS = volume(test=20, ci=60, soak=750, night=3_000)
#: Walks of one test: tests run side by side.
SOME_WALKS = min(WALKS, 750)
#: Walks of which every beginning is a call of its own, hung up there.
CUT_WALKS = volume(test=4, ci=8, soak=100, night=400)
SOME_CUT_WALKS = min(CUT_WALKS, 100)


def walk(webhooks: Hotline, seed: int, codes: list[str], most: int | None = None) -> tuple[Walker, int]:
    """A call at random, whose promises have their rows at every document and after the hang-up; and its answers.

    `most`: it is hung up after so many answers at the latest; it shows a number of its own then.
    """
    dice = random.Random(seed)
    number = dice.choice([f"+49151{dice.randrange(10**8):08d}"] * 2 + ["anonymous", "+4917611111111"])
    if most is not None and number != "anonymous":
        number = f"+49151{secrets.randbelow(10**8):08d}"
    person = WebhookCaller(webhooks, number, at=dice.choice(["open", "closed"]))
    walker = Walker(person, dice, codes)
    person.dials()
    walker.way = [*dice.choice(_WAYS)]
    answers, length = 0, dice.randint(1, 25)
    for answers in range(length if most is None else min(length, most)):  # noqa: B007
        if person.is_over:
            break
        walker.act()
    else:
        answers += 1
    if not person.is_over:
        person.hangs_up()
    write_behind.flush()
    walker.check()
    codes += [task.receipt_code for task in tasks_of(person) if task.kind == TaskKind.CALLBACK][:1]
    return walker, answers


@pytest.mark.soak
@pytest.mark.parametrize("part", range(WALKS // SOME_WALKS))
def test_every_promise_has_its_row_wherever_the_caller_hangs_up(webhooks: Hotline, mia: User, part: int) -> None:
    codes: list[str] = []
    heard: set[str] = set()
    for seed in range(part * SOME_WALKS, (part + 1) * SOME_WALKS):
        walker, _ = walk(webhooks, seed, codes)
        heard |= {prompt for prompt, _ in walker.promised}
    assert heard >= {"promise_emergency", "availability", "receipt", "place_kept"}
    if WALKS >= 200:
        assert heard >= {"silent_callback", "noted", "link_sent", "request_open", "receipt_again"}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(CUT_WALKS // SOME_CUT_WALKS))
def test_after_every_beginning_of_a_call_each_promise_has_its_row(webhooks: Hotline, mia: User, part: int) -> None:
    """The same call again and again, hung up after its first answer, after its second, and so on."""
    codes: list[str] = []
    promised: set[int] = set()
    for seed in range(part * SOME_CUT_WALKS, (part + 1) * SOME_CUT_WALKS):
        _, answers = walk(webhooks, seed, codes)
        for most in range(1, answers):
            walker, _ = walk(webhooks, seed, codes, most)
            promised |= {most} if walker.promised else set()
    assert len(promised) >= 3, "promises were heard in beginnings of several lengths"


# -- numbers that are keyed in ---------------------------------------------------------------------------


def test_a_number_that_was_keyed_in_counts_though_the_caller_hangs_up_while_it_is_read_back(webhook_caller) -> None:
    hidden = webhook_caller("anonymous").dials().presses(GERMAN, "1", "2", "017612345678").hears("confirm_number")
    assert the_task(hidden.hangs_up()).callback_number == "+4917612345678"
    shown = webhook_caller().dials().presses(GERMAN, "1", "2", "2", "2", "017612345678").hears("confirm_number")
    assert the_task(shown.hangs_up()).callback_number == "+4917612345678"
    urgent = webhook_caller("anonymous").dials().presses(GERMAN, "9", "1", "1").speaks().presses("1", "017612345678")
    assert the_task(urgent.hears("confirm_number").hangs_up()).callback_number == "+4917612345678"


def test_a_place_is_kept_for_a_number_that_was_keyed_in_and_not_confirmed(webhook_caller, mia: User) -> None:
    person = waits(webhook_caller("anonymous", at="open"), "1").waits("1").hears("enter_number")
    person.presses("017612345678").hears("confirm_number").hangs_up()
    assert the_task(person).callback_number == "+4917612345678"
    assert place_of(waits(webhook_caller(at="open"), "1")) == 2


@pytest.mark.parametrize("key", ["2", "#"])
@pytest.mark.parametrize("shown", ["anonymous", "+4915112345678"])
def test_a_number_that_its_caller_has_refused_is_called_by_nobody(webhook_caller, shown: str, key: str) -> None:
    """What the telephone shows counts again, also where nothing else is keyed in."""
    person = webhook_caller(shown).dials().presses(GERMAN, "1", "2")
    if shown != "anonymous":
        person.presses("2").hears("confirm_number").presses("2")
    person.presses("017612345678").hears("confirm_number").presses(key).hears("enter_number")
    number = None if shown == "anonymous" else shown
    assert the_task(person).callback_number == number
    while not person.is_over:
        person.presses("")
    assert the_task(person).callback_number == number


@pytest.mark.parametrize("key", ["2", "#"])
def test_a_number_that_was_refused_is_not_read_back_again(webhook_caller, key: str) -> None:
    """One for a place in the queue, one abroad, one for a link: none of them is behind the hash key."""
    keyed = ("017612345678", "00252612345679")
    for number in keyed:
        person = webhook_caller("anonymous").dials().presses(GERMAN, "1", "2", number)
        refusing = {"number_abroad": {"2": "1"}.get(key, key)}.get(person.last[-1], key)
        person.presses(refusing).hears("enter_number").presses("#")
        assert {"confirm_number", "number_abroad"}.isdisjoint(person.last), person.last
    link = webhook_caller("anonymous").dials().presses(GERMAN, "3", "3", "1").hears("enter_sms_number")
    link.presses("017612345678").hears("confirm_sms_number").presses(key).hears("enter_sms_number")
    link.presses("", "", "").hears("anything_else").presses("1", "1", "2")
    assert the_task(link).callback_number is None, "a number that was refused for a link is no number to call"


def test_a_further_request_of_the_call_has_the_number_that_was_keyed_in_for_the_first(webhook_caller) -> None:
    person = webhook_caller("anonymous").dials().presses(GERMAN, "2", "2", "017612345678", "1")
    person.presses("9", "1", "1").speaks(5, hangs_up=True)
    assert {task.callback_number for task in tasks_of(person)} == {"+4917612345678"}
    assert len(tasks_of(person)) == 2


# -- two who are promised the same at one moment ---------------------------------------------------------


def test_a_silent_caller_whose_number_another_call_has_just_taken_is_promised_nothing(
    webhook_caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Robots dial twice at once: of both calls one has the row."""
    first = is_silent(webhook_caller())
    monkeypatch.setattr(silent_callers, "may_be_called", lambda *_: True)  # as it was a moment ago
    second = is_silent(webhook_caller(first.number))
    assert (second.last[-2:], tasks_of(second)) == (["call_again", "goodbye"], [])
    assert len(tasks_of(first)) == 1


def test_what_was_promised_is_kept_though_a_limit_of_all_is_reached_meanwhile(
    webhook_caller, webhooks: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the question whether it may be and the row the last of the day is given away."""
    monkeypatch.setenv("SILENT_CALLERS_A_DAY", "0")
    monkeypatch.setenv("TEXT_MESSAGES_A_DAY", "1")
    forget_settings()
    with monkeypatch.context() as before:
        before.setattr(silent_callers, "may_be_called", lambda *_: True)
        silent = is_silent(webhook_caller())
    assert silent.last[-2:] == ["silent_callback", "goodbye"]
    assert the_task(silent).silent_caller
    for number in ("+4917611111111", "+4917611111112"):
        with monkeypatch.context() as before:
            before.setattr(sms, "can_get_link", lambda *_: True)
            person = webhook_caller(number).dials().presses(GERMAN, "3", "3", "1", "1").hears("link_sent")
        with database.reading() as session:
            query = select(TextMessage.id).join(Call).where(Call.call_sid == person.sid)
            assert len(session.scalars(query).all()) == 1


# -- added by receipt code -------------------------------------------------------------------------------


def test_words_that_are_added_by_receipt_code_give_the_request_no_number(webhook_caller) -> None:
    """The recording's event may come first; it names the telephone of who keyed the code in."""
    owner = webhook_caller("anonymous").dials().presses(GERMAN, "1", "2")
    while not owner.is_over:
        owner.presses("")
    code = the_task(owner).receipt_code
    other = webhook_caller().dials().presses(GERMAN, "3", "4", code).hears("number_missing")
    other.presses("2", "", "", "").hears("change_request").presses("3")
    other.tells_recording("completed")
    assert the_task(owner).callback_number is None
    other.speaks().hangs_up()
    assert the_task(owner).callback_number is None
