"""Alembic's entry: migrates the database the settings name. Run by `python -m ivr migrate`."""

from alembic import context

from ivr import database
from ivr.models import Base

with database.engine().execution_options(writing=True).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
