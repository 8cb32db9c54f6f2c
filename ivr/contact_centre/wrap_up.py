"""The wrap-up (Nachbearbeitung): what came of a conversation is written down before the next call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import intake, workflow
from ivr.callbacks.request import Request
from ivr.callbacks.workflow import Refused
from ivr.contact_centre import agent_presence, call_distribution
from ivr.domain.enums import AgeGroup, Concern, EmergencyKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation

#: How a conversation ended (Ergebnis): settled; the team calls again; passed on to somebody else; broken off.
OUTCOMES = ("settled", "follow_up", "passed_on", "broken_off")


def finish(session: Session, user: User, outcome: str, text: str, now: datetime) -> None:
    """Write down the outcome; the member is free for the next call.

    A settled callback closes its task; a promise to call again is a task like any other.

    Raises:
        Refused: `outcome_needed`, or `nothing_to_wrap_up`.
    """
    if outcome not in OUTCOMES:
        raise Refused("outcome_needed")
    conversation = agent_presence.unfinished(session, user.id)
    if conversation is None:
        raise Refused("nothing_to_wrap_up")
    conversation.outcome = outcome
    task = conversation.task or (_promised(session, conversation, now) if outcome == "follow_up" else None)
    mine = task is not None and task.state == "claimed" and task.claimed_by_id == user.id
    if task is not None and mine and outcome == "settled":
        workflow.close(session, task, user, "reached", text, now, attempted=True)
    elif task is not None:
        workflow.note(session, task, user, text, now)
        if mine and outcome in ("passed_on", "broken_off"):
            workflow.release(session, task, user, now)
        if mine and outcome == "broken_off":
            task.next_attempt_at = now  # whoever was cut off is called again at once
    agent_presence.free(session, user.id, ("wrap_up",), now, idle_since_at=now)
    call_distribution.match(session, now)


def _promised(session: Session, conversation: Conversation, now: datetime) -> CallbackTask | None:
    entry = conversation.entry
    if entry is None:
        return None
    request = Request(
        concern=Concern(entry.concern),
        emergency_kind=EmergencyKind(entry.emergency_kind) if entry.emergency_kind else None,
        age_group=AgeGroup(entry.age_group) if entry.age_group else None,
        office=entry.office or "",
    )
    return intake.open_for(session, entry.call, request, now)
