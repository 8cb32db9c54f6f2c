"""Answers a flow's questions and does what it promises, in one short transaction a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ivr import business_hours, callbacks, calls, database, voicebox
from ivr.configuration import settings
from ivr.flows.verbs import State, Turn
from ivr.models import Call, Recording, VoiceboxMessage


@dataclass(frozen=True)
class House:
    """Implements :class:`ivr.flows.steps.Questions` for one request of one call."""

    call_sid: str
    now: datetime

    def team_is_open(self, state: State) -> bool:
        """By the clock; in local mode the exchange may say which hour to pretend (fact `at`)."""
        pretended = state.facts.get("at", "") if settings().local else ""
        if pretended in ("open", "closed"):
            return pretended == "open"
        at = datetime.fromisoformat(pretended) if pretended else self.now
        return business_hours.is_open(settings().hours, at)

    def team_number(self, state: State) -> str:
        """Number of the team responsible for the caller's concern."""
        return settings().teams[settings().team_for(state.facts.get("concern", "other"))].number

    def recording_is_ready(self, state: State) -> bool:
        """Whether the last take is stored here."""
        return stored_take(self.call_sid, state.take) is not None


def stored_take(call_sid: str, take: int) -> Recording | None:
    """The stored recording of a take of a call, if it is there."""
    with database.reading() as session:
        return session.scalar(
            select(Recording)
            .join(VoiceboxMessage)
            .join(Call)
            .where(Call.call_sid == call_sid, VoiceboxMessage.take == take, Recording.state == "stored")
        )


def perform(turn: Turn, call_sid: str, from_number: str | None, now: datetime) -> str | None:
    """Write down how far the call has come and what was promised; the receipt code once there is a task."""
    state = turn.state
    with database.writing() as session:
        call = calls.seen(session, call_sid, from_number, now)
        calls.progressed(call, state.step, state.language, state.facts.get("concern"))
        task = callbacks.of_call(session, call)
        for event in turn.events:
            match event.name:
                case "recording_begins":
                    voicebox.expect(session, call, state.take, state.language, now)
                case "message_left":
                    message = voicebox.expect(session, call, state.take, state.language, now)
                    task = voicebox.left(session, call, message, event.recording_sid, event.seconds, now)
                case "callback_asked":
                    task = callbacks.ask(session, call, now)
                case "number_given" if task is not None:
                    callbacks.give_number(session, task, state.facts.get("callback_number"), now)
        return task.receipt_code if task is not None else None
