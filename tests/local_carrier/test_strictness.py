"""The local carrier is as strict as the carrier's documentation; each rule stands above the test that pins it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from twilio.base.exceptions import TwilioRestException

from ivr.carrier import call_control, media
from ivr.carrier.client import client
from ivr.carrier.webhook_urls import RETRIES
from ivr.config.settings import settings
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.store import CallRecord, RecordingRecord, Refusals, Store
from ivr.local_carrier.switch import Switch
from ivr.local_carrier.webhooks import LONGEST_URL, Override, WebhookFailed, Webhooks
from tests.support.call_queue import SECOND_TOKEN
from tests.support.servers import free_port
from tests.support.waiting import eventually


class LateServer(ThreadingHTTPServer):
    """Answers the first requests late."""

    daemon_threads = True

    def __init__(self, late: int, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), LateAnswer)
        self.late, self.seconds, self.asked = late, seconds, 0


class LateAnswer(BaseHTTPRequestHandler):
    server: LateServer

    def do_POST(self) -> None:
        self.server.asked += 1
        if self.server.asked <= self.server.late:
            time.sleep(self.server.seconds)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def late() -> Iterator[LateServer]:
    server = LateServer(1, 1.0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def address(server: HTTPServer, fragment: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/x{fragment}"


def test_a_late_answer_is_asked_for_again_only_where_the_url_says_so(late: LateServer) -> None:
    """ "rp": read time-outs are repeated only with `rt`; "rt": milliseconds that an answer may take."""
    webhooks = Webhooks("secret")
    with pytest.raises(WebhookFailed, match="no answer in time"):
        webhooks.post(address(late, "#rt=200&rc=2&rp=ct,5xx"), {})
    late.asked = 0
    assert webhooks.post(address(late, "#rt=200&rc=2&rp=ct,rt"), {}).status == 200
    assert late.asked == 2


def test_all_tries_together_have_one_time(late: LateServer) -> None:
    """ "tt": the total of all tries; a read time-out that is as long leaves none for another."""
    with pytest.raises(WebhookFailed, match="no answer in time"):
        Webhooks("secret").post(address(late, "#rt=300&tt=300&rc=3&rp=rt"), {})
    assert late.asked == 1


def test_ours_have_time_for_a_second_try() -> None:
    """Defaults: 5 s to connect, 15 s to read, 15 s in all, one retry of failed connections."""
    assert Override.of("") == Override(5.0, 15.0, 15.0, 1, frozenset({"ct"}))
    ours = Override.of(RETRIES.removeprefix("#"))
    assert {"ct", "rt", "5xx"} <= ours.policy
    assert (1 + ours.retries) * ours.read <= ours.total
    assert Override.of("rt=60000&tt=60000&rc=9") == Override(5.0, 15.0, 15.0, 5, frozenset({"ct"}))


def test_without_a_carrier_the_processes_here_are_asked_before_any_proxy(late: LateServer) -> None:
    """The one that takes calls is away, the other answers; where both are, the public address may be another host's."""
    public, here = "https://hotline.example", f"http://127.0.0.1:{late.server_port}"
    nearer = (f"http://127.0.0.1:{free_port()}", here)
    assert Webhooks("secret", public=public, nearer=nearer).post(f"{public}/x#rt=5000", {}).status == 200
    assert late.asked == 1
    alone = Webhooks("secret", public=here, nearer=(f"http://127.0.0.1:{free_port()}",))
    assert alone.post(f"{here}/x", {}).status == 200
    assert Webhooks("secret", public=public, nearer=nearer).post(f"{here}/elsewhere", {}).status == 200
    assert late.asked == 3


def test_a_url_can_be_too_long(late: LateServer) -> None:
    with pytest.raises(WebhookFailed, match=str(LONGEST_URL)) as failed:
        Webhooks("secret").post(address(late, "?" + "x" * LONGEST_URL), {})
    assert failed.value.code == 11100
    assert late.asked == 0


def test_a_country_is_refused_on_request(exchange: Switch) -> None:
    """21215: calls to a country are not enabled. The longest beginning of the number counts."""
    exchange.store.keep_refusals(Refusals(calls={"+90": 21215, "+90312": 21211, "*": 20503}))
    codes = {}
    for number in ("+905321234567", "+903121234567", "+4915112345678"):
        with pytest.raises(TwilioRestException) as refused:
            client().calls.create(to=number, from_="+494211782666", url="http://127.0.0.1/x")
        codes[number] = refused.value.code
    assert list(codes.values()) == [21215, 21211, 20503]


