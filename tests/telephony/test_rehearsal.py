"""A process that has just started has answered a call before: one that nobody has made, and that leaves nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, func, inspect, select, table

from ivr.calls import call_counters
from ivr.domain.enums import DatabaseUser
from ivr.platform import database, job_queue, spool, write_behind
from ivr.prompts.script import offered_languages
from ivr.telephony import rehearsal, spoken_lines
from ivr.web import app as web
from ivr.web.app import create_app, create_call_app
from tests.support.environment import ROOT
from tests.support.webhook_caller import hotline_of_webhooks

APPLICATIONS = pytest.mark.parametrize("create", [create_app, create_call_app])


def rows() -> dict[str, int]:
    """How many rows each table has."""
    with database.engine().connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.scalar(select(func.count()).select_from(table(name))) for name in names}


@APPLICATIONS
def test_a_rehearsal_leaves_no_row_no_count_and_no_line(
    empty_database, caplog, monkeypatch, create: Callable[[], Flask]
) -> None:
    """It only reads, and asks Redis for nothing."""
    app, before, statements = create(), rows(), []
    for name in ("count", "tell", "is_held_off", "calls_of"):
        monkeypatch.setattr(call_counters, name, None)
    for name in ("patient", "impatient", "hand_over"):
        monkeypatch.setattr(job_queue, name, None)

    @event.listens_for(database.engine(), "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    caplog.set_level(logging.INFO)
    rehearsal.rehearse(app)
    write_behind.flush()
    assert caplog.messages == []
    assert len(statements) > 5
    assert {statement.split()[0] for statement in statements} <= {"SELECT", "PRAGMA", "BEGIN"}
    assert rows() == before
    assert not call_counters._untold
    assert not spool.waiting()


def test_the_first_caller_waits_for_nothing_that_is_made_once(empty_database, monkeypatch) -> None:
    """What is said in the language menu, and in the main menu of each language, has been put together."""
    for kept in (spoken_lines._whole, spoken_lines._prepared, spoken_lines._values_of_all):
        kept.cache_clear()
    with hotline_of_webhooks(empty_database, monkeypatch) as hotline:
        rehearsal.rehearse(hotline.client.application)
        made = spoken_lines._whole.cache_info().misses
        assert made == 1 + len(offered_languages())
        caller = {"CallSid": "CA1", "From": "+4915112345678", "SipHeader_X-Hotline-At": "clock"}
        assert "Deutsch eins" in hotline.post("/voice/incoming", **caller)
        assert spoken_lines._whole.cache_info().misses == made


def test_a_process_starts_though_its_rehearsal_fails(empty_database, caplog, monkeypatch) -> None:
    def breaks() -> None:
        raise RuntimeError("+4915112345678")

    app = create_call_app()
    monkeypatch.setattr(rehearsal, "_walk", breaks)
    rehearsal.rehearse(app)
    assert caplog.messages == ["the first call could not be rehearsed (RuntimeError)"]
    assert app.test_client().get("/healthz").status_code == 200


def test_a_process_takes_connections_when_it_has_rehearsed(monkeypatch) -> None:
    """gunicorn asks for the application in each of its processes, and listens when it has it."""
    done = []
    for name in ("private_files", "log_setup", "demo_logins", "memory_report", "monitoring", "settings_store"):
        monkeypatch.setattr(web, name, _Nothing())
    monkeypatch.setattr(web.database, "be_quick", lambda user: None)
    monkeypatch.setattr(web.threading, "Thread", _Nothing())
    monkeypatch.setattr(web.rehearsal, "rehearse", done.append)
    for module, name in ((web.outbox, "hand_over"), (web.live_events, "publish")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    app = Flask("x")
    assert web._serve(lambda: app, DatabaseUser.VOICE) is app
    assert done == [app]
    assert "--preload" not in (ROOT / "Procfile").read_text()


class _Nothing:
    """Takes every call, and does nothing."""

    def __getattr__(self, _name: str) -> _Nothing:
        return self

    def __call__(self, *_arguments: object, **_named: object) -> _Nothing:
        return self
