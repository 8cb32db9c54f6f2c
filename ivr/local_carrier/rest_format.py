"""Formats of the REST interface: pages, errors, filters, and the JSON of each resource."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from flask import Response, current_app, jsonify, request

from ivr.domain.enums import CarrierName
from ivr.local_carrier.call import Subscription
from ivr.local_carrier.conferences import Conference, Participant
from ivr.local_carrier.store import CallRecord, MessageRecord, RecordingRecord
from ivr.local_carrier.switch import Switch

#: A telephone number in E.164.
PHONE_NUMBER = re.compile(r"\+[1-9]\d{4,14}")
#: The header of a request that another exchange can do as well.
_ELSEWHERE = "X-Another-Exchange"
_API_VERSION = "2010-04-01"
#: Made-up prices of a call and of a text message.
_CALL_PRICE, _TEXT_PRICE = "-0.0500", "-0.0750"
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def current_switch() -> Switch:
    """The switch of this application."""
    switch: Switch = current_app.extensions["switch"]
    return switch


def account_url() -> str:
    """The path of the account, which every resource's path begins with."""
    return f"/{_API_VERSION}/Accounts/{current_switch().subscription.account_sid}"


def error(status: int, code: int, message: str) -> Response:
    """An error as the carrier formats it; `code` is the carrier's number."""
    response = jsonify(code=code, message=message, status=status, more_info="")
    response.status_code = status
    return response


#: HTTP status of an error number, where it is not 400.
_STATUS_OF_ERROR = {
    20003: 401,
    20005: 403,
    20006: 403,
    20008: 403,
    20403: 403,
    20404: 404,
    20429: 429,
    20500: 500,
    20503: 503,
}


def status_of_error(code: int) -> int:
    """The HTTP status with which an error number is answered."""
    return _STATUS_OF_ERROR.get(code, 400)


def refusal(table: str, number: str) -> Response | None:
    """The error with which a request about a number is refused, if that was asked for (`POST /softphone/refusals`)."""
    code = current_switch().store.refusals().of(table, number)
    if code is None:
        return None
    return error(status_of_error(code), code, f"refused on request: {number}")


def unknown_fields(allowed: set[str]) -> Response | None:
    """An error if the form has a field that is not allowed. The carrier would ignore it; here it is a mistake."""
    strange = set(request.form) - allowed
    return error(400, 20001, f"the local carrier does not know {', '.join(sorted(strange))}") if strange else None


def stopping() -> Response | None:
    """The error with which an exchange that is about to stop leaves a new call to another one; nothing was done then.

    A call that belongs to one of its own conversations is placed all the same: its caller waits.
    """
    leaves = current_switch().is_stopping and _ELSEWHERE in request.headers
    return error(503, 20503, "The exchange is about to stop") if leaves else None


def ringing_seconds() -> int:
    """The form's Timeout. Carrier: 60 seconds unless given, at most 600."""
    return min(max(request.form.get("Timeout", 60, int), 1), 600)


def page(name: str, items: list[dict[str, Any]]) -> Response:
    """One page of a list, as the arguments Page and PageSize ask for it."""
    size = min(max(request.args.get("PageSize", 50, int), 1), 1000)
    number = max(request.args.get("Page", 0, int), 0)
    part = items[number * size : (number + 1) * size]
    more = len(items) > (number + 1) * size
    path = request.environ.get("carrier.path", request.path)
    return jsonify(
        {
            name: part,
            "page": number,
            "page_size": size,
            "uri": request.full_path,
            "first_page_uri": f"{path}?PageSize={size}&Page=0",
            "next_page_uri": f"{path}?PageSize={size}&Page={number + 1}" if more else None,
            "previous_page_uri": None,
            "start": number * size,
            "end": number * size + len(part) - 1,
        }
    )


def earliest(field: str, otherwise: datetime = _BEGINNING) -> datetime:
    """The UTC instant of a filter such as `StartTime>`. Carrier: it takes dates and instants in ISO form."""
    try:
        given = datetime.fromisoformat(request.args.get(field, ""))
    except ValueError:
        return otherwise
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def created_at(item: CallRecord | RecordingRecord) -> datetime:
    """The UTC instant at which a resource was created."""
    return parsedate_to_datetime(item.date_created)


