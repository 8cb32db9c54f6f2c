"""Deletes the carrier's records of calls, recordings and text messages."""

from __future__ import annotations

from twilio.base.exceptions import TwilioRestException

from ivr.carrier.client import client
from ivr.carrier.media import delete_recording


class NotDeleted(Exception):
    """The carrier did not delete a record."""


def delete_record(kind: str, sid: str) -> None:
    """Delete the carrier's record of a `call`, a `recording` or a text `message`, and verify that it is gone.

    Safe to repeat.

    Raises:
        NotDeleted: the carrier refused, or still has the record.
        requests.RequestException: the carrier could not be asked.
    """
    try:
        if kind == "recording":
            delete_recording(sid)
        else:
            _delete_record(kind, sid)
    except TwilioRestException as error:
        raise NotDeleted(f"status {error.status}") from error


def _delete_record(kind: str, sid: str) -> None:
    resource = client().calls(sid) if kind == "call" else client().messages(sid)
    try:
        resource.delete()
    except TwilioRestException as error:
        if error.status == 404:
            return
        raise
    try:
        resource.fetch()
    except TwilioRestException as error:
        if error.status == 404:
            return
        raise
    raise TwilioRestException(409, sid, f"the {kind} is still there after its deletion")
