"""Callbacks by telephone: the member's own phone first, then the caller's, showing the hotline's number.

Where an interpreter is needed the caller is dialled only when the interpreter is on the line. What became of the
attempt is recorded from the carrier's events (see :func:`caller_gone`), not typed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import attempts, call_limits, claims, code_changes, contacts, events, not_rung, workflow
from ivr.callbacks.refused import Refused, refusal_of
from ivr.calls import going_on
from ivr.carrier.refusals import Refusal as CarrierRefusal
from ivr.config.settings import settings
from ivr.contact_centre import (
    agent_presence,
    call_queue,
    conversations,
    engaged_numbers,
    incidents,
    interpreters,
    kept_places,
)
from ivr.contact_centre.conversations import ON_THE_LINE
from ivr.domain import client_addresses, phone_numbers
from ivr.domain.enums import (
    ConversationKind,
    ConversationState,
    LegEnding,
    LegRole,
    Outcome,
    PresenceState,
    QueueExit,
    Refusal,
    ReplyBy,
    TaskEventKind,
    TaskState,
    Urgency,
    WorkKind,
)
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.contact_centre import Conversation, Leg
from ivr.notices import present
from ivr.platform import outbox

#: How the caller's leg ended -> the outcome of the attempt.
_OUTCOMES = {
    LegEnding.NO_ANSWER: Outcome.NO_ANSWER,
    LegEnding.BUSY: Outcome.BUSY,
    LegEnding.NUMBER_INVALID: Outcome.NUMBER_INVALID,
    LegEnding.MACHINE: Outcome.ANSWERING_MACHINE,
    LegEnding.WRONG_PERSON: Outcome.WRONG_PERSON,
    LegEnding.REFUSED: Outcome.CALL_REFUSED,
    LegEnding.NOT_CONFIRMED: Outcome.NO_ANSWER,
    LegEnding.CANCELED: Outcome.NO_ANSWER,
}
#: No telephone of the caller has rung.
_NOT_PUT_THROUGH = (LegEnding.OPERATOR_FAULT, LegEnding.NETWORK_FAULT)
#: Seconds after which the caller is dialled again while the member waits, when the network was disturbed.
_DIAL_AGAIN_AFTER = (3, 8)


def begin(
    session: Session, task: CallbackTask, user: User, now: datetime, *, anyway: bool = False,
    despite_wish: bool = False, without_interpreter: bool = False, second_id: int | None = None,
) -> Conversation:  # fmt: skip
    """Call back: claim the task for the member, and ring the member's own telephone.

    `anyway` calls even outside the time the caller has named, or before the next attempt is due; `despite_wish` calls
    somebody who wants the answer in writing; `without_interpreter` dials the caller at once although caller and member
    share no language; `second_id`: a colleague who is in the call as well, and without whom the caller is not dialled.

    Raises:
        Refused: `not_now`, `calling_now`, `closed_now` outside opening hours, `no_number`, `no_phone` where the member
            has not said at which telephone they sit, `window_closed` where it is a browser that is away,
            `on_the_phone`, `wrap_up`, `in_writing` (unless `despite_wish`), `not_alone` where there was a threat and
            nobody is named, `not_there`, `unconfirmed` where a change by receipt code is not confirmed (unless
            `anyway`), `too_many_calls`, or that the task is somebody else's or closed.
    """
    check_may_dial(task, now)
    call_limits.check(session, task, now)
    if not despite_wish:
        _require_call_wanted(task)
    if not anyway:
        _require_confirmed(session, task)
    if not anyway and not is_the_time(task, now):
        raise Refused(Refusal.NOT_NOW)
    incidents.require_second(session, task, user, second_id, now)
    here = agent_presence.get_or_create(session, user.id, now)
    if here.number is None:
        raise Refused(Refusal.NO_PHONE)
    if client_addresses.is_one(here.number) and agent_presence.is_window_silent(here, now):
        raise Refused(Refusal.WINDOW_CLOSED)
    if here.state == PresenceState.WRAP_UP:
        raise Refused(Refusal.WRAP_UP)
    if here.number in engaged_numbers.of_members(session, now):
        raise Refused(Refusal.ON_THE_PHONE)
    if task.state == TaskState.OPEN:
        claims.claim(session, task, user, now)
    elif task.state != TaskState.CLAIMED or task.claimed_by_id != user.id:
        raise refusal_of(task)
    before = here.state
    conversation = conversations.for_task(session, task, now)
    conversation.without_interpreter, conversation.second_id = without_interpreter, second_id
    leg = conversations.add_leg(session, conversation, LegRole.MEMBER, here.number, now, user_id=user.id)
    afterwards = before if before in ("offline", "paused") else None
    free = ("available", "offline", "paused")
    if not agent_presence.move(
        session, user.id, free, PresenceState.RINGING, now, leg_id=leg.id, afterwards=afterwards
    ):
        raise Refused(Refusal.ON_THE_PHONE)
    return conversation


def check_may_dial(task: CallbackTask, now: datetime) -> None:
    """Whether a caller may be called now.

    Raises:
        Refused: `closed_now`, `no_number`, `no_call_abroad`, or `restricted` (Art. 18 GDPR).
    """
    if task.restricted_at is not None:
        raise Refused(Refusal.RESTRICTED)
    number = task.callback_number
    if number is None or phone_numbers.dialable(number) is None or number in settings().own_numbers:
        raise Refused(Refusal.NO_NUMBER)
    if not settings().may_be_called(number):
        raise Refused(Refusal.NO_CALL_ABROAD)
    if not present.are_calls_placed(now):
        raise Refused(Refusal.CLOSED_NOW)


def _require_confirmed(session: Session, task: CallbackTask) -> None:
    """Refuse (`unconfirmed`) to call before a member has looked at changes by receipt code."""
    if code_changes.is_unconfirmed(session, task):
        raise Refused(Refusal.UNCONFIRMED)


def _require_call_wanted(task: CallbackTask) -> None:
    """Refuse (`in_writing`) to call somebody who wants no call at all."""
    if task.reply_by == ReplyBy.WRITING:
        raise Refused(Refusal.IN_WRITING)


def check_may_still_dial(session: Session, conversation: Conversation, now: datetime, *, apart_from: int = 0) -> None:
    """Whether the caller of a conversation that is being prepared may be called now, `apart_from` the leg for it.

    Raises:
        Refused: as for :func:`check_may_dial`; `unconfirmed` where something has come by receipt code since the member
            wanted to call; where a kept place is served, which no member has chosen, also `in_writing` or `unconfirmed`
            from before.
    """
    if conversation.task is not None:
        check_may_dial(conversation.task, now)
        call_limits.require_not_calling(session, conversation.task, now, apart_from=apart_from)
        if code_changes.has_changed_since(session, conversation.task, conversation.started_at):
            raise Refused(Refusal.UNCONFIRMED)
        if conversation.entry_id is not None:
            _require_call_wanted(conversation.task)
            _require_confirmed(session, conversation.task)


def is_the_time(task: CallbackTask, now: datetime) -> bool:
    """Whether it is the half of the day the caller has named, and the next attempt is due.

    In an emergency it is always the time, unless its caller has named another one by receipt code. Where the carrier
    could not put the last call through, a member may try at any time.
    """
    if task.urgency == Urgency.EMERGENCY and not _named_a_time(task):
        return True
    morning = now.astimezone(settings().hours.zone).hour < 12
    named = {"morning": morning, "afternoon": not morning}.get(task.availability or "", True)
    if task.urgency == Urgency.EMERGENCY:
        return named
    due = task.next_attempt_at is None or task.next_attempt_at <= now or task.carrier_fault is not None
    return named and due


def _named_a_time(task: CallbackTask) -> bool:
    """Whether who has reported an emergency by key has then named a time by receipt code."""
    first = contacts.first_of(task)
    changed = any(event.kind == TaskEventKind.CHANGED for event in task.events)
    return first is not None and first.urgency == Urgency.EMERGENCY and changed


def take_over(session: Session, leg: Leg, now: datetime) -> bool:
    """Call back a caller who kept a place in the call queue, because a member has accepted.

    False if they cannot be called now. Who is calling us at this moment keeps the place until that is over.
    """
    conversation, entry = leg.conversation, leg.conversation.entry
    task = session.get(CallbackTask, entry.task_id or 0) if entry else None
    if entry is None or task is None or leg.user is None:
        return False
    try:
        check_may_dial(task, now)
        call_limits.check(session, task, now)
        _require_call_wanted(task)
        _require_confirmed(session, task)
        incidents.require_second(session, task, leg.user, None, now)
        claims.claim(session, task, leg.user, now)
    except Refused as refused:
        conversation.state = ConversationState.PREPARING
        kept_places.serve_again(entry)
        if refused.reason != Refusal.CALLING_NOW:  # the task is worked like all others; after a threat, by two
            call_queue.leave(session, entry, QueueExit.WITHDRAWN, now)
        return False
    conversation.kind, conversation.state, conversation.task_id = (
        ConversationKind.CALLBACK,
        ConversationState.PREPARING,
        task.id,
    )
    session.flush()
    session.expire(conversation, ["task"])
    task.needs_interpreter = task.needs_interpreter or not conversations.share_a_language(session, conversation)
    return True


def dial(session: Session, conversation: Conversation, now: datetime) -> None:
    """Dial the caller, whom the member expects. Where that is not allowed any more, the conversation ends."""
    task = conversation.task
    if task is None or any(leg.role == LegRole.CALLER for leg in conversation.legs):
        return
    member = next(iter(conversations.with_role(conversation, LegRole.MEMBER, ON_THE_LINE)), None)
    if member is None or member.user_id is None:
        return
    try:
        check_may_still_dial(session, conversation, now)
        call_limits.check(session, task, now)
    except Refused:
        claims.release_automatically(session, task, now)
        if conversation.entry is not None:  # the place is served when the number is free
            kept_places.serve_again(conversation.entry)
        conversations.end(session, conversation, now)
        return
    conversations.add_leg(session, conversation, LegRole.CALLER, task.callback_number, now)
    call_limits.tell(session, task.callback_number or "", now)


def rings(session: Session, leg: Leg, now: datetime) -> None:
    """Record an attempt, because the caller's telephone rings, or their number turned out to be none."""
    conversation = leg.conversation
    members = [one for one in conversation.legs if one.role == LegRole.MEMBER and one.user_id is not None]
    if conversation.task is not None and members and _attempt(session, conversation) is None:
        began = min(now, leg.answered_at or now)
        attempts.began_to_ring(session, conversation.task, members[-1].user_id or 0, conversation.id, began)


