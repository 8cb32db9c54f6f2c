"""What is answered in the carrier's place by something in between, or by a carrier that has changed, in each manner."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
import requests
from flask import Flask, Response, request
from twilio.base.exceptions import TwilioRestException
from werkzeug.serving import make_server

from ivr.carrier import call_control, media, record_deletion, spending, tokens
from ivr.carrier.client import send_text_message
from ivr.carrier.refusals import CarrierRefused
from ivr.config.settings import Settings
from ivr.domain.enums import CarrierFault, CarrierName, CarrierSide
from tests.support.environment import forget_settings
from tests.support.volume import crossed

SECOND = "fedcba98765432100123"


class Carrier:
    """Answers every request in the same way, unless a token is wanted that is another one."""

    def __init__(self) -> None:
        self.answer = Response()
        #: The only token that is taken, where one is named.
        self.token = ""

    def __call__(self, _: str) -> Response:
        given = request.authorization
        if self.token and self.token not in (given.token, given.password if given.type == "basic" else None):
            return Response("{}", 401, mimetype="application/json")
        return Response(self.answer.data, self.answer.status, self.answer.headers)


@pytest.fixture(params=CarrierName)
def carrier(request: pytest.FixtureRequest, empty_database: Settings, monkeypatch) -> Iterator[Carrier]:
    answering, app = Carrier(), Flask("carrier")
    app.add_url_rule("/<path:_>", "any", answering, methods=["GET", "POST", "DELETE"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CARRIER", request.param)
    monkeypatch.setenv("TWILIO_API_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(tokens, "_working", [])
    forget_settings()
    yield answering
    server.shutdown()
    server.server_close()


def call() -> str:
    return call_control.place_call("+4915112345678", "https://x/a", "https://x/b", ring_seconds=5)


def text() -> str:
    return send_text_message("+4915112345678", "Ihre Anfragenummer", 1)


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
#: Every request that the product makes while the hotline runs.
_ASKED: tuple[Callable[[], object], ...] = (
    call,
    text,
    lambda: call_control.call_status("CA1"),
    lambda: call_control.placed_call("CA1"),
    lambda: call_control.redirect_call("CA1", "https://x/a"),
    lambda: call_control.end_call("CA1"),
    lambda: call_control.empty_conference("room-1", {}),
    lambda: list(call_control.calls_since(_LONG_AGO)),
    lambda: media.recordings_of("CA1"),
    lambda: list(media.recordings_since(_LONG_AGO)),
    lambda: media.fetch_audio("RE1"),
    lambda: media.delete_recording("RE1"),
    lambda: list(spending.calls_of(date(2026, 11, 23))),
    lambda: list(spending.texts_of(date(2026, 11, 23))),
    lambda: spending.between(date(2026, 11, 23), date(2026, 11, 23)),
)


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "NaN", "\ufeff{}", "[" * 3000, "<html>Please log in</html>"])
def test_what_is_no_object_is_an_answer_of_others(carrier: Carrier, body: str) -> None:
    carrier.answer = Response(body, 200, mimetype="application/json")
    for asks in (
        call,
        text,
        lambda: call_control.call_status("CA1"),
        lambda: call_control.redirect_call("CA1", "https://x/a"),
        lambda: media.recordings_of("CA1"),
        lambda: media.delete_recording("RE1"),
    ):
        with pytest.raises(requests.RequestException):
            asks()


@pytest.mark.parametrize("told", [{}, {"sid": None}, {"sid": "../1"}, {"data": {"id": None}}, {"data": {"id": "a b"}}])
def test_what_was_made_and_has_no_id_is_not_kept_as_none(carrier: Carrier, told: object) -> None:
    """A text would count as sent by the name of "None", and nothing that is told of it later would be about it."""
    carrier.answer = Response(json.dumps(told), 201, mimetype="application/json")
    for asks in (call, text):
        with pytest.raises(requests.RequestException):
            asks()


def test_not_found_by_a_server_in_between_is_no_proof_of_a_deletion(carrier: Carrier) -> None:
    carrier.answer = Response("<html>404 Not Found</html>", 404, mimetype="text/html")
    with pytest.raises(requests.RequestException):
        media.delete_recording("RE1")
    for body in ("", '{"code": 20404}', '{"errors": [{"code": "10005"}]}'):
        carrier.answer = Response(body, 404, mimetype="application/json")
        media.delete_recording("RE1")


def test_a_token_that_was_promoted_is_used_for_texts_and_calls(carrier: Carrier, monkeypatch) -> None:
    monkeypatch.setenv("TWILIO_SECONDARY_AUTH_TOKEN", SECOND)
    forget_settings()
    carrier.token = SECOND
    carrier.answer = Response('{"sid": "1", "data": {"id": "1"}}', 201, mimetype="application/json")
    for asks in (text, call):
        tokens._working.clear()
        assert asks() == "1"


def test_a_carrier_with_no_room_says_when_to_ask_for_texts_too(carrier: Carrier) -> None:
    carrier.answer = Response("[]", 429, {"Retry-After": "90"})
    with pytest.raises(CarrierRefused) as refused:
        text()
    assert (refused.value.refusal.fault, refused.value.retry_after) == (CarrierFault.TOO_MANY_AT_ONCE, 90)


_LEGACY = '{"status": %d, "code": 20001, "message": "no"}'
_PROBLEM = '{"type": "t", "title": "no", "status": %d, "code": 20001}'


@pytest.mark.parametrize(
    ("body", "status"), crossed(["", "{}", "[]", _LEGACY, _PROBLEM, "<html>Bad Gateway</html>"], [400, 302, 401, 503])
)
def test_a_refusal_is_one_however_it_is_written_and_whatever_was_asked(
    carrier: Carrier, status: int, body: str
) -> None:
    """A list, a resource, something to be made, changed or deleted; a refusal by JSON of two manners, or by a page."""
    carrier.answer = Response(body % status if "%" in body else body, status, mimetype="application/json")
    for asks in _ASKED:
        with pytest.raises((TwilioRestException, requests.RequestException, CarrierRefused, media.NotAudio)) as refused:
            asks()
        if isinstance(refused.value, CarrierRefused):
            assert refused.value.refusal.side != CarrierSide.NUMBER


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, CarrierFault.LOGIN_REFUSED), (403, CarrierFault.LOGIN_REFUSED), (408, CarrierFault.NETWORK_AWAY),
        (422, CarrierFault.REQUEST_REFUSED), (429, CarrierFault.TOO_MANY_AT_ONCE), (502, CarrierFault.NETWORK_AWAY),
    ],
)  # fmt: skip
def test_a_status_means_the_same_of_a_call_and_of_a_text(carrier: Carrier, status: int, fault: CarrierFault) -> None:
    carrier.answer = Response("{}", status, mimetype="application/json")
    for asks in (call, text):
        with pytest.raises(CarrierRefused) as refused:
            asks()
        assert refused.value.refusal.fault == fault


@pytest.mark.parametrize("body", ["", _LEGACY % 404, _PROBLEM % 404])
def test_what_is_not_there_is_gone_however_that_is_written(carrier: Carrier, body: str) -> None:
    carrier.answer = Response(body, 404, mimetype="application/json")
    media.delete_recording("RE1")
    record_deletion.delete_record("call", "CA1")
    call_control.end_call("CA1")
    for asks in (
        lambda: call_control.call_status("CA1"),
        lambda: call_control.placed_call("CA1"),
        lambda: call_control.redirect_call("CA1", "https://x/a"),
    ):
        with pytest.raises(call_control.CallIsOver):
            asks()
    with pytest.raises(media.NotThere):
        media.fetch_audio("RE1")


@pytest.mark.parametrize("call_sid", [None, ""])
def test_a_recording_of_no_call_is_none_of_ours(carrier: Carrier, call_sid: str | None) -> None:
    """Taken in, it would be a message of nobody, and deleted at the carrier, where it is somebody else's."""
    listed = [{"sid": "RE1", "call_sid": call_sid, "duration": "4"}, {"sid": "RE2", "call_sid": "CA2", "duration": "4"}]
    carrier.answer = Response(json.dumps({"recordings": listed}), 200, mimetype="application/json")
    assert [(one.recording_sid, of) for one, of in media.recordings_since(_LONG_AGO)] == [("RE2", "CA2")]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"message": "Please log in"},
        {"error": "session_expired", "login": "https://proxy.example"},
        {"status": "ok", "calls": "none", "recordings": None},
        {"calls": ["CA1"], "recordings": ["RE1"]},
        {"errors": [1]},
    ],
)
def test_json_of_others_is_no_answer_of_the_carrier(carrier: Carrier, told: object) -> None:
    """Taken for one, a caller counts as brought to a member, and a list as empty, or breaks what reads it."""
    carrier.answer = Response(json.dumps(told), 200, mimetype="application/json")
    for asks in _ASKED:
        with pytest.raises((requests.RequestException, media.NotAudio)):
            asks()


@pytest.mark.parametrize(
    ("duration", "told"),
    crossed(
        [None, "", "soon", "nan", "inf", [], {}],
        [("completed", 1.0), ("stopped", 1.0), ("absent", 0.0), ("processing", 0.0)],
    ),
)
def test_a_recording_whose_length_is_not_told_is_not_taken_for_an_empty_one(
    carrier: Carrier, duration: object, told: tuple[str, float]
) -> None:
    """An empty one is deleted; and an answer that cannot be read would hold up the comparison of all others."""
    listed = [{"sid": "RE1", "call_sid": "CA1", "duration": duration, "status": told[0]}]
    carrier.answer = Response(json.dumps({"recordings": listed}), 200, mimetype="application/json")
    assert [one.seconds for one in media.recordings_of("CA1")] == [told[1]]
    assert [one.seconds for one, _ in media.recordings_since(_LONG_AGO)] == [told[1]]
