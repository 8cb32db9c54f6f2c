"""Lists of callback tasks: which a person may see, in the order in which they should be served."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload, lazyload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from ivr.callbacks import promises
from ivr.callbacks.filters import Filters
from ivr.callbacks.readable import Listed, ids_of, listed, of_ids
from ivr.callbacks.view_conditions import IS_OPEN, asked_by, condition, holds, parameters, visible_to
from ivr.domain.enums import CallRowState, RecordingState, TaskState, TranscriptState, Urgency
from ivr.domain.languages import UNKNOWN_LANGUAGE
from ivr.models.accounts import Team, User
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent
from ivr.models.calls import Call
from ivr.models.contacts import CALLS_OF_TASKS, Contact, LaterCall
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage

#: Named views of the desk.
VIEWS = (
    "open", "mine", "mentions", "unclaimed", "due", "resubmission", "emergencies", "appointments", "forms",
    "interpreter", "done", "closed", "all",
)  # fmt: skip
#: Views that hold other tasks for each person; all others are the same for all who see the same teams.
OF_ONE_PERSON = ("mine", "mentions")
#: Tasks on one page of a view.
PAGE = 50
#: Tasks in the list beside a task.
_BESIDE = 30
#: Larger numbers are not counted exactly, and later pages are not shown.
MOST_COUNTED, MOST_PAGES = 1000, 200

#: What stands before everything else. A caller who has said nothing is served last, whatever the urgency.
_IS_AN_EMERGENCY = and_(CallbackTask.urgency == Urgency.EMERGENCY, CallbackTask.silent_caller.is_(False))
#: What stands before all emergencies, whatever else: a message speaks of danger to life.
_IN_DANGER = and_(CallbackTask.danger.is_not(None), CallbackTask.danger_lowered_at.is_(None))
#: The order in which open tasks are served. An index has the same columns.
SERVED = (CallbackTask.silent_caller, CallbackTask.urgency, CallbackTask.due_at, CallbackTask.id)


def _details() -> tuple[ORMOption, ...]:
    """What is loaded with each task of a list."""
    contacts = selectinload(CallbackTask.contacts)
    recording = selectinload(CallbackTask.messages).selectinload(VoiceboxMessage.recording)
    return (
        joinedload(CallbackTask.team),
        joinedload(CallbackTask.call),
        _holder(),
        joinedload(CallbackTask.postal_order),
        joinedload(CallbackTask.appointment_wish),
        selectinload(CallbackTask.clocks),
        contacts.joinedload(Contact.call),
        contacts.selectinload(Contact.later_calls).joinedload(LaterCall.call),
        recording.selectinload(Recording.transcript),
    )


def _spoken() -> ORMOption:
    """The messages of each contact, which are the ones of its task."""
    return selectinload(CallbackTask.contacts).selectinload(Contact.messages)


def _ordered(view: str, filters: Filters) -> tuple[Any, ...]:
    """The order that somebody has chosen, or that of a view in the order of time; empty: the order of service."""
    if filters.sort:
        columns: dict[str, tuple[Any, ...]] = {
            "promise": SERVED,
            "due": (CallbackTask.due_at, CallbackTask.id),
            "arrival": (CallbackTask.first_contact_at, CallbackTask.id),
            "language": (CallbackTask.language, *SERVED),
            "team": (CallbackTask.team_id, *SERVED),
        }
        chosen = columns[filters.sort]
        return tuple(column.desc() for column in chosen) if filters.order == "desc" else chosen
    if view == "resubmission":
        return (CallbackTask.next_attempt_at, CallbackTask.id)
    if view in ("done", "closed"):
        return (CallbackTask.closed_at.desc(), CallbackTask.id.desc())
    if view == "all":  # found by words: open ones first
        return (CallbackTask.state == TaskState.CLOSED, *SERVED) if filters.q else (CallbackTask.id.desc(),)
    return ()


def in_view(
    session: Session, user: User, view: str, page: int = 1, *, now: datetime, filters: Filters | None = None
) -> Listed:
    """A page (from 1) of a view in the order of service; closed ones, and all, newest first."""
    filters = Filters() if filters is None else filters
    start = (page - 1) * PAGE
    return _some_of(session, user, view, now=now, filters=filters, start=start, most=PAGE, options=_details())


def _holder() -> ORMOption:
    """Who holds a task, without the teams that come with a person otherwise."""
    return joinedload(CallbackTask.claimed_by).options(lazyload(User.teams), lazyload(User.supervised))


def beside(session: Session, user: User, view: str, now: datetime) -> Sequence[CallbackTask]:
    """The first tasks of a view in its order, with what a narrow list says of them."""
    shown = (_holder(), selectinload(CallbackTask.clocks))
    return _some_of(session, user, view, now=now, filters=Filters(), start=0, most=_BESIDE, options=shown).tasks


def _some_of(
    session: Session, user: User, view: str, *, now: datetime, filters: Filters, start: int, most: int,
    options: Sequence[ORMOption],
) -> Listed:  # fmt: skip
    """At most so many tasks of a view from its `start`-th one (from 0), with these options."""
    query = select(CallbackTask).where(visible_to(user), condition(view, user, now), *filters.conditions(session))
    if order := _ordered(view, filters):
        return listed(session, query.order_by(*order).limit(most).offset(start), options)
    return _served(session, query, now, start, most, options)


def _served(
    session: Session, query: Select[CallbackTask], now: datetime, start: int, most: int, options: Sequence[ORMOption]
) -> Listed:
    """Tasks in the order of service.

    Emergencies stand before all others: danger to life first, then those with a missed promise. They are few; all
    others come in the order of an index, which a condition on the clock would take away.
    """
    emergencies = query.where(_IS_AN_EMERGENCY)
    late, danger = case((promises.due_until(now), 0), else_=1), case((_IN_DANGER, 0), else_=1)
    ordered = emergencies.order_by(danger, late, CallbackTask.due_at, CallbackTask.id).limit(most).offset(start)
    found = list(ids_of(session, ordered))
    if room := most - len(found):
        number = start + len(found)
        if start and not found:
            number = session.scalar(emergencies.with_only_columns(func.count())) or 0
        others = query.where(~_IS_AN_EMERGENCY).order_by(*SERVED).limit(room).offset(max(start - number, 0))
        found += ids_of(session, others)
    return of_ids(session, found, options)


def everywhere(session: Session, user: User, text: str, page: int = 1) -> Listed:
    """A page (from 1) of the tasks with a receipt code or number, in whatever view they are: open ones first."""
    query = select(CallbackTask).where(visible_to(user), *Filters(q=text).conditions(session))
    query = query.order_by(CallbackTask.state == TaskState.CLOSED, *SERVED).limit(PAGE).offset((page - 1) * PAGE)
    return listed(session, query, _details())


def elsewhere(session: Session, user: User, view: str, now: datetime, filters: Filters) -> Sequence[str]:
    """The views ("open", "closed") that hold tasks with a receipt code or number which this view does not show."""
    here = select(CallbackTask.id).where(condition(view, user, now), *filters.conditions(session))
    closed = (CallbackTask.state == TaskState.CLOSED).label("closed")
    outside = select(closed).where(
        visible_to(user), *Filters(q=filters.q).conditions(session), CallbackTask.id.not_in(here)
    )
    return ["closed" if is_closed else "open" for is_closed in sorted(session.scalars(outside.distinct()))]


def count(session: Session, user: User, view: str, now: datetime, filters: Filters | None = None) -> int:
    """How many tasks a view holds, MOST_COUNTED at the most."""
    where = (visible_to(user), condition(view, user, now), *(filters or Filters()).conditions(session))
    return session.scalar(_counting(*where)) or 0


def _counting(*where: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(select(CallbackTask.id).where(*where).limit(MOST_COUNTED).subquery())


def counts(session: Session, user: User, now: datetime, views: Sequence[str] = VIEWS) -> dict[str, int]:
    """How many tasks each view holds, by one statement."""
    return dict(zip(views, session.execute(_counting_all(tuple(views)), vars(asked_by(user, now))).one(), strict=True))


@lru_cache(maxsize=8)
def _counting_all(views: tuple[str, ...]) -> Select[Any]:
    """The statement that counts. Every page needs it, and putting it together takes longer than its answer."""
    asked = parameters()
    visible = CallbackTask.team_id.in_(asked.team_ids)
    return select(*(_counting(visible, holds(view, asked)).scalar_subquery().label(view) for view in views))


def one(session: Session, user: User, task_id: int) -> CallbackTask | None:
    """A task with everything its page shows, if the user may see it."""
    query = select(CallbackTask).where(CallbackTask.id == task_id, visible_to(user))
    query = query.options(
        *_details(),
        _spoken(),
        selectinload(CallbackTask.attempts).joinedload(Attempt.user),
        selectinload(CallbackTask.events).joinedload(TaskEvent.user),
    )
    return session.scalar(query)


def some(session: Session, user: User, task_ids: Sequence[int]) -> Sequence[CallbackTask]:
    """Those of some tasks the user may see, in the order of their ids."""
    query = select(CallbackTask).where(CallbackTask.id.in_(task_ids), visible_to(user)).order_by(CallbackTask.id)
    return listed(session, query, [joinedload(CallbackTask.team)]).tasks


def visible(session: Session, user: User, task_id: int) -> CallbackTask | None:
    """A task without its page's details, if the user may see it."""
    query = select(CallbackTask).where(CallbackTask.id == task_id, visible_to(user))
    return session.scalar(query.options(joinedload(CallbackTask.team), joinedload(CallbackTask.claimed_by)))