def reached(session: Session, leg: Leg, now: datetime) -> None:
    """The person called has confirmed who they are."""
    rings(session, leg, now)  # their key may come before the carrier's event that it rings
    if tried := _attempt(session, leg.conversation):
        task = session.get_one(CallbackTask, tried.task_id)
        attempts.ended(session, task, tried, Outcome.REACHED, leg.answered_at, now)


def caller_gone(session: Session, leg: Leg, now: datetime, refusal: CarrierRefusal | None = None) -> None:
    """Record the outcome of an attempt, because the called person's leg has ended.

    `refusal`: why the carrier has not put the call through. If that is not the number's fault, it was no attempt.
    """
    task = leg.conversation.task
    if task is None or leg.conversation.kind != ConversationKind.CALLBACK:
        return
    if refusal is not None and leg.ending in _NOT_PUT_THROUGH:
        if rung := _attempt(session, leg.conversation):  # it was cut off while it rang: nobody had time to answer
            attempts.take_back(session, task, rung)
        if not _dial_again(session, leg, now):
            not_rung.record(session, task, refusal.fault, now)
            claims.release_automatically(session, task, now)
        return
    if leg.call_sid is not None or refusal is not None:  # the event of its end may come before that of its beginning
        rings(session, leg, now)
    tried = _attempt(session, leg.conversation)
    outcome = Outcome.NO_ANSWER if leg.ending is None else _OUTCOMES.get(leg.ending, Outcome.NO_ANSWER)
    if leg.joined_at is not None:
        outcome = Outcome.REACHED
    calls_us = leg.ending == LegEnding.BUSY and going_on.is_calling(session, leg.number, now)
    if tried is not None and (calls_us or (leg.ending == LegEnding.CANCELED and leg.answered_at is None)):
        attempts.take_back(session, task, tried)  # it was the member who hung up, or the caller is calling us
    elif tried is not None:
        attempts.ended(session, task, tried, outcome, leg.answered_at, now)
        tried.ended_at = tried.ended_at or now
        outcome = tried.outcome
        workflow.close_after_attempt(session, task, outcome, now)
    if outcome != Outcome.REACHED and task.state == TaskState.CLAIMED:  # back to the queue, at its old place
        claims.release_automatically(session, task, now)


