"""Lists of callback tasks: which a person may see, in the order in which they should be served."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from ivr.models import Attempt, CallbackTask, Contact, Recording, TaskEvent, Transcript, User, VoiceboxMessage

#: Named views of the desk, and what each holds.
VIEWS = ("open", "mine", "closed", "all")
#: Tasks on one page of a view.
PAGE = 100


_EMERGENCIES_FIRST = case((CallbackTask.urgency == "emergency", 0), else_=1)


def visible_to(user: User) -> ColumnElement[bool]:
    """Members see the tasks of their own teams, supervisors those of all."""
    if user.role == "supervisor":
        return true()
    return CallbackTask.team_id.in_([team.id for team in user.teams])


def _in_view(view: str, user: User) -> ColumnElement[bool]:
    match view:
        case "open":
            return CallbackTask.state != "closed"
        case "mine":
            return (CallbackTask.state == "claimed") & (CallbackTask.claimed_by_id == user.id)
        case "closed":
            return CallbackTask.state == "closed"
        case _:
            return true()


def _whole(query: Select[CallbackTask]) -> Select[CallbackTask]:
    recording = selectinload(CallbackTask.messages).selectinload(VoiceboxMessage.recording)
    return query.options(
        joinedload(CallbackTask.team),
        joinedload(CallbackTask.call),
        joinedload(CallbackTask.claimed_by),
        joinedload(CallbackTask.postal_order),
        joinedload(CallbackTask.appointment_wish),
        selectinload(CallbackTask.contacts).joinedload(Contact.call),
        recording.selectinload(Recording.transcript),
    )


def in_view(session: Session, user: User, view: str, page: int = 1) -> Sequence[CallbackTask]:
    """A page (from 1) of a view: emergencies first, then by deadline; closed ones newest first."""
    order = (CallbackTask.closed_at.desc(),) if view == "closed" else (_EMERGENCIES_FIRST, CallbackTask.due_at)
    query = select(CallbackTask).where(visible_to(user), _in_view(view, user)).order_by(*order, CallbackTask.id)
    return session.scalars(_whole(query).limit(PAGE).offset((page - 1) * PAGE)).all()


def counts(session: Session, user: User) -> dict[str, int]:
    """How many tasks each view holds."""
    return {
        view: session.scalar(select(func.count(CallbackTask.id)).where(visible_to(user), _in_view(view, user))) or 0
        for view in VIEWS
    }


def one(session: Session, user: User, task_id: int) -> CallbackTask | None:
    """A task with everything its page shows, if the user may see it."""
    query = _whole(select(CallbackTask).where(CallbackTask.id == task_id, visible_to(user)))
    query = query.options(
        selectinload(CallbackTask.attempts).joinedload(Attempt.user),
        selectinload(CallbackTask.events).joinedload(TaskEvent.user),
    )
    return session.scalar(query)


def page(
    session: Session, *, after_id: int = 0, limit: int = 1000, state: str | None = None, call_sid: str | None = None
) -> Sequence[CallbackTask]:
    """Tasks of all teams in the order of their ids, for programs."""
    query = select(CallbackTask).where(CallbackTask.id > after_id).order_by(CallbackTask.id).limit(limit)
    if state:
        query = query.where(CallbackTask.state == state)
    if call_sid:
        query = query.where(CallbackTask.contacts.any(Contact.call.has(call_sid=call_sid)))
    return session.scalars(_whole(query)).all()


def any_one(session: Session, task_id: int) -> CallbackTask | None:
    """A task of any team, for programs."""
    return session.scalar(_whole(select(CallbackTask).where(CallbackTask.id == task_id)))


def pending_transcripts(session: Session) -> int:
    """How many messages wait for their transcript."""
    waiting = select(func.count(Transcript.id)).where(Transcript.state == "pending")
    return session.scalar(waiting) or 0


def recording_of(session: Session, user: User, recording_id: int) -> Recording | None:
    """A stored recording of a task the user may see."""
    return session.scalar(
        select(Recording)
        .join(VoiceboxMessage)
        .join(CallbackTask)
        .where(Recording.id == recording_id, Recording.state == "stored", visible_to(user))
    )
