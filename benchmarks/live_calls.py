"""From the key with which a member takes a call until caller and member are in the room: 20 of them at one instant.

    python -m benchmarks.live_calls [--rounds 6] [--postgres]

Callers wait in the call queue, members hear what the call is about, and all press the key at once. The baseline is one
conversation alone, in the same run. Then a caller whose language nobody speaks: the first interpreter lets it ring, the
second answers at once. The local carrier runs in this process, and takes its share of the processors.

Each time is read from the carrier's conference, and counts only if both calls are in it and the database says that it
is these two who talk.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select

from benchmarks.report import Report
from ivr.accounts import users
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, wrap_up
from ivr.domain.enums import ConversationOutcome, LegRole, PresenceState
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.call import CallReport, Ringing
from ivr.local_carrier.conferences import Conference, Participant, SendEvent
from ivr.local_carrier.lines import HungUp, Line, RecordedSpeech, ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, Leg, Presence
from ivr.platform import database, job_queue, outbox
from tests.support.postgres import running
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually

#: Conversations at once; how often one is measured alone, and an interpreter sought.
AT_ONCE, ALONE, SEARCHES = 20, 12, 3
#: Seconds from the key until both are in the room, and until caller and interpreter are.
MEDIAN, P99, INTERPRETED = 0.5, 1.5, 15.0
#: Seconds until what is waited for has gone wrong.
_PATIENCE = 90.0
#: Callers press this: their language, their concern; then they are silent, and wait.
_KEYS = {"de": ("1", "1", "-"), "tr": ("3", "1", "-")}
_FIRST, _SECOND = "+4915700000001", "+4915700000002"
_ALWAYS = {"daily": "00:00-24:00"}
_SETTINGS = {
    "HOURS__DAILY": "00:00-24:00",
    "CALLING_HOURS__DAILY": "00:00-24:00",
    "LINE_PLACES": str(2 * AT_ONCE),
    "RING_SECONDS": "60",
    "LANGUAGES": '["de", "en", "tr"]',
    "INTERPRETERS": json.dumps(
        [
            {"name": name, "number": number, "languages": ["tr"], "hours": _ALWAYS}
            for name, number in (("first", _FIRST), ("second", _SECOND))
        ]
    ),
}


class _PatientLine(ScriptedLine):
    """A line that wakes who waits as soon as it is interrupted, so that no time is lost by looking again and again."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self._woken = person.woken

    def interrupt(self) -> None:
        super().interrupt()
        self._woken.set()


