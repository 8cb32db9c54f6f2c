"""How many statements a page asks of the database: as many for two tasks as for twenty."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from ivr.platform import database
from tests.support.people import a_task

#: Pages, and how many statements are enough for each.
PAGES = {
    "/desk/": 50, "/desk/?view=all": 45, "/desk/?view=open&seen=x": 35, "/desk/side?seen=x": 10,
    "/desk/wall": 85, "/desk/live/bar": 18, "/supervision/figures/": 60, "/desk/tasks/{task}": 44,
}  # fmt: skip


@pytest.fixture
def lena(desk):
    return desk("lena")


def _statements(browser, path: str) -> int:
    asked: list[str] = []

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            asked.append(statement)

    event.listen(database.engine(), "before_cursor_execute", note)
    try:
        assert browser.get(path).status_code == 200
    finally:
        event.remove(database.engine(), "before_cursor_execute", note)
    return len(asked)


def test_no_page_asks_more_for_more_tasks(lena) -> None:
    def made(numbers: range) -> dict[str, int]:
        tasks = [a_task(number=f"+4917612345{one:03d}", age=timedelta(hours=one), text="Guten Tag") for one in numbers]
        return {path: _statements(lena, path.format(task=tasks[0])) for path in PAGES}

    few, many = made(range(2)), made(range(2, 12))
    assert {path: count for path, count in many.items() if count > few[path] + 5} == {}
    assert {path: count for path, count in many.items() if count > PAGES[path]} == {}
