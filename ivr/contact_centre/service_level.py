"""Service level of the call queues, computed from the recorded waits.

Reference points: Behördennummer 115 answers 75 % of its calls within 30 s; Jobcenter Hamburg has an interpreter on the
line within two minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.domain.enums import LegRole, QueueEntryMode, QueueEntryState, QueueExit
from ivr.models.contact_centre import Conversation, InterpreterRequest, QueueEntry

#: "75 % of calls answered within 30 s"
GOAL = timedelta(seconds=30)


@dataclass(frozen=True)
class ServiceLevel:
    """Callers who joined a call queue in a period. Times in seconds; None where there was nothing to measure."""

    waited: int
    #: Spoke with a member without hanging up before.
    answered: int
    answered_in_time: int
    mean_wait: float | None
    #: Hung up while waiting.
    abandoned: int
    #: Chose, or were offered, a callback or the voicebox.
    to_task: int
    interpreters_wanted: int
    interpreters_joined: int
    mean_interpreter_wait: float | None
    interpreter_minutes: float


def between(session: Session, start: datetime, end: datetime, team_id: int | None = None) -> ServiceLevel:
    """The service level of all who began to wait from `start` until before `end`, of a team or of all."""
    entries = select(QueueEntry).where(QueueEntry.entered_at >= start, QueueEntry.entered_at < end)
    wanted = select(InterpreterRequest).where(
        InterpreterRequest.role == LegRole.INTERPRETER,
        InterpreterRequest.requested_at >= start,
        InterpreterRequest.requested_at < end,
    )
    if team_id is not None:
        entries = entries.where(QueueEntry.team_id == team_id)
        wanted = wanted.join(Conversation).where(Conversation.team_id == team_id)
    found = session.scalars(entries).all()
    answered = [
        entry for entry in found if entry.state == QueueEntryState.ANSWERED and entry.mode == QueueEntryMode.LIVE
    ]
    waits = [(entry.answered_at - entry.entered_at).total_seconds() for entry in answered if entry.answered_at]
    requests = session.scalars(wanted).all()
    joined = [(request.joined_at - request.requested_at).total_seconds() for request in requests if request.joined_at]
    minutes = sum(
        (request.ended_at - request.joined_at).total_seconds() / 60
        for request in requests
        if request.joined_at and request.ended_at
    )
    abandoned = sum(entry.state == QueueEntryState.LEFT and entry.reason == QueueExit.HUNG_UP for entry in found)
    return ServiceLevel(
        waited=len(found),
        answered=len(answered),
        answered_in_time=sum(wait <= GOAL.total_seconds() for wait in waits),
        mean_wait=sum(waits) / len(waits) if waits else None,
        abandoned=abandoned,
        to_task=sum(
            entry.mode == QueueEntryMode.CALLBACK
            or (entry.state == QueueEntryState.LEFT and entry.reason != QueueExit.HUNG_UP)
            for entry in found
        ),
        interpreters_wanted=len(requests),
        interpreters_joined=len(joined),
        mean_interpreter_wait=sum(joined) / len(joined) if joined else None,
        interpreter_minutes=minutes,
    )