def _dial_again(session: Session, leg: Leg, now: datetime) -> bool:
    """Dial the caller once more while the member waits, because the network was disturbed; False after some tries."""
    conversation = leg.conversation
    failed = [one for one in conversation.legs if one.role == LegRole.CALLER and one.ending == LegEnding.NETWORK_FAULT]
    waits = conversations.with_role(conversation, LegRole.MEMBER, ON_THE_LINE)
    if leg.call_sid is None or leg not in failed or not waits or len(failed) > len(_DIAL_AGAIN_AFTER):
        return False
    again = conversations.add_leg(session, conversation, LegRole.CALLER, leg.number, now, ring=False)
    pause = timedelta(seconds=_DIAL_AGAIN_AFTER[len(failed) - 1])
    outbox.add(session, WorkKind.RING_LEG, again.id, urgent=True, run_after=now + pause)
    return True


def was_put_through(conversation: Conversation) -> bool:
    """Whether the last call to the caller was put through: a telephone rang, or the number is none."""
    called = [leg for leg in conversation.legs if leg.role == LegRole.CALLER]
    return not called or called[-1].ending not in _NOT_PUT_THROUGH


def was_tried(session: Session, conversation: Conversation) -> bool:
    """Whether the call counts as an attempt: also one that the carrier refused because the number is none."""
    return _attempt(session, conversation) is not None


