"""The carrier's REST interface, as far as the house uses it: recordings, calls and text messages."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, send_file

from ivr.local_carrier.call import Script, Subscription
from ivr.local_carrier.conferences import Participant, Room
from ivr.local_carrier.store import CallRecord, MessageRecord, RecordingRecord, new_sid
from ivr.local_carrier.switch import Switch
from ivr.local_carrier.twiml_parser import Verb

#: What may be said when a call is created; anything else is an error, not ignored.
_CALL_FIELDS = {
    "To", "From", "Url", "Method", "FallbackUrl", "FallbackMethod", "Timeout", "MachineDetection",
    "MachineDetectionTimeout", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent",
}  # fmt: skip
_PARTICIPANT_FIELDS = {
    "To", "From", "Timeout", "EndConferenceOnExit", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent",
}  # fmt: skip
#: Webhooks of a number: the carrier's name of each -> that of the subscription.
_NUMBER_FIELDS = {"VoiceUrl": "voice_url", "VoiceFallbackUrl": "fallback_url", "StatusCallback": "status_url"}
_NUMBER_METHODS = ("VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod")
_NUMBER = re.compile(r"\+[1-9]\d{4,14}")


def blueprint(switch: Switch, token: str) -> Blueprint:
    """The interface under /2010-04-01/Accounts/{AccountSid}, with the account's id and token as basic auth."""
    account = switch.subscription.account_sid
    base = f"/2010-04-01/Accounts/{account}"
    pages = Blueprint("rest", __name__, url_prefix=base)
    ledger = switch.ledger

    @pages.before_request
    def authenticate() -> Response | None:
        given = request.authorization
        if given is None or given.username != account or not hmac.compare_digest(given.password or "", token):
            return _error(401, 20003, "Authenticate")
        return None

    @pages.errorhandler(404)
    def missing(_: object) -> Response:
        return _error(404, 20404, f"The requested resource {request.path} was not found")

    @pages.get("/IncomingPhoneNumbers.json")
    def numbers() -> Response:
        asked = request.args.get("PhoneNumber", "")
        own = [switch.subscription] if asked in switch.subscription.number else []
        return _page("incoming_phone_numbers", [_number(item, base) for item in own])

    @pages.route("/IncomingPhoneNumbers/<sid>.json", methods=["GET", "POST"])
    def number(sid: str) -> Response:
        if sid != switch.subscription.number_sid:
            abort(404)
        if strange := set(request.form) - set(_NUMBER_FIELDS) - set(_NUMBER_METHODS):
            return _error(400, 20001, f"the local exchange does not know {', '.join(sorted(strange))}")
        if any(request.form.get(method, "POST") != "POST" for method in _NUMBER_METHODS):
            return _error(400, 21403, "the local exchange asks by POST only")
        for key, value in request.form.items():
            if key in _NUMBER_FIELDS:
                setattr(switch.subscription, _NUMBER_FIELDS[key], value)
        ledger.keep_number(switch.subscription)
        return jsonify(_number(switch.subscription, base))

    @pages.get("/Recordings.json")
    def recordings() -> Response:
        since = _since("DateCreated>")
        kept = (item for item in ledger.recordings(request.args.get("CallSid")) if _created(item) >= since)
        return _page("recordings", [_recording(item, base) for item in kept])

    @pages.get("/Recordings/<sid>.json")
    def recording(sid: str) -> Response:
        return jsonify(_recording(ledger.recording(sid) or abort(404), base))

    @pages.get("/Recordings/<sid>.wav")
    def media(sid: str) -> Response:
        # Carrier: "The file may not exist yet."
        if ledger.recording(sid) is None or not ledger.audio_path(sid).exists():
            abort(404)
        return send_file(ledger.audio_path(sid).absolute(), mimetype="audio/x-wav")

    @pages.delete("/Recordings/<sid>.json")
    def delete(sid: str) -> tuple[str, int]:
        if not ledger.delete_recording(sid):
            abort(404)
        return "", 204

    @pages.get("/Calls.json")
    def calls() -> Response:
        since, status = _since("StartTime>"), request.args.get("Status")
        kept = (item for item in ledger.calls() if _created(item) >= since and status in (None, item.status))
        return _page("calls", [_call(item, base) for item in kept])

    @pages.get("/Calls/<sid>.json")
    def call(sid: str) -> Response:
        return jsonify(_call(ledger.call(sid) or abort(404), base))

    @pages.delete("/Calls/<sid>.json")
    def delete_call(sid: str) -> tuple[str, int] | Response:
        if switch.live(sid) is not None:
            # Carrier: "Call resource cannot be deleted while the call is in progress" (error 20009).
            return _error(409, 20009, "The call is in progress.")
        if not ledger.delete_call(sid):
            abort(404)
        return "", 204

    @pages.delete("/Messages/<sid>.json")
    def delete_message(sid: str) -> tuple[str, int]:
        if not ledger.delete_message(sid):
            abort(404)
        return "", 204

    @pages.post("/Calls.json")
    def create_call() -> tuple[Response, int] | Response:
        form = request.form
        if strange := set(form) - _CALL_FIELDS:
            return _error(400, 20001, f"the local exchange does not know {', '.join(sorted(strange))}")
        if not form.get("To") or not form.get("From") or not form.get("Url"):
            return _error(400, 21201, "To, From and Url are needed")
        if not _NUMBER.fullmatch(form["To"]):
            return _error(400, 21211, f"Invalid 'To' Phone Number: {form['To']}")
        script = Script(
            form["Url"],
            form.get("FallbackUrl", ""),
            form.get("StatusCallback", ""),
            tuple(form.getlist("StatusCallbackEvent")),
        )
        detect = form.get("MachineDetection", "") in ("Enable", "DetectMessageEnd")
        timeout = min(max(form.get("Timeout", 60, int), 1), 600)
        record = switch.originate(form["To"], form["From"], script, timeout, detect_machine=detect)
        return jsonify(_call(record, base)), 201

    @pages.post("/Calls/<sid>.json")
    def update_call(sid: str) -> Response:
        record = ledger.call(sid) or abort(404)
        execution, form = switch.live(sid), request.form
        if strange := set(form) - {"Status", "Url", "Method"}:
            return _error(400, 20001, f"the local exchange does not know {', '.join(sorted(strange))}")
        if execution is None and form.get("Status") in ("completed", "canceled") and switch.cancel(sid):
            return jsonify(_call(record, base))
        if execution is None:
            # Carrier: error 21220, "Call is not in-progress".
            return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
        if form.get("Url"):
            execution.redirect(form["Url"])
        elif form.get("Status") in ("completed", "canceled"):
            execution.complete()
        else:
            return _error(400, 21218, "Url or Status=completed is needed")
        return jsonify(_call(record, base))

    @pages.get("/Conferences.json")
    def conferences() -> Response:
        name, status = request.args.get("FriendlyName"), request.args.get("Status")
        found = [room for room in switch.rooms.all() if name in (None, room.name)]
        shown = [_conference(room, base) for room in found]
        return _page("conferences", [item for item in shown if status in (None, item["status"])])

    def room_of(sid: str) -> Room:
        return switch.rooms.one(sid) or abort(404)

    @pages.get("/Conferences/<sid>.json")
    def conference(sid: str) -> Response:
        return jsonify(_conference(room_of(sid), base))

    @pages.post("/Conferences/<sid>.json")
    def update_conference(sid: str) -> Response:
        room = room_of(sid)
        if set(request.form) != {"Status"} or request.form["Status"] != "completed":
            return _error(400, 20001, "the local exchange knows Status=completed only")
        room.end()
        return jsonify(_conference(room, base))

    @pages.get("/Conferences/<sid>/Participants.json")
    def participants(sid: str) -> Response:
        room = room_of(sid)
        return _page("participants", [_participant(item, room, base) for item in list(room.participants.values())])

    @pages.get("/Conferences/<sid>/Participants/<call_sid>.json")
    def participant(sid: str, call_sid: str) -> Response:
        room = room_of(sid)
        return jsonify(_participant(room.participants.get(call_sid) or abort(404), room, base))

    @pages.post("/Conferences/<sid>/Participants.json")
    def add_participant(sid: str) -> tuple[Response, int] | Response:
        form = request.form
        # Carrier: the conference may be named, and begins then, if it is not there.
        room = switch.rooms.one(sid)
        if strange := set(form) - _PARTICIPANT_FIELDS:
            return _error(400, 20001, f"the local exchange does not know {', '.join(sorted(strange))}")
        if not form.get("From") or not _NUMBER.fullmatch(form.get("To", "")):
            return _error(400, 21211, f"Invalid 'To' Phone Number: {form.get('To', '')}")
        verb = Verb("Conference", {"endConferenceOnExit": form.get("EndConferenceOnExit", "false")},
                    room.name if room else sid, ())  # fmt: skip
        script = Script(
            "", "", form.get("StatusCallback", ""), tuple(form.getlist("StatusCallbackEvent")),
            document=(Verb("Dial", {}, "", (verb,)),),
        )  # fmt: skip
        timeout = min(max(form.get("Timeout", 60, int), 1), 600)
        record = switch.originate(form["To"], form["From"], script, timeout)
        body = {"call_sid": record.sid, "conference_sid": room.sid if room else None, "status": record.status}
        return jsonify(body | {"account_sid": account, "muted": False, "hold": False}), 201

    @pages.delete("/Conferences/<sid>/Participants/<call_sid>.json")
    def remove_participant(sid: str, call_sid: str) -> tuple[str, int]:
        room = room_of(sid)
        room.send_away(room.participants.get(call_sid) or abort(404))
        return "", 204

    @pages.post("/Messages.json")
    def create_message() -> tuple[Response, int] | Response:
        form = request.form
        if not form.get("To") or not form.get("From") or not form.get("Body"):
            return _error(400, 21602, "To, From and Body are needed")
        message = MessageRecord(new_sid("SM"), form["From"], form["To"], form["Body"])
        ledger.keep_message(message)
        return jsonify(_message(message, base)), 201

    @pages.get("/Messages.json")
    def messages() -> Response:
        return _page("messages", [_message(item, base) for item in ledger.messages()])

    @pages.get("/Messages/<sid>.json")
    def message(sid: str) -> Response:
        return jsonify(_message(ledger.message(sid) or abort(404), base))

    return pages


