"""Migrates the database to the newest schema, and mirrors the configured teams in it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from ivr.accounts import teams
from ivr.callbacks import search_index, sla_backfill
from ivr.config.settings import settings
from ivr.platform import database


def alembic_config() -> Config:
    """Alembic's configuration. It needs no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    return config


def migrate() -> None:
    """Upgrade the schema, mirror the configured teams, and index older tasks. Safe to run at every start."""
    command.upgrade(alembic_config(), "head")
    with database.writing() as session:
        teams.mirror(session, settings().teams)
    more = True
    while more:
        with database.writing() as session:
            more = search_index.index_missing(session) + sla_backfill.start_missing(session) > 0
