"""numbers that are told of no change, by contact

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contacts', sa.Column('never_told', sa.Boolean(), server_default=sa.false(), nullable=False))
    stopped = "SELECT task_id FROM task_events WHERE kind = 'telling_stopped'"
    into = f"SELECT merged_into_id FROM callback_tasks WHERE merged_into_id IS NOT NULL AND id IN ({stopped})"
    op.execute(f"UPDATE contacts SET never_told = true WHERE task_id IN ({stopped}) OR task_id IN ({into})")


def downgrade() -> None:
    op.drop_column('contacts', 'never_told')
