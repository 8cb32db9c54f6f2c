"""Calls at the carrier: placing, redirecting, ending and listing them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.carrier import exchanges, one_by_one
from ivr.carrier.answers import named
from ivr.carrier.client import client, everywhere
from ivr.carrier.refusals import AskedToWait, refused
from ivr.config.settings import settings
from ivr.domain.carrier_ids import call_id

#: The final states of a call at the carrier.
ENDED = ("completed", "busy", "failed", "no-answer", "canceled")
#: How the carrier finds out whether a person or a machine has picked up. It asks for the first document afterwards, and
#: whoever says nothing hears nothing for so many milliseconds: of 2,000 to 10,000, if nothing is said 5,000.
_MACHINE_DETECTION = {"machine_detection": "Enable", "machine_detection_silence_timeout": 2000}
#: No call has this id.
_NO_CALL = "CA" + "0" * 32


@dataclass(frozen=True)
class PlacedCall:
    """A call as the carrier lists it."""

    call_sid: str
    status: str
    direction: str
    from_number: str
    to_number: str
    started_at: datetime | None
    forwarded_from: str = ""


def prepare() -> None:
    """Make what a first request to the carrier makes once, so that no caller waits for it. Asks nobody."""
    with suppress(TwilioException):  # without an account the first request says what is missing
        client().calls(_NO_CALL)


def calls_since(since: datetime) -> Iterator[PlacedCall]:
    """List the calls that began since a UTC instant.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    for item in everywhere(lambda asked: asked.calls.stream(start_time_after=since, page_size=200)):
        yield _placed(item)


def placed_call(call_sid: str) -> PlacedCall:
    """Look up a call at the carrier.

    Raises:
        CallIsOver: the carrier does not know the call any more.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    try:
        return _placed(client().calls(call_sid).fetch())
    except TwilioRestException as error:
        if error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def _placed(item: Any) -> PlacedCall:
    # twilio-python keeps the field `from` as `_from`.
    status, direction, forwarded_from = str(item.status), str(item.direction), item.forwarded_from or ""
    return PlacedCall(
        call_id(item.sid), status, direction, item._from or "", item.to or "", item.start_time, forwarded_from
    )


#: The carrier's errors for a call that has ended (21220 not in progress, 20404 unknown).
_GONE = (21220, 20404)


class CallIsOver(Exception):
    """The call has ended, or the carrier does not know it."""


def place_call(
    to: str,
    url: str,
    status_url: str = "",
    *,
    ring_seconds: int,
    detect_machine: bool = False,
    shows: str = "",
    near: str = "",
    turn: int = 0,
) -> str:
    """Call a telephone with the hotline's number as caller, or the one that it `shows`. Returns the carrier's id.

    Without `status_url` no events of the call are told. Of several exchanges of our own that one places it which has
    the call `near`; without one, the first that answers in its `turn`.

    Raises:
        CarrierRefused: the carrier refuses; whose fault that is tells its refusal.
        requests.RequestException: the carrier could not be asked.
    """
    wishes: dict[str, Any] = dict(_MACHINE_DETECTION) if detect_machine else {}
    if status_url:
        wishes |= {
            "status_callback": status_url,
            "status_callback_method": "POST",
            "status_callback_event": ["initiated", "ringing", "answered", "completed"],
        }
    try:
        call = client(exchanges.holding(near) if near else exchanges.in_turn(turn)).calls.create(
            to=to,
            from_=shows or settings().hotline_number,
            url=url,
            method="POST",
            timeout=ring_seconds,
            **wishes,
        )
    except TwilioException as error:
        raise refused(error) from error
    return named(call.sid)


def redirect_call(call_sid: str, url: str) -> None:
    """Let a call continue with the document at `url`.

    Raises:
        CallIsOver: the call has ended.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    _change_call(call_sid, url=url, method="POST")


def end_call(call_sid: str) -> None:
    """Hang up, or stop the ringing. Safe to repeat.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    with suppress(CallIsOver):
        _change_call(call_sid, status="completed")


def _change_call(call_sid: str, **change: str) -> None:
    try:
        client().calls(call_sid).update(**change)
    except TwilioRestException as error:
        if error.code in _GONE or error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def call_status(call_sid: str) -> str:
    """The state of a call in the carrier's words, such as "ringing" or "completed".

    Raises:
        CallIsOver: the carrier does not know the call any more.
        TwilioRestException, requests.RequestException: the carrier could not be asked.
    """
    try:
        return str(client().calls(call_sid).fetch().status)
    except TwilioRestException as error:
        if error.status == 404:
            raise CallIsOver(call_sid) from error
        raise


def errors_of(call_sid: str) -> list[str]:
    """The numbers of the errors that the carrier has noted of a call; none where it does not tell them.

    Raises:
        requests.RequestException: the carrier could not be asked.
    """
    try:
        return [str(noted.error_code) for noted in client().calls(call_sid).notifications.list(limit=5)]
    except TwilioRestException:
        return []


def empty_conference(name: str, following: Mapping[str, str], joined: Collection[str] = ()) -> None:
    """Let each call in a conference go on with the document that `following` names for it. Safe to repeat.

    Calls without one are ended. Where the carrier does not tell who is in the conference, the calls that have `joined`
    it go on. Carrier: who ends a conference hangs up everybody in it, so it is left to end itself when nobody is in it
    any more.

    Raises:
        TwilioRestException, requests.RequestException: the carrier could not be asked, or refuses it to one of them;
            the others go on.
    """

    def leaves(call_sid: str) -> None:
        if url := following.get(call_sid):
            with suppress(CallIsOver):
                redirect_call(call_sid, url)
        else:
            end_call(call_sid)

    try:
        here: Collection[str] = _calls_in(name, joined or following)
    except AskedToWait:
        raise
    except (TwilioException, requests.RequestException):
        one_by_one.all_of(joined, leaves)
        raise
    if error := one_by_one.all_of(here, leaves):
        raise error


def _calls_in(name: str, known: Collection[str]) -> list[str]:
    """The calls in a conference; of several exchanges of our own those are asked that have calls that are known."""
    return [
        participant.call_sid
        for at in {exchanges.holding(call_sid) for call_sid in known} or {()}
        for conference in client(at).conferences.list(friendly_name=name, limit=20)
        if conference.status != "completed"
        for participant in client(at).conferences(conference.sid).participants.list(limit=20)
    ]
