"""The clocks of a task's promises: started at the first contact, never again; swept, met, put off, taken back.

`on_track -> at_risk -> missed -> met_late`, or `met` in time. Every change is a conditional update, so of several clock
processes exactly one records each, and the sweep reads only what is about to change (a partial index).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import alert_digest
from ivr.config.settings import settings
from ivr.domain import sla_policies
from ivr.domain.alert_subscriptions import Event
from ivr.domain.sla_policies import Deadline, Measure
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent
from ivr.models.sla import SlaClock, SlaPause

#: What was decided longer ago stays decided, whoever reopens the task: it has been counted.
SETTLED_AFTER = timedelta(days=7)
#: A date further away is no promise any more.
LATEST = timedelta(days=60)
_RUNNING = ("on_track", "at_risk")
#: Promises recorded in one transaction.
BATCH = 1000
#: What the history of a task calls it.
_EVENTS = {
    ("tried", "at_risk"): "at_risk",
    ("tried", "missed"): "breached",
    ("reached", "missed"): "not_reached_in_time",
}


def start(session: Session, task: CallbackTask) -> None:
    """The promises of a new task (written down already, so that it has an id) begin."""
    team = task.team.key
    found = _deadlines(task.first_contact_at, task.kind, task.urgency, team)
    task.due_at = found["tried"].due_at
    session.add_all(
        SlaClock(
            task_id=task.id,
            measure=measure,
            clock=deadline.clock,
            hours=deadline.hours,
            state="on_track",
            at_risk_at=deadline.at_risk_at,
            due_at=deadline.due_at,
            next_change_at=deadline.at_risk_at,
        )
        for measure, deadline in found.items()
    )


def first_contact(began_at: datetime, now: datetime) -> datetime:
    """When the clock of a call starts. One from the future (a host whose clock is wrong) starts now."""
    return min(began_at, now)


# -- what happens by itself ---------------------------------------------------------------------------


def sweep(session: Session, now: datetime, limit: int = BATCH) -> int:
    """Record which promises are at risk or missed by now, the most urgent first; how many changed. Tasks somebody is
    changing at this moment are left to the next sweep: it waits for nobody, and nobody for it."""
    due = (
        select(SlaClock.task_id, SlaClock.measure)
        .join(CallbackTask)
        .where(SlaClock.next_change_at <= now, CallbackTask.restricted_at.is_(None))
        .order_by(SlaClock.next_change_at)
        .limit(limit)
        .with_for_update(of=[SlaClock, CallbackTask], skip_locked=True)
    )
    return _record(session, [(row.task_id, row.measure) for row in session.execute(due)], now)


def catch_up(session: Session, task_id: int, now: datetime) -> None:
    """Record for one task what the clock has not come to yet: before something that comes too late."""
    _hold(session, task_id)
    due = select(SlaClock.task_id, SlaClock.measure).where(SlaClock.task_id == task_id, SlaClock.next_change_at <= now)
    due = due.join(CallbackTask).where(CallbackTask.restricted_at.is_(None))
    _record(session, [(row.task_id, row.measure) for row in session.execute(due)], now)


def _record(session: Session, keys: Sequence[tuple[int, str]], now: datetime) -> int:
    if not keys:
        return 0
    known = session.execute(
        select(SlaClock.task_id, SlaClock.measure, SlaClock.at_risk_recorded_at, SlaClock.missed_at).where(_keyed(keys))
    )
    before = {(row.task_id, row.measure): row for row in known}
    was_missed, is_missed = SlaClock.state == "missed", SlaClock.due_at <= now
    changed = session.execute(
        update(SlaClock)
        .where(_keyed(keys), SlaClock.next_change_at <= now, SlaClock.state.in_((*_RUNNING, "missed")))
        .values(
            state=case((or_(was_missed, is_missed), "missed"), else_="at_risk"),
            at_risk_recorded_at=func.coalesce(SlaClock.at_risk_recorded_at, now),
            missed_at=case((was_missed, SlaClock.missed_at), (is_missed, now), else_=None),
            escalated_at=case((was_missed, now), else_=None),
            next_change_at=case((was_missed, None), (is_missed, now + _escalation()), else_=SlaClock.due_at),
        )
        .returning(SlaClock.task_id, SlaClock.measure, SlaClock.state)
        .execution_options(synchronize_session=False)
    ).all()
    news: dict[tuple[str, str], list[int]] = {}
    for task_id, measure, state in changed:
        old = before[task_id, measure]
        if old.missed_at is not None:
            news.setdefault((measure, "escalated"), []).append(task_id)
        elif state == "missed" or old.at_risk_recorded_at is None:
            news.setdefault((measure, state), []).append(task_id)
    history = [
        {"task_id": task_id, "at": now, "kind": kind}
        for what, kind in _EVENTS.items()
        for task_id in news.get(what, ())
    ]
    if history:
        session.execute(insert(TaskEvent), history)
    if missed := news.get(("tried", "missed")):
        session.execute(
            update(CallbackTask)
            .where(CallbackTask.id.in_(missed), CallbackTask.breached_at.is_(None))
            .values(breached_at=now)
        )
    events: tuple[Event, ...] = ("at_risk", "missed", "escalated")
    for event in events:
        alert_digest.collect(session, event, news.get(("tried", event), ()), now)
    return len(changed)


def _escalation() -> timedelta:
    return timedelta(hours=settings().escalation_hours)


def _keyed(keys: Iterable[tuple[int, str]]) -> ColumnElement[bool]:
    by_measure: dict[str, list[int]] = {}
    for task_id, measure in keys:
        by_measure.setdefault(measure, []).append(task_id)
    return or_(*(and_(SlaClock.measure == name, SlaClock.task_id.in_(ids)) for name, ids in by_measure.items()))


# -- what people do -----------------------------------------------------------------------------------


def met(session: Session, task_id: int, measure: Measure, at: datetime) -> None:
    """A promise is kept, in time or late; only the first time counts. `at` may be told late: what was kept in time is
    kept, even if the clock has taken it for missed meanwhile."""
    catch_up(session, task_id, at)
    clock = session.get(SlaClock, (task_id, measure), populate_existing=True)
    if clock is None or clock.met_at is not None:
        return
    if at < clock.due_at and clock.missed_at is not None:
        clock.missed_at = clock.escalated_at = None
        if measure == "tried":
            session.execute(update(CallbackTask).where(CallbackTask.id == task_id).values(breached_at=None))
            alert_digest.take_back(session, task_id, "missed", "escalated")
    clock.met_at, clock.next_change_at = at, None
    clock.state = "met" if clock.missed_at is None else "met_late"
    session.flush()


def void(session: Session, task_id: int, now: datetime, *measures: Measure) -> None:
    """Nobody expects it any more. That it was missed stays recorded."""
    catch_up(session, task_id, now)
    session.execute(
        update(SlaClock)
        .where(SlaClock.task_id == task_id, SlaClock.measure.in_(measures), SlaClock.met_at.is_(None))
        .values(state="void", next_change_at=None)
        .execution_options(synchronize_session=False)
    )


def take_back(session: Session, task_id: int, now: datetime, *measures: Measure) -> None:
    """It was not met after all: the clock runs on as if it had never stood."""
    _hold(session, task_id)
    clocks = select(SlaClock).where(SlaClock.task_id == task_id, SlaClock.measure.in_(measures))
    for clock in session.scalars(clocks.execution_options(populate_existing=True)):
        if clock.state != "void" and (clock.met_at is None or clock.met_at <= now - SETTLED_AFTER):
            continue
        clock.met_at = None
        if clock.missed_at is not None:
            clock.state = "missed"
            clock.next_change_at = None if clock.escalated_at else clock.missed_at + _escalation()
        else:
            clock.state = "at_risk" if clock.at_risk_recorded_at is not None else "on_track"
            clock.next_change_at = clock.due_at if clock.state == "at_risk" else clock.at_risk_at
    session.flush()


def tell(session: Session, task: CallbackTask, now: datetime) -> None:
    """Whoever wants to know and was not told yet is told how the task stands: it is certain only now, or another
    team's."""
    session.flush()
    if task.state == "closed":
        return
    if task.urgency == "emergency":
        alert_digest.collect(session, "emergency", [task.id], now)
    clock = session.get(SlaClock, (task.id, "tried"), populate_existing=True)
    if clock is not None and clock.state == "at_risk":
        alert_digest.collect(session, "at_risk", [task.id], now)
    if clock is not None and clock.state == "missed":
        alert_digest.collect(session, "missed", [task.id], now)