def number_json(item: Subscription) -> dict[str, Any]:
    """A telephone number of the account."""
    account = current_switch().store.account
    return {
        "sid": item.number_sid,
        "account_sid": item.account_sid,
        "phone_number": item.number,
        "friendly_name": "Hotline",
        "voice_url": item.voice_url,
        "voice_method": "POST",
        "voice_fallback_url": item.fallback_url,
        "voice_fallback_method": "POST",
        "sms_url": item.text_url,
        "sms_method": "POST",
        "sms_application_sid": account.sms_application_sid,
        "status_callback": item.status_url,
        "status_callback_method": "POST",
        "voice_application_sid": account.voice_application_sid,
        "trunk_sid": account.trunk_sid or None,
        "voice_receive_mode": account.receive_mode,
        "capabilities": {"voice": account.voice, "sms": account.sms, "mms": False, "fax": False},
        "api_version": _API_VERSION,
        "uri": f"{account_url()}/IncomingPhoneNumbers/{item.number_sid}.json",
    }


def _media_url(recording_sid: str) -> str:
    """Where the audio is: at the resource, or at an address of its own that needs no log-in."""
    if current_switch().dialect.name == CarrierName.TELNYX:
        return f"{request.host_url}media/{recording_sid}.wav"
    return f"{account_url()}/Recordings/{recording_sid}"


def recording_json(item: RecordingRecord) -> dict[str, Any]:
    """A recording, without its audio."""
    return _common(item.sid, item.date_created) | {
        "call_sid": item.call_sid,
        "conference_sid": None,
        "status": item.status,
        "duration": str(item.duration),
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "price": None,
        "price_unit": "EUR",
        "encryption_details": {"type": "rsa-aes"} if current_switch().store.account.recordings_encrypted else None,
        "start_time": item.date_created,
        "uri": f"{account_url()}/Recordings/{item.sid}.json",
        "media_url": _media_url(item.sid),
        "subresource_uris": {},
    }


def call_json(item: CallRecord) -> dict[str, Any]:
    """A call."""
    return _common(item.sid, item.date_created) | {
        "parent_call_sid": item.parent_call_sid,
        "from": item.from_,
        "to": item.to,
        "status": item.status,
        "direction": item.direction,
        "duration": str(item.duration),
        "start_time": item.date_created,
        "end_time": None,
        "forwarded_from": item.forwarded_from or None,
        # Carrier: a price is told some time after the end, as a negative number.
        "price": _CALL_PRICE if item.status == "completed" else None,
        "price_unit": "EUR",
        "uri": f"{account_url()}/Calls/{item.sid}.json",
        "subresource_uris": {},
    }


def conference_json(item: Conference) -> dict[str, Any]:
    """A conference."""
    uri = f"{account_url()}/Conferences/{item.sid}"
    return _common(item.sid, item.created) | {
        "friendly_name": item.name,
        "status": "completed" if item.over else "in-progress",
        "region": "local",
        "reason_conference_ended": None,
        "call_sid_ending_conference": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json"},
    }


def participant_json(item: Participant, conference: Conference) -> dict[str, Any]:
    """A participant of a conference. Carrier: it has no id of its own."""
    common = _common("", conference.created)
    del common["sid"]
    return common | {
        "call_sid": item.call_sid,
        "conference_sid": conference.sid,
        "label": None,
        "muted": item.muted,
        "hold": False,
        "coaching": False,
        "call_sid_to_coach": None,
        "start_conference_on_enter": True,
        "end_conference_on_exit": item.ends_conference,
        "status": "connected",
        "queue_time": "0",
        "uri": f"{account_url()}/Conferences/{conference.sid}/Participants/{item.call_sid}.json",
    }


def message_json(item: MessageRecord) -> dict[str, Any]:
    """A text message (SMS)."""
    return _common(item.sid, item.date_created) | {
        "from": item.from_,
        "to": item.to,
        "body": item.body,
        "status": item.status,
        "direction": item.direction,
        "num_segments": str(-(-len(item.body) // 160) or 1),
        "num_media": "0",
        "error_code": item.error_code or None,
        "error_message": None,
        "price": _TEXT_PRICE,
        "price_unit": "EUR",
        "messaging_service_sid": None,
        "date_sent": item.date_created,
        "uri": f"{account_url()}/Messages/{item.sid}.json",
        "subresource_uris": {},
    }


def _common(sid: str, date_created: str) -> dict[str, Any]:
    return {
        "sid": sid,
        "account_sid": current_switch().subscription.account_sid,
        "api_version": _API_VERSION,
        "date_created": date_created,
        "date_updated": date_created,
    }
