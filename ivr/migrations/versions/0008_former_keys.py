"""former keys

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('former_keys',
    sa.Column('signer', sa.String(length=64), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.Column('kept_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('signer', name=op.f('pk_former_keys'))
    )


def downgrade() -> None:
    op.drop_table('former_keys')