def may_see(session: Session, user: User, task_id: int) -> bool:
    """Whether there is such a task, and the user may see it."""
    return session.scalar(select(CallbackTask.id).where(CallbackTask.id == task_id, visible_to(user))) is not None


def newest(session: Session, user: User, *views: str, now: datetime) -> Sequence[Row[int, str]]:
    """Ids and receipt codes of the newest tasks that are in all of these views."""
    within = [condition(view, user, now) for view in views]
    query = select(CallbackTask.id, CallbackTask.receipt_code).where(visible_to(user), *within)
    return session.execute(query.order_by(CallbackTask.id.desc()).limit(20)).all()


def related(session: Session, user: User, task: CallbackTask) -> Sequence[CallbackTask]:
    """Other tasks of the same number, the latest first; of the user's own teams only."""
    if task.callback_number is None:
        return []
    same = (CallbackTask.callback_number == task.callback_number, CallbackTask.id != task.id)
    query = select(CallbackTask).where(*same, visible_to(user)).order_by(CallbackTask.id.desc())
    return listed(session, query.limit(10)).tasks


def by_code_or_number(session: Session, user: User, text: str) -> Sequence[CallbackTask]:
    """The newest tasks that match a typed receipt code, number or name."""
    filters = Filters.of({"q": text})
    query = select(CallbackTask).where(visible_to(user), *filters.conditions(session)).order_by(CallbackTask.id.desc())
    return listed(session, query.limit(8), [joinedload(CallbackTask.team)]).tasks if filters.q else ()


