"""Transfers (Weiterleitung): to whom a caller is given, who is rung for it, and to whom the caller goes back.

What follows for everybody in the conversation is decided in :mod:`ivr.contact_centre.conversation_control`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import call_limits, claims, workflow
from ivr.callbacks.refused import Refused
from ivr.contact_centre import agent_presence, call_distribution, conversations, duty_roster, engaged_numbers
from ivr.domain.conversation_rules import Place
from ivr.domain.enums import (
    LegEnding,
    LegRole,
    LegState,
    PresenceState,
    Refusal,
    Role,
    TaskState,
    TransferKind,
    TransferState,
)
from ivr.domain.roles import SERVING
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Conversation, Leg, Presence, Transfer

#: Members of a team who are rung one after the other before the caller goes back.
_MOST_RUNG = 3


@dataclass(frozen=True)
class Target:
    """To whom a caller is transferred: any member of a team, a member, or a number of the directory with its name."""

    team_id: int | None = None
    user_id: int | None = None
    number: str | None = None
    name: str | None = None


def begin(
    session: Session, conversation: Conversation, target: Target, kind: TransferKind, by: User, now: datetime
) -> Transfer:
    """Write down that a caller is to be transferred.

    Raises:
        Refused: `transfer_goes_on`; `transfer_to_yourself`; `not_there`: the member, or everybody of the team, takes no
            calls now; `companion_there`: the number is in the conversation; `too_many_rung`: beyond a cap.
    """
    if going_on(session, conversation) is not None:
        raise Refused(Refusal.TRANSFER_GOES_ON)
    if target.user_id == by.id:
        raise Refused(Refusal.TRANSFER_TO_YOURSELF)
    if conversations.has_number(conversation, target.number):
        raise Refused(Refusal.COMPANION_THERE)
    if target.number is not None:
        call_limits.check_rung(session, target.number, conversation.urgency, now)
    wanted = Transfer(
        conversation_id=conversation.id, kind=kind, state=TransferState.LOOKING, by_id=by.id, team_id=target.team_id,
        user_id=target.user_id, number=target.number, name=target.name, wanted_at=now,
    )  # fmt: skip
    if target.number is None and not _who_can_come(session, wanted, now):
        raise Refused(Refusal.NOT_THERE)
    session.add(wanted)
    session.flush()
    return wanted


def latest(session: Session, conversation: Conversation) -> Transfer | None:
    """The latest transfer of a conversation."""
    theirs = select(Transfer).where(Transfer.conversation_id == conversation.id)
    return session.scalar(theirs.order_by(Transfer.id.desc()).limit(1))


def going_on(session: Session, conversation: Conversation) -> Transfer | None:
    """The transfer of a conversation that is not decided: somebody is rung, or talks with the member first."""
    found = latest(session, conversation)
    return found if found is not None and found.state in (TransferState.LOOKING, TransferState.TALKING) else None


def who_is_there(session: Session, by: User, now: datetime) -> Sequence[Presence]:
    """The members to whom a caller could be transferred now, by name."""
    there = select(Presence).join(User).where(agent_presence.is_there(now))
    found = session.scalars(there.where(User.id != by.id, User.active, User.role.in_(SERVING)).order_by(User.name))
    return _free(session, found, now)


def supervisor_for(session: Session, conversation: Conversation, by: User, now: datetime) -> int:
    """A supervisor of the conversation's team who takes calls now.

    Raises:
        Refused: `not_there`.
    """
    there = [here.user for here in who_is_there(session, by, now) if here.user.role == Role.SUPERVISOR]
    found = next((user for user in there if conversation.team_id in user.scope_ids), None)
    if found is None:
        raise Refused(Refusal.NOT_THERE)
    return found.id


def free_of(session: Session, team: Team, by: User, now: datetime) -> int:
    """How many members of a team could take a call now."""
    free = _free(session, duty_roster.who_answers(session, team.id, now), now)
    return len([one for one in free if one.user_id != by.id])


def _free(session: Session, there: Iterable[Presence], now: datetime) -> list[Presence]:
    """Those who can be rung now: who are available, at a telephone that is in no call with us."""
    engaged = {None, *engaged_numbers.of_members(session, now)}
    return [one for one in there if one.state == PresenceState.AVAILABLE and one.number not in engaged]


def _who_can_come(session: Session, wanted: Transfer, now: datetime) -> list[Presence]:
    """Who may be rung for a transfer: who speaks the language first, then who has been idle longest."""
    if wanted.user_id is not None:
        there = session.scalar(select(Presence).where(Presence.user_id == wanted.user_id, agent_presence.is_there(now)))
        found = [there] if there is not None else []
    else:
        found = [*duty_roster.who_answers(session, wanted.team_id or 0, now)]
    rung = set(session.scalars(select(Leg.user_id).where(Leg.transfer_id == wanted.id))) if wanted.id else set()
    free = [one for one in _free(session, found, now) if one.user_id not in {*rung, wanted.by_id}]
    language = session.get_one(Conversation, wanted.conversation_id).language
    free = free if len(rung) < _MOST_RUNG else []
    return sorted(free, key=lambda one: (language not in one.languages, one.idle_since_at, one.user_id))


def ring_next(session: Session, wanted: Transfer, now: datetime) -> bool:
    """Ring the next one who may come. False if nobody is left."""
    if wanted.state != TransferState.LOOKING:
        return True
    conversation = session.get_one(Conversation, wanted.conversation_id)
    was_rung = session.scalar(select(Leg.id).where(Leg.transfer_id == wanted.id).limit(1)) is not None
    if wanted.number is not None and not was_rung:
        _add_leg(session, conversation, wanted, wanted.number, now, name=wanted.name)
        return True
    for here in _who_can_come(session, wanted, now):
        leg = _add_leg(session, conversation, wanted, here.number, now, user_id=here.user_id)
        free = (PresenceState.AVAILABLE,)
        if agent_presence.move(session, here.user_id, free, PresenceState.RINGING, now, leg_id=leg.id):
            return True
        leg.state, leg.ending, leg.ended_at = LegState.ENDED, LegEnding.CANCELED, now  # taken by another call
    wanted.state, wanted.ended_at = TransferState.UNMET, now
    return False


def _add_leg(
    session: Session, conversation: Conversation, wanted: Transfer, number: str | None, now: datetime, *,
    user_id: int | None = None, name: str | None = None,
) -> Leg:  # fmt: skip
    return conversations.add_leg(
        session, conversation, LegRole.SUCCESSOR, number, now, transfer_id=wanted.id, user_id=user_id, name=name
    )


def ring_back(session: Session, conversation: Conversation, now: datetime) -> bool:
    """Ring the member who has transferred the caller, because nobody else has come. False if they talk elsewhere."""
    wanted = latest(session, conversation)
    here = session.get(Presence, wanted.by_id) if wanted is not None else None
    if wanted is None or here is None or here.number is None:
        return False
    leg = conversations.add_leg(
        session, conversation, LegRole.MEMBER, here.number, now, user_id=here.user_id, transfer_id=wanted.id
    )
    free = (PresenceState.WRAP_UP, PresenceState.AVAILABLE, PresenceState.PAUSED)
    if not agent_presence.move(session, here.user_id, free, PresenceState.RINGING, now, leg_id=leg.id):
        leg.state, leg.ending, leg.ended_at = LegState.ENDED, LegEnding.CANCELED, now
        return False
    _expects(conversation, leg)
    return True


def _expects(conversation: Conversation, leg: Leg) -> None:
    """From now on the caller's member is the one of this leg."""
    if conversation.entry is not None:
        conversation.entry.offered_leg_id = leg.id