def reopened(session: Session, task: CallbackTask, now: datetime) -> None:
    """Closing it has met, or made void, what the attempts so far have not."""
    if task.first_attempt_at is None:
        take_back(session, task.id, now, "tried")
    spoken = select(Attempt.id).where(Attempt.task_id == task.id, Attempt.outcome == "reached")
    if session.scalar(spoken.limit(1)) is None:
        take_back(session, task.id, now, "reached")


def hasten(session: Session, task: CallbackTask, since: datetime) -> None:
    """The task became an emergency at `since`: its promises come nearer, never further away."""
    found = _deadlines(since, task.kind, "emergency", task.team.key)
    for clock in _running(session, task):
        deadline = found.get(clock.measure)  # type: ignore[call-overload]
        if deadline is not None and deadline.due_at < clock.due_at:
            clock.clock, clock.hours = deadline.clock, deadline.hours
            _set(task, clock, deadline.at_risk_at, deadline.due_at)


def relax(session: Session, task: CallbackTask) -> None:
    """The task is no emergency after all: what was promised at the first contact counts again, later by as long as the
    clocks have stood still."""
    found = _deadlines(task.first_contact_at, task.kind, "normal", task.team.key)
    still = _stood_still(session, task)
    for clock in _running(session, task):
        deadline = found.get(clock.measure)  # type: ignore[call-overload]
        if deadline is None:
            continue
        clock.clock, clock.hours = deadline.clock, deadline.hours
        instants = [deadline.at_risk_at, deadline.due_at]
        for since, until in still:
            instants = [_moved(clock.clock, at, since, until) for at in instants]
        _set(task, clock, *instants)


