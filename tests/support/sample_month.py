"""A fixed month of sixty calls, small enough to be counted by hand: October 2026, in which the clocks go back.

Twenty callers are answered within 30 seconds (14 settled), five after 45 seconds, five hang up while waiting. Thirty
become tasks:

* ten German callbacks of benefits: tried and reached after 2 hours, closed;
* five Turkish callbacks of work: tried in vain after 23 hours, never reached;
* four Arabic callbacks of benefits: tried and reached after 30 hours, six too late, closed;
* one Persian youth whom nobody ever rings;
* eight wishes for an appointment in person, answered after 3 hours: three granted in an emergency (one of them under
  25), two granted otherwise (one under 25), three refused (no capacity; documents missing, twice);
* two orders of forms, posted after 20 hours.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from ivr.callbacks import appointments, attempts, claims, intake, sla_clocks, workflow
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry
from ivr.platform import database
from ivr.reporting import daily_metrics
from tests.support.people import hire

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
#: When everything is over and final.
AFTERWARDS = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def happen() -> None:
    """Sixty calls."""
    people = hire()
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        _line(session)
        _tasks(session, mia)
    while True:
        with database.writing() as session:
            if not sla_clocks.sweep(session, AFTERWARDS):
                break


def count() -> None:
    """Every day of it, until nothing changes any more."""
    while True:
        with database.reading() as session:
            due = [day for day in daily_metrics.due(session, AFTERWARDS) if day <= LAST]
            groups = daily_metrics.together(session, due)
        if not groups:
            return
        for days in groups:
            with database.writing() as session:
                daily_metrics.count_days(session, days, AFTERWARDS)


def _at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """An instant in October, in UTC: summer time until the 25th, 3:00."""
    offset = 2 if day < 25 else 1
    return datetime(2026, 10, day, hour - offset, minute, tzinfo=UTC)


def _call(session: Session, number: int, at: datetime, language: str, concern: str, ending: str) -> Call:
    call = calls.seen(session, f"CA{number:04d}", f"+49176{number:08d}", at)
    calls.progressed(call, "end", language, concern, ending)
    call.state, call.ended_at = "ended", at + timedelta(minutes=4)
    session.flush()
    return call


def _line(session: Session) -> None:
    teams = {team.key: team.id for team in session.query(Team)}
    groups = [("benefits", "de", 20, 20), ("work", "tr", 5, 45), ("benefits", "ar", 5, None)]
    number = 0
    for concern, language, count, wait in groups:
        for place in range(count):
            number += 1
            at = _at(1 + number % 28, 9 + number % 8)
            call = _call(session, number, at, language, concern, "connected" if wait else "hung_up")
            about = {"team_id": teams[concern], "language": language, "concern": concern, "urgency": "normal"}
            answered = at + timedelta(seconds=wait) if wait else None
            entry = QueueEntry(
                call_id=call.id, state="answered" if wait else "left", reason=None if wait else "hung_up",
                joined_at=at, entered_at=at, answered_at=answered, left_at=answered or at + timedelta(seconds=70),
                resume="", **about,
            )  # fmt: skip
            session.add(entry)
            session.flush()
            if answered is None:
                continue
            talk = Conversation(
                room=f"r{number}", kind="answered", state="ended", entry_id=entry.id, started_at=at,
                connected_at=answered, ended_at=answered + timedelta(minutes=5),
                outcome="settled" if language == "de" and place < 14 else "passed_on", **about,
            )  # fmt: skip
            session.add(talk)
            session.flush()
            if language == "tr":  # five wanted; three within two minutes, one later, one not to be had
                seconds = (30, 60, 90, 200, None)[place]
                joined = answered + timedelta(seconds=seconds) if seconds else None
                session.add(
                    InterpreterRequest(
                        conversation_id=talk.id, state="joined" if joined else "unmet", language="tr",
                        requested_at=answered, joined_at=joined, ended_at=talk.ended_at if joined else None,
                    )
                )  # fmt: skip


def _tasks(session: Session, mia: User) -> None:
    number = 30

    def task(day: int, language: str, request: Request) -> tuple[CallbackTask, datetime]:
        nonlocal number
        number += 1
        at = _at(day, 10, number % 60)
        call = _call(session, number, at, language, request.concern, "promised")
        return intake.open_for(session, call, request, at), at

    def tried(of: CallbackTask, at: datetime, outcome: str) -> None:
        if of.state == "open":
            claims.claim(session, of, mia, at)
        attempts.record(session, of, mia, outcome, at)

    for place in range(10):
        one, at = task(1 + place, "de", Request(concern="benefits", office="office_1"))
        tried(one, at + timedelta(hours=2), "reached")
        workflow.close(session, one, mia, "settled_otherwise", "", at + timedelta(hours=2, minutes=9))
    for place in range(5):
        one, at = task(11 + place, "tr", Request(concern="work"))
        tried(one, at + timedelta(hours=23), "no_answer")
    for place in range(4):
        one, at = task(23 + place, "ar", Request(concern="benefits", office="office_2"))
        tried(one, at + timedelta(hours=30), "reached")
        workflow.close(session, one, mia, "settled_otherwise", "", at + timedelta(hours=31))
    task(12, "fa", Request(concern="under_25", age_group="under_25"))
    wishes = [
        ("emergency", "under_25", "granted"), ("emergency", "", "granted"), ("emergency", "", "granted"),
        ("normal", "under_25", "granted"), ("normal", "", "granted"),
        ("normal", "", "no_capacity"), ("normal", "", "missing_documents"), ("normal", "", "missing_documents"),
    ]  # fmt: skip
    for place, (urgency, age, answer) in enumerate(wishes):
        request = Request(
            kind="appointment", concern="appointment", mode="in_person", age_group=age or None, training=False
        )
        one, at = task(5 + place, "de", request)
        one.urgency = urgency
        claims.claim(session, one, mia, at)
        granted = at + timedelta(days=3) if answer == "granted" else None
        appointments.answer(
            session, one, mia, at + timedelta(hours=3), appointment_at=granted, place="Zimmer 1" if granted else "",
            room="large" if place == 0 else "small", refusal_reason="" if granted else answer,
        )  # fmt: skip
    for place in range(2):
        one, at = task(20 + place, "de", Request(kind="postal_order", concern="forms", forms=("change",)))
        claims.claim(session, one, mia, at)
        workflow.close(session, one, mia, "forms_sent", "", at + timedelta(hours=20))
    assert number == 60
