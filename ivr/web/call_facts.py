"""What the page of a member in a call shows of it, and to whom the caller could be transferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audit import break_glass
from ivr.callbacks import representatives
from ivr.contact_centre import conversation_notes, conversations, screen_pop, transfers
from ivr.domain.conversation_rules import Place
from ivr.domain.enums import ConversationState, LegRole, LegState
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Presence, Transfer


@dataclass(frozen=True)
class CallFacts:
    """A member's conversation as they may see it.

    `is_mine`: the caller is theirs; otherwise they are rung, or only talk with the one who transfers the caller.
    `still_hears`: the caller is on hold and hears everybody yet, because the carrier has not fetched them out of the
    room: it takes a moment, and longer while the carrier does not answer.
    """

    is_mine: bool
    is_held: bool
    still_hears: bool
    transfer_id: int | None
    transfer_state: str
    note: str
    earlier: tuple[tuple[int, str], ...]
    last_note_id: int | None
    #: Who calls for others: name, relation, for whom, and what may be told.
    represented: tuple[tuple[str, str, str, str], ...] = ()
    #: Not compared: it changes by itself, and the page is not drawn anew for it.
    transfer: Transfer | None = field(compare=False, repr=False, default=None)
    colleagues: Sequence[Presence] = field(compare=False, repr=False, default=())
    teams: Sequence[tuple[Team, int]] = field(compare=False, repr=False, default=())
    own_note: str = field(compare=False, repr=False, default="")
    number: str | None = field(compare=False, repr=False, default=None)
    emergency_kind: str | None = field(compare=False, repr=False, default=None)
    tasks: Sequence[CallbackTask] = field(compare=False, repr=False, default=())
    last_note: Conversation | None = field(compare=False, repr=False, default=None)


def of(session: Session, conversation: Conversation, user: User, now: datetime) -> CallFacts:
    """What a member sees of their conversation."""
    situation = conversations.situation(session, conversation)
    is_mine = any(leg.user_id == user.id for leg in conversations.members_of(conversation))
    going_on = transfers.going_on(session, conversation)
    open_to_transfer = is_mine and going_on is None and situation.caller in (Place.IN, Place.HELD)
    tasks = screen_pop.earlier(session, user, conversation, now)
    last = screen_pop.last_note(session, user, conversation)
    return CallFacts(
        is_mine=is_mine,
        is_held=situation.caller == Place.HELD,
        still_hears=any(
            leg.held_at for leg in conversations.with_role(conversation, LegRole.CALLER, (LegState.JOINED,))
        ),
        transfer_id=going_on.id if going_on else None,
        transfer_state=going_on.state if going_on else "",
        note=_note_of_others(conversation, user),
        earlier=tuple((task.id, task.state) for task in tasks),
        last_note_id=last.id if last is not None else None,
        represented=_represented(session, conversation, tasks, user, now),
        transfer=going_on,
        colleagues=transfers.who_is_there(session, user, now) if open_to_transfer else (),
        teams=_teams(session, user, now) if open_to_transfer else (),
        own_note=conversation_notes.written_by(conversation, user),
        number=screen_pop.shown_number(conversation),
        emergency_kind=screen_pop.emergency_kind(conversation),
        tasks=tasks,
        last_note=last,
    )


def _represented(
    session: Session, conversation: Conversation, tasks: Sequence[CallbackTask], user: User, now: datetime
) -> tuple[tuple[str, str, str, str], ...]:
    """Who calls for others about the task of a conversation, or one of the number; of tasks the user may read."""
    of_call = [conversation.task] if conversation.task is not None else []
    readable = [one for one in (*of_call, *tasks) if break_glass.reason_for(session, one, user, now) is not None]
    return tuple(
        (one.name, one.relation, one.represents, representatives.may_be_told(one, now))
        for task in readable
        for one in representatives.of_task(session, task.id)
    )


def _teams(session: Session, user: User, now: datetime) -> list[tuple[Team, int]]:
    teams = session.scalars(select(Team).order_by(Team.name)).all()
    return [(team, free) for team in teams if (free := transfers.free_of(session, team, user, now))]


def _note_of_others(conversation: Conversation, user: User) -> str:
    """What others have written about the conversation so far."""
    if conversation.state == ConversationState.ENDED:
        return ""
    told = [
        f"{leg.user.name}: {leg.note}"
        for leg in conversation.legs
        if leg.note and leg.user is not None and leg.user_id != user.id
    ]
    return "\n".join(told)
