"""Conversations in real time: all processes of the product, and people who do what the dice say.

Beside the walk in simulated time (tests/stories/test_walk_of_conversations.py) this one finds what only happens between
processes: two workers, several threads of the web servers, one database.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests
from sqlalchemy import select

from ivr.accounts import users
from ivr.callbacks.refused import Refused
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    conversation_control,
    conversation_wishes,
    conversations,
    wrap_up,
)
from ivr.contact_centre.agent_presence import NotNow
from ivr.domain.enums import (
    ConversationOutcome,
    ConversationState,
    LegRole,
    LegState,
    PresenceState,
    QueueEntryState,
)
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.call import CallReport
from ivr.models.accounts import User
from ivr.models.callbacks import TaskEvent
from ivr.models.contact_centre import Conversation, Leg, Presence, QueueEntry
from ivr.platform import database, job_queue, outbox
from tests.support.databases import Databases
from tests.support.people import PASSWORD
from tests.support.real_people import Caller, Faults, Member, Telephone
from tests.support.running_hotline import RunningHotline
from tests.support.volume import volume
from tests.support.waiting import eventually

CONVERSATIONS = volume(test=4, soak=10, night=50)
#: Callers and desks at one instant.
AT_ONCE = 8
_ALWAYS = {"daily": "00:00-24:00"}
_INTERPRETERS = {"Aylin": "+4915700000001", "Dienst": "+4915700000002"}
FRIEND = "+4942112345"
#: Seconds until everything that goes on has ended.
_PATIENCE = 180.0


@pytest.fixture(scope="module")
def crowded_hotline(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[RunningHotline]:
    """A hotline that is always open, with room for everybody in the call queue."""
    hotline = RunningHotline(
        tmp_path_factory.mktemp("crowded"),
        tmp_path_factory.mktemp("no models"),
        HOURS__DAILY="00:00-24:00",
        CALLING_HOURS__DAILY="00:00-24:00",
        LINE_PLACES="40",
        RING_SECONDS="15",
        ANNOUNCE_SECONDS="2",
        CALLS_A_MINUTE="1000",
        LANGUAGES='["de", "en", "tr"]',
        INTERPRETERS=json.dumps(
            [
                {"name": name, "number": number, "languages": ["tr"], "hours": _ALWAYS}
                for name, number in _INTERPRETERS.items()
            ]
        ),
        **databases.settings(),
    )
    yield hotline
    hotline.stop()


class Walk:
    """Members, two interpreters, a friend, and callers who ring one after the other."""

    def __init__(self, hotline: RunningHotline, dice: random.Random, members: int) -> None:
        self.hotline, self.dice, self.faults = hotline, dice, Faults()
        self.texts: list[str] = []
        self.phones: dict[int, tuple[str, Telephone]] = {}
        self.callers: list[Caller] = []
        self.reports: list[Future[CallReport]] = []
        for name, number in {**_INTERPRETERS, "friend": FRIEND}.items():
            hotline.switch.telephones[number] = Telephone(name, dice, self.faults).rings
        for number in range(members):
            self._hires(f"m{number}")

    def _hires(self, name: str) -> None:
        with database.writing_alone() as session:
            user = session.scalar(select(User).where(User.username == name))
            if user is None:
                user = users.add(session, name, name.title(), "member", PASSWORD, ["benefits"])
                session.flush()
        phone, number = Telephone(name, self.dice, self.faults, Member), f"+4942198{user.id:05d}"
        self.hotline.switch.telephones[number] = phone.rings
        self.phones[user.id] = number, phone
        self.comes(user.id)

    def comes(self, user_id: int) -> None:
        """A member answers calls from now on."""
        with suppress(NotNow), database.writing_alone() as session:
            user = session.get_one(User, user_id)
            agent_presence.start_answering(session, user, self.phones[user_id][0], ["de"], utc_now())
            call_distribution.match(session, utc_now())

    def calls(self, crowd: ThreadPoolExecutor, person: type[Caller] = Caller) -> None:
        """One more caller."""
        number = f"+4917{self.dice.randrange(10**8, 10**9)}"
        caller = person(f"caller {len(self.callers)}", self.dice, self.faults)
        self.callers.append(caller)
        own = Telephone(caller.name, self.dice, self.faults)  # at which they are called back
        own.talkers.append(caller)
        self.hotline.switch.telephones[number] = own.rings

        def began(call_sid: str) -> None:
            caller.call_sid = call_sid

        at = {"SipHeader_X-Hotline-At": "open"}
        self.reports.append(crowd.submit(self.hotline.switch.call, caller.line, number, at, began))

    def acts(self) -> None:
        """Each member does what their page offers: writes down what came of it, comes again, holds, fetches people."""
        for user_id in self.phones:
            with database.reading() as session:
                state = session.get_one(Presence, user_id).state
            if state in (PresenceState.OFFLINE, PresenceState.PAUSED):
                self.comes(user_id)
            elif state in (PresenceState.WRAP_UP, PresenceState.TALKING):
                with suppress(Refused), database.writing_alone() as session:
                    user = session.get_one(User, user_id)
                    self._writes(session, user) if state == PresenceState.WRAP_UP else self._wishes(session, user)

    def _writes(self, session, user: User) -> None:
        text = f"Vereinbarung{len(self.texts):04d}"
        wrap_up.finish(session, user, self.dice.choice(list(ConversationOutcome)), text, utc_now())
        self.texts.append(text)

    def _wishes(self, session, user: User) -> None:
        talk = conversations.of_user(session, user.id)
        if talk is None or self.dice.random() > 0.3:
            return
        held = any(leg.held_at is not None for leg in conversations.with_role(talk, LegRole.CALLER, LegState))
        if held:
            conversation_wishes.resume(session, talk, user, utc_now())
        elif self.dice.random() < 0.5:
            conversation_wishes.hold(session, talk, user, utc_now())
        else:
            conversation_control.want_companion(session, talk, FRIEND, user, utc_now())

    def ends(self) -> None:
        """Everybody who is in a call goes on until it is over; the members write down what came of it."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and not self.is_quiet():
            self.acts()
            time.sleep(0.3)

    def is_quiet(self) -> bool:
        """Whether nothing goes on any more."""
        return all(report.done() for report in self.reports) and not self.left_over()

    def left_over(self) -> list[str]:
        """What has not ended."""
        with database.reading() as session:
            talks = session.scalars(select(Conversation.id).where(Conversation.state != ConversationState.ENDED)).all()
            legs = session.scalars(select(Leg.id).where(Leg.state != LegState.ENDED)).all()
            waiting = (QueueEntryState.WAITING, QueueEntryState.OFFERED)
            entries = session.scalars(select(QueueEntry.id).where(QueueEntry.state.in_(waiting))).all()
            writes = session.scalars(select(Presence.user_id).where(Presence.state == PresenceState.WRAP_UP)).all()
        rooms = [room.name for room in self.hotline.switch.conferences.all() if room.participants]
        found = {"conversations": talks, "legs": legs, "entries": entries, "wrap-ups": writes, "rooms": rooms}
        return [f"{what} {which}" for what, which in found.items() if which]

    def verdict(self) -> list[str]:
        """What must not have happened."""
        with database.reading() as session:
            written = " ".join(filter(None, session.scalars(select(Conversation.note))))
            written += " ".join(filter(None, session.scalars(select(TaskEvent.text))))
        lost = [f"lost text: {text}" for text in self.texts if text not in written]
        errors = [
            f"error at the carrier: {error}" for one in self.reports if one.done() for error in one.result().errors
        ]
        return [*self.faults.found, *lost, *errors, *(f"left over: {one}" for one in self.left_over())]


