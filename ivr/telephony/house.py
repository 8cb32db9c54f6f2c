"""Answers a flow's questions and does what it promises, in one short transaction a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ivr import business_hours, callbacks, calls, database, voicebox
from ivr.configuration import settings
from ivr.flows.verbs import Event, State
from ivr.languages import DEFAULT_LANGUAGE
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
        """Whether the last take is stored here; no, where the database does not say."""
        try:
            return stored_take(self.call_sid, state.take) is not None
        except SQLAlchemyError:
            return False


def stored_take(call_sid: str, take: int) -> Recording | None:
    """The stored recording of a take of a call, if it is there."""
    with database.reading() as session:
        return session.scalar(
            select(Recording)
            .join(VoiceboxMessage)
            .join(Call)
            .where(Call.call_sid == call_sid, VoiceboxMessage.take == take, Recording.state == "stored")
        )


def perform(state: State, events: Sequence[Event], call_sid: str, from_number: str | None, now: datetime) -> str | None:
    """Write down how far the call has come and what was promised; the receipt code once there is a task.

    Raises:
        SQLAlchemyError: nothing was written; the events are to be told again.
    """
    with database.writing() as session:
        call = calls.seen(session, call_sid, from_number, began_at(state, now))
        calls.progressed(call, state.step, state.language, state.facts.get("concern"))
        task = callbacks.of_call(session, call)
        for event in events:
            match event.name:
                case "recording_begins":
                    voicebox.expect(session, call, event.take, state.language, now)
                case "message_left":
                    recording = voicebox.announced(session, call, event.take, state.language, event.recording_sid, now)
                    task = voicebox.left(session, call, recording, event.seconds, now)
                case "callback_asked":
                    task = callbacks.ask(session, call, now)
                case "number_given" if task is not None:
                    callbacks.give_number(session, task, event.number, now)
        return task.receipt_code if task is not None else None


def recording_event(
    state: State, call_sid: str, recording_sid: str, status: str, seconds: float | None, now: datetime
) -> None:
    """What became of a recording: in-progress, completed, absent or failed; in any order, any number of times."""
    with database.writing() as session:
        call = calls.seen(session, call_sid, None, began_at(state, now))
        calls.progressed(call, call.step or state.step, state.language, state.facts.get("concern"))
        recording = voicebox.announced(session, call, state.take, state.language, recording_sid, now)
        if status == "in-progress":
            voicebox.hung_up_while_recording(session, call, now)
        elif status == "absent" or (status == "completed" and seconds == 0):
            voicebox.nothing_left(session, call, recording, now)
        else:  # completed; or failed: perhaps there is audio all the same, the fetch will tell
            task = voicebox.left(session, call, recording, seconds or None, now)
            if task.callback_number is None:  # this event came before any that says who is calling
                callbacks.give_number(session, task, state.facts.get("callback_number"), now)


def call_ended(call_sid: str, from_number: str | None, now: datetime) -> None:
    """The caller is gone."""
    with database.writing() as session:
        call = calls.seen(session, call_sid, from_number, now)
        calls.ended(call, now)
        voicebox.hung_up_while_recording(session, call, now)
        voicebox.look_for_expected(session, call, now)


def remembered(call_sid: str) -> State | None:
    """What the database knows of a call whose own state cannot be read."""
    with database.reading() as session:
        call = session.scalar(select(Call).where(Call.call_sid == call_sid))
        if call is None or not call.step:
            return None
        facts = {"concern": call.concern or "other", "since": call.started_at.isoformat()}
        if call.messages:
            facts["take"] = str(call.messages[-1].take)
        if call.task:
            facts["receipt_code"] = call.task.receipt_code
        if number := call.task.callback_number if call.task else call.from_number:
            facts["callback_number"] = number
        return State(call.step, call.language or DEFAULT_LANGUAGE, facts=facts)


def began_at(state: State, now: datetime) -> datetime:
    """The call's first contact, from which every promise counts."""
    since = state.facts.get("since")
    return datetime.fromisoformat(since) if since else now
