"""What can go wrong between the carrier and us, each with its outcome. docs/carriers.md lists them."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from urllib.parse import urlencode

import numpy as np
import pytest
import requests
from flask import Request, Response
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from ivr.audio.wav import Sound, write_wav
from ivr.callbacks import carrier_faults, sms, sms_job
from ivr.carrier import call_control, media, signature
from ivr.carrier.answers import pause_of
from ivr.carrier.refusals import CarrierRefused, Refusal
from ivr.carrier.webhook_urls import voice_url
from ivr.config import settings
from ivr.domain.enums import CarrierFault, CarrierSide, Medium
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.store import Refusals
from ivr.models.alerts import AlertMessage
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.platform.work_models import Work
from ivr.voicebox import fetch_job
from ivr.web import readiness
from ivr.workers import runner
from tests.callbacks.test_carrier_faults import message, text
from tests.support.transcription import a_message
from tests.support.webhook_call import WebhookCall, carrier

__all__ = ["text"]

MOBILE = "+4915112340002"


def place() -> str:
    return call_control.place_call(MOBILE, "https://x/voice", "https://x/status", ring_seconds=30)


def answered(status: int, body: str, kind: str = "application/json", **headers: str) -> Response:
    return Response(body, status, headers=headers, mimetype=kind)


def error(status: int, code: int) -> str:
    return json.dumps({"status": status, "code": code, "message": "no"})


@pytest.mark.parametrize(
    ("answer", "fault", "retry_after"),
    [
        (answered(401, error(401, 20003)), CarrierFault.LOGIN_REFUSED, 0),
        (answered(429, error(429, 20429)), CarrierFault.TOO_MANY_AT_ONCE, 0),
        (answered(429, error(429, 20429), **{"Retry-After": "90"}), CarrierFault.TOO_MANY_AT_ONCE, 90),
        (answered(429, "", **{"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), CarrierFault.TOO_MANY_AT_ONCE, 0),
        (answered(429, "", **{"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}), CarrierFault.TOO_MANY_AT_ONCE, 3600),
        (answered(429, "", **{"Retry-After": "tomorrow"}), CarrierFault.TOO_MANY_AT_ONCE, 0),
        (answered(429, "", **{"Retry-After": "9" * 99}), CarrierFault.TOO_MANY_AT_ONCE, 3600),
        (answered(429, "", **{"Retry-After": "99999999"}), CarrierFault.TOO_MANY_AT_ONCE, 3600),
        (answered(503, error(503, 20503)), CarrierFault.NETWORK_AWAY, 0),
        (answered(502, "<html>Bad Gateway</html>", "text/html"), CarrierFault.NETWORK_AWAY, 0),
        (answered(500, '{"type": "t", "title": "t", "status": 500, "code": 20500}'), CarrierFault.NETWORK_AWAY, 0),
    ],
    ids=[
        "401",
        "429",
        "429 and when",
        "429 and a date",
        "429 and a late date",
        "429 and a word",
        "429 for ages",
        "429 for a day",
        "503",
        "502 and a page",
        "500 as a problem",
    ],
)
def test_a_refusal_says_whose_fault_it_is_and_when_to_ask_again(
    strange_carrier, answer: Response, fault: CarrierFault, retry_after: float
) -> None:
    strange_carrier += [answer]
    with pytest.raises(CarrierRefused) as refused:
        place()
    assert (refused.value.refusal.fault, refused.value.retry_after) == (fault, retry_after)
    assert refused.value.refusal.side != CarrierSide.NUMBER, "nobody is struck off"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        *(("90", 90), (" 90 ", 90), ("9" * 99, 3600), ("-5", 0), ("1.5", 0), ("", 0), ("soon", 0), ("90, 120", 0)),
        ("٩٠", 0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0),
        ("Mon, 01 Jan 2001 00:00:00 +9999", 0),
    ],
)
def test_when_to_ask_again_is_said_in_any_manner_of_http(asked: str, wanted: float) -> None:
    assert pause_of({"Retry-After": asked}) == wanted


@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_an_instant_to_ask_again_at_is_said_in_any_form_of_http(form: str) -> None:
    in_an_hour = utc_now() + timedelta(seconds=3690)
    assert pause_of({"Retry-After": in_an_hour.strftime(form)}) == 3600


@pytest.mark.parametrize(
    ("status", "side"), [(503, CarrierSide.NETWORK), (500, CarrierSide.NETWORK), (403, CarrierSide.OPERATOR)]
)
def test_whoever_says_when_to_ask_again_is_not_asked_before(strange_carrier, status: int, side: CarrierSide) -> None:
    """Not only who has no room: a carrier that is being repaired says so too, and a page says it as well as JSON."""
    for body in (error(status, 20000 + status), "<html>Back soon</html>"):
        strange_carrier += [answered(status, body, **{"Retry-After": "90"})]
        with pytest.raises(CarrierRefused) as refused:
            place()
        assert (refused.value.refusal.side, refused.value.retry_after) == (side, 90)


def test_the_fault_of_a_number_stays_that_of_the_number_whenever_to_ask_again(strange_carrier) -> None:
    strange_carrier += [answered(400, error(400, 21211), **{"Retry-After": "90"})]
    with pytest.raises(CarrierRefused) as refused:
        place()
    assert refused.value.refusal == Refusal(CarrierFault.NUMBER_INVALID, 21211)


def test_a_page_that_says_not_found_and_when_to_ask_again_is_no_proof_of_a_deletion(strange_carrier) -> None:
    strange_carrier += [answered(404, "<html>Not here</html>", "text/html", **{"Retry-After": "90"})]
    with pytest.raises(requests.RequestException):
        media.delete_recording("RE1")


def test_a_recording_is_not_fetched_before_the_carrier_wants_to_be_asked(strange_carrier) -> None:
    strange_carrier += [answered(503, "", **{"Retry-After": "90"})]
    with pytest.raises(requests.HTTPError) as refused:
        media.fetch_audio("RE1")
    assert refused.value.retry_after == 90


def test_an_answer_that_is_no_json_is_the_networks(strange_carrier) -> None:
    """A proxy in between answers 200 with a page of its own."""
    strange_carrier += [answered(200, "<html>Please log in</html>", "text/html")]
    with pytest.raises(requests.RequestException, match="no JSON"):
        place()


@pytest.mark.parametrize("what", ["certificate", "dns"])
def test_a_carrier_that_cannot_be_asked_loses_no_text(exchange, text, monkeypatch, what: str) -> None:
    _, message_id = text()

    def broken(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError("certificate has expired") if what == "certificate" else socket.gaierror(-2)

    with monkeypatch.context() as away:
        away.setattr(*((requests.Session, "send") if what == "certificate" else (socket, "getaddrinfo")), broken)
        with pytest.raises(requests.RequestException):
            sms_job.send(message_id)
    assert message(message_id).state == "queued"
    sms_job.send(message_id)
    assert message(message_id).state == "sent"


def test_a_carrier_with_no_room_is_asked_when_it_says(exchange, text, strange_carrier) -> None:
    _, message_id = text()
    strange_carrier += [answered(429, error(429, 20429), **{"Retry-After": "90"})]
    with database.reading() as session:
        work_id = session.scalar(select(Work.id).where(Work.kind == "send_text_message"))
    before = utc_now()
    runner.run(work_id)
    with database.reading() as session:
        assert session.get_one(Work, work_id).run_after >= before + timedelta(seconds=90)
    assert message(message_id).state == "queued"


def sending() -> Work:
    """The work of sending the text."""
    with database.reading() as session:
        return session.scalars(select(Work).where(Work.kind == "send_text_message")).one()


def test_an_hour_of_5xx_is_survived(exchange, text, clock) -> None:
    """It is tried with growing pauses, and goes out afterwards; from the ninth try on a person is told."""
    clock.now = began = utc_now()
    exchange.store.keep_refusals(Refusals(texts={"*": 20503}))
    _, message_id = text()
    while clock.now < began + timedelta(hours=1):
        runner.run(sending().id)
        clock.now = sending().run_after
    assert (sending().attempts, sending().done_at, message(message_id).state) == (8, None, "queued")
    runner.run(sending().id)
    assert sending().failed_at is not None
    clock.now = sending().run_after
    exchange.store.keep_refusals(Refusals())
    runner.run(sending().id)
    assert message(message_id).state == "sent"


def test_a_text_whose_status_callback_never_comes_is_never_shown_as_delivered(exchange, text) -> None:
    exchange.post_status = lambda url, form: None
    _, message_id = text()
    sms_job.send(message_id)
    assert sms.state_of(message(message_id), str) == "sent, delivery not confirmed"


def test_401_in_the_middle_of_the_day_costs_no_text(exchange, text, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token was exchanged, and nobody has told us: the operator's fault, and repeated."""
    _, message_id = text()
    before = exchange.tokens
    exchange.tokens = AuthTokens("another token")
    runner.run(sending().id)
    assert (message(message_id).state, message(message_id).carrier_fault) == ("queued", "login_refused")
    assert sending().done_at is None
    exchange.tokens = before
    runner.run(sending().id)
    assert (message(message_id).state, message(message_id).carrier_fault) == ("sent", None)


