"""Somebody asks again and again, and it is written down how long nobody was answered."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.soak.chaos.people import Wish
from tests.soak.chaos.ringing import ring
from tests.soak.drill.table import Row

#: Seconds between two questions.
PACE = 1.0
#: How many wait for an answer at a time.
_AT_ONCE = 24
#: Numbers that only probes show.
_NUMBERS = itertools.count(800_000_000)


@dataclass
class Question:
    """When it was asked; when it was answered well, if it was (seconds of the monotonic clock)."""

    asked: float
    answered: float | None = None


def waits(questions: Sequence[Question], ended: float) -> list[tuple[float, float]]:
    """When somebody asked, and for how many seconds they had no answer though they went on asking, the last one first.

    Who is refused asks again: their wait ends with the next good answer to anybody who asked then or later. What is
    open at the end counts till then.
    """
    found, answer = [], ended
    for question in sorted(questions, key=lambda one: one.asked, reverse=True):
        if question.answered is not None:
            answer = min(answer, question.answered)
        found.append((question.asked, answer - question.asked))
    return found


class Probe:
    """Asks every second, whether or not the last one was answered."""

    def __init__(self, ask: Callable[[], float | None]) -> None:
        self._ask = ask
        self.questions: list[Question] = []
        self._over = threading.Event()
        self._places = threading.Semaphore(_AT_ONCE)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(PACE):
            if self._places.acquire(blocking=False):
                question = Question(time.monotonic())
                self.questions.append(question)
                threading.Thread(target=self._one, args=(question,), daemon=True).start()

    def _one(self, question: Question) -> None:
        try:
            question.answered = self._ask()
        except requests.RequestException:
            pass
        finally:
            self._places.release()

    def end(self) -> float:
        """Ask no more; the longest wait (seconds)."""
        self._over.set()
        self._thread.join()
        self._ended = time.monotonic()
        return max((waited for _, waited in self._waits()), default=0.0)

    def _waits(self) -> list[tuple[float, float]]:
        return waits([one for one in self.questions if one.asked < self._ended - PACE], self._ended)

    def described(self, fault: float) -> str:
        """How long a good answer took before the fault, and when the longest wait began."""
        usual = [one.answered - one.asked for one in self.questions if one.answered and one.answered < fault]
        asked, waited = max(self._waits(), key=lambda one: one[1])
        failed = sum(one.answered is None for one in self.questions)
        before = f"{statistics.median(usual):.1f} s before the fault" if usual else "none before the fault"
        return (
            f"{len(self.questions)} questions, {failed} without a good answer; an answer took {before}, the longest "
            f"wait of {waited:.1f} s began {asked - fault:+.1f} s from it"
        )

    def answers_since(self, moment: float) -> bool:
        """Whether somebody who has asked since then was answered."""
        return any(one.asked >= moment and one.answered is not None for one in list(self.questions))


def caller(exchange_url: str) -> Callable[[], float | None]:
    """Rings, hears the first words, and puts the receiver down."""

    def ask() -> float | None:
        wish = Wish("hung up", f"+4916{next(_NUMBERS)}", [], hangs_up=True)
        ring(exchange_url, wish, {})
        return time.monotonic() if wish.said and not wish.errors else None

    return ask


def desk(public_url: str, token: str, authority: str) -> Callable[[], float | None]:
    """Asks for a task by the interface, through the proxy."""

    def ask() -> float | None:
        answer = requests.get(
            f"{public_url}/api/v1/tasks?limit=1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            verify=authority,
        )
        return time.monotonic() if answer.ok else None

    return ask


def machine(exchange_url: str) -> Callable[[], float | None]:
    """Asks the local carrier whether it lives. It needs nothing that is lost: who waits here waits for the machine."""

    def ask() -> float | None:
        return time.monotonic() if requests.get(f"{exchange_url}/healthz", timeout=60).ok else None

    return ask


class Probes:
    """Callers, members, and the machine itself."""

    def __init__(self, exchange_url: str, public_url: str, token: str, authority: Path) -> None:
        self.callers = Probe(caller(exchange_url))
        self.members = Probe(desk(public_url, token, str(authority)))
        self._machine = Probe(machine(exchange_url))

    def answer_since(self, moment: float) -> bool:
        """Whether both callers and members who have asked since then were answered."""
        return self.callers.answers_since(moment) and self.members.answers_since(moment)

    def end(self, row: Row, fault: float, say: Callable[[str], None]) -> None:
        """Ask no more, and enter how long they waited."""
        row.callers_waited, row.desk_waited = self.callers.end(), self.members.end()
        row.machine_waited = self._machine.end()
        for who, probe in (("callers", self.callers), ("desk", self.members), ("machine", self._machine)):
            say(f"{row.name}, {who}: {probe.described(fault)}")