def _page(name: str, items: list[dict[str, Any]]) -> Response:
    size = min(max(request.args.get("PageSize", 50, int), 1), 1000)
    page = max(request.args.get("Page", 0, int), 0)
    part = items[page * size : (page + 1) * size]
    more = len(items) > (page + 1) * size
    return jsonify(
        {
            name: part,
            "page": page,
            "page_size": size,
            "uri": request.full_path,
            "first_page_uri": f"{request.path}?PageSize={size}&Page=0",
            "next_page_uri": f"{request.path}?PageSize={size}&Page={page + 1}" if more else None,
            "previous_page_uri": None,
            "start": page * size,
            "end": page * size + len(part) - 1,
        }
    )


def _since(field: str) -> datetime:
    """A filter for what is later: the carrier takes dates and instants in ISO form."""
    try:
        given = datetime.fromisoformat(request.args.get(field, ""))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _created(item: CallRecord | RecordingRecord) -> datetime:
    return parsedate_to_datetime(item.date_created)


def _number(item: Subscription, base: str) -> dict[str, Any]:
    return {
        "sid": item.number_sid,
        "account_sid": base.rpartition("/")[2],
        "phone_number": item.number,
        "friendly_name": "Hotline",
        "voice_url": item.voice_url,
        "voice_method": "POST",
        "voice_fallback_url": item.fallback_url,
        "voice_fallback_method": "POST",
        "status_callback": item.status_url,
        "status_callback_method": "POST",
        "voice_application_sid": "",
        "trunk_sid": None,
        "api_version": "2010-04-01",
        "uri": f"{base}/IncomingPhoneNumbers/{item.number_sid}.json",
    }


