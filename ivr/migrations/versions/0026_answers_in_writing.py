"""answers in writing, for callers who want no call

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('callback_tasks', sa.Column('reply_by', sa.String(length=20), server_default='call', nullable=False))


def downgrade() -> None:
    op.drop_column('callback_tasks', 'reply_by')
