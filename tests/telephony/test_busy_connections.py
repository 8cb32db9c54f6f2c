"""All connections of a process that answers calls are in use: each webhook is answered soon, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import select, text

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseUser
from ivr.models.callbacks import CallbackTask
from ivr.platform import connection_pools, database, write_behind
from ivr.telephony import call_intake
from tests.support.databases import Databases
from tests.support.environment import environment_kept, use_environment
from tests.support.postgres import Postgres
from tests.support.webhook_caller import WebhookCaller, hotline_of_webhooks

#: Seconds within which each document comes while no connection is free.
SOON = 3.0


@pytest.fixture
def voice(postgres: Postgres, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookCaller]:
    """Somebody who rings a process `voice`, which is as patient as such a process is."""
    with environment_kept():
        configured = use_environment(
            {**Databases(postgres).settings(), "VAR_DIR": str(tmp_path), "LANGUAGES": '["de","en"]'}
        )
        monkeypatch.setattr(database._patience, "seconds", 1.2)
        monkeypatch.setattr(database._patience, "pause", 1.0)
        database.serve(DatabaseUser.VOICE)
        with hotline_of_webhooks(configured, monkeypatch) as hotline:
            yield WebhookCaller(hotline, "+4917612345678")
        write_behind.flush()
        database.serve(DatabaseUser.COMMAND)


def test_a_caller_is_answered_while_no_connection_is_free(voice: WebhookCaller) -> None:
    voice.dials()
    slowest = 0.0
    with ExitStack() as held:
        for _ in range(connection_pools.share_of(settings().database_connections).voice):
            held.enter_context(database.reading()).execute(text("SELECT 1"))
        for keys in ("1", "2", "2", "1"):  # German, work, no recording, the number is right
            began = time.monotonic()
            voice.presses(keys)
            slowest = max(slowest, time.monotonic() - began)
        assert voice.heard, "the call goes on"
        assert not database._patience.no_writing_until > time.monotonic(), "a process at work is no outage"
    voice.presses("", "3")
    assert slowest < SOON
    call_intake.replay_spool()
    with database.reading() as session:
        task = session.scalars(select(CallbackTask)).one()
        assert (task.callback_number, task.concern) == ("+4917612345678", "work")