@pytest.fixture
def walk(crowded_hotline: RunningHotline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    monkeypatch.setattr(outbox, "hand_over", job_queue.hand_over)
    monkeypatch.setattr(job_queue, "_down_until", 0.0)
    begun = Walk(crowded_hotline, random.Random(7), members=AT_ONCE)
    yield begun
    with database.writing_alone() as session:
        for user_id in begun.phones:
            agent_presence.stop_answering(session, session.get_one(User, user_id), utc_now(), for_good=True)


def met() -> int:
    """How many conversations there were in which caller and member could hear each other."""
    with database.reading() as session:
        return len(session.scalars(select(Conversation.id).where(Conversation.connected_at.is_not(None))).all())


@pytest.mark.since("soak")
def test_conversations_in_real_time_leave_nobody_behind(walk: Walk) -> None:
    with ThreadPoolExecutor(2 * CONVERSATIONS) as crowd:
        for _ in range(CONVERSATIONS):
            walk.calls(crowd)
            ends_at = time.monotonic() + min(6.0, walk.dice.expovariate(1 / 2.0))
            while time.monotonic() < ends_at:
                walk.acts()
                time.sleep(0.3)
        walk.ends()
        found = walk.verdict()
    assert found == [], "\n".join(found)
    assert met() >= CONVERSATIONS // 4, "callers and members have talked"
    assert walk.texts


class Desk:
    """A member's browser without the stream: its page asks again and again."""

    def __init__(self, hotline: RunningHotline, name: str) -> None:
        self.url, self.answers = hotline.url, list[tuple[str, int]]()
        self._browser = requests.Session()
        token = self._browser.get(f"{self.url}/login", timeout=30).text.partition('name="csrf_token" value="')[2]
        form = {"username": name, "password": PASSWORD, "csrf_token": token.partition('"')[0]}
        assert self._browser.post(f"{self.url}/login", data=form, timeout=30).status_code == 200

    def looks(self, until) -> str:
        """Ask for the bar and the page until it is time to stop. The last bar that was not the same as before."""
        seen = ""
        while not until():
            for path in ("/desk/live/bar", "/desk/live/?part=me", "/desk/live/alive"):
                answer = self._browser.get(f"{self.url}{path}", timeout=30)
                self.answers.append((path, answer.status_code))
                seen = answer.text if path.endswith("bar") and answer.text else seen
        return seen


@pytest.mark.alone
@pytest.mark.since("soak")
def test_eight_callers_at_one_instant_reach_eight_desks_that_ask_all_the_time(walk: Walk) -> None:
    """No write of a live call fails because the database is busy, and nobody is led to the voicebox."""
    names = [f"m{number}" for number in range(AT_ONCE)]
    desks = [Desk(walk.hotline, name) for name in names]
    before = {child: len(one.log.read_text(errors="replace")) for child, one in walk.hotline.children.items()}
    over = False
    with ThreadPoolExecutor(3 * AT_ONCE) as crowd:
        looking = [crowd.submit(desk.looks, lambda: over) for desk in desks]
        for phone in walk.phones.values():
            phone[1].dice = _Steady()
        began = met()
        for _ in range(AT_ONCE):
            walk.calls(crowd, _SteadyCaller)
        eventually(lambda: met() - began == AT_ONCE, _PATIENCE)
        phones = [phone for _, phone in walk.phones.values()]
        over = True
        shown = [one.result(_PATIENCE) for one in looking]
        walk.ends()
    assert all(phone.rung for phone in phones)
    assert all(shown), "each bar has shown something"
    assert [one for desk in desks for one in desk.answers if one[1] not in (200, 204)] == []
    logs = "".join(
        child.log.read_text(errors="replace")[before[name] :] for name, child in walk.hotline.children.items()
    )
    assert "database is" not in logs
    assert "Traceback" not in logs
    assert walk.verdict() == []


class _Steady(random.Random):
    """Dice of somebody who answers soon, presses 1, and talks for a while."""

    def choices(self, population, weights=None, **_):
        return [population[0]]

    def choice(self, population):
        return population[0]

    def uniform(self, a: float, b: float) -> float:
        return min(b, a + 0.3)

    def expovariate(self, lambd: float = 1.0) -> float:
        return 8.0

    def random(self) -> float:
        return 0.9


class _SteadyCaller(Caller):
    """A caller who speaks German and waits as long as it takes."""

    def __init__(self, name: str, dice: random.Random, faults: Faults) -> None:
        super().__init__(name, _Steady(), faults)
        self._first_keys = ["1", "1", "-"]

    def chooses(self) -> str:
        return ""
