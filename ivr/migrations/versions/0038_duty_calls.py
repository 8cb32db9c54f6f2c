"""calls that ask a member at the start of a duty whether they answer calls

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0038'
down_revision = '0037'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.add_column(sa.Column('duty_asked_at', Instant(), nullable=True))
        batch.add_column(sa.Column('duty_calls', sa.Integer(), server_default='0', nullable=False))
        batch.add_column(sa.Column('duty_rung_at', Instant(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.drop_column('duty_rung_at')
        batch.drop_column('duty_calls')
        batch.drop_column('duty_asked_at')
