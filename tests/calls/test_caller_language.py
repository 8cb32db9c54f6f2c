"""What the hotline remembers of telephone numbers, and how many receipt codes may be tried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import claims, intake
from ivr.callbacks.request import Request
from ivr.calls import caller_language
from ivr.config import settings
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call, KnownCaller
from ivr.platform import database
from ivr.telephony.flow_context import recognised
from tests.support.people import a_task, hire, remembered_language, the_task

NUMBER = "+4915112345678"


def remember(days_ago: float, number: str | None = NUMBER) -> None:
    with database.noting() as connection:
        caller_language.remember(connection, number, "de", utc_now() - timedelta(days=days_ago))


def test_a_number_is_kept_as_a_hash_only_and_forgotten_in_time(empty_database) -> None:
    remember(1)
    remember(170, "+4915112345679")
    remember(190, "+4915112345670")
    remember(0, None)
    with database.writing() as session:
        kept = [known.number_hash for known in session.scalars(select(KnownCaller))]
        assert len(kept) == 3
        assert not any(NUMBER[-8:] in number_hash for number_hash in kept)
        assert caller_language.language_of(session, "+4915112345670", utc_now()) is None, "too long ago"
        caller_language.forget(session, utc_now(), 180)
        assert len(session.scalars(select(KnownCaller)).all()) == 2
    assert remembered_language(NUMBER) == "de"


def test_nothing_is_remembered_where_that_is_switched_off(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEMBER_LANGUAGE_DAYS", "0")
    settings.settings.cache_clear()
    remember(0)
    with database.reading() as session:
        assert session.scalars(select(KnownCaller)).all() == []


def test_the_dialled_number_may_say_the_language(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALLED_LANGUAGES", '{"+494211782667": "en"}')
    settings.settings.cache_clear()
    remember(0)
    ringing, now = CallState("language", "de"), utc_now()
    assert recognised(ringing, "CA1", NUMBER, NUMBER, "+494211782667", now).language == "en"
    greeted = recognised(ringing, "CA1", NUMBER, NUMBER, "+494211782666", now)
    assert (greeted.language, greeted.greeted) == ("de", True)
    assert not recognised(ringing, "CA1", "+4915112345000", "+4915112345000", "+494211782666", now).greeted


def test_the_office_moves_an_open_task_to_its_team_and_leaves_a_claimed_one(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setenv("ROUTING", '{"benefits": {"team": "benefits", "offices": {"office_2": "entrance"}}}')
    settings.settings.cache_clear()
    people = hire()
    request = Request(concern="benefits", office="office_2")
    free, claimed = a_task(), a_task()
    with database.writing() as session:
        claims.claim(session, session.get_one(CallbackTask, claimed), people["mia"], utc_now())
    with database.writing() as session:
        for task_id in (free, claimed):
            call = session.scalars(select(Call).where(Call.id == the_task(task_id).call_id)).one()
            intake.open_for(session, call, request, utc_now())
    assert the_task(free).team.key == "entrance"
    assert the_task(claimed).team.key == "benefits"
