"""indexes for the tasks of years: what a team has closed, and the few rows that are merged or changed

Revision ID: 0057
Revises: 0056
"""

import sqlalchemy as sa
from alembic import op

revision = '0057'
down_revision = '0056'
branch_labels = None
depends_on = None

#: Columns that hold something in few rows, and their tables.
_FEW = {'merged_into_id': 'callback_tasks', 'changed_number_from': 'contacts'}


def upgrade() -> None:
    for column, table in _FEW.items():
        op.drop_index(op.f(f'ix_{table}_{column}'), table_name=table)
        held = sa.text(f'{column} IS NOT NULL')
        op.create_index(f'ix_{table}_{column}', table, [column], sqlite_where=held, postgresql_where=held)
    op.create_index('ix_callback_tasks_closed_of_team', 'callback_tasks', ['team_id', 'closed_at'])


def downgrade() -> None:
    op.drop_index('ix_callback_tasks_closed_of_team', table_name='callback_tasks')
    for column, table in _FEW.items():
        op.drop_index(f'ix_{table}_{column}', table_name=table)
        op.create_index(op.f(f'ix_{table}_{column}'), table, [column])
