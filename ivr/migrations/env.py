"""Alembic's entry: migrates the database the settings name. Run by `python -m ivr migrate`."""

from alembic import context

import ivr.models  # noqa: F401 - registers the tables
from ivr.platform import database
from ivr.platform.orm import Base

with database.engine().execution_options(writing=True).connect() as connection:
    # Closed at the end: the next one has its foreign keys again. Others that this process has open stay in their pool.
    connection.detach()
    if connection.dialect.name == "sqlite":
        # A table that is changed is made anew there, and dropping the old one would delete what refers to it.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
