"""Migrates the database to the newest schema, and mirrors the configured teams in it."""

from __future__ import annotations

from ivr.accounts import former_names, teams
from ivr.callbacks import search_index, sla_backfill
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database, database_damage, schema, settings_store


def migrate() -> None:
    """Upgrade the schema, mirror the configured teams, and index older tasks. Safe to run at every start.

    Of several processes that migrate at once, one does it and the others wait.

    Raises:
        StillMigrating: another process has been migrating, or has held a table, for too long. Damaged: the file was
            emptied.
    """
    database_damage.require_no_emptied_file()
    with schema.changing():
        schema.upgrade()
        settings_store.look()
        with database.writing() as session:
            teams.mirror(session, settings().teams)
            former_names.note(session, settings(), utc_now())
        for complete in (sla_backfill.start_missing, search_index.index_missing):
            more = True
            while more:
                with database.writing() as session:
                    more = complete(session) > 0
