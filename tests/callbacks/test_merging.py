"""Tasks of one person are merged by a member, taken apart again, and counted once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import (
    attempts,
    claims,
    code_changes,
    collaboration,
    events,
    intake,
    merging,
    proposals,
    search_index,
    sla_clocks,
    splitting,
    tags,
    workflow,
)
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.domain.enums import CallerProof, Likeness, Outcome, SlaMeasure, SlaState, TaskEventKind, Urgency
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.models.merges import Merge
from ivr.models.sla import SlaClock
from ivr.platform import database
from ivr.privacy import anonymisation
from ivr.reporting import daily_metrics
from tests.support.contacts import NUMBER, first_contact, joined, opened
from tests.support.desk import change
from tests.support.people import a_task, hire, the_task

HOUR = timedelta(hours=1)


@pytest.fixture
def people(empty_database) -> dict[str, User]:
    return hire()


def merged(stays: int, gone: int, user: User | None = None, now: datetime | None = None) -> None:
    with database.writing() as session:
        tasks = [session.get_one(CallbackTask, one) for one in (stays, gone)]
        merging.merge(session, *tasks, user and session.get_one(User, user.id), now or utc_now())


def undone(gone: int, user: User | None = None) -> None:
    with database.writing() as session:
        merging.undo(session, session.get_one(CallbackTask, gone), user and session.get_one(User, user.id), utc_now())


def claimed(task: int, user: User) -> None:
    with database.writing() as session:
        claims.claim(session, session.get_one(CallbackTask, task), session.get_one(User, user.id), utc_now())


def tried(task: int, user: User, outcome: str = "no_answer", now: datetime | None = None) -> None:
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        attempts.record(session, found, session.get_one(User, user.id), outcome, now or utc_now())


def clocks(task: int) -> dict[SlaMeasure, SlaClock]:
    with database.reading() as session:
        return {clock.measure: clock for clock in sla_clocks.of_task(session, task)}


def everything(task: int) -> dict[str, object]:
    """What a task, its clocks and what belongs to it say, without its history."""
    with database.reading() as session:
        found = session.get_one(CallbackTask, task)
        columns = {column.key: getattr(found, column.key) for column in CallbackTask.__table__.columns}
        return {
            **columns,
            "contacts": [contact.receipt_code for contact in found.contacts],
            "messages": [message.id for message in found.messages],
            "attempts": [attempt.id for attempt in found.attempts],
            "forms": found.postal_order and list(found.postal_order.forms),
            **{
                f"{clock.measure}.{column.key}": getattr(clock, column.key)
                for clock in sla_clocks.of_task(session, task)
                for column in SlaClock.__table__.columns
            },
        }


def sums() -> dict[str, float]:
    """All metrics of the last days in total."""
    found: dict[str, float] = {}
    with database.reading() as session:
        today = daily_metrics.local_day(utc_now())
        for age in range(-3, 8):
            for (dimension, metric, _), value in daily_metrics.count(session, today - timedelta(days=age)).items():
                if not dimension:
                    found[metric] = found.get(metric, 0) + value
    return found


# -- one request out of two ------------------------------------------------------------------------


def test_contacts_messages_and_attempts_move_and_the_other_task_says_where_they_are(people) -> None:
    stays, gone = opened(age=2 * HOUR), a_task(number=NUMBER, text="ich noch einmal")
    claimed(gone, people["mia"])
    tried(gone, people["mia"])
    merged(stays, gone, people["mia"])
    now, other = everything(stays), everything(gone)
    assert len(now["contacts"]) == 2
    assert len(now["messages"]) == len(now["attempts"]) == 1
    assert (other["contacts"], other["messages"], other["attempts"]) == ([], [], [])
    assert (other["state"], other["outcome"], other["merged_into_id"]) == ("closed", "merged", stays)
    assert now["claimed_by_id"] == people["mia"].id, "whoever held one of them goes on with the one that stays"
    kinds = {task: [event.kind for event in the_task(task).events] for task in (stays, gone)}
    assert TaskEventKind.MERGED in kinds[stays]
    assert TaskEventKind.MERGED_INTO in kinds[gone]


def test_every_receipt_code_leads_to_its_own_contact_in_the_task_that_stays(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    codes = [the_task(stays).receipt_code, the_task(gone).receipt_code]
    merged(stays, gone)
    with database.reading() as session:
        contacts = [session.scalars(select(Contact).where(Contact.receipt_code == code)).one() for code in codes]
        assert [contact.task_id for contact in contacts] == [stays, stays]
        assert contacts[0].id != contacts[1].id


def test_the_earliest_promise_and_the_highest_urgency_hold(people) -> None:
    stays, gone = opened(age=timedelta(minutes=5)), opened(concern="emergency", emergency_kind="power_cut")
    earliest = {measure: clock.due_at for measure, clock in clocks(gone).items()}
    assert all(earliest[measure] < clock.due_at for measure, clock in clocks(stays).items())
    merged(stays, gone)
    found = the_task(stays)
    assert {measure: clock.due_at for measure, clock in clocks(stays).items()} == earliest
    assert (found.urgency, found.emergency_kind, found.due_at) == (Urgency.EMERGENCY, "power_cut", earliest["tried"])
    assert found.first_contact_at < the_task(gone).first_contact_at
    assert {clock.state for clock in clocks(gone).values()} == {SlaState.VOID}


def test_a_miss_is_not_wiped_away_by_merging(people) -> None:
    late, fresh = opened(age=30 * HOUR), opened()
    assert clocks(late)["tried"].state == SlaState.MISSED
    for stays, gone in ((fresh, late), (late, fresh)):
        merged(stays, gone)
        assert clocks(stays)["tried"].state == SlaState.MISSED
        assert the_task(stays).breached_at is not None
        undone(gone)


def test_an_attempt_before_a_later_call_does_not_keep_the_promise_to_that_call(people) -> None:
    first = opened(age=5 * HOUR)
    claimed(first, people["mia"])
    tried(first, people["mia"], now=utc_now() - 4 * HOUR)
    second = opened(age=2 * HOUR)
    due = the_task(second).due_at
    merged(first, second, people["mia"])
    found = the_task(first)
    assert (found.first_attempt_at, found.due_at) == (None, due), "the second caller still waits for a first attempt"
    assert found.next_attempt_at is None, "and can be called at once"


def test_an_attempt_after_both_calls_keeps_both_promises(people) -> None:
    first, second = opened(age=5 * HOUR), opened(age=4 * HOUR)
    claimed(second, people["mia"])
    tried(second, people["mia"])
    merged(first, second, people["mia"])
    assert the_task(first).first_attempt_at is not None
    assert clocks(first)["tried"].state == SlaState.MET


def test_who_has_spoken_is_neither_silent_nor_unconfirmed(people) -> None:
    silent, spoke = change(opened(), silent_caller=True), opened(age=HOUR)
    merged(silent, spoke)
    assert not the_task(silent).silent_caller
    undone(spoke)
    assert the_task(silent).silent_caller
    hung_up = change(opened(concern="emergency"), unconfirmed=True)
    merged(hung_up, spoke)
    assert not the_task(hung_up).unconfirmed, "this person waits to be called: they have asked for it"


# -- counted once --------------------------------------------------------------------------------


@pytest.mark.parametrize("older_stays", [True, False])
def test_a_merged_task_is_no_request_answered_or_missed_a_second_time(people, older_stays: bool) -> None:
    late, later = opened(age=32 * HOUR), opened(age=31 * HOUR)
    assert sums()["tried_missed"] == 2
    stays, gone = (late, later) if older_stays else (later, late)
    claimed(stays, people["mia"])
    claimed(gone, people["mia"])
    merged(stays, gone, people["mia"])
    found = sums()
    assert (found["tasks"], found["called_again"], found["tried_missed"]) == (1, 1, 1)
    assert "closed" not in found
    tried(stays, people["mia"], "reached")
    with database.writing() as session:
        task, user = session.get_one(CallbackTask, stays), session.get_one(User, people["mia"].id)
        workflow.close(session, task, user, Outcome.REACHED, "", utc_now(), attempted=True)
    found = sums()
    assert [found[name] for name in ("tasks", "tried", "reached", "closed", "attempts", "tried_missed")] == [1] * 6
    assert found.get("tried_in_time", 0) == 0


def test_undoing_a_merge_counts_both_requests_again(people) -> None:
    stays, gone = opened(age=32 * HOUR), opened(age=HOUR)
    before = sums()
    merged(stays, gone)
    assert sums() != before
    undone(gone)
    assert sums() == before


# -- the way back --------------------------------------------------------------------------------


def test_undo_restores_both_tasks_as_they_were(people) -> None:
    stays = opened(age=20 * HOUR, kind="postal_order", concern="forms", forms="rent")
    gone = opened(None, kind="postal_order", concern="forms", forms="main_form,rent", customer_number="123A456")
    claimed(gone, people["lena"])
    tried(gone, people["lena"])
    before = [everything(stays), everything(gone)]
    merged(stays, gone, people["lena"])
    assert everything(stays)["forms"] != before[0]["forms"]
    with database.writing() as session:  # who went on with it gives it back first
        claims.release_automatically(session, session.get_one(CallbackTask, stays), utc_now())
    undone(gone)
    assert [everything(stays), everything(gone)] == before


def test_what_happened_since_the_merge_stays_with_the_task_that_stayed(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    claimed(stays, people["mia"])
    merged(stays, gone, people["mia"])
    tried(stays, people["mia"])
    undone(gone, people["mia"])
    assert clocks(stays)["tried"].state == SlaState.MET
    assert len(everything(stays)["attempts"]) == 1
    assert clocks(gone)["tried"].state == SlaState.ON_TRACK, "nobody has called this person yet"
    assert the_task(gone).first_attempt_at is None


@pytest.mark.parametrize("gone", ["left", "of another team"])
@pytest.mark.parametrize("how", ["undo", "split"])
def test_undoing_a_merge_gives_no_task_to_who_may_not_hold_it_any_more(people, gone: str, how: str) -> None:
    task, other = opened(age=HOUR), opened()
    claimed(other, people["mia"])
    merged(task, other, people["mia"])
    with database.writing() as session:
        person = session.get_one(User, people["mia"].id)
        person.active, person.teams = gone != "left", [] if gone == "of another team" else person.teams
        claims.release(
            session, session.get_one(CallbackTask, task), session.get_one(User, people["lena"].id), utc_now()
        )
    if how == "undo":
        undone(other, people["lena"])
    else:
        joined(task)  # there is more to take out than this one
        with database.writing() as session:
            one = session.scalars(select(Contact).where(Contact.receipt_code == the_task(other).receipt_code)).one()
            splitting.split(session, one, session.get_one(User, people["lena"].id), utc_now())
    assert (the_task(other).state, the_task(other).claimed_by_id) == ("open", None)


def test_merges_are_undone_the_newest_first(people) -> None:
    stays, first, second = opened(age=3 * HOUR), opened(age=2 * HOUR), opened()
    before = everything(stays)
    merged(stays, first)
    merged(stays, second)
    with pytest.raises(Refused, match="newer_merge"):
        undone(first)
    undone(second)
    undone(first)
    assert everything(stays) == before


def tagged(task: int, user: User, *names: str) -> None:
    """Give a task these tags of its team, made where there are none of the name, and no other ones of it."""
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        own = {tag.name: tag for tag in tags.of_teams(session, [found.team_id])}
        own |= {name: tags.add(session, found.team_id, name) for name in names if name not in own}
        session.flush()
        tags.choose(session, found, [own[name].id for name in names], session.get_one(User, user.id), utc_now())


def tags_of(*tasks: int) -> list[list[str]]:
    with database.reading() as session:
        found = tags.of_tasks(session, tasks)
        return [found.get(task, []) for task in tasks]


def test_tags_move_with_a_task_and_come_back(people) -> None:
    stays, gone, mia = opened(age=HOUR), opened(), people["mia"]
    tagged(stays, mia, "Miete", "Strom")
    tagged(gone, mia, "Strom", "Umzug")
    merged(stays, gone, mia)
    assert tags_of(stays, gone) == [["Miete", "Strom", "Umzug"], []]
    tagged(stays, mia, "Miete", "Umzug", "Widerspruch")
    undone(gone)
    assert tags_of(stays, gone) == [["Miete", "Widerspruch"], ["Strom", "Umzug"]]


def test_a_contact_that_goes_back_to_its_task_finds_its_tags_there(people) -> None:
    stays, gone, mia = opened(age=HOUR), opened(), people["mia"]
    tagged(gone, mia, "Strom", "Umzug")
    merged(stays, gone, mia)
    merged(stays, opened())  # there is more to take out than this one
    with database.writing() as session:
        own = session.scalars(select(tags.Tag).where(tags.Tag.name == "Umzug")).one()
        session.delete(own)  # from the list of the team
    assert split(stays, 1) == gone
    assert tags_of(stays, gone) == [["Strom"], ["Strom"]]


def found_by(*words: str) -> list[list[int]]:
    with database.reading() as session:
        return [sorted(search_index.find(session, one)) for one in words]


def noted(task: int, user: User, text: str) -> None:
    with database.writing() as session:
        events.note(session, session.get_one(CallbackTask, task), session.get_one(User, user.id), text, utc_now())


def named(task: int, user: User, name: str) -> None:
    with database.writing() as session:
        by = session.get_one(User, user.id)
        collaboration.name_caller(session, session.get_one(CallbackTask, task), by, name, utc_now())


def test_the_task_that_stays_is_found_by_what_was_known_of_every_one_merged_into_it(people) -> None:
    last, stays, gone, mia = opened(age=2 * HOUR), opened(age=HOUR), opened("+4917633333333"), people["mia"]
    named(last, mia, "Meyer")
    named(stays, mia, "Emine Yıldız")
    named(gone, mia, "Emine Kaya")
    noted(gone, mia, "Stromsperre am Freitag")
    known = ("kaya", "stromsperre", "017633333333", the_task(gone).receipt_code)
    merged(stays, gone, mia)
    assert found_by(*known) == [[stays, gone]] * 4
    merged(last, stays, mia)
    assert all({last, gone} <= {*found} for found in found_by(*known)), "merged again"
    noted(gone, mia, "Widerspruch")  # whoever still has the page open
    assert found_by("widerspruch") == [[last, stays, gone]]
    undone(stays)
    undone(gone)
    assert found_by("kaya", "stromsperre") == [[gone]] * 2


@pytest.mark.parametrize("how", ["names", "words", "tasks"])
def test_what_is_deleted_of_a_merged_task_finds_the_one_that_stays_no_more(people, how: str) -> None:
    stays, gone, mia = opened(age=HOUR), opened("+4917633333333"), people["mia"]
    named(stays, mia, "Meyer")
    named(gone, mia, "Kaya")
    noted(gone, mia, "Stromsperre")
    merged(stays, gone, mia)
    with database.writing() as session:
        getattr(anonymisation, how)(session, [gone])
    for word in {"names": ["kaya"], "words": ["stromsperre"], "tasks": ["kaya", "stromsperre"]}[how]:
        assert found_by(word) == [[]], word
    assert stays in found_by("meyer")[0]


# -- what is not possible ----------------------------------------------------------------------------


def test_two_members_and_double_submits_lose_nothing(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    merged(stays, gone)
    merged(stays, gone)
    with database.reading() as session:
        assert len(session.scalars(select(Merge)).all()) == 1, "sent twice is once"
    with pytest.raises(Refused, match="closed"):
        merged(gone, stays)
    undone(gone)
    with pytest.raises(Refused, match="not_merged"):
        undone(gone)


def test_a_task_that_a_colleague_holds_is_merged_by_nobody_else(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    claimed(gone, people["nils"])
    for pair in ((stays, gone), (gone, stays)):
        with pytest.raises(Refused, match="claimed") as refused:
            merged(*pair, people["mia"])
        assert refused.value.by == "Nils Nebenan"


def test_what_is_answered_in_different_ways_is_not_merged(people) -> None:
    with pytest.raises(Refused, match="other_kind"):
        merged(opened(), opened(kind="postal_order", concern="forms"))
    same = opened()
    with pytest.raises(Refused, match="other_task_needed"):
        merged(same, same)


def test_a_restricted_or_closed_task_is_not_merged(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    with database.writing() as session:
        workflow.restrict(
            session, session.get_one(CallbackTask, gone), session.get_one(User, people["mia"].id), utc_now()
        )
    with pytest.raises(Refused, match="restricted"):
        merged(stays, gone)


def test_a_merged_task_is_not_reopened_by_itself(people) -> None:
    stays, gone = opened(age=HOUR), opened()
    merged(stays, gone)
    with database.writing() as session, pytest.raises(Refused, match="merged"):
        user = session.get_one(User, people["mia"].id)
        workflow.reopen(session, session.get_one(CallbackTask, gone), user, utc_now())


# -- split -----------------------------------------------------------------------------------------


def split(task: int, number: int, user: User | None = None) -> int:
    with database.writing() as session:
        contact = session.get_one(CallbackTask, task).contacts[number]
        return splitting.split(session, contact, user and session.get_one(User, user.id), utc_now()).id


def test_a_contact_is_taken_out_into_a_task_with_its_own_promise_and_code(people) -> None:
    task = opened(age=10 * HOUR)
    joined(task, age=HOUR)
    kept = clocks(task)
    own = split(task, 1)
    found = the_task(own)
    with database.reading() as session:
        (contact,) = session.get_one(CallbackTask, own).contacts
        assert (contact.receipt_code, contact.at) == (found.receipt_code, found.first_contact_at)
        assert len(session.get_one(CallbackTask, task).contacts) == 1
    assert found.due_at == the_task(task).due_at, "sooner than 24 hours after their own call: that was promised"
    assert (found.state, found.first_attempt_at) == ("open", None)
    assert {measure: clock.due_at for measure, clock in clocks(task).items()} == {
        measure: clock.due_at for measure, clock in kept.items()
    }
    assert sums()["tasks"] == 2


def test_a_promise_that_has_passed_before_the_split_is_recorded_as_missed(people) -> None:
    task = opened(age=40 * HOUR)
    claimed(task, people["mia"])
    tried(task, people["mia"], now=utc_now() - 39 * HOUR)
    joined(task, age=30 * HOUR)
    own = split(task, 1, people["mia"])
    assert clocks(own)["tried"].state == SlaState.MISSED
    assert TaskEventKind.BREACHED in [event.kind for event in the_task(own).events]


def test_a_split_is_undone_by_merging_back(people) -> None:
    task = opened(age=10 * HOUR)
    joined(task, age=HOUR)
    before = everything(task)
    own = split(task, 1)
    merged(task, own)
    after = everything(task)
    assert sorted(after["contacts"]) == sorted(before["contacts"])
    assert after["due_at"] == before["due_at"]
    assert sums()["tasks"] == 1


def test_a_contact_of_a_merged_task_goes_back_to_that_task(people) -> None:
    stays, first, second = opened(age=3 * HOUR), opened(age=2 * HOUR), opened()
    before = everything(first)
    merged(stays, first)
    merged(stays, second)
    assert split(stays, 1) == first
    assert everything(first) == before
    assert len(everything(stays)["contacts"]) == 2
    assert split(stays, 1) == second


def test_the_contact_that_a_task_is_named_after_stays(people) -> None:
    task = opened(age=HOUR)
    with pytest.raises(Refused, match="only_contact"):
        split(task, 0)
    joined(task)
    with pytest.raises(Refused, match="first_contact"):
        split(task, 0)


def test_forms_go_with_the_contact_that_has_ordered_them(people) -> None:
    task = opened(age=HOUR, kind="postal_order", concern="forms", forms="rent")
    other = opened(kind="postal_order", concern="forms", forms="main_form")
    merged(task, other)
    joined(task, kind="postal_order", concern="forms", forms="change_report", number="+4917633333333")
    assert everything(task)["forms"] == ["rent", "main_form"]
    split(task, 1)
    assert everything(task)["forms"] == ["rent"]
    assert everything(other)["forms"] == ["main_form"]


def test_a_call_that_joins_adds_its_forms_to_the_order_and_takes_them_along(people, webhook_caller) -> None:
    """They are sent with the others, whoever reads no more than the order."""
    for keys, form, before in ((("1", "3"), "1", "2"), (("3",), "2", "1")):  # greeted in German the second time
        person = webhook_caller(NUMBER).dials().presses(*keys, "1", "1").speaks().presses("1", form, "2")
        person.hears("called_before").presses(before).hangs_up()
    with database.reading() as session:
        (task,) = session.scalars(select(CallbackTask.id))
        first, second = (Request.of_record(one.about).forms for one in session.get_one(CallbackTask, task).contacts)
    assert everything(task)["forms"] == [*first, *second]
    split(task, 1)
    assert everything(task)["forms"] == [*first]


# -- what a member has confirmed of a contact ---------------------------------------------------------


def confirmed(contact: int, number: str = "") -> None:
    """Another number, or else a withdrawal, that came by receipt code and that a member has confirmed."""
    with database.writing() as session:
        found, now = session.get_one(Contact, contact), utc_now()
        if number:
            code_changes.change_number(session, found, number, now)
        else:
            code_changes.withdraw(session, found, now)
        code_changes.confirm(session, found, CallerProof.FILE_DATA, None, now)


def apart(how: str, stays: int, gone: int, contact: int) -> None:
    """Take a merge back, or the contact out of the task into which others were merged after it."""
    if how == "undone":
        undone(gone)
        return
    merged(stays, opened(number="+4917644444444"))
    with database.writing() as session:
        assert splitting.split(session, session.get_one(Contact, contact), None, utc_now()).id == gone


@pytest.mark.parametrize("how", ["undone", "split"])
def test_a_number_that_was_confirmed_while_merged_is_the_one_to_call_afterwards(people, how: str) -> None:
    stays, gone = opened(), opened(number="+4917633333333")
    contact = first_contact(gone)
    merged(stays, gone)
    confirmed(contact, "+4917699999999")
    apart(how, stays, gone, contact)
    assert (the_task(gone).callback_number, the_task(stays).callback_number) == ("+4917699999999", NUMBER)


@pytest.mark.parametrize("how", ["undone", "split"])
@pytest.mark.parametrize("whose", ["stays", "gone"])
def test_who_has_withdrawn_while_merged_is_called_by_nobody_afterwards(people, how: str, whose: str) -> None:
    stays, gone = opened(), opened(number="+4917633333333")
    contacts_of = {"stays": first_contact(stays), "gone": first_contact(gone)}
    merged(stays, gone)
    confirmed(contacts_of[whose])
    assert the_task(stays).state == "open", "the other one still waits"
    if whose == "stays" and how == "split":
        with database.writing() as session:  # nobody else is left
            splitting.split(session, session.get_one(Contact, contacts_of["gone"]), None, utc_now())
    else:
        apart(how, stays, gone, contacts_of["gone"])
    found = {"stays": the_task(stays), "gone": the_task(gone)}
    withdrawn, waits = found.pop(whose), *found.values()
    assert (withdrawn.state, withdrawn.outcome, waits.state) == ("closed", "withdrawn", "open")
    assert {clock.state for clock in clocks(withdrawn.id).values()} == {SlaState.VOID}


@pytest.mark.parametrize("whose", ["first", "further"])
def test_a_contact_that_was_withdrawn_opens_no_task_by_a_split(people, whose: str) -> None:
    task = opened()
    further = joined(task)
    confirmed(first_contact(task) if whose == "first" else further)
    own = split(task, 1)
    states = [the_task(one).state for one in (task, own)]
    assert states == (["closed", "open"] if whose == "first" else ["open", "closed"])


# -- proposals -------------------------------------------------------------------------------------


def proposed(task: int, user: User) -> dict[int, set[Likeness]]:
    with database.reading() as session:
        found = session.get_one(CallbackTask, task)
        them = session.get_one(User, user.id)
        return {one.task.id: set(one.signs) for one in proposals.of_task(session, them, found, utc_now())}


def test_tasks_with_a_common_number_are_proposed_and_never_merged_by_themselves(people) -> None:
    mine = opened()
    with database.writing() as session:  # withheld, the number keyed in
        call = calls.seen(session, "CAstranger", None, utc_now())
        calls.progressed(call, "record", "de", "benefits")
        contact = intake.contact_for(session, call, Request(concern="benefits"), utc_now())
        intake.give_number(session, contact, NUMBER, utc_now())
        other = contact.task_id
    opened("+4917644444444")
    assert other != mine
    assert proposed(mine, people["mia"]) == {other: {Likeness.NUMBER}}
    assert proposed(other, people["mia"]) == {mine: {Likeness.NUMBER}}


def test_nothing_is_proposed_out_of_teams_that_one_may_not_open_or_of_restricted_tasks(people) -> None:
    mine, theirs = opened(), opened(concern="under_25")
    assert the_task(theirs).team.key == "youth"
    restricted = opened(age=HOUR)
    with database.writing() as session:
        session.get_one(CallbackTask, restricted).restricted_at = utc_now()
    assert proposed(mine, people["mia"]) == {}
    assert set(proposed(mine, people["lena"])) == {theirs}


def test_two_requests_of_one_call_are_no_proposal(people) -> None:
    with database.writing() as session:
        call = calls.seen(session, "CAtwice", NUMBER, utc_now())
        calls.progressed(call, "record", "de", "benefits")
        one, other = (
            intake.open_for(session, call, Request(concern=concern), utc_now()).id for concern in ("benefits", "other")
        )
    assert one != other
    assert proposed(one, people["lena"]) == {}


def test_who_keys_in_an_earlier_code_and_asks_for_something_else_is_proposed(people) -> None:
    earlier = opened("+4917611111111")
    with database.writing() as session:  # withheld: the code alone tells
        call = calls.seen(session, "CAlater", None, utc_now())
        calls.progressed(call, "record", "de", "benefits")
        contact = session.get_one(CallbackTask, earlier).contacts[0]
        intake.note_later_call(session, contact, call, utc_now())
        new = intake.open_for(session, call, Request(concern="other"), utc_now()).id
    assert proposed(earlier, people["lena"]) == {new: {Likeness.CODE}}
    assert proposed(new, people["lena"]) == {earlier: {Likeness.CODE}}


def test_two_members_who_merge_the_same_tasks_at_once_do_it_once(people) -> None:
    pairs = [(opened(age=2 * HOUR), opened(age=HOUR)) for _ in range(5)]
    answers: list[str] = []

    def tries(first: int, second: int) -> None:
        try:
            merged(first, second)
            answers.append("merged")
        except Refused as refused:
            answers.append(refused.reason)

    for one, other in pairs:
        threads = [threading.Thread(target=tries, args=pair) for pair in ((one, other), (other, one))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = sorted(str(the_task(task).state) for task in (one, other))
        assert states == ["closed", "open"]
        assert sum(len(everything(task)["contacts"]) for task in (one, other)) == 2
    assert sorted(answers) == ["closed"] * 5 + ["merged"] * 5


def test_tasks_closed_lately_are_shown_for_information(people) -> None:
    mine, lately, long_ago = opened(), opened(), opened()
    for task, age in ((lately, 1), (long_ago, 15)):
        claimed(task, people["mia"])
        with database.writing() as session:
            found, user = session.get_one(CallbackTask, task), session.get_one(User, people["mia"].id)
            workflow.close(session, found, user, Outcome.SETTLED_OTHERWISE, "", utc_now() - timedelta(days=age))
    assert set(proposed(mine, people["mia"])) == {lately}
