"""Enumerations of what the telephone carrier refuses."""

from __future__ import annotations

from enum import StrEnum


class CarrierSide(StrEnum):
    """Whose fault a refusal is: that of the number, of the operator (the house's account), or of the network."""

    NUMBER = "number"
    OPERATOR = "operator"
    NETWORK = "network"


class CarrierName(StrEnum):
    """The carriers whose interfaces are known."""

    TWILIO = "twilio"
    SIGNALWIRE = "signalwire"
    TELNYX = "telnyx"


class CarrierFault(StrEnum):
    """Why the carrier did not place a call or deliver a text message."""

    #: The number.
    NUMBER_INVALID = "number_invalid"
    NO_TEXTS = "no_texts"
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    #: The operator.
    COUNTRY_NOT_ENABLED = "country_not_enabled"
    SENDER_REFUSED = "sender_refused"
    ADDRESS_REFUSED = "address_refused"
    LOGIN_REFUSED = "login_refused"
    ACCOUNT_BLOCKED = "account_blocked"
    REQUEST_REFUSED = "request_refused"
    #: The network.
    TOO_MANY_AT_ONCE = "too_many_at_once"
    NETWORK_AWAY = "network_away"


class Medium(StrEnum):
    """What the carrier was asked for: a call or a text message."""

    CALL = "call"
    TEXT = "text"