def accepted(session: Session, leg: Leg, now: datetime) -> bool:
    """Note that somebody takes a transferred caller; False if the transfer is off."""
    wanted = leg.transfer
    if wanted is None or wanted.state != TransferState.LOOKING:
        return False
    wanted.state = TransferState.TALKING
    if leg.user_id is not None:
        agent_presence.move(
            session, leg.user_id, (PresenceState.RINGING,), PresenceState.TALKING, now, leg=leg.id, missed=0
        )
    return True


def is_talked_about(leg: Leg, member: Place) -> bool:
    """Whether the member talks first with who has accepted: so they wished, and they are still there."""
    return leg.transfer is not None and leg.transfer.kind == TransferKind.WARM and member == Place.IN


def hand_over(session: Session, conversation: Conversation, now: datetime) -> None:
    """The one who has accepted is the caller's member from now on, and has the task if they may."""
    legs = conversations.with_role(conversation, LegRole.SUCCESSOR, conversations.ON_THE_LINE)
    leg = next((one for one in legs if one.accepted_at is not None), None)
    wanted = leg.transfer if leg is not None else None
    if leg is None or wanted is None:
        return
    wanted.state, wanted.ended_at, leg.role = TransferState.DONE, now, LegRole.MEMBER
    _expects(conversation, leg)
    if leg.user is not None:
        team = _team_for(conversation, wanted, leg.user)
        _pass_task_on(session, conversation, wanted, leg.user, team, now)
        conversation.team_id = team.id if team is not None else conversation.team_id
    session.flush()


def _team_for(conversation: Conversation, wanted: Transfer, user: User) -> Team | None:
    """The team that has the conversation from now on: the one it was transferred to, else one of the member's."""
    theirs = {team.id: team for team in user.scope}
    if wanted.team is not None:
        return wanted.team
    return theirs.get(conversation.team_id) or next(iter(theirs.values()), None)


def _pass_task_on(
    session: Session, conversation: Conversation, wanted: Transfer, to: User, team: Team | None, now: datetime
) -> None:
    """Give the task of the conversation to who has taken over, if the one who transferred holds it."""
    task, by = conversation.task, wanted.by
    if task is None or task.state != TaskState.CLAIMED or task.claimed_by_id != by.id:
        return
    if team is not None and task.team_id != team.id and task.team_id not in to.scope_ids:
        workflow.hand_over(session, task, by, team, f"{by.name} → {to.name}", now)
    else:
        claims.release(session, task, by, now)
    if task.team_id in to.scope_ids:
        claims.assign(session, task, to, by, now)


def gone(session: Session, leg: Leg, ending: LegEnding, now: datetime) -> None:
    """Note that the telephone of somebody has ended to whom the caller is or was to be transferred."""
    wanted = leg.transfer
    if leg.accepted_at is None:
        call_distribution.refused(session, leg, ending, now)
        return
    if wanted is not None and wanted.state == TransferState.TALKING:
        wanted.state, wanted.ended_at = TransferState.UNMET, now
    if leg.user_id is not None:
        busy = (PresenceState.RINGING, PresenceState.TALKING)
        agent_presence.free(session, leg.user_id, busy, now, leg=leg.id, idle_since_at=now)


def cancel(session: Session, conversation: Conversation, now: datetime) -> None:
    """Give a transfer up that is not decided: the member takes the caller back, or the conversation is over."""
    if wanted := going_on(session, conversation):
        wanted.state, wanted.ended_at = TransferState.CANCELED, now
