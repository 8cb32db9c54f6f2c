"""The one catalogue of words for people: what pages, reports, alerts, files and documents call things.

Every text is English and a message id of the catalogues in `ivr/web/translations`, which have the German. What is
spoken to callers lives in `voice_prompts/`, sentences of a page in its template.
"""

from __future__ import annotations

from ivr.domain.words.accounts import ACCESS_ACTIONS, ACCOUNT_CHANGES, BREAK_GLASS_REASONS, ROLES, UNUSUAL_READINGS
from ivr.domain.words.alerts import ALERT_LINES, ALERT_TITLES, HOUSE_ALARMS
from ivr.domain.words.carrier import CAPS, CARRIER_FAULTS, CARRIER_REMEDIES, MEDIA, SPENDING_KINDS, cap_named
from ivr.domain.words.live_calls import (
    BOOKING_STATES,
    CALL_ENDINGS,
    CONVERSATION_OUTCOMES,
    DIRECTORY_KINDS,
    LEG_ROLES,
    LEG_STATES,
    PRESENCE_STATES,
)
from ivr.domain.words.metrics import DIMENSIONS, FIGURES, TILES
from ivr.domain.words.notices import ANSWERED_QUESTIONS, NOTICE_PROBLEMS
from ivr.domain.words.pages import FIELDS, KEYS_OF_DESK, PAGES, SORTS, VIEWS, WEEKDAYS
from ivr.domain.words.personal_data import COLUMNS, DATA_STATES
from ivr.domain.words.privacy import (
    DELETION_CAUSES,
    IDENTITY_CHECKS,
    PROPOSAL_STATES,
    REQUEST_RESULTS,
    RETENTION_KINDS,
    SUBJECT_KINDS,
    SUBJECT_REQUEST_STATES,
    SUBJECT_RIGHTS,
)
from ivr.domain.words.requests import (
    AGE_GROUPS,
    APPOINTMENT_MODES,
    APPOINTMENT_REASONS,
    AVAILABILITY,
    COMPANIONS,
    CONCERNS,
    CONTACT_SOURCES,
    EMERGENCY_KINDS,
    FORMS,
    PRIORITY_GROUPS,
    REFUSAL_REASONS,
    REPLY_BY,
    ROOM_SIZES,
    TASK_KINDS,
    URGENCIES,
)
from ivr.domain.words.tables import Translate, UnknownWord, Words, _
from ivr.domain.words.tasks import (
    CALLER_PROOFS,
    FAILED_WORK,
    LIKENESSES,
    OUTCOMES,
    PROMISE_ENDS,
    REFUSALS,
    SLA_MEASURES,
    SLA_STATES,
    SMS_TEMPLATES,
    TASK_EVENTS,
    TASK_STATES,
    TEXT_STATES,
    TRANSCRIPT_REASONS,
)

#: Every table by its name in small letters: templates know them so (`words.concerns`).
TABLES: dict[str, Words] = {name.lower(): value for name, value in globals().copy().items() if isinstance(value, Words)}
__all__ = [
    "ACCESS_ACTIONS",
    "ACCOUNT_CHANGES",
    "AGE_GROUPS",
    "ALERT_LINES",
    "ALERT_TITLES",
    "ANSWERED_QUESTIONS",
    "APPOINTMENT_MODES",
    "APPOINTMENT_REASONS",
    "AVAILABILITY",
    "BOOKING_STATES",
    "BREAK_GLASS_REASONS",
    "CALLER_PROOFS",
    "CALL_ENDINGS",
    "CAPS",
    "CARRIER_FAULTS",
    "CARRIER_REMEDIES",
    "COLUMNS",
    "COMPANIONS",
    "CONCERNS",
    "CONTACT_SOURCES",
    "CONVERSATION_OUTCOMES",
    "DATA_STATES",
    "DELETION_CAUSES",
    "DIMENSIONS",
    "DIRECTORY_KINDS",
    "EMERGENCY_KINDS",
    "FAILED_WORK",
    "FIELDS",
    "FIGURES",
    "FORMS",
    "HOUSE_ALARMS",
    "IDENTITY_CHECKS",
    "KEYS_OF_DESK",
    "LEG_ROLES",
    "LEG_STATES",
    "LIKENESSES",
    "MEDIA",
    "NOTICE_PROBLEMS",
    "OUTCOMES",
    "PAGES",
    "PRESENCE_STATES",
    "PRIORITY_GROUPS",
    "PROMISE_ENDS",
    "PROPOSAL_STATES",
    "REFUSALS",
    "REFUSAL_REASONS",
    "REPLY_BY",
    "REQUEST_RESULTS",
    "RETENTION_KINDS",
    "ROLES",
    "ROOM_SIZES",
    "SLA_MEASURES",
    "SLA_STATES",
    "SMS_TEMPLATES",
    "SORTS",
    "SPENDING_KINDS",
    "SUBJECT_KINDS",
    "SUBJECT_REQUEST_STATES",
    "SUBJECT_RIGHTS",
    "TABLES",
    "TASK_EVENTS",
    "TASK_KINDS",
    "TASK_STATES",
    "TEXT_STATES",
    "TILES",
    "TRANSCRIPT_REASONS",
    "UNUSUAL_READINGS",
    "URGENCIES",
    "VIEWS",
    "WEEKDAYS",
    "Translate",
    "UnknownWord",
    "Words",
    "_",
    "cap_named",
]
