"""Rows that were found once in a transaction are not looked for again, unless that would be wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database, found_rows
from ivr.platform.work_models import Checkpoint

KEY = ("checkpoint", "a")


@pytest.fixture
def looked(empty_database: Settings) -> list[int]:
    with database.writing() as session:
        session.add(Checkpoint(name="a", at=utc_now()))
    return []


def lookup(session: Session, looked: list[int]) -> Callable[[], Checkpoint | None]:
    def look() -> Checkpoint | None:
        looked.append(1)
        return session.scalar(select(Checkpoint).where(Checkpoint.name == "a"))

    return look


def test_without_being_asked_to_a_session_remembers_nothing(looked: list[int]) -> None:
    with database.reading() as session:
        for _ in range(2):
            assert found_rows.find(session, KEY, lookup(session, looked)) is not None
    assert len(looked) == 2


def test_what_was_found_is_remembered_until_it_is_read_again(looked: list[int]) -> None:
    with database.writing() as session:
        found_rows.remember(session)
        first = found_rows.find(session, KEY, lookup(session, looked))
        assert found_rows.find(session, KEY, lookup(session, looked)) is first
        assert len(looked) == 1
        found_rows.expire(session, KEY)
        assert found_rows.find(session, KEY, lookup(session, looked)) is first
        session.expire_all()
        found_rows.find(session, KEY, lookup(session, looked))
    assert len(looked) == 3


def test_what_was_not_found_or_is_deleted_is_looked_for_again(looked: list[int]) -> None:
    with database.writing() as session:
        found_rows.remember(session)
        session.delete(found_rows.find(session, KEY, lookup(session, looked)))
        session.flush()
        for _ in range(2):
            assert found_rows.find(session, KEY, lookup(session, looked)) is None
    assert len(looked) == 3


def test_a_row_that_was_rolled_back_is_not_remembered(looked: list[int]) -> None:
    with database.writing() as session:
        found_rows.remember(session)
        with pytest.raises(RuntimeError), session.begin_nested():
            new = Checkpoint(name="b", at=utc_now())
            session.add(new)
            session.flush()
            found_rows.put(session, ("checkpoint", "b"), new)
            raise RuntimeError
        assert found_rows.find(session, ("checkpoint", "b"), lambda: None) is None