def teams_of(session: Session, user: User) -> Sequence[Team]:
    """The teams whose tasks the user may see."""
    return session.scalars(select(Team).where(Team.id.in_(user.scope_ids)).order_by(Team.name)).all()


def languages_of(session: Session, user: User) -> Sequence[str]:
    """Languages in which there are open tasks."""
    query = select(CallbackTask.language).where(IS_OPEN, visible_to(user)).distinct()
    return sorted(session.scalars(query))


def page(
    session: Session, *, after_id: int = 0, limit: int = 1000, state: str | None = None, call_sid: str | None = None
) -> Listed:
    """Tasks of all teams in the order of their ids, for API clients."""
    query = select(CallbackTask).where(CallbackTask.id > after_id).order_by(CallbackTask.id).limit(limit)
    if state:
        query = query.where(CallbackTask.state == state)
    if call_sid:
        of_call = select(CALLS_OF_TASKS.c.task_id).join(Call, Call.id == CALLS_OF_TASKS.c.call_id)
        query = query.where(CallbackTask.id.in_(of_call.where(Call.call_sid == call_sid)))
    return listed(session, query, (*_details(), _spoken()))


def any_one(session: Session, task_id: int) -> CallbackTask | None:
    """A task of any team, for API clients."""
    return session.scalar(select(CallbackTask).where(CallbackTask.id == task_id).options(*_details(), _spoken()))


def pending_transcripts(session: Session) -> int:
    """How many messages wait for their transcript."""
    waiting = select(func.count(Transcript.id)).where(Transcript.state == TranscriptState.PENDING)
    return session.scalar(waiting) or 0


def recording(session: Session, recording_id: int) -> Recording | None:
    """A stored recording that belongs to a task, of whatever team."""
    return session.scalar(
        select(Recording)
        .options(joinedload(Recording.message).joinedload(VoiceboxMessage.task).joinedload(CallbackTask.team))
        .join(VoiceboxMessage)
        .join(CallbackTask)
        .where(Recording.id == recording_id, Recording.state == RecordingState.STORED)
    )


def candidates(session: Session, user: User, languages: Sequence[str], now: datetime) -> Sequence[int]:
    """Ids of open tasks a member may serve next, in their order.

    Danger to life first, then emergencies with a missed promise, whatever their language; then other emergencies, then
    languages the member speaks, then by deadline and arrival; silent callers last. Left out are tasks whose next
    attempt is not due, restricted tasks, and emergencies whose caller is still on the telephone.
    """
    ready = or_(CallbackTask.next_attempt_at.is_(None), CallbackTask.next_attempt_at <= now)
    over = or_(CallbackTask.unconfirmed.is_(False), CallbackTask.call.has(Call.state == CallRowState.ENDED))
    free = (IS_OPEN, CallbackTask.state == TaskState.OPEN, CallbackTask.restricted_at.is_(None), over)
    base = select(CallbackTask.id).where(*free, visible_to(user), ready)
    base = base.order_by(*SERVED).limit(40)
    if danger := session.scalars(base.where(_IN_DANGER)).all():
        return danger
    if late := session.scalars(base.where(_IS_AN_EMERGENCY, promises.due_until(now))).all():
        return late
    spoken = (*languages, UNKNOWN_LANGUAGE)  # anybody may find out which one it is
    for silent in (False, True):
        for urgency in ("emergency", "normal"):
            speaks = or_(CallbackTask.language.in_(spoken), func.coalesce(CallbackTask.spoken_language, "").in_(spoken))
            for mine in (speaks, ~speaks):
                which = (CallbackTask.silent_caller.is_(silent), CallbackTask.urgency == urgency, mine)
                if found := session.scalars(base.where(*which)).all():
                    return found
    return []
