"""A house with two exchanges as processes of their own, telephones that ring them, and telephones that they ring."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import requests
from sqlalchemy import select

from ivr.accounts import users
from ivr.audio import synthesis
from ivr.audio.wav import RATE, Sound, at_telephone_rate
from ivr.contact_centre import agent_presence
from ivr.domain.timestamps import utc_now
from ivr.launcher.process_supervisor import Child, tail
from ivr.launcher.run import _environment
from ivr.local_carrier.lines import HungUp, Line
from ivr.local_carrier.sip.peers import Peers
from ivr.local_carrier.sip.scripted_phone import Ear, Script, ScriptedPhone
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.station import Socket, Station
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg
from ivr.platform import database
from tests.support.running_hotline import RunningHotline
from tests.support.servers import free_port
from tests.support.telephones import HOST, LOOPBACK
from tests.support.waiting import OTHERS, eventually

#: A telephone that hears a question presses 1, until the call is over.
Telephone = Callable[[SipLine, Ear], None]
SENTENCE = "Guten Tag, mein Bescheid ist falsch, und ich bitte um einen Rueckruf am Nachmittag. "
COMMAND = f"{sys.executable} -m ivr exchange"


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class ExchangeHouse:
    """The hotline's processes, and exchanges 1 and 2."""

    def __init__(self, var_dir: Path, models: Path, **extra: str) -> None:
        self.ports = {1: free_port(), 2: free_port()}
        self.sip = {1: free_udp_port(), 2: free_udp_port()}
        #: What the exchanges ring: by number, what whoever picks up does.
        self.telephones: dict[str, Telephone] = {}
        self.rung: list[tuple[str, int]] = []
        outside = Socket(HOST, 0, first_rtp=50_000, last_rtp=59_999, own_numbers=frozenset())
        self.outside = Station(outside, Peers([LOOPBACK]), self._is_rung)
        self.outside.start()
        trunk = {"address": HOST, "port": self.outside.wire.local_addr[1], "calls_out": True}
        self.hotline = RunningHotline(
            var_dir,
            models,
            local_carrier=COMMAND,
            EXCHANGES=json.dumps({number: f"http://{HOST}:{port}" for number, port in self.ports.items()}),
            SIP_PEERS=json.dumps({"outside": trunk | {"calls_a_second": 100, "burst": 500}}),
            HOURS__DAILY="00:00-24:00",
            CALLING_HOURS__DAILY="00:00-24:00",
            **({"LANGUAGES": '["de", "en"]'} | self._of(1) | extra),
        )
        environment = _environment(self.hotline.settings) | self._of(2)
        log = self.hotline.settings.var_dir / "log" / "exchange-2.log"
        second = self.hotline.children["exchange-2"] = Child("exchange-2", COMMAND, environment, log)
        second.start()
        for number in self.ports:
            self.await_exchange(number)

    def _of(self, number: int) -> dict[str, str]:
        first = 30_000 + 5_000 * (number - 1)
        return {
            "EXCHANGE_NUMBER": str(number), "EXCHANGE_PORT": str(self.ports[number]),
            "SIP_PORT": str(self.sip[number]), "SIP_RTP_PORTS": f"{first}-{first + 4_999}",
        }  # fmt: skip

    def name(self, number: int) -> str:
        return "exchange" if number == 1 else f"exchange-{number}"

    def directory(self, number: int) -> Path:
        return self.hotline.settings.var_dir / self.name(number)

    def kill(self, number: int) -> None:
        """SIGKILL: its calls are gone at once."""
        self.hotline.kill(self.name(number))

    def restart(self, number: int) -> None:
        self.hotline.restart(self.name(number))
        self.await_exchange(number)

    def await_exchange(self, number: int) -> None:
        def answers() -> bool:
            with suppress(requests.RequestException):
                return requests.get(f"http://{HOST}:{self.ports[number]}/healthz", timeout=2).ok
            return False

        try:
            eventually(answers, 60)
        except AssertionError:
            raise AssertionError(tail(self.hotline.children[self.name(number)].log)) from None

    def phone(self, *numbers: int, headers: Mapping[str, str] | None = None) -> ScriptedPhone:
        """A telephone whose telephone system tries the exchanges in this order."""
        first, *others = [(HOST, self.sip[number]) for number in numbers or (1, 2)]
        return ScriptedPhone(first, headers=headers, others=others)

    def follows(self, script: Script, shown: str, *numbers: int, at: str = "clock") -> list[dict[str, object]]:
        """Ring the hotline and follow a script. Returns what happened."""
        told: list[dict[str, object]] = []
        script.on_event = told.append
        phone = self.phone(*numbers, headers={} if at == "clock" else {"X-Hotline-At": at})
        try:
            phone.follows(script, self.hotline.settings.hotline_number, shown)
        finally:
            phone.close()
        return told

    def records(self, shown: str, seconds: float, *numbers: int) -> threading.Thread:
        """Somebody who leaves a message that lasts so long, at exchange 1 if it is there."""
        script = Script(["1", "1", "1"], [speech(seconds)], hangs_up=True, longest=90.0 * OTHERS + seconds)
        thread = threading.Thread(
            target=self.follows, args=(script, shown, *numbers), kwargs={"at": "closed"}, daemon=True
        )
        thread.start()
        return thread

    def under_way(self, number: int) -> dict[str, float]:
        """The recordings that an exchange makes now, and their seconds so far."""
        frames = self.directory(number).glob("recordings/*.frames")
        return {path.stem: path.stat().st_size / (2 * RATE) for path in frames}

    def stands(self, number: str, does: Telephone) -> None:
        """A telephone outside."""
        self.telephones[number] = does
        self.outside.socket = Socket(HOST, 0, first_rtp=50_000, last_rtp=59_999, own_numbers=frozenset(self.telephones))

    def _is_rung(self, line: Line, number: str, fields: Mapping[str, str], dialled: str) -> None:
        assert isinstance(line, SipLine)
        ear = Ear()
        with suppress(HungUp):
            line.wait(0)  # it is picked up
            line.port.on_frame = ear.hears
            self.rung.append((dialled, line.port.local[1]))
            self.telephones[dialled](line, ear)
        line.over("caller")

    def member(self, name: str, number: str) -> User:
        """Somebody who answers calls at a telephone outside."""
        with database.writing_alone() as session:
            user = users.add(session, name, name.title(), "member", "x" * 12, ["benefits"])
            session.flush()
            agent_presence.start_answering(session, user, number, ["de"], utc_now())
        return user

    def stop(self) -> None:
        self.hotline.stop()
        self.outside.stop()


