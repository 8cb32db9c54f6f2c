"""Demo data for trials, screenshots and training: months of calls, tasks in all states, synthetic audio.

It is refused in production, because the people are invented.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.audit import access_log
from ivr.callbacks import appointments, attempts, claims, events, search_index, sla_clocks, workflow
from ivr.config.settings import settings
from ivr.domain import receipt_codes
from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    CallEnding,
    CallRowState,
    Companion,
    Concern,
    EmergencyKind,
    Outcome,
    RefusalReason,
    TaskEventKind,
    TaskKind,
    Urgency,
)
from ivr.domain.languages import LANGUAGES
from ivr.domain.routing import CONCERNS
from ivr.models.accounts import Team, User
from ivr.models.callbacks import AppointmentWish, CallbackTask, PostalOrder
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.notices import announcements
from ivr.operations import figures, house_pace
from ivr.operations.demo_conversations import add_conversation
from ivr.operations.demo_messages import SENTENCES, SpokenMessage, add_message, spoken_message
from ivr.platform import database, one_at_a_time
from ivr.reporting import daily_metrics

#: How often callers speak a language, and call about a concern.
_LANGUAGE_WEIGHTS: dict[str, int] = {
    "de": 40, "en": 8, "tr": 12, "ar": 9, "ru": 6, "uk": 8, "fa": 4, "pl": 4, "bg": 4, "ro": 3,
}  # fmt: skip
_CONCERN_WEIGHTS: dict[str, int] = {
    Concern.BENEFITS: 35,
    Concern.WORK: 18,
    Concern.UNDER_25: 8,
    Concern.REHAB: 4,
    Concern.EMERGENCY: 6,
    Concern.FORMS: 8,
    Concern.APPOINTMENT: 9,
    Concern.OTHER: 12,
}
_NAMES = (
    "Müller",
    "Yılmaz",
    "Petrowa",
    "Nowak",
    "Kaya",
    "Schmidt",
    "Haddad",
    "Popescu",
    "Dimitrova",
    "Rahimi",
    "Çelik",
)
_EMERGENCIES = tuple(kind for kind in EmergencyKind if kind != EmergencyKind.OTHER)
_OUTCOMES = (Outcome.REACHED, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.ANSWERING_MACHINE)
_REFUSALS = (RefusalReason.SETTLED_WITHOUT, RefusalReason.NO_CAPACITY, RefusalReason.NOT_RESPONSIBLE)
_PEOPLE = (("anna", "Anna Ahlers"), ("bilal", "Bilal Demir"), ("clara", "Clara Cordes"), ("dunja", "Dunja Petrović"))
_ANNOUNCEMENT = {
    "de": "Heute ist der Aufzug in der Geschäftsstelle Mitte außer Betrieb.",
    "en": "The lift in the office Mitte is out of order today.",
    "tr": "Bugün Mitte şubesinde asansör çalışmıyor.",
}
#: Messages with audio on the last day; earlier days have fewer. Other callers request a callback by keypad.
_MESSAGES = 400
#: Calls that are written in one transaction, for which others wait.
_TOGETHER = 4
#: Number of PostgreSQL's advisory lock.
_LOCK = 4211782669


@dataclass
class Seeded:
    """The numbers of invented calls, tasks and messages."""

    calls: int = 0
    tasks: int = 0
    messages: int = 0
    #: An earlier run was killed, and the days into which it had written are counted now.
    mended: bool = False
    #: Receipt codes in use.
    codes: set[str] = field(default_factory=set)
    #: What the carrier's ids of this run differ by from those of another run with the same people.
    run: int = field(default_factory=lambda: secrets.randbits(128))

    def carrier_id(self, kind: str, dice: random.Random) -> str:
        """An id as the carrier gives it (`kind`: CA or RE)."""
        return f"{kind}{dice.getrandbits(128) ^ self.run:032x}"

    def code(self) -> str:
        """A receipt code that is not in use."""
        while (code := receipt_codes.draw()) in self.codes:
            pass
        self.codes.add(code)
        return code


class NotInProduction(Exception):
    """Demo data is refused in production mode."""


def remove_local_files(var_dir: Path) -> list[Path]:
    """Remove the passwords of the log-ins for trying, and the secrets that local mode has made for itself."""
    found = [var_dir / "demo-logins.json", *sorted((var_dir / "secrets").glob("*"))]
    removed = [path for path in found if path.is_file()]
    for path in removed:
        path.unlink()
    return removed


def seed(days: int, calls_per_day: int, now: datetime, number: int = 1) -> Seeded:
    """Add the calls of some days until now. The same `number` gives the same people.

    Of several that do this at once each counts its own: one does it, and the others wait.

    Raises:
        NotInProduction: in production mode. TooLong: another process has been adding for too long.
    """
    if not settings().local:
        raise NotInProduction
    with one_at_a_time.alone("seeding", _LOCK):
        first, last = daily_metrics.local_day(now - timedelta(days=days)), daily_metrics.local_day(now)
        pace, made = house_pace.Pace(), Seeded()
        if (left := figures.interrupted(now)) is not None:
            left.count(now, pace)
            made.mended = True
        counting = figures.begin(first, last)
        try:
            _add(days, calls_per_day, now, random.Random(number), pace, made)  # noqa: S311 - nothing secret
        finally:  # what an interrupted run has written counts as well
            counting.count(now, pace)
    return made


def _add(
    days: int, calls_per_day: int, now: datetime, dice: random.Random, pace: house_pace.Pace, made: Seeded
) -> None:
    staff = []
    for username, name in _PEOPLE:
        with pace.turn() as session:
            staff.append(_person(session, username, name))
    with database.reading() as session:
        made.codes |= set(session.scalars(select(CallbackTask.receipt_code)))
    with pace.turn() as session:
        _announce(session, now)
    for day in range(days, -1, -1):
        instants = list(_instants(dice, now - timedelta(days=day), calls_per_day, now))
        for start in range(0, len(instants), _TOGETHER):
            some = [_invent(dice, at, made, _MESSAGES // (day + 1)) for at in instants[start : start + _TOGETHER]]
            with pace.turn() as session:
                teams = {team.key: team for team in session.scalars(select(Team))}
                for invented in some:
                    _write(session, dice, invented, now, staff, teams, made)


def _announce(session: Session, now: datetime) -> None:
    """An announcement that runs for a day, unless there is one already."""
    if announcements.coming(session, now):
        return
    made = announcements.draft(session, now, now + timedelta(days=1), _ANNOUNCEMENT, None, now)
    announcements.publish(session, made.id, access_log.SYSTEM, now)


def _person(session: Session, username: str, name: str) -> int:
    person = session.scalar(select(User).where(User.username == username))
    if person is None:
        password, teams = secrets.token_urlsafe(12), list(settings().teams)
        person = users.add(session, username, name, "member", password, teams, demo=True)
        session.flush()
    return person.id


def _instants(dice: random.Random, day: datetime, count: int, now: datetime) -> Iterator[datetime]:
    """The UTC instants of a day's calls: most in the morning, a fifth outside opening hours, few on Sundays."""
    local = day.astimezone(settings().hours.zone)
    count = int(count * (0.2 if local.weekday() == 6 else 0.5 if local.weekday() == 5 else 1))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [dice.choice((dice.gauss(10, 1.5), dice.gauss(14, 2), dice.uniform(0, 24))) % 24 for _ in range(count)]
    for hour in sorted(hours):
        at = midnight + timedelta(hours=hour)
        if at < now:
            yield at


