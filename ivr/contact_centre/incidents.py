"""Protection of staff (Vorfälle): a member needs help, was insulted or threatened; and nobody calls back alone then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.calls import screening
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, engaged_numbers, screen_pop
from ivr.domain.enums import AccessAction, BlockProposal, IncidentKind, PresenceState, Refusal, Urgency
from ivr.domain.roles import SERVING
from ivr.models.accounts import User, team_supervisors
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Presence
from ivr.models.incidents import Incident
from ivr.platform import live_events

#: How long supervisors are shown what nobody has seen.
_SHOWN = timedelta(hours=12)


def mark(
    session: Session, conversation: Conversation, kind: IncidentKind, text: str, by: User, actor: Actor, now: datetime
) -> Incident:
    """Write down what a member marks in a call; supervisors see it at once.

    The same mark again adds its text, and is shown again: who has seen the first one may not be there any more.

    A number is proposed to be blocked for an insult or a threat, never in an emergency: a person decides.
    """
    known = session.scalar(
        select(Incident).where(Incident.conversation_id == conversation.id, Incident.kind == kind).limit(1)
    )
    if known is not None:
        known.text = "\n".join(part for part in (known.text, text.strip()) if part)
        known.seen_at = known.seen_by_id = None
        _tell_supervisors(session, known)
        return known
    number = screen_pop.shown_number(conversation) if kind != IncidentKind.HELP else None
    may_be_blocked = (
        number is not None and conversation.urgency != Urgency.EMERGENCY and not settings().is_house_number(number)
    )
    incident = Incident(
        kind=kind, conversation_id=conversation.id, team_id=conversation.team_id, number=number, text=text.strip(),
        marked_at=now, marked_by_id=by.id, proposal=BlockProposal.PROPOSED if may_be_blocked else BlockProposal.NONE,
    )  # fmt: skip
    session.add(incident)
    session.flush()
    access_log.append(session, actor, AccessAction.INCIDENT, now, detail=f"incident {incident.id}: {kind}")
    _tell_supervisors(session, incident)
    return incident


def _tell_supervisors(session: Session, incident: Incident) -> None:
    """Let the pages of the team's supervisors ask anew, at once."""
    theirs = select(team_supervisors.c.user_id).where(team_supervisors.c.team_id == incident.team_id)
    live_events.tell(session, *(f"person:{user_id}" for user_id in session.scalars(theirs)))


def unseen(session: Session, user: User, now: datetime) -> Sequence[Incident]:
    """What members of a supervisor's teams have marked lately and no supervisor has seen, the latest first."""
    lately = (Incident.seen_at.is_(None), Incident.marked_at > now - _SHOWN)
    teams = user.scope_ids
    found = select(Incident).where(*lately, Incident.team_id.in_(teams), Incident.marked_by_id != user.id)
    return session.scalars(found.order_by(Incident.id.desc()).limit(10)).all()


def of_teams(session: Session, user: User) -> Sequence[Incident]:
    """Insults and threats of a supervisor's teams, those first about which is to be decided."""
    evidence = Incident.kind != IncidentKind.HELP
    found = select(Incident).where(evidence, Incident.team_id.in_(user.scope_ids))
    undecided = Incident.proposal != BlockProposal.PROPOSED
    return session.scalars(found.order_by(undecided, Incident.id.desc()).limit(200)).all()


def one(session: Session, user: User, incident_id: int) -> Incident | None:
    """An incident of a supervisor's teams."""
    incident = session.get(Incident, incident_id)
    return incident if incident is not None and incident.team_id in user.scope_ids else None


def see(session: Session, incident: Incident, by: User, now: datetime) -> None:
    """A supervisor has seen it; nobody else is shown it any more."""
    if incident.seen_at is None:
        incident.seen_at, incident.seen_by_id = now, by.id
        _tell_supervisors(session, incident)


def block(session: Session, incident: Incident, days: int, by: User, actor: Actor, now: datetime) -> None:
    """Block the number for a stated time, as a supervisor decides. Its emergencies get through all the same.

    Raises:
        Refused: `no_number`.
        ValueError: for longer than a year.
    """
    if incident.number is None:
        raise Refused(Refusal.NO_NUMBER)
    screening.block(session, incident.number, days, f"incident {incident.id}: {incident.kind}", by, now)
    _decide(session, incident, BlockProposal.BLOCKED, by, actor, now)


def dismiss(session: Session, incident: Incident, by: User, actor: Actor, now: datetime) -> None:
    """There is no danger: the number is not blocked, and is called back by one person as any other."""
    _decide(session, incident, BlockProposal.DISMISSED, by, actor, now)


def _decide(
    session: Session, incident: Incident, proposal: BlockProposal, by: User, actor: Actor, now: datetime
) -> None:
    incident.proposal, incident.decided_at, incident.decided_by_id = proposal, now, by.id
    see(session, incident, by, now)
    access_log.append(session, actor, AccessAction.INCIDENT, now, detail=f"incident {incident.id}: {proposal}")


# -- nobody calls back alone who was threatened ----------------------------------------------------


def has_threatened(session: Session, task: CallbackTask) -> bool:
    """Whether there was a threat from a number of a task, which no supervisor has dismissed."""
    numbers = {task.callback_number, *(contact.callback_number for contact in task.contacts)}
    numbers |= {contact.call.from_number for contact in task.contacts if contact.call is not None}
    about = (Incident.kind == IncidentKind.THREAT, Incident.proposal != BlockProposal.DISMISSED)
    of_task = Incident.conversation.has(Conversation.task_id == task.id)
    found = select(Incident.id).where(*about, or_(Incident.number.in_(filter(None, numbers)), of_task))
    return session.scalar(found.limit(1)) is not None


def who_can_be_second(session: Session, user: User, now: datetime) -> Sequence[Presence]:
    """The colleagues of one's teams who could be in a call as well now, by name."""
    there = select(Presence).join(User).where(agent_presence.is_there(now), Presence.state == PresenceState.AVAILABLE)
    found = session.scalars(there.where(User.id != user.id, User.active, User.role.in_(SERVING)).order_by(User.name))
    mine, engaged = set(user.scope_ids), engaged_numbers.of_members(session, now)
    return [here for here in found if mine.intersection(here.user.scope_ids) and here.number not in engaged]


def require_second(session: Session, task: CallbackTask, user: User, second_id: int | None, now: datetime) -> None:
    """Nobody calls alone where there was a threat: a colleague who is there must be named.

    Raises:
        Refused: `not_alone`; `not_there` if the one who is named cannot be called now.
    """
    if second_id is None:
        if has_threatened(session, task):
            raise Refused(Refusal.NOT_ALONE)
        return
    if second_id not in [here.user_id for here in who_can_be_second(session, user, now)]:
        raise Refused(Refusal.NOT_THERE)
