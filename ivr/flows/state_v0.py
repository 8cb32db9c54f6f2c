"""Call states and spool entries of version 0: JSON lists around a record of strings. They are only read.

A call that began before an update goes on after it; see :mod:`ivr.telephony.state_token`. What stands here can go
once no spool and no call of that version is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ivr.domain.enums import EventName, Screening, SimulatedHours
from ivr.flows.request import CallerRequest, RequestAnswers, from_record
from ivr.flows.state import AnsweredQuestion, CallState, Event, EventContext

#: The parts of a record that went with a question, in the order in which the trail had them.
_OF_QUESTION = (
    "kind", "concern", "emergency_kind", "age_group", "request", "receipt_code", "left", "again", "forms", "training",
    "companion", "impairment",
)  # fmt: skip
_EVENT_NAMES = {"line_joined": EventName.QUEUE_JOINED}
_STEPS = {
    "unwanted_first": "screened_first",
    "kept_away_first": "blocked_first",
    "goodbye_kept_away": "goodbye_screened",
    "line_first": "queue_first",
    "room_first": "place_first",
    "line": "call_queue",
    "line_full": "queue_full",
}


def present_step(name: str) -> str:
    """The present name of a step of the call script, which may have had another in version 0."""
    return _STEPS.get(name, name)


def state_from_v0(content: Any) -> CallState:
    """The state in a decoded token of version 0.

    Raises:
        ValueError: it is none.
    """
    try:
        step, language, tries, answers, facts, owed, trail = content
        return CallState(
            present_step(step),
            str(language),
            int(tries),
            int(answers),
            **_slots(facts),
            request=_request(facts),
            pending_events=tuple(_event(str(language), *event) for event in owed),
            trail=tuple(_question(facts, *place) for place in trail),
        )
    except (TypeError, AttributeError) as error:
        raise ValueError("no call state of version 0") from error


def _slots(facts: Mapping[str, str]) -> dict[str, Any]:
    at = facts.get("at", "")
    simulated = SimulatedHours(at) if at in tuple(SimulatedHours) else _instant(at)
    return {
        "began_at": _instant(facts.get("since")),
        "callback_number": facts.get("callback_number", ""),
        "asked_code": facts.get("asked_code", ""),
        "greeted": bool(facts.get("greeted")),
        "screened": Screening(screened) if (screened := facts.get("kept_away")) else None,
        "untraced": bool(facts.get("untraced")),
        "simulated_time": simulated,
        "recording_number": int(facts.get("take", "0")),
        "replaces_recording": int(facts.get("replaces", "0")),
        "queue_visit": int(facts.get("turn", "0")),
        "comes_back": facts.get("back") == "1",
        "room": facts.get("room", ""),
    }


def _request(facts: Mapping[str, str]) -> CallerRequest:
    return CallerRequest(
        **vars(from_record(facts)),
        receipt_code=facts.get("receipt_code", ""),
        message_number=int(facts.get("left", "0")),
        records_again=bool(facts.get("again")),
        due_at=_instant(facts.get("due_at")),
        tried_at=_instant(facts.get("tried_at")),
        appointment_at=_instant(facts.get("appointment_at")),
    )


def _question(facts: Mapping[str, str], step: str, *answers: str) -> AnsweredQuestion:
    """What the trail did not keep stayed as it was when the caller went back."""
    known = dict(facts)
    known.update(zip(_OF_QUESTION, answers, strict=False))
    return AnsweredQuestion(present_step(step), _request({name: value for name, value in known.items() if value}))


def _event(
    language: str,
    name: str,
    recording_number: int = 0,
    recording_sid: str = "",
    seconds: float = 0.0,
    number: str = "",
    about: Mapping[str, str] | Sequence[Any] = (),
) -> Event:
    context = _context(language, about) if isinstance(about, Mapping) and about else None
    known = _EVENT_NAMES.get(name) or EventName(name)
    return Event(known, int(recording_number), recording_sid, float(seconds), number, context)


def _context(language: str, facts: Mapping[str, str]) -> EventContext:
    slots = _slots(facts)
    return EventContext(
        language,
        RequestAnswers.copied(_request(facts)),
        slots["queue_visit"],
        slots["comes_back"],
        slots["replaces_recording"],
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
