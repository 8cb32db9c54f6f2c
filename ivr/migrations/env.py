"""Alembic's entry: migrates the database the settings name. Run by `python -m ivr migrate`."""

from alembic import context
from sqlalchemy import text

import ivr.models  # noqa: F401 - registers the tables
from ivr.platform import database
from ivr.platform.orm import Base

#: Milliseconds for which a change waits for whoever holds the table: all others wait behind it. Below the
#: deadlock_timeout of PostgreSQL (1 s): where two wait for each other, the migration gives way and not the house.
WAIT_MS = 300

with database.engine().execution_options(writing=True).connect() as connection:
    # Closed at the end: the next one has its foreign keys again. Others that this process has open stay in their pool.
    connection.detach()
    if connection.dialect.name == "sqlite":
        # A table that is changed is made anew there, and dropping the old one would delete what refers to it.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_MS}ms'"))
        context.run_migrations()
