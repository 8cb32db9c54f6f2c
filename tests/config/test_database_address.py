"""A database on two servers: the setting names both, and whichever takes writes is used."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from ivr.config.sections import ConfigurationError
from ivr.config.settings import load

TWO = "postgresql://hotline:a%40b@db1:5432,db2:5433/hotline"  # pragma: allowlist secret


def given_to_the_driver(monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, object]:
    monkeypatch.setenv("DATABASE_URL", url)
    return PGDialect_psycopg().create_connect_args(make_url(load().database))[1]


def test_two_servers_are_both_named_to_the_driver_and_the_primary_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given_to_the_driver(monkeypatch, TWO)
    assert (told["host"], told["port"]) == ("db1,db2", "5432,5433")
    assert (told["user"], told["password"], told["dbname"]) == ("hotline", "a@b", "hotline")
    assert told["target_session_attrs"] == "read-write"


def test_what_the_operator_says_of_the_servers_goes_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given_to_the_driver(monkeypatch, f"{TWO}?target_session_attrs=primary&sslmode=require")
    assert (told["target_session_attrs"], told["sslmode"]) == ("primary", "require")


def test_servers_in_the_query_are_treated_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given_to_the_driver(monkeypatch, "postgresql://hotline@/hotline?host=db1:1&host=db2:2")
    assert told["target_session_attrs"] == "read-write"


def test_one_server_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    told = given_to_the_driver(monkeypatch, "postgres://hotline@db1/hotline?sslmode=require")
    assert told["host"] == "db1"
    assert "target_session_attrs" not in told


@pytest.mark.parametrize("servers", ["db1,", "db1,db 2", "db1,db2:port", ",db2", "db1,db2;x"])
def test_a_server_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://hotline@{servers}/hotline")
    with pytest.raises(ConfigurationError, match="database_url"):
        load()
