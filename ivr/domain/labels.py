"""Terms that stand in the interface and in reports alike, in English; the catalogues translate them."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.enums import AgeGroup, Concern, RefusalReason


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


CONCERNS: Mapping[str, str] = {
    Concern.BENEFITS: _("Benefits"),
    Concern.WORK: _("Work and training"),
    Concern.UNDER_25: _("Under 25"),
    Concern.REHAB: _("Rehabilitation"),
    Concern.EMERGENCY: _("Emergency"),
    Concern.FORMS: _("Forms by post"),
    Concern.APPOINTMENT: _("Appointment wish"),
    Concern.OTHER: _("Anything else"),
}

AGE_GROUPS: Mapping[str, str] = {AgeGroup.UNDER_25: _("under 25"), AgeGroup.FROM_25: _("25 and over")}

#: Kinds of what the house has about a person.
SUBJECT_KINDS = {
    "calls": _("Calls"),
    "tasks": _("Callback tasks"),
    "messages": _("Voicebox messages"),
    "text_messages": _("Text messages"),
    "places_in_line": _("Places in the line"),
    "conversations": _("Conversations"),
    "remembered_language": _("Remembered language"),
    "frequent_calls": _("Frequent calls"),
    "blocks": _("Blocked numbers"),
    "as_companion": _("Calls as a trusted person"),
    "asked_to_interpret": _("Asked to interpret"),
    "readings": _("Who has read it"),
}

REFUSAL_REASONS: Mapping[str, str] = {
    RefusalReason.SETTLED_WITHOUT: _("settled without an appointment"),
    RefusalReason.NOT_RESPONSIBLE: _("another authority is responsible"),
    RefusalReason.NO_CAPACITY: _("no appointment free in time"),
    RefusalReason.MISSING_DOCUMENTS: _("documents are missing"),
    RefusalReason.NOT_REACHED: _("the caller could not be reached"),
    RefusalReason.OTHER: _("another reason (see note)"),
}
