"""Three hundred calls of every kind, while everything they go through is killed and started again.

    python -m tests.soak.chaos [--seeds 1,2,3] [--calls 300]

Afterwards the promises callers have heard are compared with what the hotline holds. Exit status 1 if anything was lost,
doubled, or left undone; the log of a run says what was killed when. See docs/chaos.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ivr.platform import memory_report
from tests.soak.chaos.fault_injection import FaultInjection
from tests.soak.chaos.people import INTERPRETER, LANGUAGES, MEMBERS, Wish, wishes
from tests.soak.chaos.ringing import recorded_speech, ring
from tests.soak.chaos.verdict import Verdict
from tests.support.environment import ROOT
from tests.support.postgres import Postgres
from tests.support.running_hotline import RunningHotline
from tests.support.servers import free_port
from tests.support.small_disk import SmallDisk

#: Callers at once, and the most seconds that calls are placed for.
_CROWD = 8
_SECONDS_PER_CALL = 0.5
_PLACING = 240.0
#: Seconds within which everything has to be done when nothing is killed any more.
_PEACE = 240.0
#: Size of the hotline's disk, and how often it is full instead of something being killed.
_DISK_MB = 250
_FULL = 0.3
_VICTIMS = ("web", "voice", "worker", "clock", "redis", "postgres", "exchange")


class Chaos:
    """One run."""

    def __init__(self, folder: Path, seed: int, count: int) -> None:
        self._dice = random.Random(seed)
        self._seed, self._count = seed, count
        self._began = time.monotonic()
        self._server = Postgres(folder / "postgres" / "cluster")
        models = folder / "models"
        models.mkdir()
        (models / LANGUAGES[0]).symlink_to(ROOT / "var" / "models" / "ko")
        ports = (free_port(), free_port())
        own = free_port(), free_port()
        self.fault_injection = FaultInjection(seed, f"http://127.0.0.1:{own[0]}", f"http://127.0.0.1:{own[1]}", ports)
        os.environ["PYTHONPATH"] = str(ROOT)
        self._disk = self._small_disk(folder / "hotline", folder / "carrier")
        self.hotline = RunningHotline(
            folder / "hotline",
            models,
            local_carrier=f"{sys.executable} -m tests.soak.chaos.local_carrier",
            PORT=str(own[0]),
            EXCHANGE_PORT=str(own[1]),
            PUBLIC_BASE_URL=f"http://127.0.0.1:{ports[0]}",
            TWILIO_API_BASE_URL=f"http://127.0.0.1:{ports[1]}",
            DATABASE_URL=self._server.new_database(),
            LANGUAGES=json.dumps(LANGUAGES),
            MESSAGE_SECONDS="10",
            RECONCILE_SECONDS="10",
            CALLS_A_MINUTE="1000",
            ANNOUNCE_SECONDS="2",
            CALLING_HOURS__DAILY="00:00-24:00",
            HOURS__DAILY="00:00-24:00",  # callers say whether it is closed for them
            INTERPRETERS=json.dumps([{"name": "Ines", "number": INTERPRETER, "languages": ["tr", "fa"]}]),
        )
        self._speech = recorded_speech()
        self._quiet = threading.Event()

    @staticmethod
    def _small_disk(hotline: Path, carrier: Path) -> SmallDisk | None:
        """The hotline's own disk, which will be full at times; the carrier has another one."""
        try:
            disk = SmallDisk(hotline, _DISK_MB)
        except PermissionError:
            return None
        carrier.mkdir()
        (hotline / "exchange").symlink_to(carrier)
        return disk

    def run(self) -> bool:
        """True if nothing was lost and nothing doubled."""
        self.say(f"seed {self._seed}: {self._count} calls")
        self._hire()
        self._configure()
        placed = wishes(self._dice, self._count)
        threading.Thread(target=self._wrap_up, daemon=True).start()
        crowd = threading.Thread(target=self._ring_all, args=(placed,))
        crowd.start()
        self._kill_at_random()  # in this thread: a child ends with the thread that has started it
        crowd.join()
        placed = [wish for wish in placed if wish.call_sid]
        self.say(f"calls placed: {len(placed)}, to their end: {sum(wish.finished for wish in placed)}")
        self.say(f"injected faults: {dict(self.fault_injection.done)}")
        verdict = Verdict(self.hotline, placed, self.fault_injection.deleted)
        undone = verdict.wait_for_peace(_PEACE, self.say)
        problems = [*undone, *verdict.problems()]
        for problem in problems:
            self.say(f"PROBLEM {problem}")
        self.say(f"{verdict.summary()}; {'NOTHING LOST, NOTHING DOUBLED' if not problems else 'FAILED'}")
        return not problems

    def stop(self) -> None:
        """Stop everything."""
        self._quiet.set()
        self.hotline.stop()
        self.fault_injection.stop()
        self._server.stop()
        if self._disk is not None:
            self._disk.remove()

    def say(self, what: str) -> None:
        """A line of the log."""
        print(f"[{self._seed}] {time.monotonic() - self._began:6.1f} s  {what}", flush=True)

    def _hire(self) -> None:
        from ivr.accounts import users
        from ivr.contact_centre import agent_presence
        from ivr.domain.timestamps import utc_now
        from ivr.platform import database

        with database.writing() as session:
            for number in MEMBERS:
                teams = list(self.hotline.settings.teams)
                user = users.add(session, f"m{number}", "Mia", "member", "correct horse battery", teams)
                session.flush()
                agent_presence.start_answering(session, user, number, ["de"], utc_now())

    def _configure(self) -> None:
        from click.testing import CliRunner

        from ivr.cli import hotline as command_line

        done = CliRunner().invoke(command_line, ["carrier", "configure", "--yes"])
        assert done.exit_code == 0, done.output
        self.say("the number asks failed webhooks again")

    def _ring_all(self, placed: list[Wish]) -> None:
        """Some at once, spread over some minutes."""
        began, pace = time.monotonic(), random.Random(self._seed)
        pause = _CROWD * _SECONDS_PER_CALL

        def place(wish: Wish) -> None:
            if time.monotonic() < began + _PLACING:
                time.sleep(pace.uniform(0, pause))
                ring(self.hotline.settings.exchange_url, wish, self._speech)

        with ThreadPoolExecutor(_CROWD) as crowd:
            list(crowd.map(place, placed))
        self._quiet.set()

    def _kill_at_random(self) -> None:
        """One after the other, sometimes two at once; each is back within seconds."""
        killed: Counter[str] = Counter()
        while not self._quiet.wait(self._dice.uniform(1.5, 5.0)):
            victims = self._dice.sample(_VICTIMS, self._dice.choice((1, 1, 1, 2)))
            away = self._dice.uniform(0.1, 4.0)
            if full := self._disk is not None and self._dice.random() < _FULL:
                victims = self._dice.choice(([], ["postgres"], ["postgres"], ["postgres", "worker"]))
                killed["disk"] += 1
                self._disk.fill()
            self.say(f"{'disk full, ' if full else ''}SIGKILL {', '.join(victims) or 'nothing'} for {away:.1f} s")
            for victim in victims:
                killed[victim] += 1
                self._server.kill() if victim == "postgres" else self.hotline.kill(victim)
            self._quiet.wait(away)
            if full:
                self._disk.free()
                self._await_memory()
            for victim in victims:
                self._server.start() if victim == "postgres" else self.hotline.restart(victim)
            for child in (*self.hotline.children.values(), self.hotline.redis):
                child.keep_running()
        for child in (*self.hotline.children.values(), self.hotline.redis):
            if not child.running:
                child.start()
        self.say(f"killed: {dict(killed)}")

    def _await_memory(self) -> None:
        """What is in the memory of a process alone is lost with it: none is killed before it is on the disk again."""
        deadline = time.monotonic() + 10
        while held := memory_report.of_all(0):
            if time.monotonic() > deadline:
                self.say(f"PROBLEM {held} entries stay in memory though the disk has room")
                return
            time.sleep(0.1)

    def _wrap_up(self) -> None:
        """The members write down what came of their calls."""
        from sqlalchemy import select

        from ivr.callbacks.workflow import Refused
        from ivr.contact_centre import agent_presence, wrap_up
        from ivr.domain.timestamps import utc_now
        from ivr.models.accounts import User
        from ivr.models.contact_centre import Presence
        from ivr.platform import database

        while not time.sleep(0.3):
            with suppress(SQLAlchemyError, Refused, TimeoutError, agent_presence.NotNow):
                with database.reading() as session:
                    done = session.scalars(select(Presence.user_id).where(Presence.state == "wrap_up")).all()
                    away = session.scalars(select(Presence.user_id).where(Presence.state == "paused")).all()
                for user_id in done:
                    with database.writing_alone() as session:
                        wrap_up.finish(session, session.get_one(User, user_id), "settled", "", utc_now())
                for user_id in away:  # their telephone was not heard: they are there all the same
                    with database.writing_alone() as session:
                        here = session.get_one(Presence, user_id)
                        user = session.get_one(User, user_id)
                        agent_presence.start_answering(session, user, here.number or "", here.languages, utc_now())


def main() -> int:
    """Run the seeds one after the other."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", default="1")
    arguments.add_argument("--calls", type=int, default=300)
    wanted = arguments.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    failed = []
    for seed in map(int, wanted.seeds.split(",")):
        with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
            os.chmod(folder, 0o755)  # noqa: PTH101 - the database server runs as somebody else
            chaos = Chaos(Path(folder), seed, wanted.calls)
            try:
                if not chaos.run():
                    failed.append(seed)
            finally:
                chaos.stop()
    print(f"seeds that failed: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
