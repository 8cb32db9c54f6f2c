"""The spool of an outage written into the database, beside bare INSERTs of the same rows, in the same run.

    python -m benchmarks.spool [--calls 300] [--database sqlite]

Callers leave messages, ask by keypad, report emergencies and order forms while the database does not answer: the
webhooks write their entries as they do in an outage. Then the entries are replayed, each call in its order. The bare
INSERTs write the same rows into a second database, one statement a row, in as many transactions.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from benchmarks.report import Report
from benchmarks.two_sizes import KINDS
from ivr.domain.enums import CallRowState
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import Recording
from ivr.operations.migrate import migrate
from ivr.platform import database, outbox, spool, spool_files, write_behind
from ivr.platform.orm import Base
from ivr.telephony import call_intake
from ivr.web.app import create_app
from tests.support.environment import use_environment
from tests.support.postgres import running
from tests.support.webhook_calls import SPEAKS, WebhookCall

#: How many times as long as the INSERTs alone a replay may take, which decrypts, looks up and decides as well.
TIMES = {"sqlite": 30.0, "postgresql": 8.0}
#: What callers key in, in English, and whether they leave a message.
_LATER = ["1", "#", "3"]
_CALLS: Sequence[Sequence[str]] = (
    ["2", "1", "1", SPEAKS, "1", *_LATER],
    ["2", "1", "2", *_LATER],
    ["2", "9", "2", "1", SPEAKS, "1", *_LATER],
    ["2", "5", "1", "1", SPEAKS, "1", "1", "2", "1"],
)
#: Entries of one transaction of a replay.
_TOGETHER = 100


@contextmanager
def outage() -> Iterator[None]:
    """The database does not answer."""

    def away(*_: object, **__: object) -> None:
        raise database.Away("gone")

    real = {name: getattr(database, name) for name in ("reading", "glancing", "writing", "writing_alone", "noting")}
    logging.disable(logging.CRITICAL)
    try:
        for name in real:
            setattr(database, name, away)
        yield
    finally:
        for name, function in real.items():
            setattr(database, name, function)
        logging.disable(logging.NOTSET)


def call_in_vain(calls: int) -> int:
    """So many calls while the database is away; the entries that wait then."""
    client = create_app().test_client()
    outbox.hand_over = lambda jobs: None  # there is no Redis
    with outage():
        for number in range(calls):
            WebhookCall(client, _CALLS[number % len(_CALLS)], f"+49151{number:08d}").to_its_end()
    write_behind.flush()
    return sum(len(spool_files.lines(name)) for name in spool_files.names("calls"))


def replay(calls: int, entries: int) -> float:
    """Seconds of the replay; each call must have become what its caller was told."""
    began = time.perf_counter()
    written = call_intake.replay_spool()
    seconds = time.perf_counter() - began
    assert written == entries, f"{written} of {entries} entries were written"
    assert not spool.waiting(), "entries are waiting still"
    assert not spool.damaged(), "entries were set aside"
    messages = sum(SPEAKS in _CALLS[number % len(_CALLS)] for number in range(calls))
    with database.reading() as session:
        ended = session.scalar(select(func.count()).where(Call.state == CallRowState.ENDED))
        tasks, recordings = (session.scalar(select(func.count(table.id))) for table in (CallbackTask, Recording))
    assert (ended, tasks, recordings) == (calls, calls, messages), f"{ended} ended, {tasks} tasks, {recordings} audio"
    return seconds


def rows_of(tables: Sequence[Table]) -> list[tuple[Table, dict[str, Any]]]:
    """The rows of tables, in an order in which they can be written."""
    with database.engine().connect() as connection:
        return [(table, dict(row)) for table in tables for row in connection.execute(select(table)).mappings()]


def empty_tables() -> list[Table]:
    """The tables that have no rows."""
    with database.engine().connect() as connection:
        return [one for one in Base.metadata.sorted_tables if connection.execute(select(one).limit(1)).first() is None]


def bare(rows: Sequence[tuple[Table, dict[str, Any]]], transactions: int) -> float:
    """Seconds of an INSERT a row."""
    size = len(rows) // transactions + 1
    engine = database.engine().execution_options(writing=True)
    began = time.perf_counter()
    for start in range(0, len(rows), size):
        with engine.begin() as connection:
            for table, row in rows[start : start + size]:
                connection.execute(table.insert(), row)
    return time.perf_counter() - began


def use(folder: Path, url: str) -> None:
    """A new hotline of this process."""
    use_environment({"VAR_DIR": str(folder), "DATABASE_URL": url, "LANGUAGES": '["de","en"]', "CALLS_A_MINUTE": "1000"})
    migrate()


def main() -> None:
    """Print entries a second, and how many times as long as bare INSERTs they take."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--calls", type=int, default=300)
    arguments.add_argument("--database", choices=KINDS, action="append", help="both, unless one is named")
    wanted = arguments.parse_args()
    report = Report(f"spool (an outage of {wanted.calls} calls)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running() as server:
        for kind in wanted.database or KINDS:
            urls = [server.new_database() if kind == "postgresql" else "" for _ in range(2)]
            use(Path(folder) / kind, urls[0])
            tables = empty_tables()
            entries = call_in_vain(wanted.calls)
            seconds = replay(wanted.calls, entries)
            rows = rows_of(tables)
            use(Path(folder) / f"{kind}-bare", urls[1])
            alone = bare(rows, entries // _TOGETHER + 1)
            assert len(rows_of(tables)) == len(rows)
            report.shown(f"{kind}: entries a second", entries / seconds, digits=0)
            report.shown(f"{kind}: rows a second of bare INSERTs", len(rows) / alone, digits=0)
            report.at_most(f"{kind}: times as long as bare INSERTs", seconds / alone, TIMES[kind], digits=1)
            database.engine().dispose()
    report.finish()


if __name__ == "__main__":
    main()
