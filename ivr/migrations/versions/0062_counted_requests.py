"""requests of the carrier that were counted, so that one that is delivered again counts once

Revision ID: 0062
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0062'
down_revision = '0061'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'counted_requests',
        sa.Column('id', sa.String(length=64), nullable=False),
        sa.Column('counted_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index(op.f('ix_counted_requests_counted_at'), 'counted_requests', ['counted_at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_counted_requests_counted_at'), table_name='counted_requests')
    op.drop_table('counted_requests')
