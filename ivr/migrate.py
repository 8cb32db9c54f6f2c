"""Bring the database to the newest schema and the teams to the configuration."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from ivr import database, teams
from ivr.configuration import settings


def alembic_config() -> Config:
    """Alembic's configuration without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate() -> None:
    """Upgrade the schema, then mirror the configured teams. Safe to run at every start."""
    command.upgrade(alembic_config(), "head")
    with database.writing() as session:
        teams.mirror(session, settings().teams)