class Person(ScriptedCaller):
    """Somebody at a telephone who talks until they are told to hang up."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(keys=keys)
        self.woken, self.hangs_up_now = threading.Event(), threading.Event()
        self.call_sid, self.heard = "", list[str]()
        self.line = _PatientLine(self)
        self.call: Future[CallReport] | None = None

    def hears(self, text: str, language: str) -> str | None:
        """Keep what was said last, for whoever reads why a round went wrong."""
        self.heard = [*self.heard[-4:], text[:60]]
        return super().hears(text, language)

    def speaks(self) -> RecordedSpeech:
        """Nobody is asked to speak."""
        raise AssertionError(f"the caller was led to the voicebox: {self.heard}")

    def waits(self, is_over: Callable[[], bool]) -> None:
        """Listen to the music of the call queue."""
        self.woken.wait(settings().announce_seconds)
        self.woken.clear()

    def talks(self, is_over: Callable[[], bool]) -> str:
        """Talk until the other one has left, or it is time to hang up."""
        while not is_over() and not self.hangs_up_now.is_set():
            self.hangs_up_now.wait(0.05)
        if self.hangs_up_now.is_set():
            raise HungUp
        return ""


class Answering(Person):
    """Somebody who is rung: picks up at once, and presses the key when all do."""

    def __init__(self, all_press: threading.Event) -> None:
        super().__init__(keys=())
        self.is_asked, self._all_press = threading.Event(), all_press
        self.pressed_at = 0.0

    def rings(self, ringing: Ringing) -> Line:
        """Their telephone rings."""
        self.call_sid = ringing.call_sid
        return self.line

    def presses(self, count: int, finish: str) -> str:
        """The key that takes the call."""
        self.is_asked.set()
        if not self._all_press.wait(2 * _PATIENCE):  # the round has gone wrong, and says so
            raise HungUp
        self.pressed_at = time.monotonic()
        return "1"


@dataclass(frozen=True)
class Member:
    """A member and their telephone."""

    user_id: int
    number: str


class Rooms:
    """Notes who is in a conference, at each moment somebody joins one."""

    def __init__(self, hotline: RunningHotline) -> None:
        self._joined: list[tuple[float, frozenset[str]]] = []
        self._join = hotline.switch.conferences.join
        hotline.switch.conferences.join = self._noted  # type: ignore[method-assign]

    def _noted(self, name: str, participant: Participant, send_event: SendEvent) -> Conference:
        conference = self._join(name, participant, send_event)
        self._joined.append((time.monotonic(), frozenset(conference.participants)))
        return conference

    def together(self, *call_sids: str) -> float | None:
        """Since when all of these calls have been in one room; None if they have not been."""
        return next((at for at, present in list(self._joined) if present.issuperset(call_sids)), None)


class Bench:
    """A running hotline and its members."""

    def __init__(self, hotline: RunningHotline, crowd: ThreadPoolExecutor) -> None:
        self.hotline, self._crowd = hotline, crowd
        self.rooms, self._numbers = Rooms(hotline), iter(range(10**6))
        self.members = list(self._hired())

    def _hired(self) -> Iterator[Member]:
        with database.writing_alone() as session:
            for number in range(AT_ONCE):
                user = users.add(session, f"m{number}", f"M {number}", "member", "x" * 12, ["benefits"])
                session.flush()
                yield Member(user.id, f"+4942198{user.id:05d}")

    def round(self, members: Sequence[Member], language: str = "de") -> list[tuple[Person, Answering]]:
        """As many callers as members: all wait, all members press at once. The pairs that have met, still talking."""
        press = threading.Event()
        phones = {member.number: Answering(press) for member in members}
        self.hotline.switch.telephones |= {number: phone.rings for number, phone in phones.items()}
        self._come(members)
        callers = [self._rings(language) for _ in members]
        for phone in phones.values():
            assert phone.is_asked.wait(_PATIENCE), f"a member was not rung; heard: {[one.heard for one in callers]}"
        press.set()
        return list(self._pairs(callers, list(phones.values())))

    def _come(self, members: Sequence[Member]) -> None:
        with database.writing_alone() as session:
            for member in members:
                user = session.get_one(User, member.user_id)
                agent_presence.start_answering(session, user, member.number, ["de"], utc_now())

    def _rings(self, language: str) -> Person:
        person, number = Person(_KEYS[language]), f"+49176{next(self._numbers):08d}"

        def began(call_sid: str) -> None:
            person.call_sid = call_sid

        at = {"SipHeader_X-Hotline-At": "open"}
        person.call = self._crowd.submit(self.hotline.switch.call, person.line, number, at, began)
        return person

    def _pairs(self, callers: Sequence[Person], phones: Sequence[Answering]) -> Iterator[tuple[Person, Answering]]:
        """Caller and member, by the database: who talks with whom."""
        by_sid = {phone.call_sid: phone for phone in phones}
        for caller in callers:
            legs = eventually(partial(self._talking, caller.call_sid), _PATIENCE, 0.2)
            (member,) = [leg for leg in legs if leg.role == LegRole.MEMBER]
            yield caller, by_sid[member.call_sid or ""]

    @staticmethod
    def _talking(call_sid: str) -> list[Leg]:
        """The legs of a caller's conversation, once caller and member have met."""
        with database.reading() as session:
            theirs = select(Leg.conversation_id).where(Leg.call_sid == call_sid, Leg.role == LegRole.CALLER)
            found = session.scalar(select(Conversation).where(Conversation.id.in_(theirs)))
            return list(found.legs) if found is not None and found.connected_at is not None else []

    def seconds(self, pair: tuple[Person, Answering]) -> float:
        """From the key until both are in the room."""
        caller, phone = pair
        met = self.rooms.together(caller.call_sid, phone.call_sid)
        assert met is not None, "the database knows of a conversation that was in no room"
        assert phone.pressed_at
        assert met > phone.pressed_at
        return met - phone.pressed_at

    def over(self, pairs: Sequence[tuple[Person, Answering]], members: Sequence[Member]) -> None:
        """All hang up, and the members write down what came of it."""
        for caller, _ in pairs:
            caller.hangs_up_now.set()
        for caller, _ in pairs:
            assert caller.call is not None
            assert caller.call.result(_PATIENCE).errors == []
        for member in members:
            eventually(partial(self._wraps_up, member), _PATIENCE)
        with database.writing_alone() as session:
            for member in members:
                user = session.get_one(User, member.user_id)
                agent_presence.stop_answering(session, user, utc_now(), for_good=True)
                wrap_up.finish(session, user, ConversationOutcome.SETTLED, "", utc_now())

    @staticmethod
    def _state(member: Member) -> PresenceState:
        with database.reading() as session:
            return session.get_one(Presence, member.user_id).state

    def _wraps_up(self, member: Member) -> bool:
        return self._state(member) == PresenceState.WRAP_UP

    def met(self, at_once: int) -> list[float]:
        """Seconds of one round."""
        pairs = self.round(self.members[:at_once])
        seconds = [self.seconds(pair) for pair in pairs]
        self.over(pairs, self.members[:at_once])
        return seconds

    def interpreted(self) -> float:
        """From the member's key until caller and interpreter are in the room: the first lets it ring."""
        at_once = threading.Event()
        at_once.set()
        second, rung = Answering(at_once), threading.Event()

        def lets_it_ring(ringing: Ringing) -> str:
            rung.set()
            ringing.canceled.wait(ringing.timeout)
            return "no-answer"

        self.hotline.switch.telephones |= {_FIRST: lets_it_ring, _SECOND: second.rings}
        pairs = self.round(self.members[:1], "tr")
        ((caller, phone),) = pairs

        def there() -> float | None:
            return self.rooms.together(caller.call_sid, phone.call_sid, second.call_sid or "nobody")

        met: float = eventually(there, _PATIENCE)
        assert rung.is_set(), "the first interpreter was not rung"
        self.over(pairs, self.members[:1])
        return met - phone.pressed_at


