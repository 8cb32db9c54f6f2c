"""since when a member answers calls, and the last sign of life of the browser

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.add_column(sa.Column('came_at', ivr.platform.column_types.Instant(), nullable=True))
        batch.add_column(sa.Column('seen_at', ivr.platform.column_types.Instant(), nullable=True))
    op.execute('UPDATE presences SET came_at = since_at')


def downgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.drop_column('seen_at')
        batch.drop_column('came_at')