def _draw(dice: random.Random, values: Sequence[str], weights: Mapping[str, int]) -> str:
    """Draw a value. One without a weight, such as a new concern or language, is rare."""
    return dice.choices(values, weights=[weights.get(value, 2) for value in values])[0]


@dataclass(frozen=True)
class _Invented:
    """A call that is made up. Its audio is stored before anything is written: nobody waits for that."""

    at: datetime
    call_sid: str
    language: str
    concern: str
    ending: CallEnding
    spoken: SpokenMessage | None = None


def _invent(dice: random.Random, at: datetime, made: Seeded, most_messages: int) -> _Invented:
    language = _draw(dice, tuple(LANGUAGES), _LANGUAGE_WEIGHTS)
    concern = _draw(dice, CONCERNS, _CONCERN_WEIGHTS)
    is_open = 8 <= at.astimezone(settings().hours.zone).hour < 18
    call = _Invented(at, made.carrier_id("CA", dice), language, concern, CallEnding.PROMISED)
    if is_open and dice.random() < 0.7:  # most calls are answered at once
        return replace(call, ending=CallEnding.CONNECTED)
    if dice.random() < 0.15:
        return replace(call, ending=CallEnding.HUNG_UP)
    if language in SENTENCES and made.messages < most_messages and dice.random() < 0.7:
        made.messages += 1
        spoken = spoken_message(dice, made.carrier_id("RE", dice), call.call_sid, language)
        return replace(call, spoken=spoken)
    return call


def _write(
    session: Session, dice: random.Random, invented: _Invented, now: datetime, staff: list[int],
    teams: dict[str, Team], made: Seeded,
) -> None:  # fmt: skip
    call = Call(
        call_sid=invented.call_sid, from_number=f"+4917{dice.randrange(10**9):09d}", language=invented.language,
        concern=invented.concern, step="goodbye", state=CallRowState.ENDED, started_at=invented.at,
        ended_at=invented.at + timedelta(seconds=dice.randrange(30, 400)), ending=invented.ending,
    )  # fmt: skip
    session.add(call)
    made.calls += 1
    if invented.ending == CallEnding.HUNG_UP:
        return
    session.flush()
    if invented.ending == CallEnding.CONNECTED:
        add_conversation(session, dice, call, teams[settings().team_for(invented.concern)])
        return
    task = _task(session, dice, call, invented.concern, teams, made)
    made.tasks += 1
    if invented.spoken is not None:
        add_message(session, task, invented.spoken)
    _work(session, dice, task, staff, now)
    search_index.index(session, task)


