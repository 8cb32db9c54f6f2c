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
    #: None: the hotline's own, which takes calls over SIP.
    LOCAL = "local"


class NumberFrom(StrEnum):
    """Which header of a SIP call names the caller's number."""

    P_ASSERTED_IDENTITY = "p-asserted-identity"
    REMOTE_PARTY_ID = "remote-party-id"
    FROM = "from"


class DialledFrom(StrEnum):
    """Where a SIP call names the number that was dialled."""

    REQUEST_URI = "request-uri"
    TO = "to"
    DIVERSION = "diversion"


class CallerIdIn(StrEnum):
    """Where the hotline names its number in a SIP call that it places."""

    FROM = "from"
    P_PREFERRED_IDENTITY = "p-preferred-identity"


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
    """What the carrier was asked for: a call, a text message, or a recording's audio."""

    CALL = "call"
    TEXT = "text"
    RECORDING = "recording"


class Cap(StrEnum):
    """Caps of calls by the hotline and of text messages; the values are names of settings."""

    CALLS_A_DAY = "calls_a_day"
    RUNG_A_DAY = "rung_calls_a_day"
    CALLS_BY_COUNTRY = "calls_by_country"
    TEXTS_AN_HOUR = "text_messages_an_hour"
    TEXTS_A_DAY = "text_messages_a_day"
    TEXTS_BY_COUNTRY = "text_messages_by_country"
    TEXTS_A_NUMBER = "text_messages_a_number"


class SpendingKind(StrEnum):
    """What the carrier asks money for; `account` is all of it, with rents of numbers and the like."""

    CALLS_IN = "calls_in"
    CALLS_OUT = "calls_out"
    TEXTS = "texts"
    ACCOUNT = "account"
