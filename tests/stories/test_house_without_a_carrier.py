"""A house on `carrier = "local"` in production, run as the Procfile says: telephones, desk, browser, commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import requests
from playwright.sync_api import Page, expect

from ivr.accounts import users
from ivr.audio import synthesis
from ivr.audio.wav import RATE, at_telephone_rate
from ivr.domain import client_passes
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.lines import HungUp, Line, Utterance
from ivr.local_carrier.sip.peers import Peers
from ivr.local_carrier.sip.scripted_phone import Ear, Script, ScriptedPhone, _Course
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.station import Socket, Station
from ivr.models.accounts import User
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.environment import ROOT, leave_environment
from tests.support.people import PASSWORD
from tests.support.production_secrets import PRODUCTION
from tests.support.proxies import Proxy, certificate
from tests.support.running_hotline import RunningHotline, reader
from tests.support.servers import free_port
from tests.support.telephones import HOST, LOOPBACK
from tests.support.waiting import eventually

pytestmark = [pytest.mark.since("soak"), pytest.mark.xdist_group("house")]

CALLER, URGENT = "+4915112345678", "+4915112345679"
#: What is loud in the window's loudspeaker, beside the bell.
LOUDEST = """
window.loudest = 0;
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...given) {
  window.loudest = this.buffer.getChannelData(0).reduce((most, one) => Math.max(most, Math.abs(one)), window.loudest);
  return start.apply(this, given);
};
"""


@dataclass
class TelephoneSystem:
    """Everything outside the house: whoever calls, and the telephones that the hotline rings through its trunk."""

    rung: list[str] = field(default_factory=list)
    heard: Ear = field(default_factory=Ear)

    def __post_init__(self) -> None:
        where = Socket(HOST, 0, first_rtp=50_000, last_rtp=59_999, own_numbers=frozenset({CALLER, URGENT}))
        self.station = Station(where, Peers([LOOPBACK]), self._is_rung)
        self.station.start()

    @property
    def port(self) -> int:
        """Where the hotline's calls go."""
        return int(self.station.wire.local_addr[1])

    def _is_rung(self, line: Line, number: str, fields: Mapping[str, str], dialled: str) -> None:
        """Somebody picks up, and presses 1 when they have been asked."""
        assert isinstance(line, SipLine)
        self.rung.append(dialled)
        line.wait(0)
        line.port.on_frame = self.heard.hears
        with suppress(HungUp):
            _Course(line, self.heard, Script(["1"], longest=120)).run()
        line.over("caller")


