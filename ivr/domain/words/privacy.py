"""Retention and the rights of data subjects."""

from __future__ import annotations

from ivr.domain.enums import (
    DeletionCause,
    IdentityCheck,
    ProposalState,
    RetentionKind,
    SubjectRequestState,
    SubjectRight,
)
from ivr.domain.words.tables import Words, _

RETENTION_KINDS = Words(
    "retention kinds",
    {
        RetentionKind.AUDIO: _("Audio"),
        RetentionKind.TRANSCRIPT: _("Transcript and notes"),
        RetentionKind.NUMBER_AND_NAME: _("Number and name"),
        RetentionKind.TASK: _("Task"),
        RetentionKind.CALL_RECORD: _("Call record"),
        RetentionKind.INCIDENT: _("Incidents"),
        RetentionKind.REMEMBERED_LANGUAGE: _("Remembered language"),
        RetentionKind.ACCESS_LOG: _("Access log"),
        RetentionKind.STATISTICS: _("Statistics"),
    },
    RetentionKind,
)
DELETION_CAUSES = Words(
    "deletion causes",
    {
        DeletionCause.PERIOD: _("its period was over"),
        DeletionCause.ERASURE: _("erased at the person's wish"),
        DeletionCause.REPLAY: _("deleted again after a restore"),
    },
    DeletionCause,
)
PROPOSAL_STATES = Words(
    "proposal states",
    {
        ProposalState.PROPOSED: _("waits for the data protection officer"),
        ProposalState.CONFIRMED: _("confirmed"),
        ProposalState.REFUSED: _("refused"),
    },
    ProposalState,
)
SUBJECT_RIGHTS = Words(
    "subject rights",
    {
        SubjectRight.ACCESS: _("Access (Art. 15 GDPR)"),
        SubjectRight.RECTIFICATION: _("Rectification (Art. 16 GDPR)"),
        SubjectRight.ERASURE: _("Erasure (Art. 17 GDPR)"),
        SubjectRight.RESTRICTION: _("Restriction (Art. 18 GDPR)"),
    },
    SubjectRight,
)
IDENTITY_CHECKS = Words(
    "identity checks",
    {
        IdentityCheck.DOCUMENT: _("showed an identity document in person"),
        IdentityCheck.REPRESENTATIVE: _("representative with a written authorisation"),
        IdentityCheck.CUSTOMER_DATA: _(
            "customer number, date of birth and address compared with the file, at a number of the file; by two people"
        ),
        IdentityCheck.CALLED_BACK: _("rung back at the number (counts no longer)"),
        IdentityCheck.CODE_AND_NUMBER: _("named the receipt code and the number (counts no longer)"),
    },
    IdentityCheck,
)
SUBJECT_REQUEST_STATES = Words(
    "subject request states",
    {
        SubjectRequestState.OPENED: _("begun"),
        SubjectRequestState.DONE: _("done"),
        SubjectRequestState.REFUSED: _("refused"),
    },
    SubjectRequestState,
)
#: Kinds of what we have about a person.
SUBJECT_KINDS = Words(
    "subject kinds",
    {
        "calls": _("Calls"),
        "tasks": _("Callback tasks"),
        "contacts": _("What each call has brought to a task"),
        "messages": _("Voicebox messages"),
        "text_messages": _("Text messages"),
        "places_in_line": _("Places in the line"),
        "conversations": _("Conversations"),
        "remembered_language": _("Remembered language"),
        "frequent_calls": _("Frequent calls"),
        "blocks": _("Blocked numbers"),
        "incidents": _("Incidents: insults and threats"),
        "as_companion": _("Calls as a trusted person"),
        "booked_to_interpret": _("Booked to interpret"),
        "in_directory": _("Entries of the directory of numbers"),
        "asked_to_interpret": _("Asked to interpret"),
        "readings": _("Who has read it"),
    },
)
#: How the results of requests end, which are kept in English for the log.
REQUEST_RESULTS = Words(
    "request results",
    {
        " handed out": _(" handed out"),
        " corrected": _(" corrected"),
        " unrestricted": _(" used again"),
        " restricted": _(" restricted"),
        "closed": _("closed"),
        "lapsed": _("lapsed: nobody has finished it"),
    },
)