def recording_faults() -> list[tuple[str, int]]:
    with database.reading() as session:
        shown = carrier_faults.shown(session)
        return [(one.fault, one.count) for one in shown if one.medium == Medium.RECORDING]


@pytest.mark.parametrize(
    ("status", "fault"),
    [(401, "login_refused"), (403, "login_refused"), (503, "network_away"), (429, "too_many_at_once")],
)
def test_a_recording_that_is_not_given_is_told_as_a_fault_at_once_and_fetched_later(
    strange_carrier, status: int, fault: str
) -> None:
    """At night nothing else is asked of the carrier: a token that was exchanged would be noticed an hour later."""
    recording_id = a_message()
    strange_carrier += [answered(status, "") for _ in range(2)]
    for _ in range(2):
        with pytest.raises(media.NotGiven):
            fetch_job.fetch_recording(recording_id)
    assert recording_faults() == [(fault, 2)]
    strange_carrier += [Response(write_wav(Sound(np.ones(8000, np.int16), 8000)), mimetype="audio/x-wav")]
    fetch_job.fetch_recording(recording_id)
    assert recording_faults() == []


def test_the_operator_is_told_of_a_recording_that_the_log_in_does_not_get(strange_carrier, monkeypatch) -> None:
    given = json.dumps([{"name": "house", "to": "sms:+4915112345678", "events": ["carrier_fault"]}])
    monkeypatch.setenv("ALERTS", given)
    settings.settings.cache_clear()
    recording_id = a_message()
    strange_carrier += [answered(401, "") for _ in range(2)]
    for _ in range(2):
        with pytest.raises(media.NotGiven):
            fetch_job.fetch_recording(recording_id)
    with database.reading() as session:
        (subject,) = session.scalars(select(AlertMessage.subject))
    assert "Aufnahmen: " in subject