def ask_later(session: Session, task: CallbackTask, user: User, until: datetime, now: datetime) -> None:
    """The caller asked for a later date: until then the clocks of the task stand still. A second wish replaces the
    first. What is missed already stays missed.

    Raises:
        ValueError: `until` is not within the next 60 days.
    """
    if not now < until <= now + LATEST:
        raise ValueError("a date within the next 60 days is needed")
    catch_up(session, task.id, now)
    running = session.scalars(select(SlaPause).where(SlaPause.task_id == task.id, SlaPause.until_at > now)).all()
    stands_until = max([now, *(pause.until_at for pause in running)])
    for clock in _running(session, task):
        # What became an emergency since then is due before the first wish is over.
        instants = [
            _moved(clock.clock, at, stands_until if at > stands_until else now, until)
            for at in (clock.at_risk_at, clock.due_at)
        ]
        _set(task, clock, *instants)
    for pause in running:
        pause.until_at = now
    session.add(SlaPause(task_id=task.id, user_id=user.id, from_at=now, until_at=until))
    task.next_attempt_at = until
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="put_off", text=until.isoformat()))


def stop(session: Session, task_id: int, now: datetime) -> None:
    """Nobody may work on a task: its clocks stand still until they :func:`go_on`. What is missed already stays so."""
    catch_up(session, task_id, now)
    session.execute(
        update(SlaClock)
        .where(SlaClock.task_id == task_id)
        .values(next_change_at=None)
        .execution_options(synchronize_session=False)
    )


def go_on(session: Session, task: CallbackTask, since: datetime, now: datetime) -> None:
    """The clocks have stood still since an instant; or since later, where they had been put off until then."""
    put_off = select(func.max(SlaPause.until_at)).where(
        SlaPause.task_id == task.id, SlaPause.from_at <= since, SlaPause.until_at > since
    )
    since = min(session.scalar(put_off) or since, now)
    for clock in _running(session, task):
        instants = [_moved(clock.clock, at, since, now) for at in (clock.at_risk_at, clock.due_at)]
        _set(task, clock, *instants)
    missed = (SlaClock.task_id == task.id, SlaClock.state == "missed", SlaClock.escalated_at.is_(None))
    session.execute(
        update(SlaClock)
        .where(*missed)
        .values(next_change_at=now + _escalation())
        .execution_options(synchronize_session=False)
    )