def _task(
    session: Session, dice: random.Random, call: Call, concern: str, teams: dict[str, Team], made: Seeded
) -> CallbackTask:
    kinds = {Concern.FORMS: TaskKind.POSTAL_ORDER, Concern.APPOINTMENT: TaskKind.APPOINTMENT}
    kind = kinds.get(Concern(concern), TaskKind.CALLBACK)
    age = AgeGroup.UNDER_25 if concern == Concern.UNDER_25 or dice.random() < 0.1 else ""
    office = dice.choice(["", *settings().offices])
    in_need = concern == Concern.EMERGENCY or (concern == Concern.APPOINTMENT and dice.random() < 0.2)
    urgency = Urgency.EMERGENCY if in_need else Urgency.NORMAL
    task = CallbackTask(
        kind=kind, call_id=call.id, team=teams[settings().team_for(concern, age, office)], language=call.language,
        concern=concern, urgency=urgency, callback_number=call.from_number, receipt_code=made.code(),
        provisional=False, first_contact_at=call.started_at, age_group=age or None, office=office or None,
        availability=dice.choice([Availability.MORNING, Availability.AFTERNOON, Availability.ANY_TIME]),
        emergency_kind=dice.choice(_EMERGENCIES) if urgency == Urgency.EMERGENCY else None,
        needs_interpreter=call.language in ("ar", "fa", "kmr") and dice.random() < 0.5,
        caller_name=dice.choice(_NAMES) if dice.random() < 0.5 else None,
        due_at=call.started_at,
    )  # fmt: skip
    session.add(task)
    session.flush()
    sla_clocks.start(session, task)
    session.add(
        Contact(
            task=task, call=call, at=call.started_at, kind=kind, concern=task.concern, urgency=urgency,
            emergency_kind=task.emergency_kind, receipt_code=task.receipt_code, callback_number=task.callback_number,
            language=task.language, availability=task.availability, about={"kind": str(kind), "concern": str(concern)},
        )
    )  # fmt: skip
    events.record(session, task.id, TaskEventKind.OPENED, call.started_at)
    if kind == TaskKind.POSTAL_ORDER:
        forms = dice.sample(settings().forms, dice.randrange(1, 3))
        session.add(PostalOrder(task_id=task.id, forms=list(forms), customer_number=None))
    if kind == TaskKind.APPOINTMENT:
        session.add(
            AppointmentWish(
                task_id=task.id,
                mode=dice.choice([AppointmentMode.IN_PERSON, AppointmentMode.TELEPHONE, AppointmentMode.VIDEO]),
                reason=AppointmentReason.BENEFITS,
                companion=dice.choice([Companion.NONE, Companion.NONE, Companion.INTERPRETER, Companion.COMPANION]),
                impairment=dice.random() < 0.1,
                seeks_training=dice.random() < 0.1,
            )
        )
    return task


def _work(session: Session, dice: random.Random, task: CallbackTask, staff: list[int], now: datetime) -> None:
    """Work on a task: nearly all of the older ones are closed, one in twenty was late."""
    late = dice.random() < 0.05
    tried = task.first_contact_at + timedelta(hours=dice.uniform(25, 40) if late else dice.uniform(0.5, 22))
    session.flush()
    if tried >= now:
        sla_clocks.catch_up(session, task.id, now)
        return
    user = session.get_one(User, dice.choice(staff))
    outcome = dice.choices(_OUTCOMES, weights=[70, 18, 6, 6])[0]
    claims.claim(session, task, user, tried)
    attempts.record(session, task, user, outcome, tried)
    old = tried < now - timedelta(days=2)
    if outcome != Outcome.REACHED and not old:
        claims.release(session, task, user, tried)
        task.next_attempt_at = now + timedelta(hours=dice.uniform(-2, 20))
    elif old or dice.random() < 0.8:
        _close(session, dice, task, user, tried + timedelta(minutes=6))


def _close(session: Session, dice: random.Random, task: CallbackTask, user: User, now: datetime) -> None:
    if task.kind != TaskKind.APPOINTMENT:
        outcome = Outcome.FORMS_SENT if task.kind == TaskKind.POSTAL_ORDER else Outcome.REACHED
        workflow.close(session, task, user, outcome, "", now, attempted=True)
    elif dice.random() < 0.85:
        at = now + timedelta(days=5)
        appointments.answer(session, task, user, now, appointment_at=at, place="Zimmer 12")
    else:
        appointments.answer(session, task, user, now, refusal_reason=dice.choice(_REFUSALS))
