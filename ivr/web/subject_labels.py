"""Values of columns about a person as they read them, for the file they get (Art. 15 GDPR)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext

from ivr.domain import words
from ivr.domain.words import _
from ivr.web import template_helpers

#: What a column's keys are called; what is not known stands as it is, because the file leaves nothing out.
_KEYS: Mapping[str, Mapping[str, str]] = {
    "action": words.ACCESS_ACTIONS,
    "age_group": words.AGE_GROUPS,
    "availability": words.AVAILABILITY,
    "companion": words.COMPANIONS,
    "concern": words.CONCERNS,
    "emergency_kind": words.EMERGENCY_KINDS,
    "ending": words.CALL_ENDINGS,
    "impairment": words.DATA_STATES,
    "kind": {**words.TASK_KINDS, **words.TASK_EVENTS, **words.DIRECTORY_KINDS},
    "measure": words.SLA_MEASURES,
    "mode": {**words.APPOINTMENT_MODES, "live": _("by telephone"), "callback": _("Callback")},
    "outcome": {**words.OUTCOMES, **words.CONVERSATION_OUTCOMES},
    "reason": {**words.TRANSCRIPT_REASONS, **words.APPOINTMENT_REASONS},
    "reply_by": words.REPLY_BY,
    "refusal_reason": words.REFUSAL_REASONS,
    "role": {**words.ROLES, **words.LEG_ROLES, "program": _("program")},
    "room": words.ROOM_SIZES,
    "state": {**words.DATA_STATES, **words.SLA_STATES, **words.TASK_STATES},
    "text": words.OUTCOMES,
    "training": words.DATA_STATES,
    "urgency": words.URGENCIES,
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def said(column: str, value: Any) -> str:
    """A value as a person reads it: instants in local time, keys as they are called."""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, list):
        return ", ".join(said(column, one) for one in value)
    match column:
        case "language" | "languages":
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
    known = _KEYS.get(column, {})
    return gettext(known[plain]) if plain in known else plain