def _stood_still(session: Session, task: CallbackTask) -> list[tuple[datetime, datetime]]:
    """When the clocks of a task stood still, in order: put off at the caller's wish, or its use was restricted."""
    pauses = session.execute(select(SlaPause.from_at, SlaPause.until_at).where(SlaPause.task_id == task.id)).all()
    found, since = [(pause.from_at, pause.until_at) for pause in pauses], None
    kinds = TaskEvent.kind.in_(("restricted", "unrestricted"))
    for event in session.scalars(select(TaskEvent).where(TaskEvent.task_id == task.id, kinds).order_by(TaskEvent.id)):
        if event.kind == "restricted":
            since = event.at
        elif since is not None:
            found.append((since, event.at))
    merged: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(found):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def pause_of(session: Session, task_id: int, now: datetime) -> SlaPause | None:
    """The pause that runs now."""
    runs = (SlaPause.task_id == task_id, SlaPause.from_at <= now, SlaPause.until_at > now)
    return session.scalar(select(SlaPause).where(*runs).order_by(SlaPause.id.desc()).limit(1))


def of_task(session: Session, task_id: int) -> Sequence[SlaClock]:
    """The clocks of a task: tried, then reached."""
    return session.scalars(select(SlaClock).where(SlaClock.task_id == task_id).order_by(SlaClock.measure.desc())).all()


def _hold(session: Session, task_id: int) -> None:
    """Everybody takes the task first and its clocks then: who did it the other way round would deadlock with them."""
    session.execute(select(CallbackTask.id).where(CallbackTask.id == task_id).with_for_update())


def _running(session: Session, task: CallbackTask) -> Sequence[SlaClock]:
    session.flush()
    _hold(session, task.id)
    clocks = select(SlaClock).where(SlaClock.task_id == task.id, SlaClock.state.in_(_RUNNING))
    return session.scalars(clocks.execution_options(populate_existing=True)).all()


def _moved(clock: str, at: datetime, stood_until: datetime, stands_until: datetime) -> datetime:
    """Where a deadline goes when its clock stands until another instant than it did."""
    left = sla_policies.between(clock, settings().hours, stood_until, at)
    return at if not left else sla_policies.after(clock, settings().hours, stands_until, left)


def _set(task: CallbackTask, clock: SlaClock, at_risk_at: datetime, due_at: datetime) -> None:
    clock.at_risk_at, clock.due_at = at_risk_at, due_at
    clock.state = "at_risk" if clock.at_risk_recorded_at is not None else "on_track"
    clock.next_change_at = due_at if clock.state == "at_risk" else at_risk_at
    if clock.measure == "tried":
        task.due_at = due_at


# -- tasks older than the clocks ----------------------------------------------------------------------


def start_missing(session: Session, limit: int = 500) -> int:
    """Give clocks to tasks that were opened before there were any; how many got some."""
    known = select(SlaClock.task_id).where(SlaClock.task_id == CallbackTask.id).exists()
    tasks = session.scalars(select(CallbackTask).where(~known).order_by(CallbackTask.id).limit(limit)).all()
    for task in tasks:
        due_at = task.due_at
        start(session, task)
        session.flush()
        task.due_at = due_at  # what was promised then
        for clock in of_task(session, task.id):
            tried = clock.measure == "tried"
            if tried:
                clock.due_at, clock.missed_at = due_at, task.breached_at
                clock.at_risk_at = min(clock.at_risk_at, due_at)
            spoken = [one.answered_at or one.at for one in task.attempts if one.outcome == "reached"]
            closed_at = None if task.outcome == "withdrawn" else task.closed_at
            clock.met_at = task.first_attempt_at if tried else min(spoken, default=closed_at)
            if clock.met_at is not None and clock.met_at > clock.due_at:
                clock.missed_at = clock.missed_at or clock.due_at
            clock.state = _state(clock, closed=task.state == "closed")
            runs = clock.state in _RUNNING
            clock.next_change_at = (clock.due_at if clock.state == "at_risk" else clock.at_risk_at) if runs else None
            if clock.state == "missed" and clock.missed_at is not None:
                clock.next_change_at = clock.missed_at + _escalation()
    return len(tasks)


def _state(clock: SlaClock, *, closed: bool) -> str:
    if clock.met_at is not None:
        return "met_late" if clock.missed_at is not None else "met"
    if closed:
        return "void"
    return "missed" if clock.missed_at is not None else "on_track"


def _deadlines(first_contact_at: datetime, kind: str, urgency: str, team: str) -> Mapping[Measure, Deadline]:
    configured = settings()
    return sla_policies.deadlines(first_contact_at, kind, urgency, team, configured.sla_policies, configured.hours)
