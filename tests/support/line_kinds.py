"""Over what people in stories ring and are rung: in virtual time, or over real SIP and RTP (`LINE=sip`)."""

from __future__ import annotations

import os
from weakref import WeakKeyDictionary

from ivr.local_carrier.switch import Switch
from tests.support.caller import Caller, Telephone
from tests.support.sip_caller import SipCaller, SipHouse, SipTelephone

OVER_SIP = os.environ.get("LINE") == "sip"
_houses: WeakKeyDictionary[Switch, SipHouse] = WeakKeyDictionary()


def house_of(switch: Switch) -> SipHouse:
    """How a switch is reached over SIP."""
    if switch not in _houses:
        _houses[switch] = SipHouse(switch)
    return _houses[switch]


def caller(switch: Switch, **wishes: str) -> Caller:
    """Somebody who can ring the hotline."""
    return SipCaller(house_of(switch), **wishes) if OVER_SIP else Caller(switch, **wishes)


def telephone(switch: Switch, number: str = "", **wishes: str) -> Telephone:
    """A telephone that the hotline can ring."""
    if OVER_SIP:
        return SipTelephone(house_of(switch), number, **wishes)
    return Telephone(switch, number, **wishes)
