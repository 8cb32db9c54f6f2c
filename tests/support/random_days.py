"""Seeded days of a hotline: calls that end in every way, and requests that are tried, reached, closed, or forgotten."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.callbacks import appointments, attempts, claims, intake, sla_clocks, workflow
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.contact_centre import call_queue
from ivr.domain.enums import Outcome, QueueEntryMode, QueueEntryState, QueueExit
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry
from ivr.models.contacts import LaterCall
from ivr.models.sla import SlaPause
from ivr.platform import database
from tests.support.people import hire

_BERLIN = ZoneInfo("Europe/Berlin")
_CONCERNS = ("benefits", "work", "under_25", "rehab", "other")
_LANGUAGES = ("de", "de", "tr", "ar", "fa")
_EXITS = ("hung_up", "message", "emergency", "closed", "nobody", "full", "withdrawn", "carrier")


def happen(first: date, days: int, seed: int) -> None:
    """So many days from the first one on: six callers for a team and six requests each day."""
    dice, mia = random.Random(seed), hire()["mia"].id
    for number in range(days):
        day = first + timedelta(days=number)
        with database.writing() as session:
            for _ in range(6):
                _caller(session, dice, _instant(dice, day))
                _request(session, dice, session.get_one(User, mia), _instant(dice, day))
    while True:
        with database.writing() as session:
            if not sla_clocks.sweep(session, datetime.combine(first + timedelta(days=days + 30), time(9), UTC)):
                break


def _instant(dice: random.Random, day: date) -> datetime:
    """Any second of the local day, its edges rather often."""
    second = dice.choice([0, 1, 86_399, *(dice.randrange(86_400) for _ in range(5))])
    return datetime.combine(day, time(), _BERLIN).astimezone(UTC) + timedelta(seconds=second)


def _call(session: Session, dice: random.Random, at: datetime, concern: str) -> Call:
    call = calls.seen(session, f"CA{dice.getrandbits(128):032x}", f"+49176{dice.randrange(10**8):08d}", at)
    calls.progressed(call, "end", dice.choice(_LANGUAGES), concern, "promised")
    call.state = "ended"
    session.flush()
    return call


def _caller(session: Session, dice: random.Random, at: datetime) -> None:
    """Wants a team, once or several times in one call."""
    request = Request(concern=dice.choice(_CONCERNS), office=dice.choice(["", "office_1", "office_2"]))
    call = _call(session, dice, at, request.concern)
    for visit in range(dice.randint(0, 1), dice.randint(1, 3)):
        if visit == 0:
            call_queue.not_served(session, call, 0, request, call.language or "de", QueueExit.NOBODY, at)
            continue
        entry = call_queue.enter(session, call, visit, request, call.language or "de", "", at)
        at += timedelta(seconds=dice.choice([0, 4, 5, 30, 31, 400]))
        if dice.random() < 0.4:
            entry.state, entry.answered_at = QueueEntryState.ANSWERED, at
            entry.mode = dice.choice([QueueEntryMode.LIVE, QueueEntryMode.LIVE, QueueEntryMode.CALLBACK])
            if entry.mode == QueueEntryMode.LIVE:
                _conversation(session, dice, entry, at)
        elif dice.random() < 0.9:
            entry.state, entry.left_at = QueueEntryState.LEFT, at
            entry.reason = QueueExit(dice.choice(_EXITS))
        at += timedelta(seconds=dice.randrange(200))


def _conversation(session: Session, dice: random.Random, entry: QueueEntry, at: datetime) -> None:
    session.flush()
    talk = Conversation(
        room=f"{dice.getrandbits(60)}", kind="answered", state="ended", entry_id=entry.id, team_id=entry.team_id,
        language=entry.language, concern=entry.concern, urgency="normal", started_at=at, connected_at=at,
        ended_at=at + timedelta(minutes=4), outcome=dice.choice(["settled", "passed_on"]),
    )  # fmt: skip
    session.add(talk)
    session.flush()
    if dice.random() < 0.4:
        joined = at + timedelta(seconds=dice.choice([60, 120, 121])) if dice.random() < 0.7 else None
        wanted = InterpreterRequest(
            conversation_id=talk.id, state="joined" if joined else "unmet", language=entry.language, requested_at=at,
            joined_at=joined, ended_at=joined and joined + timedelta(minutes=3),
        )  # fmt: skip
        session.add(wanted)


def _request(session: Session, dice: random.Random, mia: User, at: datetime) -> None:
    wish = dice.random() < 0.4
    request = Request(
        kind="appointment" if wish else "callback", concern="appointment" if wish else dice.choice(_CONCERNS),
        mode=dice.choice(["in_person", "in_person", "telephone"]) if wish else "",
        age_group=dice.choice(["", "under_25", "25_and_over"]), office=dice.choice(["", "office_1", "office_3"]),
    )  # fmt: skip
    if dice.random() < 0.1:
        request = Request(kind="postal_order", concern="forms", forms=("change",))
    task = intake.open_for(session, _call(session, dice, at, request.concern), request, at)
    if dice.random() < 0.2:
        again = at + timedelta(seconds=dice.choice([1, 86_400, dice.randrange(200_000)]))
        later = _call(session, dice, again, request.concern)
        session.add(LaterCall(contact_id=task.contacts[0].id, call_id=later.id, at=again))
    if dice.random() < 0.2:
        session.add(SlaPause(task_id=task.id, user_id=mia.id, from_at=at, until_at=at + timedelta(days=2)))
    task.urgency = dice.choice(["normal", "normal", "emergency"])
    for _ in range(dice.randint(0, 2)):
        at += timedelta(seconds=dice.choice([3600, 86_400, 86_401, dice.randrange(200_000)]))
        if not _answered(session, dice, mia, task, at):
            return
    if dice.random() < 0.1 and task.state == "open":
        workflow.withdraw(session, task, at + timedelta(hours=dice.randrange(40)))


def _answered(session: Session, dice: random.Random, mia: User, task: CallbackTask, at: datetime) -> bool:
    """One thing that a member does; whether the task is still open after it."""
    if task.state == "open":
        claims.claim(session, task, mia, at)
    if task.kind == "appointment" and dice.random() < 0.7:
        granted = at + timedelta(days=dice.randrange(9)) if dice.random() < 0.6 else None
        appointments.answer(
            session, task, mia, at, appointment_at=granted, place="Zimmer 1" if granted else "",
            room=dice.choice(["large", "small"]),
            refusal_reason="" if granted else dice.choice(["no_capacity", "missing_documents"]),
        )  # fmt: skip
        return False
    if task.kind == "postal_order" and dice.random() < 0.7:
        workflow.close(session, task, mia, "forms_sent", "", at)
        return False
    outcome = dice.choice([Outcome.REACHED, Outcome.NO_ANSWER, Outcome.BUSY])
    attempts.record(session, task, mia, outcome, at)
    if task.kind == "callback" and dice.random() < 0.4:
        workflow.close(session, task, mia, "settled_otherwise", "", at + timedelta(minutes=5))
    return task.state != "closed"
