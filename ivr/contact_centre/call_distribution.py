"""Automatic call distribution: brings waiting callers and available members together.

The suitable member who has been idle longest is rung. Members who speak the caller's language take precedence. This
module does not talk to the carrier: actions are rows of the outbox, and the carrier's events may come twice, late or
out of order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, conversations, duty_roster, engaged_numbers, queue_order
from ivr.domain.enums import (
    ConversationState,
    LegEnding,
    LegRole,
    LegState,
    PresenceState,
    QueueEntryMode,
    QueueEntryState,
    Refusal,
    WorkKind,
)
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Leg, Presence, QueueEntry
from ivr.platform import monitoring, outbox
from ivr.platform.column_types import rows

#: Time after the ringing after which the events of a telephone count as lost.
_LOST_AFTER = timedelta(seconds=20)
#: No telephone has rung, and it is not the member's doing.
_NOT_PUT_THROUGH = (LegEnding.OPERATOR_FAULT, LegEnding.NETWORK_FAULT)
#: A member whose telephone could not be rung is not rung again for so long.
_REST_AFTER_FAULT = timedelta(seconds=15)
#: A member who declines is left alone for so long: after the first time, the second in a row, the third and later.
_REST_AFTER_DECLINING = (timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=45))
#: A caller who was to be brought into a room, and whose process died over it, is brought once more after this time.
_BROUGHT_WITHIN = timedelta(seconds=4)
#: More legs than are rung in that time.
_LATEST = 100
#: So often members decline a caller before the caller hears that nobody can come, and is offered a callback.
MOST_DECLINED = 3


def match(session: Session, now: datetime) -> list[Leg]:
    """For each waiting entry with a free suitable member, create the leg to ring. Returns these legs."""
    if not is_anybody_free(session):
        return []
    offered: list[Leg] = []
    free: dict[int, Sequence[Presence]] = {}
    taken, engaged = _cannot_be_rung(session, now), engaged_numbers.of_members(session, now)
    for entry in queue_order.waiting(session, now):
        if entry.team_id not in free:
            there = duty_roster.who_answers(session, entry.team_id, now)
            free[entry.team_id] = [presence for presence in there if presence.state == PresenceState.AVAILABLE]
        left = [presence for presence in free[entry.team_id] if presence.user_id not in taken]
        theirs = _number_to_call(session, entry)
        candidates = [presence for presence in left if presence.number not in (theirs, *engaged)]
        if not candidates:
            continue
        chosen = _who_fits(session, entry, candidates)
        taken.add(chosen.user_id)
        engaged.add(chosen.number)
        if leg := _offer(session, entry, chosen, now):
            offered.append(leg)
    return offered


def _number_to_call(session: Session, entry: QueueEntry) -> str | None:
    """The number that is called when a kept place is served: whoever sits there cannot call it."""
    task = session.get(CallbackTask, entry.task_id or 0) if entry.mode == QueueEntryMode.CALLBACK else None
    return task.callback_number if task is not None else None


def is_anybody_free(session: Session) -> bool:
    """Whether a member of any team waits for a call."""
    free = select(Presence.user_id).where(Presence.state == PresenceState.AVAILABLE)
    return session.scalar(free.limit(1)) is not None


def _cannot_be_rung(session: Session, now: datetime) -> set[int]:
    """Members who are left alone for a moment: their telephone could not be rung, or they have declined."""
    latest = select(Leg, Presence.came_at).join(Presence, Presence.user_id == Leg.user_id)
    theirs: dict[int, list[Leg]] = {}
    for leg, came_at in session.execute(latest.order_by(Leg.id.desc()).limit(_LATEST)):
        if leg.ending != LegEnding.DECLINED or came_at is None or leg.created_at >= came_at:  # came again: wants calls
            theirs.setdefault(leg.user_id or 0, []).append(leg)
    return {user_id for user_id, legs in theirs.items() if any(now < until for until in _rests(legs))}


def _rests(legs: Sequence[Leg]) -> Iterator[datetime]:
    """Until when a member is left alone, by their legs from the latest on."""
    for leg in legs:
        if leg.ending in _NOT_PUT_THROUGH and leg.ended_at:
            yield leg.ended_at + _REST_AFTER_FAULT
    answers = [leg for leg in legs if leg.ending not in (LegEnding.CANCELED, *_NOT_PUT_THROUGH)]
    declined = list(takewhile(lambda leg: leg.ending == LegEnding.DECLINED, answers))
    if declined and declined[0].ended_at:
        yield declined[0].ended_at + _REST_AFTER_DECLINING[min(len(declined), len(_REST_AFTER_DECLINING)) - 1]


def was_declined(session: Session, entry: QueueEntry) -> bool:
    """Whether members have declined a waiting caller so often that a callback is the better offer."""
    declined = (
        select(func.count(Leg.id))
        .join(Conversation)
        .where(Conversation.entry_id == entry.id, Leg.role == LegRole.MEMBER, Leg.ending == LegEnding.DECLINED)
    )
    return (session.scalar(declined) or 0) >= MOST_DECLINED


def _who_fits(session: Session, entry: QueueEntry, candidates: Sequence[Presence]) -> Presence:
    """The member to ring: not one who has just declined, if possible; a speaker of the language; the longest idle."""
    asked = dict.fromkeys(
        session.scalars(
            select(Leg.user_id)
            .join(Conversation)
            .where(Conversation.entry_id == entry.id, Leg.role == LegRole.MEMBER, Leg.user_id.is_not(None))
        ),
        1,
    )
    return min(
        candidates,
        key=lambda one: (
            asked.get(one.user_id, 0), entry.language not in one.languages, one.idle_since_at, one.user_id,
        ),
    )  # fmt: skip


def _offer(session: Session, entry: QueueEntry, chosen: Presence, now: datetime) -> Leg | None:
    conversation = conversations.for_entry(session, entry, now)
    leg = conversations.add_leg(session, conversation, LegRole.MEMBER, chosen.number, now, user_id=chosen.user_id)
    if not agent_presence.move(
        session, chosen.user_id, (PresenceState.AVAILABLE,), PresenceState.RINGING, now, leg_id=leg.id
    ):
        session.delete(leg)
        return None
    offered = session.execute(
        update(QueueEntry)
        .where(QueueEntry.id == entry.id, QueueEntry.state == QueueEntryState.WAITING)
        .values(state=QueueEntryState.OFFERED, offered_leg_id=leg.id)
        .execution_options(synchronize_session="fetch")
    )
    if not rows(offered):
        agent_presence.free(session, chosen.user_id, (PresenceState.RINGING,), now, leg=leg.id)
        session.delete(leg)
        return None
    return leg


def offer_to(session: Session, number: str, user: User, now: datetime) -> None:
    """Ring a member for the caller of a number who waits in a call queue of their teams.

    Raises:
        Refused: `calling_now` if they are in a call and do not wait; `not_waiting` if they are in none; `on_the_phone`
            if the member is not available.
    """
    teams = user.scope_ids
    found = next(
        (
            entry
            for entry in queue_order.waiting(session, now)
            if entry.mode == QueueEntryMode.LIVE and entry.call.from_number == number and entry.team_id in teams
        ),
        None,
    )
    if found is None:
        raise Refused(Refusal.CALLING_NOW if going_on.is_calling(session, number, now) else Refusal.NOT_WAITING)
    here = agent_presence.get_or_create(session, user.id, now)
    if here.number in engaged_numbers.of_members(session, now):
        raise Refused(Refusal.ON_THE_PHONE)
    if here.state != PresenceState.AVAILABLE or _offer(session, found, here, now) is None:
        raise Refused(Refusal.ON_THE_PHONE)


def accept(session: Session, leg: Leg, now: datetime) -> bool:
    """A member has pressed the key; False if the caller is gone or somebody else was quicker."""
    entry = leg.conversation.entry
    if entry is None or leg.state == LegState.ENDED:
        return False
    if entry.state == QueueEntryState.ANSWERED and entry.offered_leg_id == leg.id:
        return True  # the same key, delivered twice
    won = session.execute(
        update(QueueEntry)
        .where(
            QueueEntry.id == entry.id, QueueEntry.state == QueueEntryState.OFFERED, QueueEntry.offered_leg_id == leg.id
        )
        .values(state=QueueEntryState.ANSWERED, answered_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if not rows(won):
        return False
    monitoring.observe("queue_wait_seconds", (now - entry.entered_at).total_seconds(), QueueEntryState.ANSWERED)
    agent_presence.move(
        session, leg.user_id or 0, (PresenceState.RINGING,), PresenceState.TALKING, now, leg=leg.id, missed=0
    )
    leg.conversation.state = ConversationState.LIVE
    return True


def bring(session: Session, conversation: Conversation, now: datetime) -> None:
    """Move the caller from the call queue into the room of the member who has accepted."""
    entry = conversation.entry
    if entry is None or any(leg.role == LegRole.CALLER for leg in conversation.legs):
        return
    here = {"call_sid": entry.call.call_sid, "state": LegState.ANSWERED, "answered_at": now}
    conversations.add_leg(session, conversation, LegRole.CALLER, entry.call.from_number, now, ring=False, **here)
    outbox.add(session, WorkKind.BRING_CALLER, entry.id, urgent=True, repeat_after=_BROUGHT_WITHIN)


def refused(session: Session, leg: Leg, ending: LegEnding, now: datetime) -> None:
    """A member did not take a call (declined, no_answer, busy), or could not be rung: the next one is rung."""
    session.execute(
        update(QueueEntry)
        .where(QueueEntry.offered_leg_id == leg.id, QueueEntry.state == QueueEntryState.OFFERED)
        .values(state=QueueEntryState.WAITING, offered_leg_id=None)
        .execution_options(synchronize_session="fetch")
    )
    if leg.user_id is not None:
        if ending == LegEnding.DECLINED:
            agent_presence.free(
                session, leg.user_id, (PresenceState.RINGING,), now, leg=leg.id, idle_since_at=now, missed=0
            )
        elif ending in (LegEnding.CANCELED, *_NOT_PUT_THROUGH):  # the caller was gone, or no telephone has rung
            taken = (PresenceState.RINGING, PresenceState.TALKING)  # who has accepted may have come too late
            agent_presence.free(session, leg.user_id, taken, now, leg=leg.id)
        else:
            agent_presence.missed_call(session, leg.user_id, leg.id, now)


def overdue_legs(session: Session, now: datetime) -> Sequence[Leg]:
    """Legs whose telephone should have answered or given up long ago: their events are lost."""
    return session.scalars(
        select(Leg).where(Leg.state.in_((LegState.WANTED, LegState.RINGING)), Leg.created_at < now - _longest())
    ).all()


def is_overdue(leg: Leg, now: datetime) -> bool:
    """Whether it is too late to ring this telephone."""
    return leg.created_at < now - _longest()


def _longest() -> timedelta:
    return timedelta(seconds=max(settings().ring_seconds, settings().callback_ring_seconds)) + _LOST_AFTER


def repair(session: Session, now: datetime) -> None:
    """Free members who count as busy although their leg ended a while ago, and end conferences that are over.

    Members who have talked with somebody are free after the wrap-up.
    """
    busy = select(Presence).where(Presence.state.in_((PresenceState.RINGING, PresenceState.TALKING)))
    for here in session.scalars(busy).all():
        leg = session.get(Leg, here.leg_id or 0)
        if leg is not None and (
            leg.state != LegState.ENDED or leg.ended_at is None or leg.ended_at > now - _LOST_AFTER
        ):
            continue
        talked = leg is not None and any(one.role == LegRole.CALLER and one.joined_at for one in leg.conversation.legs)
        if leg is not None and talked:
            agent_presence.hung_up(session, here.user_id, leg.id, now)
        else:
            agent_presence.free(
                session, here.user_id, (PresenceState.RINGING, PresenceState.TALKING), now, idle_since_at=now
            )
    left = select(Leg.conversation_id).where(Leg.state.in_((LegState.ANSWERED, LegState.JOINED)))
    for conversation_id in session.scalars(
        select(Conversation.id).where(
            Conversation.state == ConversationState.ENDED,
            Conversation.ended_at < now - _LOST_AFTER,
            Conversation.id.in_(left),
        )
    ).all():
        outbox.add(session, WorkKind.END_ROOM, conversation_id)
