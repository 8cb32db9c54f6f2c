"""settings that administrators change in the page

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0043'
down_revision = '0042'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('settings_store',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('made_at', Instant(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.Integer(), nullable=True),
    sa.Column('made_by_name', sa.String(length=120), nullable=False),
    sa.Column('changed', sa.String(length=40), nullable=False),
    sa.Column('put_back', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['made_by_id'], ['users.id'], name=op.f('fk_settings_store_made_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_settings_store'))
    )


def downgrade() -> None:
    op.drop_table('settings_store')
