"""Retention periods are changed by two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from ivr.calls import retention
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.accounts import User
from ivr.platform import database
from ivr.privacy import nightly_job as runs
from ivr.privacy import (
    retention_periods,
)
from ivr.telephony.prompt_values import PromptValues
from ivr.voicebox import audio_store
from tests.support.data_subjects import Person


def change(kind: str, wanted: int, proposer: str = "adam", decider: str = "dora", *, confirmed: bool = True) -> None:
    with database.writing() as session:
        people = {user.username: user for user in session.scalars(select(User))}
        made = retention_periods.propose(
            session, kind, wanted, "Weisung des Senats vom 1.", people[proposer], utc_now()
        )
        retention_periods.decide(session, made.id, confirmed, people[decider], utc_now())


def test_a_period_counts_when_the_officer_has_confirmed_it(services) -> None:
    now = utc_now()
    person = Person(services, 1, now - timedelta(days=20))
    change("audio", 10, confirmed=False)
    runs.run(now)
    assert audio_store.has(person.recording_sid)
    assert retention.audio_days() == retention.AUDIO_DAYS
    change("audio", 10)
    assert PromptValues(CallState("consent", "de"), now)["days"] == "10", "what callers are told"
    runs.run(now)
    assert not audio_store.has(person.recording_sid)
    for kind, days_, reason in (("audio", 3, "range"), ("audio", 366, "range"), ("transcript", 400, "within_task")):
        with pytest.raises(retention_periods.NotPossible, match=reason):
            change(kind, days_)
    with pytest.raises(retention_periods.NotPossible, match="same_person"):
        change("audio", 20, decider="adam")


def test_the_pages_of_periods(services) -> None:
    from ivr.web.app import create_app
    from tests.support.people import log_in

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    adam, dora = log_in(app.test_client(), "adam"), log_in(app.test_client(), "dora")
    wanted = {"kind": "call_record", "days": "30", "reason": "Kürzer ist besser"}
    assert dora.post("/protection/periods", data=wanted).status_code == 404, "the officer proposes nothing"
    adam.post("/protection/periods", data={**wanted, "reason": "x"})
    adam.post("/protection/periods", data=wanted)
    assert "30 Tage" in adam.get("/protection/periods").text
    assert adam.post("/protection/periods", data={"change": "1", "decision": "confirm"}).status_code == 400
    dora.post("/protection/periods", data={"change": "1", "decision": "confirm"})
    dora.post("/protection/periods", data={"change": "1", "decision": "refuse"})
    with database.reading() as session:
        assert retention_periods.days(session, "call_record") == 30
        told = (
            session.execute(text("SELECT action FROM access_log WHERE action LIKE 'period%' ORDER BY number"))
            .scalars()
            .all()
        )
    assert told == ["period_proposed", "period_decided"]
    assert dora.get("/protection/deletions").status_code == 200
