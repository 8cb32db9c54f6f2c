"""Unusual reading, and the pages of the data protection officer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.audit import access_log, access_reports
from ivr.audit.access_log import Actor
from ivr.config import settings
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.access_lines import a_secret_task, lines
from tests.support.people import a_task


def test_who_claims_reads_and_gives_back_is_seen(desk) -> None:
    read, called, kept = (a_secret_task(f"+49151123456{last}") for last in (11, 12, 13))
    for task in (read, called, kept):
        desk("nils").post(f"/desk/tasks/{task}/claim")
        desk("nils").get(f"/desk/tasks/{task}")
    desk("nils").post(f"/desk/tasks/{called}/attempt", data={"outcome": "no_answer"})
    for task in (read, called):
        desk("nils").post(f"/desk/tasks/{task}/release")
    with database.reading() as session:
        found = access_reports.unusual(session, utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1))
    assert [one.task_ids for one in found if one.kind == "no_call" and one.actor == "Nils Nebenan"] == [(read,)]


def test_what_is_handed_out_at_night_is_seen(desk) -> None:
    task = a_secret_task()
    night = utc_now().astimezone(settings.settings().hours.zone).replace(hour=23, minute=30)
    lena = Actor("Lena Leitung", "supervisor", desk.people["lena"].id)
    with database.writing() as session:
        access_log.append(
            session, lena, "download", night, task=session.get_one(CallbackTask, task), reason="request 1"
        )
    with database.reading() as session:
        found = access_reports.unusual(session, night - timedelta(hours=1), night + timedelta(hours=1))
    assert ("at_night", (task,)) in [(one.kind, one.task_ids) for one in found]


@pytest.mark.parametrize(
    ("reader", "caller", "is_own"),
    [
        ("Berta Müller-Schmidt", "Anna Mueller", True),
        ("Bert Müller-Schmidt", "Anna Müller-Schmidt", True),
        ("Nadia El-Sayed", "Ahmed El-Masri", False),  # many names begin so
        ("Yan Li", "Li Wei", True),
        ("Mia Mitglied", "Anna Mueller", False),
    ],
)
def test_names_of_two_parts_are_compared_part_by_part(desk, reader: str, caller: str, is_own: bool) -> None:
    task = a_task("benefits")
    with database.writing() as session:
        session.scalars(select(User).where(User.username == "mia")).one().name = reader
        session.get_one(CallbackTask, task).caller_name = caller
    desk("mia").post(f"/desk/tasks/{task}/claim")
    desk("mia").get(f"/desk/tasks/{task}")
    with database.reading() as session:
        found = access_reports.unusual(session, utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1))
    assert ("own_name" in {one.kind for one in found}) is is_own


def test_unusual_reading(desk, monkeypatch) -> None:
    monkeypatch.setattr(access_reports, "MANY_TASKS", 2)
    monkeypatch.setattr(access_reports, "MANY_SEARCHES", 2)
    monkeypatch.setattr(access_reports, "MANY_EXPORTED", 1)
    tasks = [a_secret_task(f"+491511234567{number}") for number in range(3)]
    people, now = desk.people, utc_now()
    night = now.astimezone().replace(hour=23, minute=30)
    with database.writing() as session:
        session.get_one(CallbackTask, tasks[0]).caller_name = "Ayşe Mitglied"
        by = Actor("Mia Mitglied", "member", people["mia"].id)
        for task_id in tasks:
            task = session.get_one(CallbackTask, task_id)
            access_log.append(session, by, "open", now, task=task, reason="other: neugierig")
            access_log.append(session, by, "view", now, task=task, reason="other: neugierig")
        access_log.append(session, by, "view", night, task=task, reason="claim")
        for number in range(3):
            access_log.append(session, by, "search", now, detail=f"words {number}")
        access_log.append(session, by, "export", now, detail="tasks 1-5,9")
    page = desk("dora").get("/protection/unusual")
    assert page.status_code == 200
    with database.reading() as session:
        found = access_reports.unusual(session, now - timedelta(days=2), now + timedelta(days=2))
    kinds = {one.kind: one for one in found}
    assert set(kinds) >= {"many_tasks", "many_searches", "many_exported", "at_night", "own_name", "no_call"}
    assert (kinds["many_tasks"].count, kinds["many_exported"].count) == (3, 6)
    assert kinds["own_name"].task_ids == (tasks[0],)
    assert "Demir" not in page.text


def test_the_officer_reads_filters_verifies_and_exports(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.get(f"/desk/tasks/{task}")
    dora = desk("dora")
    assert "Mia Mitglied" in dora.get("/protection/?actor=Mia Mitglied&action=view").text
    assert "vollständig" in dora.post("/protection/verify", follow_redirects=True).text
    exported = dora.get("/protection/access-log.jsonl")
    assert "filename=zugriffsprotokoll-2" in exported.headers["Content-Disposition"]
    rows = [json.loads(row) for row in exported.text.splitlines()]
    assert rows[-1]["end"]
    assert rows[-1]["lines"] == len(rows) - 1
    assert [line.action for line in lines()][-2:] == ["read_log", "export_log"]
