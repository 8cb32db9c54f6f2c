"""Ids of 64 bits for a table of ten million rows, while somebody goes on writing into it.

    python -m benchmarks.wide_ids [--rows 10000000]

Says how long the whole took, for how long the table was locked, and for how long the one who writes had to wait at
most: a new row, a change of an old one, a row that goes.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.report import Report
from ivr.operations import wide_ids
from ivr.operations.migrate import migrate
from ivr.platform import database
from tests.support.environment import use_environment
from tests.support.narrow_ids import make_narrow
from tests.support.people import a_task
from tests.support.postgres import running

#: Seconds for which the table may be locked, and somebody who writes may wait.
LOCKED, WAITED = 0.5, 2.0
_ROWS = """
INSERT INTO task_events (task_id, at, kind, text)
SELECT :task, now() - n * interval '1 second', 'note', 'Rückruf vereinbart, Termin am Vormittag, Nummer ' || n
FROM generate_series(1, :rows) AS n
"""
_NEW = "INSERT INTO task_events (task_id, at, kind) VALUES (:task, now(), 'note')"
_CHANGED = "UPDATE task_events SET text = 'changed' WHERE id = :id"
_GONE = "DELETE FROM task_events WHERE id = :id"


class Writer(threading.Thread):
    """Somebody who adds, changes and deletes rows, some fifty transactions a second."""

    def __init__(self, task_id: int) -> None:
        super().__init__(daemon=True)
        self._task = task_id
        self.over = threading.Event()
        self.longest = 0.0
        self.added, self.changed, self.gone = 0, 0, 0

    def run(self) -> None:
        number = 0
        while not self.over.wait(0.02):
            number += 1
            began = time.monotonic()
            with database.writing(durable=False) as session:
                session.execute(text(_NEW), {"task": self._task})
                session.execute(text(_CHANGED), {"id": 2 * number})
                session.execute(text(_GONE), {"id": 2 * number + 1})
            self.longest = max(self.longest, time.monotonic() - began)
            self.added, self.changed, self.gone = number, number, number


def _count(where: str = "true") -> int:
    with database.reading() as session:
        return int(session.execute(text(f"SELECT count(*) FROM task_events WHERE {where}")).scalar_one())


def main() -> None:
    """Fill, widen, compare."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    rows = arguments.parse_args().rows
    report = Report("wide ids")
    with tempfile.TemporaryDirectory() as folder, running() as server:
        use_environment({"DATABASE_URL": server.new_database(), "VAR_DIR": str(Path(folder) / "var")})
        migrate()
        make_narrow()
        task_id = a_task()
        with database.writing(durable=False) as session:
            session.execute(text(_ROWS), {"task": task_id, "rows": rows})
        before = _count()
        writer = Writer(task_id)
        writer.start()
        with database.glancing() as connection:
            columns = wide_ids.narrow(connection)["task_events"]
        began, told = time.monotonic(), list[str]()
        wide_ids.widen_table("task_events", columns, told.append)
        took = time.monotonic() - began
        writer.over.set()
        writer.join()
        print(told[0])
        report.shown("rows", before, digits=0)
        report.shown("seconds in all", took, "s", digits=1)
        report.shown("rows a second", before / took, digits=0)
        report.at_most("the table was locked for", float(told[0].rpartition("for ")[2].split()[0]) / 1000, LOCKED, "s")
        report.at_most("whoever writes waited for", writer.longest, WAITED, "s")
        report.at_most("rows too many or too few", abs(_count() - before - writer.added + writer.gone), 0, digits=0)
        changed = _count("text = 'changed'")
        report.at_most("changes that are not there", writer.changed - changed, 0, digits=0)
        database.close()
    report.finish()


if __name__ == "__main__":
    main()