@pytest.mark.parametrize(
    "written",
    [
        "", '{"calls": {"+90": 21215},}', '[{"calls": {"+90": 21215}}]', '{"call": {"+90": 21215}}',
        '{"failed_calls": null}', '{"texts": ["*"]}', '{"failed_calls": {"*": "503"}}',
        '{"late_recordings": {"*": "2"}}', '{"calls": {"*": true}}', "\xff",
    ],
)  # fmt: skip
def test_refusals_that_are_written_wrongly_by_hand_are_told_and_refuse_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    store = Store(tmp_path)
    path = tmp_path / "refusals.json"
    path.write_bytes(written.encode("latin-1"))
    for table in ("calls", "texts", "failed_calls", "lost_texts", "late_recordings"):
        assert store.refusals().of(table, "+905321234567") is None
    assert caplog.text.count("refusals.json is written wrongly and refuses nothing") == 1
    assert path.read_bytes() == written.encode("latin-1"), "somebody is writing it"
    path.write_text('{"calls": {"+90": 21215}}')
    assert store.refusals().of("calls", "+905321234567") == 21215


def test_a_recording_may_not_be_there_yet(exchange: Switch) -> None:
    """The audio appears some time after `completed`; until then 404."""
    sid = "RE" + "4" * 32
    exchange.store.keep_call(CallRecord("CA" + "4" * 32, "+49151", "+49421"))
    exchange.store.keep_recording(RecordingRecord(sid, "CA" + "4" * 32), np.ones(8000, np.int16))
    exchange.store.keep_refusals(Refusals(late_recordings={"*": 2}))
    for _ in range(2):
        with pytest.raises(media.NotThere):
            media.fetch_audio(sid)
    assert media.fetch_audio(sid).startswith(b"RIFF")


def test_each_state_of_a_text_message_is_told(exchange: Switch) -> None:
    """ "MessageStatus": sent, then delivered or undelivered; why not is told by the error's number."""
    told: list[tuple[str, str | None]] = []
    exchange.post_status = lambda _, form: told.append((form["MessageStatus"], form.get("ErrorCode")))
    exchange.store.keep_refusals(Refusals(lost_texts={"+49421": 30006}))
    for number in ("+4915112345678", "+494211234567"):
        client().messages.create(to=number, from_="+4915799999999", body="x", status_callback="http://127.0.0.1/x")
    eventually(lambda: len(told) == 4)
    assert sorted(told, key=str) == [("delivered", None), ("sent", None), ("sent", None), ("undelivered", "30006")]


def test_ids_of_any_carrier_survive_a_restart(tmp_path: Path) -> None:
    Store(tmp_path).keep_call(CallRecord("v3:abc_def-0", "+49", "+49421", status="completed"))
    assert Store(tmp_path).call("v3:abc_def-0") is not None


def test_a_call_in_no_conference_is_not_touched(exchange: Switch) -> None:
    call_control.empty_conference("room-1", {})


def test_a_promoted_token_signs_and_the_former_one_opens_nothing(exchange: Switch, monkeypatch) -> None:
    """AuthTokens/Promote: two tokens log in until the secondary is promoted; from then on only that one does."""
    exchange.tokens = AuthTokens(settings().auth_token, SECOND_TOKEN)
    (first, promoted), tried = exchange.tokens.valid, []
    for _ in range(2):
        for token in (first, promoted):
            monkeypatch.setattr("ivr.carrier.tokens.in_order", lambda token=token: (token,))
            try:
                tried.append(client().api.accounts(settings().account_sid).fetch().status)
            except TwilioRestException as refused:
                tried.append(refused.code)
        if len(tried) == 2:
            assert exchange.webhooks.key == first, "webhooks are signed with the primary token"
            assert client().accounts.v1.auth_token_promotion().update().auth_token == promoted
    assert tried == ["active", "active", 20003, "active"]
    assert exchange.webhooks.key == promoted
    with pytest.raises(TwilioRestException) as refused:
        client().accounts.v1.auth_token_promotion().update()
    assert refused.value.status == 404, "there is none left"
