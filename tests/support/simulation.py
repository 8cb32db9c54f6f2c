"""A hotline in virtual time: the real distribution and a real database, callers, members and a carrier made of dice.

The carrier's part is played by :meth:`Day._do`: it is handed the work the hotline writes into its outbox, and answers
with the events a carrier would send.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import intake
from ivr.callbacks.request import Request
from ivr.callbacks.workflow import Refused
from ivr.calls import calls
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    call_queue,
    conversations,
    kept_places,
    leg_events,
    outbound_callbacks,
    queue_order,
    wrap_up,
)
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.platform import database, outbox
from ivr.platform.work_models import Work


@dataclass
class Habits:
    """How people behave; times in seconds, all exponential."""

    talk: float = 240
    wrap_up: float = 60
    patience: float | None = 600
    pick_up: float = 4
    declines: float = 0.02
    misses: float = 0.02
    interpreter_pick_up: float = 8
    interpreter_accepts: float = 0.85
    reached: float = 0.7


@dataclass
class Tally:
    """What became of the callers, as they themselves would tell it."""

    waits: list[float] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    of_caller: dict[str, str] = field(default_factory=dict)
    interpreter_waits: list[float] = field(default_factory=list)


class Day:
    """One day of a hotline."""

    def __init__(self, start: datetime, habits: Habits, seed: int = 1) -> None:
        self.now = start
        self.habits = habits
        self.dice = random.Random(seed)
        self.tally = Tally()
        self._later: list[tuple[datetime, int, Callable[[Session], None]]] = []
        self._numbers = itertools.count()
        self._sids = itertools.count(1)
        self._sequence = itertools.count(1)
        self._jobs: list[outbox.QueuedJob] = []
        self._since: dict[int, datetime] = {}

    # -- people ---------------------------------------------------------------------------------

    def hire(self, session: Session, name: str, team: str, languages: Sequence[str] = ()) -> User:
        """Somebody who answers calls from now on."""
        user = User(username=name, name=name, role="member", password_hash="-", active=True)
        user.teams = list(session.scalars(select(Team).where(Team.key == team)))
        session.add(user)
        session.flush()
        agent_presence.start_answering(session, user, f"+4942198{user.id:05d}", languages, self.now)
        return user

    def rings_up(self, at: datetime, concern: str, language: str, talk: float | None = None) -> None:
        """A caller will enter the call queue."""
        self.at(at, lambda session: self._enters(session, concern, language, talk))

    def at(self, moment: datetime, happens: Callable[[Session], None]) -> None:
        """Something will happen."""
        heapq.heappush(self._later, (moment, next(self._numbers), happens))

    def after(self, seconds: float, happens: Callable[[Session], None]) -> None:
        """Something will happen in a while."""
        self.at(self.now + timedelta(seconds=seconds), happens)

    def run(self) -> None:
        """Until nothing happens any more."""
        before, outbox.hand_over = outbox.hand_over, self._jobs.extend
        try:
            with Session(database._writing_engine(database.engine(), False), expire_on_commit=False) as session:
                while self._later:
                    self.now, _number, happens = heapq.heappop(self._later)
                    happens(session)
                    session.flush()
                    self._carry_out(session)
                session.commit()
        finally:
            outbox.hand_over = before

    def _time(self, mean: float) -> float:
        return self.dice.expovariate(1 / mean) if mean else 0.0

    # -- a caller -------------------------------------------------------------------------------

    def _enters(self, session: Session, concern: str, language: str, talk: float | None) -> None:
        sid = f"CA{next(self._sids):032x}"
        call = calls.seen(session, sid, f"+4917{self.dice.randrange(10**8, 10**9)}", self.now)
        calls.progressed(call, "line", language, concern)
        request = Request(concern=concern)
        state = call_queue.state_for(session, request.team, self.now)
        if state != "open" and not (state == "full" and request.urgency == "emergency"):
            self._leaves_a_message(session, call, request, state)
            return
        entry = call_queue.enter(session, call, 1, request, language, "", self.now)
        self._talk = getattr(self, "_talk", {})
        self._talk[sid] = self._time(self.habits.talk) if talk is None else talk
        call_distribution.match(session, self.now)
        if self.habits.patience:
            self.after(self._time(self.habits.patience), lambda session: self._loses_patience(session, entry.id))

    def _loses_patience(self, session: Session, entry_id: int) -> None:
        entry = session.get_one(QueueEntry, entry_id)
        if entry.state not in ("waiting", "offered") or entry.mode != "live":
            return
        chance = self.dice.random()
        if chance < 0.4:
            task = intake.open_for(session, entry.call, Request(concern=entry.concern), self.now)
            kept_places.keep_place(session, entry, task, self.now)
            self._ended(entry.call.call_sid, "kept_place")
        elif chance < 0.7:
            call_queue.leave(session, entry, "message", self.now)
            self._leaves_a_message(session, entry.call, Request(concern=entry.concern), "message")
        else:
            self._ended(entry.call.call_sid, "hung_up")
        entry.call.state = "ended"
        leg_events.callers_call_over(session, entry.call, self.now)
        call_distribution.match(session, self.now)

    def _leaves_a_message(self, session: Session, call: Call, request: Request, why: str) -> None:
        intake.open_for(session, call, request, self.now)
        self._ended(call.call_sid, f"task: {why}")

    def closes(self, session: Session) -> None:
        """Closing time: whoever waits is taken to the voicebox."""
        for entry in queue_order.waiting(session, self.now):
            if entry.mode == "live":
                call_queue.leave(session, entry, "closed", self.now)
                self._leaves_a_message(session, entry.call, Request(concern=entry.concern), "closed")
        kept_places.drop_kept_places(session, self.now, closed=True)

    def _ended(self, call_sid: str, how: str) -> None:
        self.tally.endings[how] += 1
        self.tally.of_caller[call_sid] = how

    # -- the carrier ----------------------------------------------------------------------------

    def _carry_out(self, session: Session) -> None:
        while True:
            outbox.dispatch(session)
            jobs, self._jobs[:] = list(self._jobs), []
            if not jobs:
                return
            for job in jobs:
                found = session.execute(select(Work.kind, Work.subject_id).where(Work.id == job.work_id))
                self._do(session, *found.one())
                session.flush()

    def _do(self, session: Session, kind: str, subject: int) -> None:
        match kind:
            case "ring_leg":
                self._ring(session, session.get_one(Leg, subject))
            case "hang_up_leg":
                leg = session.get_one(Leg, subject)
                leg_events.call_over(session, leg, "completed" if leg.answered_at else "canceled", self.now)
            case "bring_caller":
                self._bring(session, session.get_one(QueueEntry, subject))
            case "end_room":
                for leg in session.get_one(Conversation, subject).legs:
                    if leg.state in conversations.ON_THE_LINE:
                        self._gone(session, leg)
            case "tell_no_interpreter":
                conversation = session.get_one(Conversation, subject)
                if conversation.kind == "callback":
                    outbound_callbacks.no_interpreter(session, conversation, self.now)

    def _ring(self, session: Session, leg: Leg) -> None:
        if leg.state != "wanted":
            return
        leg_events.rings(session, leg, f"CA{next(self._sids):032x}", self.now)
        chance, leg_id = self.dice.random(), leg.id
        if leg.role == "member":
            if chance < self.habits.misses:
                self.after(20, lambda session: self._over(session, leg_id, "no-answer"))
            elif chance < self.habits.misses + self.habits.declines:
                self.after(self._time(self.habits.pick_up), lambda session: self._declines(session, leg_id))
            else:
                self.after(self._time(self.habits.pick_up), lambda session: self._accepts(session, leg_id))
        else:
            willing = self.habits.reached if leg.role == "caller" else self.habits.interpreter_accepts
            does = self._accepts if chance < willing else self._declines
            self.after(self._time(self.habits.interpreter_pick_up), lambda session: does(session, leg_id))

    def _over(self, session: Session, leg_id: int, status: str) -> None:
        leg_events.call_over(session, session.get_one(Leg, leg_id), status, self.now)

    def _declines(self, session: Session, leg_id: int) -> None:
        leg = session.get_one(Leg, leg_id)
        if leg_events.answered(session, leg, leg.call_sid or "", self.now):
            leg_events.declined(session, leg, "declined" if leg.role != "caller" else "not_confirmed", self.now)

    def _accepts(self, session: Session, leg_id: int) -> None:
        leg = session.get_one(Leg, leg_id)
        if not leg_events.answered(session, leg, leg.call_sid or "", self.now):
            return
        if not leg_events.accepted(session, leg, self.now):
            leg_events.call_over(session, leg, "completed", self.now)
            return
        if leg.role == "interpreter" and leg.joined_at is None:
            request = session.get_one(InterpreterRequest, leg.request_id)
            self.tally.interpreter_waits.append((self.now - request.requested_at).total_seconds())
        self._joins(session, leg)

    def _joins(self, session: Session, leg: Leg) -> None:
        leg_events.in_room(session, leg, next(self._sequence), self.now)
        if leg.role == "caller":
            leg_id = leg.id
            talk = getattr(self, "_talk", {}).get(leg.call_sid) or self._time(self.habits.talk)
            self.after(talk, lambda session: self._gone(session, session.get_one(Leg, leg_id)))

    def _bring(self, session: Session, entry: QueueEntry) -> None:
        self.tally.waits.append((self.now - entry.entered_at).total_seconds())
        self._ended(entry.call.call_sid, "answered")
        leg = conversations.leg_of(session, entry.call.call_sid)
        assert leg is not None
        self._joins(session, leg)

    def _gone(self, session: Session, leg: Leg) -> None:
        if leg.state == "ended":
            return
        leg_events.out_of_room(session, leg, next(self._sequence), False, self.now)
        call = session.scalar(select(Call).where(Call.call_sid == leg.call_sid)) if leg.role == "caller" else None
        if call is not None:
            leg_events.callers_call_over(session, call, self.now)
        for other in leg.conversation.legs if leg.role == "caller" else ():
            if other.role == "member" and other.state == "joined":  # a word with the interpreter, then they hang up
                other_id = other.id
                self.after(5, lambda session, other_id=other_id: self._gone(session, session.get_one(Leg, other_id)))
        if leg.role == "member" and leg.user_id is not None:
            user_id = leg.user_id
            self.after(self._time(self.habits.wrap_up), lambda session: self._wraps_up(session, user_id))
        session.flush()

    def _wraps_up(self, session: Session, user_id: int) -> None:
        with suppress(Refused):
            wrap_up.finish(session, session.get_one(User, user_id), "settled", "", self.now)


def promised(session: Session) -> set[str]:
    """The calls that have led to a task."""
    return set(session.scalars(select(Call.call_sid).join(CallbackTask, CallbackTask.call_id == Call.id)))
