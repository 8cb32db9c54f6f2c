"""What a message was understood to say: danger to life, key facts, how sure the machine is."""

from __future__ import annotations

from ivr.domain.enums import DangerKind, DangerStep, FactKind
from ivr.domain.words.tables import Words, _

DANGERS = Words(
    "dangers",
    {
        DangerKind.LIFE: _("Perhaps suicide"),
        DangerKind.VIOLENCE: _("Perhaps violence"),
        DangerKind.THREAT: _("Perhaps a threat"),
    },
    DangerKind,
)
#: What to do, in one calm sentence each.
DANGER_ADVICE = Words(
    "danger advice",
    {
        DangerKind.LIFE: _(
            "Please listen at once and call the person back. In acute danger call 112; you may pass on name and number "
            "for this (§ 34 StGB). Otherwise name the crisis service: %(crisis_service)s."
        ),
        DangerKind.VIOLENCE: _(
            "Please listen at once. In acute danger call 110 or 112; you may pass on name and number for this "
            "(§ 34 StGB). Call back only if the person can speak alone, and name the help: 116 016 (violence against "
            "women)."
        ),
        DangerKind.THREAT: _(
            "Please listen at once. In acute danger call 110 and tell the house; you may pass on name and number for "
            "this (§ 34 StGB). Do not call back alone."
        ),
    },
    DangerKind,
)
DANGER_STEPS = Words(
    "danger steps",
    {
        DangerStep.RESCUE_CALLED: _("112 or 110 called"),
        DangerStep.CRISIS_SERVICE: _("Crisis service told"),
        DangerStep.TALKED: _("Talked with the person"),
        DangerStep.HOUSE_TOLD: _("House and staff told"),
    },
    DangerStep,
)
#: What a member would write down from a message.
FACT_KINDS = Words(
    "fact kinds",
    {
        FactKind.PHONE: _("Telephone number"),
        FactKind.DATE: _("Date"),
        FactKind.TIME: _("Time"),
        FactKind.AMOUNT: _("Amount"),
        FactKind.FILE: _("File number"),
        FactKind.POSTAL_CODE: _("Postal code"),
        FactKind.NAME: _("Name"),
    },
    FactKind,
)
#: What the button beside such a fact does.
FACT_USES = Words(
    "fact uses",
    {
        FactKind.PHONE: _("Call back at this number"),
        FactKind.DATE: _("Note the date"),
        FactKind.FILE: _("Note the file number"),
        FactKind.NAME: _("Take over the name"),
    },
)
