"""Where a call stands. The state travels with the call, so that a call goes on when the database does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ivr.domain.enums import EventName, Screening, SimulatedHours
from ivr.domain.timestamps import iso
from ivr.flows.request import SPOKEN, CallerRequest, RequestAnswers

_State = TypeVar("_State")


def changed(state: _State, **slots: Any) -> _State:
    """The same dataclass with other values in some slots.

    It is what :func:`dataclasses.replace` does, at a tenth of its time: a key press changes a state some ten times.

    Raises:
        TypeError: there is no such slot.
    """
    known = state.__dict__
    if not slots.keys() <= known.keys():
        raise TypeError(f"{type(state).__name__} has no slot {', '.join(slots.keys() - known.keys())}")
    other = object.__new__(type(state))
    other.__dict__.update(known, **slots)
    return other


@dataclass(frozen=True)
class EventContext:
    """What was true in the call when an event happened. Each slot is copied from the state's slot of its name."""

    language: str
    request: RequestAnswers
    queue_visit: int = 0
    comes_back: bool = False
    replaces_recording: int = 0
    continues_recording: int = 0

    @classmethod
    def of(cls, state: CallState) -> EventContext:
        """The context of an event that happens now."""
        copied = {name.name: getattr(state, name.name) for name in fields(cls)}
        return cls(**copied | {"request": RequestAnswers.copied(state.request)})


@dataclass(frozen=True)
class Event:
    """Something that must be written down. It carries all that is needed for it, so that it can be done later."""

    name: EventName
    #: Number of the recording in this call.
    recording_number: int = 0
    recording_sid: str = ""
    seconds: float = 0.0
    #: Number to call back, in E.164.
    number: str = ""
    #: None: the state at the end of the turn describes it.
    context: EventContext | None = None
    #: The recording ended because the time for one was over.
    cut_at_limit: bool = False
    #: Names the event where a process keeps a copy of it in its memory: of both, one is written.
    name_of_copy: str = ""


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question the hash key leads back to, and what the caller's request was then."""

    step: str
    request: CallerRequest


NO_REQUEST = CallerRequest()


@dataclass(frozen=True)
class CallState:
    """Everything a call script knows of a call between two of the carrier's requests."""

    step: str
    language: str
    #: Times the present step has been asked in vain.
    tries: int = 0
    #: Answers given in the whole call.
    answers: int = 0
    #: What the call is about now.
    request: CallerRequest = NO_REQUEST
    #: First contact, from which every promise counts (UTC).
    began_at: datetime | None = None
    #: E.164; shown by the carrier, or keyed in.
    callback_number: str = field(default="", metadata=SPOKEN)
    #: What the caller's telephone shows where that is no number that can be called.
    shown_as: str = ""
    #: Receipt code that was keyed in to ask for its status.
    asked_code: str = ""
    #: The caller is greeted in a language that is known already.
    greeted: bool = False
    screened: Screening | None = None
    #: How many times the usual time the caller has for an answer; it grows with silence, for the whole call.
    patience: int = 1
    #: The caller has pressed nothing but the keys of a language, and said nothing so far.
    is_silent: bool = False
    #: The caller has agreed by key to be recorded, and has not refused it since.
    speech_agreed: bool = False
    #: The caller has not used the keys; questions may be answered by a word.
    speaks: bool = False
    #: The key that a spoken word stands for, which the caller has been asked to confirm.
    heard_key: str = ""
    #: So many calls arrive from the number that only requests are written down.
    untraced: bool = False
    #: The hotline itself is calling: nothing of the call is kept.
    synthetic: bool = False
    #: Local mode only: business hours, or an instant, that the caller simulates.
    simulated_time: SimulatedHours | datetime | None = None
    #: Number of the present recording in this call, 0 before the first.
    recording_number: int = 0
    #: Number of the recording that the present one replaces, or 0.
    replaces_recording: int = 0
    #: Number of the recording that the present one goes on with, or 0.
    continues_recording: int = 0
    #: How often the caller has joined the call queue.
    queue_visit: int = 0
    #: The caller comes back into the queue and has the old place.
    comes_back: bool = False
    #: Conference room the caller talks in.
    room: str = ""
    #: Events that could not be written down yet. They travel along until they can.
    pending_events: tuple[Event, ...] = ()
    #: Something of the call waits to be written, so its receipt code is looked up before the next step.
    is_behind: bool = False
    #: Questions the hash key leads back to, the latest last.
    trail: tuple[AnsweredQuestion, ...] = ()
    #: Prompts that were spoken right before the present question; the star key repeats them.
    last_prompts: tuple[str, ...] = ()
    #: The last entry had as many digits as it may have: a hash key behind it only ends it.
    entry_complete: bool = False

    def knowing(self, **slots: Any) -> CallState:
        """The same state with other values in some slots, of the call or of its request."""
        of_request = {name: slots.pop(name) for name in tuple(slots) if name in REQUEST_SLOTS}
        if of_request:
            slots["request"] = changed(self.request, **of_request)
        return changed(self, **slots)

    def value(self, name: str) -> Any:
        """The value of a slot of the call or of its request."""
        return getattr(self.request if name in REQUEST_SLOTS else self, name)


#: Names of the slots that belong to the present request.
REQUEST_SLOTS = frozenset(known.name for known in fields(CallerRequest))
_SPOKEN = tuple(
    known.name for part in (CallState, CallerRequest) for known in fields(part) if known.metadata.get("spoken")
)


def spoken_values(state: CallState) -> dict[str, str]:
    """The values that prompts may name, as strings; instants in ISO form."""
    values = {name: state.value(name) for name in _SPOKEN}
    return {
        name: (iso(value) or "") if isinstance(value, datetime) else str(value)
        for name, value in values.items()
        if value
    }


def check_slots(slots: Mapping[str, Any]) -> None:
    """Whether slots exist and values fit them; a call script is checked with it when it is built.

    Raises:
        ValueError: naming the slot.
    """
    for name, value in slots.items():
        if name not in _slot_hints():
            raise ValueError(f"a call's state has no slot {name!r}")
        try:
            _adapter(_slot_hints()[name]).validate_python(value, strict=True)
        except ValidationError as error:
            raise ValueError(f"{value!r} does not fit the slot {name!r} of a call's state") from error


@cache
def _slot_hints() -> Mapping[str, Any]:
    return {**get_type_hints(CallState), **get_type_hints(CallerRequest)}


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)