def agrees(line: SipLine, ear: Ear) -> None:
    """Somebody who picks up, presses 1 when they are asked, and talks until the other end hangs up."""
    presses_until = time.monotonic() + 60 * OTHERS
    while True:
        begun = ear.loud_seconds
        line.wait(2.0)
        asked = ear.loud_seconds - begun > 0.2 or ear.loud_seconds > 1.0
        if asked and time.monotonic() < presses_until:
            line.sends("1")
            presses_until = 0.0  # once: in the room a key means nothing
            line.wait(0.5)


def call_of(shown: str) -> str:
    """The id of the last call of a number; empty while there is none."""
    with database.reading() as session:
        found = select(Call.call_sid).where(Call.from_number == shown).order_by(Call.id.desc()).limit(1)
        return session.scalar(found) or ""


def legs_of(call_sid: str) -> list[Leg]:
    """The legs of the conversation that a call is in."""
    with database.reading() as session:
        mine = session.scalar(select(Leg).where(Leg.call_sid == call_sid).order_by(Leg.id.desc()).limit(1))
        if mine is None:
            return []
        return list(session.scalars(select(Leg).where(Leg.conversation_id == mine.conversation_id)))


def task_of(shown: str) -> CallbackTask | None:
    with database.reading() as session:
        return session.scalar(select(CallbackTask).where(CallbackTask.callback_number == shown))


def speech(seconds: float) -> Sound:
    said = at_telephone_rate(synthesis.speak(SENTENCE * (1 + int(seconds / 4)), "de")).samples
    return Sound(said[: int(seconds * RATE)], RATE)


def a_number() -> str:
    return f"+49151{secrets.randbelow(10**8):08d}"
