"""One drill: people ring, something is lost, and afterwards it is counted what they have lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.work_models import Work
from tests.soak.chaos.people import Wish, wishes
from tests.soak.chaos.ringing import ring
from tests.soak.chaos.verdict import Verdict
from tests.soak.drill import losses, probes
from tests.soak.drill.site import Site
from tests.soak.drill.table import Row

#: Callers at a time; seconds of calls before the fault.
_CROWD, _BEFORE = 3, 5.0
#: Seconds within which everything has to be done afterwards. The carrier is asked for calls without an end after 120.
_PEACE = 180.0


@dataclass(frozen=True)
class Drill:
    """What is done to a site, and what may come of it. No promise is ever to be lost."""

    name: str
    #: What is done, in the main thread; it ends when no more is done to the site.
    act: Callable[[Site], None]
    #: Seconds for which people ring.
    lasts: float
    #: So many callers may be lost at most; callers and members may be unanswered for so long (seconds).
    callers_lost: int = 0
    callers_wait: float = 15.0
    desk_waits: float = 30.0
    #: Makes the site whole for the next drill.
    heal: Callable[[Site], None] = lambda site: None


class Crowd:
    """People who ring one after the other, some at once, for a while."""

    def __init__(self, site: Site, placed: list[Wish], seconds: float, speech: Mapping[float, bytes]) -> None:
        self._site, self._placed, self._speech = site, placed, speech
        self._pause = seconds / max(1, len(placed))
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._ring_all, daemon=True)
        self._thread.start()

    def _ring_all(self) -> None:
        with ThreadPoolExecutor(_CROWD) as crowd:
            list(crowd.map(self._ring, range(len(self._placed))))

    def _ring(self, number: int) -> None:
        time.sleep(max(0.0, self._began + number * self._pause - time.monotonic()))
        ring(self._site.exchange_url, self._placed[number], self._speech)

    def is_over(self) -> bool:
        """Whether the last one has put the receiver down."""
        return not self._thread.is_alive()


def run(site: Site, drill: Drill, wishes_: list[Wish], speech: Mapping[float, bytes], say: Callable[[str], None],
        plant: Callable[[list[Wish]], None] | None = None) -> Row:  # fmt: skip
    """Run a drill; `plant` spoils what is judged, to see that it is seen."""
    say(f"{drill.name}: {len(wishes_)} calls in {drill.lasts:.0f} s")
    asking = probes.Probes(site.exchange_url, site.public_url, site.new_token(), site.authority)
    crowd = Crowd(site, wishes_, drill.lasts, speech)
    site.wait(_BEFORE)
    fault = time.monotonic()
    drill.act(site)
    ended = site.wait(drill.lasts + 90, crowd.is_over)
    recovered = time.monotonic()
    site.wait(15, lambda: asking.answer_since(recovered))
    row = Row(drill.name, len(wishes_))
    asking.end(row, fault, say)
    row.problems += [] if ended else ["calls did not come to an end"]
    verdict = Verdict(site, wishes_, set())
    undone = _await_peace(site, verdict)
    row.done_after = None if undone else time.monotonic() - fault
    if not undone:
        _minutes_pass()
        undone = _await_peace(site, verdict)
    row.problems += undone
    if plant is not None:
        plant(wishes_)
    judge(row, drill, losses.count(wishes_))
    row.problems += [*verdict.audio(), *verdict.failed_jobs()]
    for problem in row.problems:
        say(f"PROBLEM {problem}")
    return row


def judge(row: Row, drill: Drill, lost: losses.Losses) -> None:
    """Enter what callers have lost, and what is more than the drill allows."""
    row.callers_lost, row.promises_lost = len(lost.callers), len(lost.promises)
    row.problems += [*lost.promises, *lost.doubled]
    if row.machine_stood_still:
        return
    if row.callers_lost > drill.callers_lost:
        row.problems += [f"{row.callers_lost} callers are lost, {drill.callers_lost} may be", *lost.callers]
    for who, waited, limit in (
        ("callers", row.callers_waited, drill.callers_wait),
        ("the desk", row.desk_waited, drill.desk_waits),
    ):
        if waited > limit:
            row.problems.append(f"{who}: unanswered for {waited:.1f} s, {limit:.0f} s are allowed")


def _await_peace(site: Site, verdict: Verdict) -> list[str]:
    """Wait until everything that is due is done; what is not, in the end."""
    undone: list[str] = []

    def is_done() -> bool:
        try:
            undone[:] = verdict.undone(later_too=False)
        except SQLAlchemyError as error:
            undone[:] = [f"the database is away ({type(error).__name__})"]
        undone.extend(line for host in site.hosts for line in host.waiting())
        return not undone

    site.wait(_PEACE, is_done)
    return undone


def _minutes_pass() -> None:
    """What is looked after minutes later is due now: a recording of which no event has told, a job that is repeated."""
    now = utc_now()
    with database.writing() as session:
        session.execute(update(Work).where(Work.done_at.is_(None), Work.run_after > now).values(run_after=now))


def people_for(drill: int, seed: int, count: int) -> list[Wish]:
    """The callers of a drill; no two drills of a run have the same numbers."""
    dice = random.Random(seed * 100 + drill)
    return wishes(dice, count, first=100_000_000 + drill * 10_000, kinds=losses.KINDS)
