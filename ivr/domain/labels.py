"""Terms that stand in the interface and in reports alike, in English; the catalogues translate them."""

from __future__ import annotations


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


CONCERNS = {
    "benefits": _("Benefits"),
    "work": _("Work and training"),
    "under_25": _("Under 25"),
    "rehab": _("Rehabilitation"),
    "emergency": _("Emergency"),
    "forms": _("Forms by post"),
    "appointment": _("Appointment wish"),
    "other": _("Anything else"),
}

AGE_GROUPS = {"under_25": _("under 25"), "25_and_over": _("25 and over")}

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

REFUSAL_REASONS = {
    "settled_without": _("settled without an appointment"),
    "not_responsible": _("another authority is responsible"),
    "no_capacity": _("no appointment free in time"),
    "missing_documents": _("documents are missing"),
    "not_reached": _("the caller could not be reached"),
    "other": _("another reason (see note)"),
}