def _recording(item: RecordingRecord, base: str) -> dict[str, Any]:
    return {
        "sid": item.sid,
        "account_sid": base.rpartition("/")[2],
        "call_sid": item.call_sid,
        "conference_sid": None,
        "status": item.status,
        "duration": str(item.duration),
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "price": None,
        "price_unit": "EUR",
        "encryption_details": None,
        "api_version": "2010-04-01",
        "date_created": item.date_created,
        "date_updated": item.date_created,
        "start_time": item.date_created,
        "uri": f"{base}/Recordings/{item.sid}.json",
        "media_url": f"{base}/Recordings/{item.sid}",
        "subresource_uris": {},
    }


def _call(item: CallRecord, base: str) -> dict[str, Any]:
    return {
        "sid": item.sid,
        "account_sid": base.rpartition("/")[2],
        "parent_call_sid": item.parent_call_sid,
        "from": item.from_,
        "to": item.to,
        "status": item.status,
        "direction": item.direction,
        "duration": str(item.duration),
        "api_version": "2010-04-01",
        "date_created": item.date_created,
        "date_updated": item.date_created,
        "start_time": item.date_created,
        "end_time": None,
        "uri": f"{base}/Calls/{item.sid}.json",
        "subresource_uris": {},
    }


def _conference(room: Room, base: str) -> dict[str, Any]:
    uri = f"{base}/Conferences/{room.sid}"
    return {
        "sid": room.sid,
        "account_sid": base.rpartition("/")[2],
        "friendly_name": room.name,
        "status": "completed" if room.over else "in-progress",
        "region": "local",
        "reason_conference_ended": None,
        "call_sid_ending_conference": None,
        "api_version": "2010-04-01",
        "date_created": room.created,
        "date_updated": room.created,
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json"},
    }