@contextmanager
def hotline_of(folder: Path, url: str) -> Iterator[RunningHotline]:
    """All processes of the product."""
    hotline = RunningHotline(folder, folder / "no models", **_SETTINGS, DATABASE_URL=url)
    outbox.hand_over = job_queue.hand_over
    try:
        yield hotline
    finally:
        hotline.stop()


def main() -> None:
    """Print the percentiles."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=6)
    arguments.add_argument("--postgres", action="store_true", help="PostgreSQL in place of SQLite")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        url = stack.enter_context(running()).new_database() if wanted.postgres else ""
        hotline = stack.enter_context(hotline_of(Path(folder), url))
        bench = Bench(hotline, stack.enter_context(ThreadPoolExecutor(AT_ONCE)))
        bench.met(AT_ONCE)  # everything has been loaded
        alone = [seconds for _ in range(ALONE) for seconds in bench.met(1)]
        together = [seconds for _ in range(wanted.rounds) for seconds in bench.met(AT_ONCE)]
        interpreted = [bench.interpreted() for _ in range(SEARCHES)]
    assert len(together) == wanted.rounds * AT_ONCE
    report = Report(f"live calls ({'PostgreSQL' if wanted.postgres else 'SQLite'}, {AT_ONCE} at one instant)")
    median, single = statistics.median(together), statistics.median(alone)
    report.at_most("key to both in the room, median", median, MEDIAN, "s")
    report.at_most("key to both in the room, p99", statistics.quantiles(together, n=100)[98], P99, "s")
    report.shown("one conversation alone, median", single, "s")
    report.shown("median, times that alone", median / single, digits=1)
    report.at_most("key to caller and interpreter, longest", max(interpreted), INTERPRETED, "s", 1)
    report.finish()


if __name__ == "__main__":
    main()
