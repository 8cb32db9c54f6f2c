"""Tools of the desk: undo, text modules, macros, people who call for others."""

from __future__ import annotations

from ivr.domain.enums import Authority, Disclosure, IdentityProof, MacroStep, Relation, TaskEventKind, TextModuleUse
from ivr.domain.words.tables import Words, _

RELATIONS = Words(
    "relations",
    {
        Relation.PARENT: _("mother or father"),
        Relation.SPOUSE: _("husband, wife or partner"),
        Relation.GUARDIAN: _("legal guardian"),
        Relation.SOCIAL_WORKER: _("social worker or counselling service"),
        Relation.OTHER: _("somebody else"),
    },
    Relation,
)
AUTHORITIES = Words(
    "authorities",
    {
        Authority.POWER_OF_ATTORNEY: _("power of attorney (§ 13 (1) SGB X)"),
        Authority.ADVISER: _("adviser, together with the person (§ 13 (4) SGB X)"),
        Authority.GUARDIANSHIP: _("legal guardianship (certificate of the court)"),
        Authority.STATUTORY: _("representation by law, such as parents"),
        Authority.NONE: _("none"),
    },
    Authority,
)
DISCLOSURES = Words(
    "disclosures",
    {
        Disclosure.EVERYTHING: _("You may tell them what concerns the person, as far as their authority goes."),
        Disclosure.TOGETHER: _("Tell them only while the person themselves takes part in the call."),
        Disclosure.NOTHING: _("Tell them nothing, not even that there is a request. You may take down what they say."),
    },
    Disclosure,
)
IDENTITY_PROOFS = Words(
    "identity proofs",
    {
        IdentityProof.FILE_DATA: _("customer number and further data agree with the file"),
        IdentityProof.DOCUMENT: _("showed an identity document in person"),
        IdentityProof.CODE: _("named the receipt code of this task"),
    },
    IdentityProof,
)
TEXT_MODULE_USES = Words(
    "text module uses",
    {
        TextModuleUse.NOTE: _("for notes"),
        TextModuleUse.TEXT_MESSAGE: _("for text messages"),
    },
    TextModuleUse,
)
#: What a macro does, as it is told when it is done.
MACRO_STEPS = Words(
    "macro steps",
    {
        MacroStep.ATTEMPT: _("Attempt recorded."),
        MacroStep.TEXT: _("Text message is being sent."),
        MacroStep.NOTE: _("Note written."),
        MacroStep.PUT_OFF: _("Put off."),
        MacroStep.CLOSE: _("Task closed."),
        MacroStep.RELEASE: _("Task released."),
        MacroStep.HAND_OVER: _("Task handed over."),
    },
    MacroStep,
)
#: What can be undone, as it is told.
UNDOABLE = Words(
    "undoable",
    {
        TaskEventKind.CLOSED: _("closed"),
        TaskEventKind.RELEASED: _("released"),
        TaskEventKind.HANDED_OVER: _("handed over"),
        TaskEventKind.ASSIGNED: _("assigned"),
    },
)