def was_reached(session: Session, conversation: Conversation) -> bool:
    """Whether the person called has confirmed who they are."""
    tried = _attempt(session, conversation)
    return tried is not None and tried.outcome == Outcome.REACHED


def _attempt(session: Session, conversation: Conversation) -> Attempt | None:
    return session.scalar(select(Attempt).where(Attempt.conversation_id == conversation.id).limit(1))


def wants_an_interpreted_call(session: Session, leg: Leg, now: datetime) -> None:
    """The person called asked for another call together with an interpreter."""
    task = leg.conversation.task
    if task is None:
        return
    task.needs_interpreter, task.next_attempt_at = True, now
    wanted = interpreters.latest(session, leg.conversation)
    task.language = wanted.language if wanted is not None else task.language
    events.record(session, task.id, TaskEventKind.NO_INTERPRETER, now)


def no_interpreter(session: Session, conversation: Conversation, now: datetime) -> None:
    """End a callback for which no interpreter could be had: the caller is not dialled, the task is released."""
    task = conversation.task
    if (
        task is None
        or conversation.state != ConversationState.PREPARING
        or any(leg.role == LegRole.CALLER for leg in conversation.legs)
    ):
        return
    claims.release_automatically(session, task, now)
    events.record(session, task.id, TaskEventKind.NO_INTERPRETER, now)
    conversations.end(session, conversation, now)
