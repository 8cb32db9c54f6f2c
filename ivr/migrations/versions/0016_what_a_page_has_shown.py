"""what a page has shown

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('task_views', sa.Column('seen', sa.String(length=60), nullable=True))


def downgrade() -> None:
    op.drop_column('task_views', 'seen')
