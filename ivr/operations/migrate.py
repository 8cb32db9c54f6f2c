"""Migrates the database to the newest schema, and mirrors the configured teams in it."""

from __future__ import annotations

from alembic import command

from ivr.accounts import teams
from ivr.callbacks import search_index, sla_backfill
from ivr.config.settings import settings
from ivr.platform import database, database_damage, schema, settings_store
from ivr.platform.schema import alembic_config


def migrate() -> None:
    """Upgrade the schema, mirror the configured teams, and index older tasks. Safe to run at every start.

    Of several processes that migrate at once, one does it and the others wait.

    Raises:
        StillMigrating: another process has been migrating for too long. Damaged: the file was emptied.
    """
    database_damage.require_no_emptied_file()
    with schema.changing():
        command.upgrade(alembic_config(), "head")
        settings_store.look()
        with database.writing() as session:
            teams.mirror(session, settings().teams)
        for complete in (sla_backfill.start_missing, search_index.index_missing):
            more = True
            while more:
                with database.writing() as session:
                    more = complete(session) > 0
