"""What the telephone carrier refuses: what members read, and what the operator does about it."""

from __future__ import annotations

from ivr.domain.enums import Cap, CarrierFault, Medium, SpendingKind
from ivr.domain.words.tables import Translate, Words, _

#: Why no telephone rang, or why a text message did not arrive.
CARRIER_FAULTS = Words(
    "carrier faults",
    {
        CarrierFault.NUMBER_INVALID: _("the number is not in service"),
        CarrierFault.NO_TEXTS: _("a landline, or a telephone that takes no text messages"),
        CarrierFault.OPTED_OUT: _("this person has blocked our text messages"),
        CarrierFault.UNREACHABLE: _("the telephone is switched off or out of reach"),
        CarrierFault.COUNTRY_NOT_ENABLED: _("the telephone carrier has not enabled this country for us"),
        CarrierFault.SENDER_REFUSED: _("the telephone carrier does not accept our own number as the sender"),
        CarrierFault.ADDRESS_REFUSED: _("the telephone carrier does not accept our web address"),
        CarrierFault.LOGIN_REFUSED: _("the telephone carrier refuses our log-in"),
        CarrierFault.ACCOUNT_BLOCKED: _("our account at the telephone carrier is blocked"),
        CarrierFault.REQUEST_REFUSED: _("the telephone carrier refuses our request"),
        CarrierFault.TOO_MANY_AT_ONCE: _("the telephone carrier takes no more requests at the moment"),
        CarrierFault.NETWORK_AWAY: _("the telephone network is disturbed"),
    },
    CarrierFault,
)
#: What mends it, for the operator.
CARRIER_REMEDIES = Words(
    "carrier remedies",
    {
        CarrierFault.NUMBER_INVALID: _("Nothing: it is the number."),
        CarrierFault.NO_TEXTS: _("Nothing: it is the number."),
        CarrierFault.OPTED_OUT: _("Nothing: it is the number."),
        CarrierFault.UNREACHABLE: _("Nothing: it is the number."),
        CarrierFault.COUNTRY_NOT_ENABLED: _("Enable the country at the carrier (geographic permissions)."),
        CarrierFault.SENDER_REFUSED: _("Check the hotline's number at the carrier: owned, verified, able to send."),
        CarrierFault.ADDRESS_REFUSED: _("Check PUBLIC_BASE_URL: the carrier must reach it by HTTPS."),
        CarrierFault.LOGIN_REFUSED: _("Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."),
        CarrierFault.ACCOUNT_BLOCKED: _("Speak with the carrier: balance, suspension, trial account."),
        CarrierFault.REQUEST_REFUSED: _("Look the error up at the carrier."),
        CarrierFault.TOO_MANY_AT_ONCE: _("Ask the carrier for more calls or messages at once."),
        CarrierFault.NETWORK_AWAY: _("Wait, or speak with the carrier."),
    },
    CarrierFault,
)
#: What does not work.
MEDIA = Words(
    "media",
    {Medium.CALL: _("Calls"), Medium.TEXT: _("Text messages"), Medium.RECORDING: _("Recordings")},
    Medium,
)
#: What each cap counts.
CAPS = Words(
    "caps",
    {
        Cap.CALLS_A_DAY: _("Callbacks of 24 hours"),
        Cap.RUNG_A_DAY: _("Calls of 24 hours to members, interpreters, companions and offices"),
        Cap.CALLS_BY_COUNTRY: _("Calls of 24 hours to a country"),
        Cap.TEXTS_AN_HOUR: _("Text messages of an hour"),
        Cap.TEXTS_A_DAY: _("Text messages of 24 hours"),
        Cap.TEXTS_BY_COUNTRY: _("Text messages of 24 hours to a country"),
        Cap.TEXTS_A_NUMBER: _("Text messages of 24 hours to one number"),
    },
    Cap,
)


def cap_named(name: str, translate: Translate) -> str:
    """What a cap counts, and its name (`calls_by_country TR`), under which the settings have it."""
    return f"{CAPS.of(name.partition(' ')[0], translate)} ({name})"


#: What money was spent for.
SPENDING_KINDS = Words(
    "spending kinds",
    {
        SpendingKind.CALLS_IN: _("Calls to the hotline"),
        SpendingKind.CALLS_OUT: _("Calls by the hotline"),
        SpendingKind.TEXTS: _("Text messages"),
        SpendingKind.ACCOUNT: _("The account in all"),
    },
    SpendingKind,
)
