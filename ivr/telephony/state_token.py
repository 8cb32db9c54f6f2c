"""Seals a call's state into the URL the carrier asks next, so that a call needs no database to go on.

The token is encrypted: neither the carrier's debugger nor a log learns a number or a concern from a URL. It belongs to
one call, and to the time that a call can last: the CallSid is authenticated with it, and so is when it was sealed.
Its length is bounded, because servers refuse long request lines.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ivr.domain.enums import EventName
from ivr.flows.state import CallState
from ivr.flows.state_codec import CALL_STATES, Undecodable
from ivr.flows.state_v0 import state_from_v0
from ivr.platform import bound_tokens, crypto
from ivr.platform.crypto import Purpose
from ivr.telephony import former_version

log = logging.getLogger(__name__)

#: Characters of the longest token. Twilio refuses URLs of more than 4,000 characters.
MAX_TOKEN = 3_500
#: Seconds for which the state of a call is accepted: the carrier ends calls after four hours, and repeats its last
#: events for some minutes.
MAX_AGE = 4 * 3600 + 900
_LONGEST_CALL = timedelta(seconds=MAX_AGE)
#: Bytes of the digest of the CallSid, with which a state of the version before begins.
_BINDING = 16
_PLAYBACK = "playback"
_WHAT = "a call's state"
#: Events without which the same tasks, messages and numbers would be known, the least important first.
_DISPENSABLE = (
    EventName.LANGUAGE_CHOSEN,
    EventName.NOBODY_THERE,
    EventName.NO_PLACE_FREE,
    EventName.QUEUE_JOINED,
    EventName.RECORDING_BEGINS,
)


class Unreadable(ValueError):
    """The token is none of ours, is of another call, or is too old."""


def seal(state: CallState, call_sid: str) -> str:
    """A URL-safe token (some 200 to 400 characters, at most :data:`MAX_TOKEN`) that only this call can use."""
    token = _sealed(state, call_sid)
    for shorter in _shortened(state) if len(token) > MAX_TOKEN else ():
        token = _sealed(shorter, call_sid)
        if len(token) <= MAX_TOKEN:
            lost = [event.name.value for event in state.pending_events if event not in shorter.pending_events]
            log.error("a call's state was too long; these events are not carried on: %s", ", ".join(lost) or "none")
            break
    return token


def _sealed(state: CallState, call_sid: str) -> str:
    return bound_tokens.seal(Purpose.CALL_TOKENS, CALL_STATES.encode(state), call_sid)


def _shortened(state: CallState) -> Iterator[CallState]:
    """Ever shorter states: without the ways back, then without the events that matter least, then the oldest."""
    state = replace(state, trail=(), last_prompts=())
    yield state
    for name in _DISPENSABLE:
        state = replace(state, pending_events=tuple(event for event in state.pending_events if event.name != name))
        yield state
    while state.pending_events:
        state = replace(state, pending_events=state.pending_events[1:])
        yield state


def unseal(token: str, call_sid: str, max_age: int = MAX_AGE) -> CallState:
    """The state in a token of a call, at most `max_age` seconds old.

    Raises:
        Unreadable: for anything else.
    """
    try:
        if bound_tokens.is_bound(token):
            content = bound_tokens.unseal(Purpose.CALL_TOKENS, token, call_sid, max_age, what=_WHAT)
            return CALL_STATES.decode(content)
        # Of a version before: these end with the calls that were under way during the update.
        content = crypto.unseal(Purpose.CALL_STATE, token, max_age, what=_WHAT)
        if crypto.version_of(token) == 0:
            return state_from_v0(_of_version_0(content))
        if content[:_BINDING] != _binding(call_sid):
            raise Unreadable("of another call")
        return CALL_STATES.decode(content[_BINDING:])
    except (crypto.CannotOpen, Undecodable, ValueError) as error:
        raise Unreadable(f"no call state of ours: {error}") from error


def resealed(token: str, call_sid: str, what: str) -> str | None:
    """The token sealed with the present secret key; None where it is already, or is of version 0 and ends by itself.

    Raises:
        CannotOpen: the error names the token by `what`.
    """
    if bound_tokens.is_bound(token):
        if bound_tokens.is_present(Purpose.CALL_TOKENS, token, call_sid):
            return None
        return bound_tokens.reseal(Purpose.CALL_TOKENS, token, call_sid, what=what)
    if crypto.version_of(token) == 0 or crypto.is_present(Purpose.CALL_STATE, token):
        return None
    return crypto.reseal(Purpose.CALL_STATE, token, what=what)


def is_of_a_call_long_over(state: CallState, now: datetime) -> bool:
    """Whether a call would have lasted longer than any can. A state is sealed anew with every turn of its call."""
    return state.began_at is not None and state.began_at < now - _LONGEST_CALL


def seal_playback(call_sid: str, recording_number: int) -> str:
    """A URL-safe token for hearing one recording of a call."""
    return crypto.seal(Purpose.CALL_STATE, f"{_PLAYBACK} {recording_number} {call_sid}")


def unseal_playback(token: str, max_age: int) -> tuple[str, int]:
    """The CallSid and the number of the recording in a token, at most `max_age` seconds old.

    Raises:
        Unreadable: for anything else.
    """
    try:
        content = crypto.unseal(Purpose.CALL_STATE, token, max_age)
        if crypto.version_of(token) == 0:
            facts = _of_version_0(content)[4]
            return facts["call_sid"], int(facts["take"])
        mark, number, call_sid = content.decode().split(" ")
        if mark != _PLAYBACK:
            raise Unreadable("no token for hearing a recording")
        return call_sid, int(number)
    except (crypto.CannotOpen, ValueError, LookupError, TypeError) as error:
        raise Unreadable("no token of ours for hearing a recording") from error


def _of_version_0(content: bytes) -> Any:
    if not former_version.is_accepted():
        raise Unreadable("of a version that is no longer accepted")
    return json.loads(content)


def _binding(call_sid: str) -> bytes:
    return hashlib.sha256(call_sid.encode()).digest()[:_BINDING]
