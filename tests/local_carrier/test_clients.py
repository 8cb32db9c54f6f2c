"""Browsers as clients of the local carrier: they register, ring, talk, lose their connection, and are gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from flask.testing import FlaskClient

from ivr.audio.wav import RATE
from ivr.carrier.call_control import place_call
from ivr.carrier.client import client as rest
from ivr.carrier.refusals import CarrierRefused
from ivr.domain import client_passes
from ivr.domain.enums import CarrierName
from ivr.domain.timestamps import utc_now
from ivr.local_carrier import clients, softphone_line
from ivr.local_carrier.app import create_app
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.dialects import DIALECTS
from ivr.local_carrier.store import Refusals
from tests.support.waiting import eventually

MIA = "client:member_1"


TOKEN = "0123456789abcdef"


class Browser:
    """A page that is registered as `member_1`."""

    def __init__(self, http: FlaskClient, identity: str = "member_1", key: str = TOKEN) -> None:
        self.http, self._pass = http, client_passes.new(key, identity, utc_now() + timedelta(minutes=10))

    def post(self, path: str, **asked: object):
        return self.http.post(f"/desk/telephone/exchange{path}", headers=self._shown(), **asked)

    def get(self, path: str):
        return self.http.get(f"/desk/telephone/exchange{path}", headers=self._shown())

    def _shown(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._pass}"}

    def ringing(self) -> list[str]:
        return [call["call_sid"] for call in self.get("/ringing").json["calls"]]

    def answers(self) -> str:
        (sid,) = self.ringing()
        assert self.post(f"/calls/{sid}", json={"answer": True}).status_code == 204
        return sid


@pytest.fixture
def exchanged(ring, other, empty_database, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A switch with another application behind it, and a browser that can register."""
    monkeypatch.setattr(clients, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(clients, "_CLOSED_AFTER", 0.6)
    monkeypatch.setattr(clients, "_LOADED_WITHIN", 0.2)
    for kind in (clients.Client.ringing, clients.ClientLine.events_after):
        monkeypatch.setattr(kind, "__defaults__", (0.05,))
    ring.switch.tokens = AuthTokens(TOKEN)
    app = create_app(empty_database, ring.switch)

    def rings(document: str = '<Dial><Conference waitUrl="">c</Conference></Dial>', timeout: float = 3) -> str:
        other.documents["leg"] = document
        setup = CallSetup(f"{other.url}/leg", status_url=f"{other.url}/status", status_events=("answered",))
        return ring.switch.originate(MIA, "+49421", setup, timeout).sid

    yield SimpleNamespace(switch=ring.switch, rings=rings, other=other, browser=Browser(app.test_client()))


def ended(exchanged: SimpleNamespace, sid: str) -> str:
    eventually(lambda: exchanged.switch.store.call(sid).status in ("completed", "busy", "no-answer", "failed"))
    return exchanged.switch.store.call(sid).status


def test_a_registered_browser_is_rung_and_talks(exchanged) -> None:
    browser = exchanged.browser
    assert browser.post("/register").json == {"in_call": []}
    sid = exchanged.rings()
    eventually(browser.ringing)
    assert browser.answers() == sid
    eventually(lambda: {"type": "talking"} in browser.get(f"/calls/{sid}/events").json["events"])
    (room,) = exchanged.switch.conferences.all()
    (mine,) = room.participants.values()
    room.say("CAother", np.full(RATE, 700, np.int16))
    spoken = np.full(4800, 500, "<i2").tobytes()
    heard = browser.post(f"/calls/{sid}/audio?rate=48000", data=spoken).data
    assert np.frombuffer(heard, "<i2").max() == 700, "what the others say is the answer to what one says"
    assert browser.post("/register").json == {"in_call": [sid]}, "a page that is loaded anew finds its call"
    assert browser.post(f"/calls/{sid}/hangup").status_code == 204
    assert ended(exchanged, sid) == "completed"
    assert mine.call_sid not in room.participants


def test_who_is_not_registered_does_not_answer(exchanged) -> None:
    assert ended(exchanged, exchanged.rings()) == "no-answer"
    exchanged.browser.post("/register")
    exchanged.browser.post("/gone")
    assert ended(exchanged, exchanged.rings()) == "no-answer"


def test_a_browser_that_declines_or_talks_is_busy(exchanged) -> None:
    browser = exchanged.browser
    browser.post("/register")
    sid = exchanged.rings()
    eventually(browser.ringing)
    browser.post(f"/calls/{sid}", json={"answer": False})
    assert ended(exchanged, sid) == "busy"
    exchanged.rings()
    eventually(browser.ringing)
    browser.answers()
    assert ended(exchanged, exchanged.rings()) == "busy"


def test_a_client_can_be_made_to_fail(exchanged) -> None:
    exchanged.browser.post("/register")
    exchanged.switch.store.keep_refusals(Refusals(failed_calls={"client:": 503}))
    assert ended(exchanged, exchanged.rings()) == "failed"


def in_conversation(exchanged: SimpleNamespace) -> str:
    exchanged.browser.post("/register")
    sid = exchanged.rings()
    eventually(exchanged.browser.ringing)
    exchanged.browser.answers()
    eventually(lambda: exchanged.switch.conferences.of(sid) is not None)
    return sid


def test_a_connection_that_comes_back_keeps_the_conversation(exchanged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_CLOSED_AFTER", 30.0)
    sid = in_conversation(exchanged)
    exchanged.browser.post(f"/calls/{sid}/away")  # the page is loaded anew, and asks again at once
    assert exchanged.browser.get(f"/calls/{sid}/events").status_code == 200
    assert exchanged.switch.clients[MIA].lines[sid]._closed_after == 30.0
    assert exchanged.switch.conferences.of(sid) is not None


@pytest.mark.parametrize("page_closed", [True, False])
def test_a_browser_that_is_gone_hangs_up(exchanged, page_closed: bool) -> None:
    sid = in_conversation(exchanged)
    if page_closed:
        exchanged.browser.post(f"/calls/{sid}/away")
    assert ended(exchanged, sid) == "completed"
    assert exchanged.switch.conferences.of(sid) is None


def test_nobody_has_the_call_of_another(exchanged) -> None:
    sid = in_conversation(exchanged)
    http = exchanged.browser.http
    another = Browser(http, "member_2")
    assert another.post("/register").status_code == 201
    for path in (f"calls/{sid}/hangup", f"calls/{sid}/audio?rate=8000", f"calls/{sid}/keys"):
        assert another.post(f"/{path}", json={"keys": "1"}).status_code == 404
    assert Browser(http, "member_3").post("/gone").status_code == 404
    assert Browser(http, "mem-ber").post("/register").status_code == 400


def test_a_stranger_without_a_pass_gets_nothing(exchanged) -> None:
    """Neither without a pass, nor with another one: of another account, at its end, changed, or of another kind."""
    sid = in_conversation(exchanged)
    http, ended = exchanged.browser.http, utc_now() - timedelta(seconds=1)
    genuine = client_passes.new(TOKEN, "member_1", utc_now() + timedelta(minutes=1))
    for authorization in (
        "", "Bearer", "Bearer ", "Bearer x.y.z", f"Basic {genuine}", f"Bearer {genuine[:-1]}",
        f"Bearer {genuine.replace('member_1', 'member_2')}", f"Bearer {client_passes.new(TOKEN, 'member_1', ended)}",
        f"Bearer {client_passes.new('another token', 'member_1', utc_now() + timedelta(minutes=1))}",
    ):  # fmt: skip
        shown = {"Authorization": authorization} if authorization else {}
        for path in ("register", "gone", f"calls/{sid}", f"calls/{sid}/hangup", f"calls/{sid}/audio?rate=8000"):
            assert http.post(f"/desk/telephone/exchange/{path}", headers=shown, json={}).status_code == 401, path
        for path in ("ringing", f"calls/{sid}/events", f"calls/{sid}/prompts/x.wav"):
            assert http.get(f"/desk/telephone/exchange/{path}", headers=shown).status_code == 401, path
    assert exchanged.switch.conferences.of(sid) is not None


def test_the_rest_interface_calls_a_client(exchange) -> None:
    called: list[str] = []
    exchange.telephones[MIA] = lambda ringing: called.append(ringing.from_) or "busy"
    sid = place_call(MIA, "http://127.0.0.1:9/leg", ring_seconds=5)
    eventually(lambda: called)
    assert rest().calls(sid).fetch().to == MIA
    with pytest.raises(CarrierRefused):
        place_call("client:no-identity", "http://127.0.0.1:9/leg", ring_seconds=5)


@pytest.mark.parametrize("carrier", [CarrierName.SIGNALWIRE, CarrierName.TELNYX])
def test_other_carriers_have_no_clients(exchanged, carrier: CarrierName) -> None:
    exchanged.switch.dialect = DIALECTS[carrier]
    assert exchanged.browser.post("/register").status_code == 400


def test_a_softphone_waits_longer_than_a_client() -> None:
    assert softphone_line.SoftphoneLine()._closed_after > clients.ClientLine()._closed_after


def test_events_wait_for_something_to_happen(exchanged) -> None:
    """A long poll ends with the event, and not with its patience."""
    sid = in_conversation(exchanged)
    line = exchanged.switch.clients[MIA].lines[sid]
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.extend(line.events_after(len(line.events), 10)))
    thread.start()
    line.hang_up()
    thread.join(8)
    assert [event["type"] for event in got][:1] == ["talked"]
