"""Alerts to members and supervisors. They leave this installation, so a task is named by its receipt code only."""

from __future__ import annotations

from ivr.domain.complete import complete
from ivr.domain.enums import AlertEvent
from ivr.domain.words.tables import Words, _


def _n(singular: str, plural: str) -> tuple[str, str]:
    """Marks a text that has a plural for the catalogues."""
    return singular, plural


#: What has happened, of one task and of several; in the order in which a message tells it.
ALERT_TITLES = complete(
    "domain/words/alerts.py, ALERT_TITLES",
    {
        AlertEvent.DANGER: _n(
            "%(count)s message speaks of danger to life", "%(count)s messages speak of danger to life"
        ),
        AlertEvent.EMERGENCY: _n("%(count)s new emergency", "%(count)s new emergencies"),
        AlertEvent.CARRIER_FAULT: _n(
            "%(count)s fault at the telephone carrier", "%(count)s faults at the telephone carrier"
        ),
        AlertEvent.SYNTHETIC_CALL: _n("%(count)s test call failed", "%(count)s test calls failed"),
        AlertEvent.CALL_WITHOUT_ID: _n("%(count)s call without an id", "%(count)s calls without an id"),
        AlertEvent.GUESSING: _n("%(count)s guesser of codes", "%(count)s guessers of codes"),
        AlertEvent.TEXT_CAP: _n(
            "%(count)s limit for text messages reached", "%(count)s limits for text messages reached"
        ),
        AlertEvent.CALL_CAP: _n("%(count)s limit for calls reached", "%(count)s limits for calls reached"),
        AlertEvent.CAP_NEAR: _n("%(count)s limit of a day nearly reached", "%(count)s limits of a day nearly reached"),
        AlertEvent.CLOCK: _n("%(count)s clock that has leapt", "%(count)s clocks that have leapt"),
        AlertEvent.ESCALATED: _n(
            "%(count)s callback promise missed for %(hours)s hours",
            "%(count)s callback promises missed for %(hours)s hours",
        ),
        AlertEvent.MISSED: _n("%(count)s callback promise missed", "%(count)s callback promises missed"),
        AlertEvent.NOT_REACHED: _n("%(count)s caller not reached in time", "%(count)s callers not reached in time"),
        AlertEvent.AT_RISK: _n("%(count)s callback promise at risk", "%(count)s callback promises at risk"),
    },
    AlertEvent,
)
#: What an alert is about, where somebody chooses of what they are told.
ALERT_EVENTS = Words(
    "alert events",
    {
        AlertEvent.DANGER: _("danger to life"),
        AlertEvent.EMERGENCY: _("new emergency"),
        AlertEvent.AT_RISK: _("promise at risk"),
        AlertEvent.MISSED: _("promise missed"),
        AlertEvent.ESCALATED: _("promise missed for hours"),
        AlertEvent.NOT_REACHED: _("caller not reached in time"),
        AlertEvent.CARRIER_FAULT: _("fault at the telephone carrier"),
        AlertEvent.GUESSING: _("somebody guesses receipt codes"),
        AlertEvent.TEXT_CAP: _("limit for text messages reached"),
        AlertEvent.CALL_CAP: _("limit for calls reached"),
        AlertEvent.CAP_NEAR: _("limit of a day nearly reached"),
        AlertEvent.CLOCK: _("clock that has leapt"),
        AlertEvent.SYNTHETIC_CALL: _("test call of the hotline to itself failed"),
        AlertEvent.CALL_WITHOUT_ID: _("call to which the carrier has given no id"),
    },
    AlertEvent,
)
#: What the house is told that is about no task: what has happened, and what can be done.
HOUSE_ALARMS = Words(
    "house alarms",
    {
        AlertEvent.GUESSING: _(
            "Very many wrong receipt codes or PINs were keyed in. Callers are served as always; each call has one try "
            "now, and the first right one counts. See who calls (Unwanted calls)."
        ),
        AlertEvent.TEXT_CAP: _(
            "A limit for text messages was reached. Further ones are not sent, and callers hear the address instead. "
            "Look for a number that asks again and again, or raise the limit (its setting)."
        ),
        AlertEvent.CALL_CAP: _(
            "A limit for calls was reached. Until calls of the last 24 hours are older, only emergencies are called "
            "back, or nobody else is fetched into a conversation, as the limit says. Look for calls to a country that "
            "nobody expects, or raise the limit (its setting)."
        ),
        AlertEvent.CAP_NEAR: _(
            "Calls or text messages of the last 24 hours come near a limit. Nothing is refused yet. See what was "
            "spent (page Costs), and raise the limit in time (its setting)."
        ),
        AlertEvent.CLOCK: _(
            "The clock of a machine has leapt, or everything has stood still for days. Nothing is deleted until it is "
            "put right, or until somebody says that it is right: on the page Needs a person, or with the command "
            "retention confirm-clock."
        ),
        AlertEvent.SYNTHETIC_CALL: _(
            "The hotline has called its own number and was given no receipt code: callers may not get through. Ring it "
            "yourself. The command doctor says at which step the test call ended; see the carrier and the processes."
        ),
        AlertEvent.CALL_WITHOUT_ID: _(
            "The carrier has sent calls without an id (CallSid). Their callers were served, and what they asked for "
            "has tasks; but the end of such a call, and where its recording is, cannot be known. See that the proxy "
            "leaves the forms of the carrier as they are, and ask the carrier."
        ),
    },
)
ALERT_LINES = Words(
    "alert lines",
    {
        "more": _("and %(count)s more"),
        "danger": _("Please open it at once and listen. In acute danger call 112 (police: 110)."),
        "desk": _("To the callback desk: %(url)s"),
        "not_counted": _("No attempt was counted and nothing is lost: it is tried again automatically."),
        "carriers_code": _("The carrier's error number: %(code)s"),
        "faults": _("Faults: %(url)s"),
        "cap": _("The limit: %(cap)s"),
        "costs": _("Costs and limits: %(url)s"),
    },
)
