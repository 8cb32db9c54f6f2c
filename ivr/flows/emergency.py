"""An emergency: the reason by one key, then people, or the question whether the caller may be recorded."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.enums import EmergencyKind, EventName
from ivr.flows import conditions
from ivr.flows.script_blocks import consent
from ivr.flows.steps import Announce, Branch, Choice, Menu, Promise, Record, Step

_TO = "emergency_number"


def emergency() -> Mapping[str, Step]:
    """Whose number is shown is called back from the reason on, however the call goes on.

    Nothing is said before the tone that can be said after it: when we call, and where there is help at once
    (`emergency_help`, behind a key before it).
    """
    kinds = (EmergencyKind.NO_MONEY, EmergencyKind.POWER_CUT, EmergencyKind.HOUSING, EmergencyKind.OTHER)
    reasons = {str(key): Choice(_TO, sets={"emergency_kind": kind}) for key, kind in enumerate(kinds, start=1)}
    return {
        "emergency_reason": Menu(
            prompt="emergency",
            choices={**reasons, "5": Choice("help_at_once")},
            otherwise=_TO,
            otherwise_sets={"emergency_kind": EmergencyKind.OTHER},
            attempts=2,
        ),
        "help_at_once": Announce(("emergency_help",), to="emergency_reason"),
        "emergency_number": Branch(on=conditions.can_be_called_back, yes="emergency_task", no="reach_team"),
        "emergency_task": Promise(EventName.EMERGENCY_REPORTED, to="reach_team"),
        **consent("record_emergency", otherwise="emergency_silent", name="_emergency"),
        "record_emergency": Record(prompt="speak_emergency", to="review", otherwise="nothing_recorded", cut="cut"),
        # What was promised to who does not answer is told all the same, and where there is help to everybody.
        "emergency_silent": Branch(on=conditions.receipt_is_known, yes="emergency_kept_first", no="emergency_left"),
        "emergency_kept_first": Branch(on=conditions.wants_writing, yes="emergency_left", no="emergency_kept"),
        "emergency_kept": Announce(("promise_emergency", "emergency_help"), to="leave_unserved"),
        "emergency_left": Announce(("emergency_help",), to="leave_unserved"),
        "emergency_told_first": Branch(on=conditions.is_emergency, yes="emergency_wish", no="appointment_first"),
        # Who has asked earlier in the call for an answer in writing, and no call, is promised none.
        "emergency_wish": Branch(on=conditions.wants_writing, yes="emergency_helped", no="emergency_told_now"),
        # Who is called at a number that is still to be keyed in is told after it.
        "emergency_told_now": Branch(on=conditions.can_be_called_back, yes="emergency_told", no="emergency_helped"),
        "emergency_helped": Announce(("emergency_help",), to="called_before_first"),
        "emergency_told": Announce(("promise_emergency", "emergency_help"), to="called_before_first"),
        "emergency_at_last": Branch(
            on=conditions.emergency_is_told_at_last, yes="emergency_told_at_last", no="writing_told_first"
        ),
        "emergency_told_at_last": Announce(("promise_emergency",), to="receipt_code"),
    }