# -- webhooks ------------------------------------------------------------------------------------------


def signed(url: str, form: dict[str, str]) -> dict[str, str]:
    validator = RequestValidator(settings.settings().auth_token)
    return {"X-Twilio-Signature": validator.compute_signature(url.partition("#")[0], form)}


def request_of(form: dict[str, str], body: bytes = b"", kind: str = "application/x-www-form-urlencoded") -> Request:
    """A signed request; its body may be another than the form that was signed, and comes without a length."""
    url = settings.settings().base_url + "/voice/status"
    builder = EnvironBuilder("/voice/status", method="POST", content_type=kind, headers=signed(url, form))
    environ = builder.get_environ()
    builder.close()
    sent = EnvironBuilder(data=body or urlencode(form).encode()).get_environ()
    environ |= {"wsgi.input": sent["wsgi.input"], "wsgi.input_terminated": True, "RAW_URI": "/voice/status"}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"}
    environ.pop("CONTENT_LENGTH", None)
    return Request(environ)


def test_a_body_in_pieces_is_read_as_a_form_and_a_json_one_signed_as_an_empty_form_is_refused(empty_database) -> None:
    """TELEPHONY: an empty dict in its place accepts a forged body."""
    assert signature.is_genuine(request_of({"CallSid": "CA1"}))
    assert not signature.is_genuine(request_of({}, b'{"CallSid": "CA1"}', "application/json"))


def test_what_is_about_another_account_is_refused(empty_database) -> None:
    ours = {"CallSid": "CA1", "AccountSid": settings.settings().account_sid}
    assert signature.is_genuine(request_of(ours))
    assert not signature.is_genuine(request_of(ours | {"AccountSid": "AC" + "0" * 32}))


def test_the_last_event_of_a_call_of_last_year_makes_no_task(empty_database) -> None:
    """Its row was deleted at the end of its period: nobody is called back, and nothing fails."""
    client = carrier()
    WebhookCall(client, MOBILE).ends()
    url = voice_url("/text/status", message=4711)
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}
    path = url.partition("#")[0].removeprefix(settings.settings().calls_url)
    assert client.post(path, data=form, headers=signed(url, form)).status_code == 204
    with database.reading() as session:
        assert session.scalar(select(func.count(CallbackTask.id))) == 0
        assert session.scalar(select(func.count(Call.id))) <= 1


def test_no_recording_is_kept_where_the_disk_of_the_others_is_not_mounted(strange_carrier) -> None:
    """Under the disk nobody could hear it when that is mounted again; the carrier's copy would be deleted."""
    sound = write_wav(Sound(np.ones(8000, np.int16), 8000))
    strange_carrier += [Response(sound, mimetype="audio/x-wav")]
    fetch_job.fetch_recording(a_message())
    keys = settings.settings().audio_dir / "keys"
    away = keys.with_name("on another disk")
    keys.rename(away)
    recording_id = a_message()
    with pytest.raises(FileNotFoundError, match="directory is gone"):
        fetch_job.fetch_recording(recording_id)
    (part,) = [one for one in readiness.parts() if one.name == "audio"]
    assert "recordings were kept" in part.state
    assert str(keys) in part.remedy
    away.rename(keys)
    strange_carrier += [Response(sound, mimetype="audio/x-wav")]
    fetch_job.fetch_recording(recording_id)
    with database.reading() as session:
        assert session.get_one(Recording, recording_id).state == "stored"
