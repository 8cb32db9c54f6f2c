"""Seals a call's state into the URL the carrier asks next, so that a call needs no database to go on.

The token is encrypted: neither the carrier's debugger nor a log learns a number or a concern from a URL.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken

from ivr.config.settings import settings
from ivr.flows.protocol import Event, State


class Unreadable(ValueError):
    """The token is not one of ours, or too old."""


@lru_cache(maxsize=4)
def _fernet(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"call state:" + secret.encode()).digest()))


def seal(state: State) -> str:
    """A URL-safe token (some 200 to 400 characters)."""
    owed = [
        [event.name, event.take, event.recording_sid, event.seconds, event.number, dict(event.about)]
        for event in state.owed
    ]
    trail = [list(place) for place in state.trail]
    content = [state.step, state.language, state.tries, state.answers, dict(state.facts), owed, trail]
    return _fernet(settings().secret).encrypt(json.dumps(content, separators=(",", ":")).encode()).decode()


def unseal(token: str, max_age: int | None = None) -> State:
    """The state in a token, at most `max_age` seconds old.

    Raises:
        Unreadable: for anything else.
    """
    try:
        content = json.loads(_fernet(settings().secret).decrypt(token.encode(), ttl=max_age))
        step, language, tries, answers, facts, owed, trail = content
        return State(
            step, language, tries, answers, facts, tuple(Event(*event) for event in owed), tuple(map(tuple, trail))
        )
    except (InvalidToken, ValueError, TypeError) as error:
        raise Unreadable("not a call state of ours") from error