@dataclass
class House:
    """The running house, and the address at which browsers reach it."""

    hotline: RunningHotline
    outside: TelephoneSystem
    url: str

    def calls(self, script: Script, shown: str = CALLER) -> Ear:
        """Somebody calls over SIP and does what the script says."""
        phone = ScriptedPhone((HOST, self.hotline.settings.sip_udp_port))
        try:
            return phone.follows(script, self.hotline.settings.hotline_number, shown)
        finally:
            phone.close()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command as an operator gives it on the host."""
        run = [sys.executable, "-m", "ivr", *words]
        environment = self.hotline.children["web"]._environment
        return subprocess.run(run, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, korean_model: Path, databases: Databases) -> Iterator[House]:
    folder, outside = tmp_path_factory.mktemp("proxy"), TelephoneSystem()
    patched = pytest.MonkeyPatch()
    for key in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        patched.setenv(key, str(certificate(folder)))
    port = free_port()
    pbx = {"address": HOST, "port": outside.port, "calls_out": True}
    hotline = RunningHotline(
        tmp_path_factory.mktemp("house"), korean_model, f"{sys.executable} -m ivr exchange",
        MODE="production", CARRIER="local", PUBLIC_BASE_URL=f"https://127.0.0.1:{port}",
        TWILIO_ACCOUNT_SID="AC" + "0" * 32, SIP_ADDRESS=HOST, SIP_PORT=str(free_port()), SIP_RTP_PORTS="30000-30999",
        SIP_PEERS=json.dumps({"pbx": pbx}), REQUIRE_SECOND_FACTOR="[]", LANGUAGES='["de", "en"]', SPOKEN_ANSWERS="[]",
        HOURS__DAILY="00:00-24:00", CALLING_HOURS__DAILY="00:00-24:00", **PRODUCTION, **databases.settings(),
    )  # fmt: skip
    proxy = Proxy("nginx", folder, port, hotline.settings)
    with database.writing() as session:
        users.add(session, "mia", "Mia", "member", PASSWORD, list(hotline.settings.teams))
        users.add(session, "root", "Root", "administrator", PASSWORD, [])
        users.add(session, "lena", "Lena", "supervisor", PASSWORD, list(hotline.settings.teams))
    yield House(hotline, outside, f"https://127.0.0.1:{port}")
    hotline.stop()
    proxy.stop()
    outside.station.stop()
    leave_environment()
    patched.undo()


@pytest.fixture(scope="module")
def tasks(house: House) -> Callable[[str], list[dict]]:
    """The tasks of a number."""
    house.hotline.enter()  # also where this is not the first test
    get = reader(house.hotline)
    return lambda number: [one for one in get("/tasks")["tasks"] if one["callback_number"] == number]


@pytest.fixture(autouse=True)
def settings_of_the_house(house: House) -> None:
    house.hotline.enter()


@pytest.fixture
def desk(house: House, windows) -> Page:
    """Mia, logged in."""
    return logged_in(house, windows, "mia")


def logged_in(house: House, windows, name: str) -> Page:
    context = windows.new_context(
        base_url=house.url, locale="de-DE", ignore_https_errors=True, permissions=["microphone"]
    )
    context.add_init_script(LOUDEST)
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("Benutzername").fill(name)
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.get_by_role("button", name="Abmelden").first).to_be_attached()
    return page


def test_a_message_over_sip_is_a_task_at_the_desk(house: House, tasks, desk: Page) -> None:
    said = "Guten Tag, ich habe eine Frage zu meinem Bescheid."
    house.calls(Script(["!1", "1", "1", "1"], [said], hangs_up=True, longest=120))
    (task,) = eventually(lambda: tasks(CALLER), 30)
    assert (task["language"], task["state"]) == ("de", "open")
    eventually(lambda: tasks(CALLER)[0]["messages"], 30)
    desk.goto(f"/desk/tasks/{task['id']}")
    desk.get_by_role("button", name=re.compile("Übernehmen")).first.click()
    expect(desk.locator("audio").first).to_be_attached()
    assert "SMS" not in desk.locator("main").inner_text()
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_contain_text("zurückrufen")
    assert "SMS" not in desk.get_by_role("dialog").inner_text()


def test_an_emergency_by_key_is_an_emergency_though_the_caller_hangs_up(house: House, tasks) -> None:
    house.calls(Script(["!1", "9", "2", "1"], ["Mein Strom ist abgestellt."], hangs_up=True, longest=120), URGENT)
    (task,) = eventually(lambda: tasks(URGENT), 30)
    assert (task["urgency"], task["emergency_kind"]) == ("emergency", "power_cut")


def test_a_member_takes_a_caller_in_the_page_and_calls_one_back(house: House, tasks, desk: Page) -> None:
    desk.goto("/desk/live/")
    with desk.expect_popup() as opened:
        desk.get_by_role("link", name="Telefon: dieser Browser").click()
    phone = opened.value
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.get_by_role("button", name="Anrufe hier annehmen").click()
    expect(phone.get_by_text("erreichbar", exact=True)).to_be_visible()
    desk.goto("/desk/")
    bar = desk.get_by_role("region", name="Telefon in diesem Browser")

    waits = Waiting(house)
    expect(bar).to_contain_text("Leistung", timeout=90_000)
    bar.get_by_role("button", name="Annehmen").click()
    expect(phone.get_by_role("button", name="Auflegen")).to_be_visible()
    eventually(lambda: waits.says("Hören Sie mich?") or phone.evaluate("window.loudest") > 0.05, 30)
    before = waits.ear.loud_seconds
    eventually(lambda: waits.ear.loud_seconds > before + 2, 30)
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.reload()
    expect(phone.get_by_role("button", name="Auflegen")).to_be_visible()
    phone.get_by_role("button", name="Auflegen").click()
    waits.ends()
    assert all(url.startswith((house.url, "blob:")) for url in asked)
    desk.goto("/desk/live/")
    desk.get_by_label("geklärt").check()
    desk.get_by_role("button", name="Fertig, nächster Anruf").click()

    (task,) = tasks(CALLER)
    desk.goto(f"/desk/tasks/{task['id']}")
    desk.get_by_role("button", name="Jetzt zurückrufen").click()
    expect(phone.get_by_role("button", name="Auflegen")).to_be_visible(timeout=60_000)
    expect(desk.get_by_text("Anrufer*in: ist in der Leitung")).to_be_visible(timeout=60_000)
    assert house.outside.rung == [CALLER]
    phone.get_by_role("button", name="Auflegen").click()
    phone.close(run_before_unload=False)


class Waiting:
    """A caller who waits in the call queue, and then talks."""

    def __init__(self, house: House) -> None:
        self._phone = ScriptedPhone((HOST, house.hotline.settings.sip_udp_port))
        line = self._phone.dials(house.hotline.settings.hotline_number, "+4915112345670")
        assert isinstance(line, SipLine)
        self._line, self.ear = line, Ear()
        line.port.on_frame = self.ear.hears
        self._thread = threading.Thread(target=self._waits, daemon=True)
        self._thread.start()

    def _waits(self) -> None:
        with suppress(HungUp):
            _Course(self._line, self.ear, Script(["!1", "1"], longest=240)).run()

    def says(self, text: str) -> None:
        """Speak into the conversation."""
        sound = at_telephone_rate(synthesis.speak(text, "de"))
        self._line.hear(Utterance("", "", lambda: sound), interruptible=False)

    def ends(self) -> None:
        """The hotline hangs up."""
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._phone.close()


def test_a_stranger_gets_nothing_of_the_telephones(house: House) -> None:
    """Neither through the proxy, nor at the exchange itself, nor at the web process."""
    exchange = house.hotline.settings.exchange_url
    with database.reading() as session:
        mia = session.query(User).filter_by(username="mia").one().id
    forged = client_passes.new("another token", f"member_{mia}", utc_now())
    for place in (house.url, exchange):
        for headers in ({}, {"Authorization": f"Bearer {forged}"}):
            address = f"{place}/desk/telephone/exchange"
            assert requests.get(f"{address}/ringing", headers=headers, timeout=5).status_code == 401
            assert requests.post(f"{address}/register", headers=headers, timeout=5).status_code == 401
    web = f"{house.hotline.url}/desk/telephone/exchange/ringing"
    assert requests.get(web, timeout=5, allow_redirects=False).status_code in (302, 401)
    for path in ("/softphone/scripts", "/softphone/calls", "/softphone/texts", "/softphone/"):
        assert requests.post(exchange + path, timeout=5).status_code == 404
        assert requests.get(house.url + path, timeout=5, allow_redirects=False).status_code == 404
    assert requests.get(f"{house.url}/2010-04-01/Accounts.json", timeout=5).status_code == 404


def test_commands_and_pages_say_what_is_true_without_a_carrier(house: House, windows) -> None:
    ready = requests.get(f"{house.url}/readyz", timeout=10).json()
    assert (ready["ready"], ready["exchange"]) == (True, "ok")
    assert [one for one in ready["missing"] if one["part"] == "exchange"] == []
    doctor = json.loads(house.command("doctor", "--json").stdout)["parts"]
    lines = [one for one in doctor if one["part"] in ("carrier", "exchange", "exchanges", "proxies")]
    assert [one["part"] for one in lines if one["level"] == "wrong"] == []
    assert "No text messages are sent, because there is no carrier" in [one["state"] for one in lines]
    checked = house.command("carrier", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Twilio" not in checked.stdout
    for words, status, said in (
        (("carrier", "configure"), 0, "the exchange asks this hotline by itself"),
        (("carrier", "spent"), 1, "there is no carrier"),
        (("call",), 1, "local mode only"),
    ):
        done = house.command(*words)
        assert done.returncode == status
        assert said in done.stdout + done.stderr
    costs = logged_in(house, windows, "lena")
    costs.goto("/supervision/costs")
    expect(costs.get_by_text("Es gibt keinen Telefonanbieter")).to_be_visible()
    assert "SMS" not in costs.locator("main").inner_text()
    costs.goto("/privacy")
    assert "Telefonanbieter" not in costs.locator("main").inner_text()


def test_without_the_exchange_the_host_says_so_and_with_it_calls_come_again(house: House, tasks) -> None:
    house.hotline.kill("exchange")
    eventually(lambda: requests.get(f"{house.url}/completez", timeout=10).status_code == 503)
    missing = requests.get(f"{house.url}/readyz", timeout=10).json()["missing"]
    (exchange,) = [one for one in missing if one["part"] == "exchange"]
    assert "Start the process `exchange`" in exchange["remedy"]
    assert house.command("carrier", "check").returncode == 1
    house.hotline.restart("exchange")
    eventually(lambda: requests.get(f"{house.url}/readyz", timeout=10).json()["exchange"] == "ok", 30)
    number = "+4915112345671"
    heard = house.calls(Script(["!1", "9", "2", "2"], hangs_up=True, longest=120), number)
    assert np.abs(heard.samples).max() > 1000
    assert len(heard.samples) > 2 * RATE
    eventually(lambda: tasks(number), 30)


def test_the_processes_end_in_order(house: House) -> None:
    logs = [house.hotline.children[name].log for name in ("exchange", "voice", "web", "worker", "clock")]
    before = {log: log.stat().st_size for log in logs if log.exists()}
    house.hotline.stop()
    assert not [child.name for child in house.hotline.children.values() if child.running]
    for log in logs:
        said = log.read_bytes()[before.get(log, 0) :].decode(errors="replace") if log.exists() else ""
        assert "Traceback" not in said, (log.name, said[-2000:])
