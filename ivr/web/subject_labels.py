"""What the columns about a person are called, for the file they get (Art. 15 GDPR).

What only machines need (ids of rows and of the carrier) has no name here: it stands in the file for machines alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext

from ivr.web import labels, template_helpers

#: Columns, and tables within tables.
LABELS: Mapping[str, Any] = {
    "about": lazy_gettext("Keyed in"),
    "action": lazy_gettext("What"),
    "age_group": lazy_gettext("Age group"),
    "answered_at": lazy_gettext("Answered"),
    "appointment_at": lazy_gettext("Appointment"),
    "appointment_wish": lazy_gettext("Appointment wish"),
    "at": lazy_gettext("When"),
    "at_risk_at": lazy_gettext("At risk from"),
    "attempts": lazy_gettext("Attempts"),
    "audio_file": lazy_gettext("Recording (file)"),
    "availability": lazy_gettext("Wants to be called"),
    "being_written": lazy_gettext("Being written"),
    "blocked_at": lazy_gettext("Blocked"),
    "breached_at": lazy_gettext("Promise missed"),
    "callback_number": lazy_gettext("Number to call back"),
    "caller_name": lazy_gettext("Name"),
    "calls": lazy_gettext("How many calls"),
    "carrier_deleted_at": lazy_gettext("Deleted at the telephone carrier"),
    "claimed_at": lazy_gettext("Claimed"),
    "closed_at": lazy_gettext("Closed"),
    "companion": lazy_gettext("Who comes along"),
    "concern": lazy_gettext("Concern"),
    "confidence": lazy_gettext("How sure the machine is"),
    "connected_at": lazy_gettext("Connected"),
    "consented_at": lazy_gettext("Agreed to the recording"),
    "corrected_at": lazy_gettext("Corrected"),
    "corrected_text": lazy_gettext("Corrected text"),
    "created_at": lazy_gettext("Called"),
    "customer_number": lazy_gettext("Customer number"),
    "due_at": lazy_gettext("Due"),
    "emergency_kind": lazy_gettext("Emergency"),
    "ended_at": lazy_gettext("Ended"),
    "ending": lazy_gettext("How it ended"),
    "entered_at": lazy_gettext("Waiting since"),
    "escalated_at": lazy_gettext("Told to the supervisor"),
    "first_at": lazy_gettext("First call"),
    "first_attempt_at": lazy_gettext("First attempt"),
    "first_contact_at": lazy_gettext("First contact"),
    "forms": lazy_gettext("Forms"),
    "from_at": lazy_gettext("From"),
    "from_number": lazy_gettext("Telephone number"),
    "history": lazy_gettext("History"),
    "holds": lazy_gettext("Legal holds"),
    "impairment": lazy_gettext("Hearing or speaking is hard"),
    "joined_at": lazy_gettext("On the line"),
    "kind": lazy_gettext("Kind"),
    "language": lazy_gettext("Language"),
    "last_at": lazy_gettext("Last time"),
    "last_called_at": lazy_gettext("Last call"),
    "left_at": lazy_gettext("Until"),
    "legs": lazy_gettext("Telephones"),
    "letter_proposed_at": lazy_gettext("Letter proposed"),
    "lifted_at": lazy_gettext("Lifted"),
    "measure": lazy_gettext("Promise"),
    "met_at": lazy_gettext("Kept"),
    "missed_at": lazy_gettext("Missed"),
    "mode": lazy_gettext("How"),
    "name": lazy_gettext("Name"),
    "needs_interpreter": lazy_gettext("Needs an interpreter"),
    "next_attempt_at": lazy_gettext("Next attempt"),
    "number": lazy_gettext("Telephone number"),
    "office": lazy_gettext("Office"),
    "outcome": lazy_gettext("Outcome"),
    "placed_at": lazy_gettext("Placed"),
    "place": lazy_gettext("Place"),
    "postal_order": lazy_gettext("Forms by post"),
    "posted_on": lazy_gettext("Posted"),
    "promises": lazy_gettext("Promises"),
    "put_off": lazy_gettext("Put off"),
    "reason": lazy_gettext("Reason"),
    "receipt_code": lazy_gettext("Receipt code"),
    "recorded_seconds": lazy_gettext("Length in seconds"),
    "recording": lazy_gettext("Recording"),
    "refusal_reason": lazy_gettext("Reason of the refusal"),
    "requested_at": lazy_gettext("Asked for"),
    "restricted_at": lazy_gettext("Use restricted"),
    "role": lazy_gettext("Who"),
    "room": lazy_gettext("Room"),
    "saved_at": lazy_gettext("Saved"),
    "seeks_training": lazy_gettext("Looks for training"),
    "sent_at": lazy_gettext("Sent"),
    "started_at": lazy_gettext("Began"),
    "state": lazy_gettext("State"),
    "stored_at": lazy_gettext("Stored"),
    "team": lazy_gettext("Team"),
    "text": lazy_gettext("Text"),
    "times": lazy_gettext("How often"),
    "to_number": lazy_gettext("Telephone number"),
    "training": lazy_gettext("Looks for training"),
    "transcribed_at": lazy_gettext("Transcribed"),
    "transcript": lazy_gettext("Transcript"),
    "until_at": lazy_gettext("Until"),
    "urgency": lazy_gettext("Urgency"),
    "urgency_lowered_at": lazy_gettext("Raise taken back"),
    "urgency_words": lazy_gettext("Words that raised the urgency"),
}
_ENDINGS = {
    "promised": lazy_gettext("with a promise to call back"),
    "informed": lazy_gettext("with information"),
    "unserved": lazy_gettext("without a promise"),
    "connected": lazy_gettext("with a conversation"),
    "hung_up": lazy_gettext("hung up"),
    "kept_away": lazy_gettext("not put through"),
}
_STATES = {
    "in_progress": lazy_gettext("in progress"),
    "ended": lazy_gettext("ended"),
    "answered": lazy_gettext("answered"),
    "left": lazy_gettext("left"),
    "stored": lazy_gettext("stored"),
    "deleted": lazy_gettext("deleted"),
    "done": lazy_gettext("done"),
    "pending": lazy_gettext("pending"),
    "please_listen": lazy_gettext("please listen"),
    "sent": lazy_gettext("sent"),
    "program": lazy_gettext("program"),
    "yes": lazy_gettext("yes"),
    "no": lazy_gettext("no"),
}
#: What a column's keys are called; a key that is not known stands as it is.
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "action": labels.ACCESS_ACTIONS,
    "age_group": labels.AGE_GROUPS,
    "availability": labels.AVAILABILITY,
    "companion": labels.COMPANIONS,
    "concern": labels.CONCERNS,
    "emergency_kind": labels.EMERGENCIES,
    "ending": _ENDINGS,
    "impairment": _STATES,
    "kind": {**labels.KINDS, **labels.EVENTS},
    "measure": labels.MEASURES,
    "mode": {**labels.MODES, "live": lazy_gettext("by telephone"), "callback": lazy_gettext("Callback")},
    "outcome": {**labels.OUTCOMES, **labels.CONVERSATION_OUTCOMES},
    "reason": {**labels.PLEASE_LISTEN, **labels.REASONS},
    "refusal_reason": labels.REFUSAL_REASONS,
    "role": {**labels.USER_ROLES, **labels.ROLES, "program": _STATES["program"]},
    "room": labels.ROOMS,
    "state": {**_STATES, **labels.SLA_STATES, **labels.STATES},
    "text": labels.OUTCOMES,
    "training": _STATES,
    "urgency": labels.URGENCIES,
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def said(column: str, value: Any) -> str:
    """A value as a person reads it: instants in local time, keys as they are called."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, list):
        return ", ".join(said(column, one) for one in value)
    match column:
        case "language":
            return template_helpers.language_name(str(value))
        case "forms":
            return ", ".join(template_helpers.form_name(form) for form in str(value).split(","))
        case "office":
            return template_helpers.office_name(str(value))
        case "confidence":
            return f"{value:.0%}"
        case "recorded_seconds":
            return f"{value:.0f}"
    plain = str(value)
    if _INSTANT.fullmatch(plain):
        return template_helpers.moment(datetime.fromisoformat(plain))
    return str(_KEYS.get(column, {}).get(plain, plain))
