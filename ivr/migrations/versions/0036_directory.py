"""the directory of numbers that are fetched into conversations

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('directory_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('weekdays', sa.JSON(), nullable=False),
    sa.Column('closed_on_holidays', sa.Boolean(), nullable=False),
    sa.Column('cents_per_minute', sa.Integer(), nullable=False),
    sa.Column('hint', sa.String(length=200), nullable=False),
    sa.Column('changed_at', Instant(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind IN ('office', 'partner', 'interpreter')", name=op.f('ck_directory_entries_kind')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['users.id'], name=op.f('fk_directory_entries_changed_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_entries')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_directory_entries_number'), 'directory_entries', ['number'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_directory_entries_number'), table_name='directory_entries')
    op.drop_table('directory_entries')
