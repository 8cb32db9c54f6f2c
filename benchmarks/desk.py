"""List, search and next task with 200,000 tasks (20,000 open) beside 2,000 (200 open), in both databases, in one run.

python -m benchmarks.desk [--tasks 200000]
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from benchmarks.report import Report
from benchmarks.two_sizes import KINDS, compare, median
from ivr.accounts import users
from ivr.domain import receipt_codes, search_terms
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask, SearchWord
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.operations.migrate import migrate
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.environment import use_environment
from tests.support.people import PASSWORD

_NAMES = [
    "Müller",
    "Yılmaz",
    "Petrow",
    "Nowak",
    "Kaya",
    "Schmidt",
    "Haddad",
    "Popescu",
    "Dimitrov",
    "Kowalski",
    "Rahimi",
    "Çelik",
]
_LANGUAGES = ["de", "de", "de", "en", "tr", "ar", "ru", "uk", "fa", "kmr", "pl", "bg", "ro", "fr"]
_ROUNDS = 15
_BASELINE = 2000


def fill(count: int) -> None:
    """So many tasks, a tenth of them open, of all teams and languages."""
    dice, now, codes = random.Random(7), utc_now(), set[str]()
    while len(codes) < count:
        codes.add(receipt_codes.draw())
    with database.writing() as session:
        teams = session.scalars(select(Team.id).order_by(Team.id)).all()
        keys = session.scalars(select(Team.key)).all()
        users.add(session, "mia", "Mia Mitglied", "member", PASSWORD, keys[:3])
    for start in range(0, count, 5000):
        numbers = range(start + 1, min(start + 5000, count) + 1)
        calls, tasks, contacts, words = [], [], [], []
        for number in numbers:
            at = now - timedelta(minutes=(count - number) * 129600 / count)
            is_open = number > count - count // 10
            phone = f"+4915{dice.randrange(10**9):09d}"
            code, name = codes.pop(), f"{dice.choice(_NAMES)} {number}"
            language = dice.choice(_LANGUAGES)
            calls.append(
                {"id": number, "call_sid": f"CA{number:032d}", "from_number": phone, "state": "ended", "started_at": at}
            )
            tasks.append(
                {
                    "id": number, "kind": "callback", "state": "open" if is_open else "closed", "call_id": number,
                    "team_id": dice.choice(teams), "language": language, "concern": "benefits",
                    "urgency": "emergency" if dice.random() < 0.05 else "normal", "callback_number": phone,
                    "caller_name": name, "receipt_code": code, "provisional": False, "first_contact_at": at,
                    "due_at": at + timedelta(hours=24), "closed_at": None if is_open else at + timedelta(hours=5),
                    "outcome": None if is_open else "reached",
                    "first_attempt_at": None if is_open else at + timedelta(hours=5),
                    "needs_interpreter": False, "demands_code": False,
                }
            )  # fmt: skip
            contacts.append(
                {
                    "id": number, "task_id": number, "call_id": number, "at": at, "kind": "callback", "about": {},
                    "concern": "benefits", "urgency": "normal", "language": language, "receipt_code": code,
                }
            )  # fmt: skip
            found = {code, *search_terms.words_of_number(phone), *search_terms.words_of(name, name=True)}
            words += [{"word": word, "task_id": number} for word in found]
        with database.writing() as session:
            for table, rows in ((Call, calls), (CallbackTask, tasks), (Contact, contacts), (SearchWord, words)):
                session.execute(insert(table), rows)
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("ANALYZE"))


def _median(act: Callable[[int], object]) -> float:
    return median(act, _ROUNDS)


def measure(browser: FlaskClient) -> dict[str, float]:
    """Medians of what a member does all day."""
    with database.reading() as session:
        mia = session.scalars(select(User)).one()
        own = select(CallbackTask).where(CallbackTask.team_id.in_([team.id for team in mia.teams]))
        some = session.scalars(own.order_by(CallbackTask.id.desc()).limit(_ROUNDS + 1)).all()

    def get(path: str, **query: str) -> str:
        answer = browser.get(path, query_string=query)
        assert answer.status_code == 200
        return answer.text

    def find(task: CallbackTask, **query: str) -> None:
        assert task.receipt_code in get("/desk/", view="all", **query), f"task {task.id} is not found by {query}"

    def take_next(_: int) -> None:
        assert "/tasks/" in browser.post("/desk/next").location

    return {
        "list": _median(lambda _: get("/desk/")),
        "page 20": _median(lambda _: get("/desk/", view="all", page="20")),
        "search: code": _median(lambda number: find(some[number], q=some[number].receipt_code)),
        "search: number": _median(lambda number: find(some[number], q=some[number].callback_number or "")),
        "search: name": _median(lambda number: get("/desk/", view="all", q=_NAMES[number % len(_NAMES)])),
        "task": _median(lambda number: get(f"/desk/tasks/{some[number].id}")),
        "next": _median(take_next),
    }


def run(folder: Path, url: str, count: int) -> dict[str, float]:
    """A hotline of this size."""
    use_environment({"VAR_DIR": str(folder), "DATABASE_URL": url, "LANGUAGES": '["de","en"]'})
    migrate()
    fill(count)
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    browser = app.test_client()
    assert browser.post("/login", data={"username": "mia", "password": PASSWORD}).status_code == 302
    page = browser.get("/desk/").data
    print(f"  {count:>7} tasks: the list weighs {len(gzip.compress(page)) / 1024:.0f} kB", flush=True)
    return measure(browser)


def main() -> None:
    """Print how many times longer each act takes in the large hotline."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tasks", type=int, default=200_000)
    arguments.add_argument("--database", choices=KINDS, action="append", help="both, unless one is named")
    wanted = arguments.parse_args()
    report = Report(f"desk ({wanted.tasks:,} tasks beside {_BASELINE:,})")
    compare(report, run, (_BASELINE, wanted.tasks), 3, wanted.database or KINDS)
    report.finish()


if __name__ == "__main__":
    main()
