"""browsers that are members' telephones

Revision ID: 0048
Revises: 0047
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.add_column(sa.Column('window', sa.String(length=32), nullable=True))
        batch.add_column(sa.Column('window_seen_at', Instant(), nullable=True))
        batch.add_column(sa.Column('lost_at', Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.drop_column('lost_at')
        batch.drop_column('window_seen_at')
        batch.drop_column('window')
