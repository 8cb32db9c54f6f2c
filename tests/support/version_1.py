"""What version 1 sealed, made as it made it: states of calls with Fernet, behind a digest of the CallSid."""

from __future__ import annotations

import hashlib

from ivr.flows.state import CallState
from ivr.flows.state_codec import CALL_STATES
from ivr.platform import crypto
from ivr.platform.crypto import Purpose


def state_token(state: CallState, call_sid: str) -> str:
    """A call's state, sealed now."""
    return crypto.seal(Purpose.CALL_STATE, hashlib.sha256(call_sid.encode()).digest()[:16] + CALL_STATES.encode(state))
