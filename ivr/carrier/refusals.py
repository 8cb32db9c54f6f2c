"""What the carrier's refusals mean: the one table of its error numbers and SIP answers.

Only what the carrier says of the number itself counts against the number. All else is the operator's fault (the
account, its permissions, its sender, our addresses) or the network's. An unknown number of an error is never the
number's: a wrong guess would strike a person off, while a call that is tried again harms nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.domain.complete import complete
from ivr.domain.enums import CarrierFault, CarrierSide

#: Whose fault each is.
SIDES = complete(
    "carrier/refusals.py, SIDES",
    {
        CarrierFault.NUMBER_INVALID: CarrierSide.NUMBER,
        CarrierFault.NO_TEXTS: CarrierSide.NUMBER,
        CarrierFault.OPTED_OUT: CarrierSide.NUMBER,
        CarrierFault.UNREACHABLE: CarrierSide.NUMBER,
        CarrierFault.COUNTRY_NOT_ENABLED: CarrierSide.OPERATOR,
        CarrierFault.SENDER_REFUSED: CarrierSide.OPERATOR,
        CarrierFault.ADDRESS_REFUSED: CarrierSide.OPERATOR,
        CarrierFault.LOGIN_REFUSED: CarrierSide.OPERATOR,
        CarrierFault.ACCOUNT_BLOCKED: CarrierSide.OPERATOR,
        CarrierFault.REQUEST_REFUSED: CarrierSide.OPERATOR,
        CarrierFault.TOO_MANY_AT_ONCE: CarrierSide.NETWORK,
        CarrierFault.NETWORK_AWAY: CarrierSide.NETWORK,
    },
    CarrierFault,
)

#: The error number with which an exchange of our own tells of the calls that it had when it died.
CUT_OFF = 31009
#: The carrier's error numbers, of calls (1xxxx, 21xxx, 32xxx), of text messages (21xxx, 30xxx), of both (20xxx); those
#: of Telnyx's text messages are 40xxx.
_ERRORS: dict[CarrierFault, tuple[int, ...]] = {
    # not a number, not in service, no such country code; 21407: of no telephone
    CarrierFault.NUMBER_INVALID: (21211, 21214, 21217, 21407, 21421, 13223, 13224, 13226, 30005),
    # a landline, or a telephone that takes no texts
    CarrierFault.NO_TEXTS: (21614, 21635, 30006, 40001),
    # has answered STOP, or has blocked the sender
    CarrierFault.OPTED_OUT: (21610, 30004, 40300),
    # switched off, or out of reach for longer than the text is kept
    CarrierFault.UNREACHABLE: (30003, 30036, 40005),
    # calls (21203, 21215, 13227) or texts (21408) there are not enabled; the carrier blocks the route (21216, 13225)
    CarrierFault.COUNTRY_NOT_ENABLED: (21203, 21215, 21216, 21408, 13225, 13227, 32205, 32224),
    # the sender's number is missing, not verified, not ours, or cannot send texts; texts filtered because of the sender
    CarrierFault.SENDER_REFUSED: (
        21210, 21212, 21213, 21603, 21606, 21607, 21612, 21659, 21660, 21661, 21703, 21704, 21705, 13230, 13248, 30007,
        30024, 30032, 30033, 30034, 30035, 30450, 32017, 32018, 40002, 40003,
    ),
    # the address at which we are to be asked
    CarrierFault.ADDRESS_REFUSED: (11100, 11200, 11205, 11210, 21205, 21207, 21208, 21209, 21218, 21609),
    CarrierFault.LOGIN_REFUSED: (20003, 20006, 20008, 20101, 20102, 20103, 20104, 20107, 20151, 20403, 20404),
    # suspended, closed, a trial (21219, 21608), voice calls switched off, out of money, price above the limit
    CarrierFault.ACCOUNT_BLOCKED: (
        10001, 10002, 10003, 10005, 20005, 21219, 21608, 30002, 30010, 90010, 90100,
    ),
    CarrierFault.TOO_MANY_AT_ONCE: (10004, 20429, 21611, 30001, 30017, 30022, 30023),
    CarrierFault.NETWORK_AWAY: (20500, 20503, 20504, 30008, 30009, 30410, 30500, CUT_OFF, 32011),
}  # fmt: skip
_OF_ERROR = {code: fault for fault, codes in _ERRORS.items() for code in codes}

#: What the network answers to a call (SIP). What is missing here is the network's.
_OF_SIP = {
    404: CarrierFault.NUMBER_INVALID,
    410: CarrierFault.NUMBER_INVALID,
    484: CarrierFault.NUMBER_INVALID,
    604: CarrierFault.NUMBER_INVALID,
    401: CarrierFault.LOGIN_REFUSED,
    402: CarrierFault.ACCOUNT_BLOCKED,
    403: CarrierFault.SENDER_REFUSED,
    407: CarrierFault.LOGIN_REFUSED,
    433: CarrierFault.SENDER_REFUSED,
    608: CarrierFault.SENDER_REFUSED,
}
#: SIP answers of a telephone, or of its own network: busy or declined, and not there.
SIP_BUSY = (486, 600, 603, 607)
SIP_NOT_THERE = (480, 487)


@dataclass(frozen=True)
class Refusal:
    """Why the carrier did not do something. `code`: its number of the error; 0 where it gave none."""

    fault: CarrierFault
    code: int = 0

    @property
    def side(self) -> CarrierSide:
        """Whose fault it is."""
        return SIDES[self.fault]


class CarrierRefused(Exception):
    """The carrier refuses a call or a text message. That of the network is worth another try at once."""

    def __init__(self, refusal: Refusal, message: str = "", retry_after: float = 0.0) -> None:
        super().__init__(f"{refusal.code or refusal.fault} {message}".strip())
        self.refusal = refusal
        #: Seconds before which the carrier does not want to be asked again; 0 where it says nothing.
        self.retry_after = retry_after


class AskedToWait(TwilioRestException):
    """The carrier refuses a request, and says when it may be asked again; or it has no room (429), and does not."""

    def __init__(self, status: int, url: str, code: int | None, retry_after: float) -> None:
        super().__init__(status, url, f"status {status}", code)
        #: Seconds, as in :class:`CarrierRefused`.
        self.retry_after = retry_after


def refused(error: TwilioException) -> CarrierRefused:
    """An error of the carrier's REST interface, with what it means."""
    return CarrierRefused(of_error(error), str(getattr(error, "msg", "")), getattr(error, "retry_after", 0.0))


