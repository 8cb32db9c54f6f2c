"""What the local carrier says of the account itself: its state, permissions, senders, as somebody sets them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Account:
    """The account, its number and its permissions as the REST interface shows them. The usual values are in order."""

    status: str = "active"
    type: str = "Full"
    #: What is left of its money.
    balance: str = "100.00"
    #: The region in which calls to the number are processed.
    region: str = "us1"
    #: Countries that may not be called.
    closed_countries: tuple[str, ...] = ()
    #: Countries whose dear numbers may be called.
    dear_countries: tuple[str, ...] = ()
    #: Abilities of the number.
    voice: bool = True
    sms: bool = True
    receive_mode: str = "voice"
    voice_application_sid: str = ""
    sms_application_sid: str = ""
    trunk_sid: str = ""
    #: Numbers that may be shown as caller though they are not the account's.
    verified_numbers: tuple[str, ...] = ()
    #: Messaging services by id, each with its senders.
    services: tuple[tuple[str, int], ...] = ()
    #: Who is told of a text message that comes in to a messaging service; `service_defers`: its numbers say who.
    service_url: str = ""
    service_defers: bool = False
    #: API keys by id, each with its secret, and whether it is a restricted one.
    api_keys: tuple[tuple[str, str, bool], ...] = ()
    #: Whether a recording's audio is encrypted, and whether everybody gets it who knows its address.
    recordings_encrypted: bool = False
    recordings_open: bool = False
    #: The error number with which every request is refused, though the token is right; 0: none is.
    refused_with: int = 0
