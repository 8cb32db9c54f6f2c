"""promises that rows hold: emergencies reported by key, silent callers

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

_OPEN = sa.text("state <> 'closed'")
_INDEX = 'ix_callback_tasks_line'


def _served_by(*columns: str) -> None:
    op.drop_index(_INDEX, table_name='callback_tasks')
    op.create_index(_INDEX, 'callback_tasks', list(columns), sqlite_where=_OPEN, postgresql_where=_OPEN)


def upgrade() -> None:
    for name in ('unconfirmed', 'silent_caller'):
        op.add_column('callback_tasks', sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    _served_by('silent_caller', 'urgency', 'due_at', 'id')


def downgrade() -> None:
    _served_by('urgency', 'due_at', 'id')
    for name in ('silent_caller', 'unconfirmed'):
        op.drop_column('callback_tasks', name)