def _participant(item: Participant, room: Room, base: str) -> dict[str, Any]:
    return {
        "account_sid": base.rpartition("/")[2],
        "call_sid": item.call_sid,
        "conference_sid": room.sid,
        "label": None,
        "muted": False,
        "hold": False,
        "coaching": False,
        "call_sid_to_coach": None,
        "start_conference_on_enter": True,
        "end_conference_on_exit": item.ends_room,
        "status": "connected",
        "queue_time": "0",
        "api_version": "2010-04-01",
        "date_created": room.created,
        "date_updated": room.created,
        "uri": f"{base}/Conferences/{room.sid}/Participants/{item.call_sid}.json",
    }


def _message(item: MessageRecord, base: str) -> dict[str, Any]:
    return {
        "sid": item.sid,
        "account_sid": base.rpartition("/")[2],
        "from": item.from_,
        "to": item.to,
        "body": item.body,
        "status": item.status,
        "direction": "outbound-api",
        "num_segments": str(-(-len(item.body) // 160) or 1),
        "num_media": "0",
        "error_code": None,
        "error_message": None,
        "price": None,
        "price_unit": "EUR",
        "messaging_service_sid": None,
        "api_version": "2010-04-01",
        "date_created": item.date_created,
        "date_updated": item.date_created,
        "date_sent": item.date_created,
        "uri": f"{base}/Messages/{item.sid}.json",
        "subresource_uris": {},
    }


def _error(status: int, code: int, message: str) -> Response:
    response = jsonify(code=code, message=message, status=status, more_info="")
    response.status_code = status
    return response
