"""what a leg has accepted and is to hear, and in which conference; callbacks without an interpreter

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('legs', sa.Column('accepted_at', Instant(timezone=True), nullable=True))
    op.add_column('legs', sa.Column('to_hear', sa.String(length=40), nullable=True))
    op.add_column('legs', sa.Column('conference_sid', sa.String(length=64), nullable=True))
    op.execute("UPDATE legs SET accepted_at = joined_at WHERE joined_at IS NOT NULL")
    op.add_column(
        'conversations',
        sa.Column('without_interpreter', sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column('conversations', 'without_interpreter')
    op.drop_column('legs', 'conference_sid')
    op.drop_column('legs', 'to_hear')
    op.drop_column('legs', 'accepted_at')