def of_error(error: TwilioException) -> Refusal:
    """What an error of the carrier's REST interface means."""
    if not isinstance(error, TwilioRestException):  # the library: no account, no token
        return Refusal(CarrierFault.LOGIN_REFUSED)
    code = error.code if isinstance(error.code, int) else 0
    if (known := _OF_ERROR.get(code)) is not None:
        return Refusal(known, code)
    return of_status(error.status, code)


def of_status(status: int, code: int = 0) -> Refusal:
    """What a status means whose error number, if any, is not known. It is never the number's fault."""
    if status == 429:
        return Refusal(CarrierFault.TOO_MANY_AT_ONCE, code)
    if status >= 500 or status < 400 or status == 408:
        return Refusal(CarrierFault.NETWORK_AWAY, code)
    if status in (401, 403):
        return Refusal(CarrierFault.LOGIN_REFUSED, code)
    return Refusal(CarrierFault.REQUEST_REFUSED, code)


def of_text_message(code: int) -> Refusal:
    """What the error number of a text message means that was accepted first and not delivered."""
    return Refusal(_OF_ERROR.get(code, CarrierFault.NETWORK_AWAY), code)


def of_failed_call(sip: int, code: int) -> Refusal:
    """What it means that a call was accepted first and has failed, by its SIP answer and error number (0: not told)."""
    if (known := _OF_ERROR.get(code)) is not None:
        return Refusal(known, code)
    return Refusal(_OF_SIP.get(sip, CarrierFault.NETWORK_AWAY), code or sip)
