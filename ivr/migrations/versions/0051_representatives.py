"""people who call for others

Revision ID: 0051
Revises: 0050
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0051'
down_revision = '0050'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('representatives',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('represents', sa.String(length=120), nullable=False),
    sa.Column('relation', sa.String(length=20), nullable=False),
    sa.Column('authority', sa.String(length=20), nullable=False),
    sa.Column('proved', sa.Boolean(), nullable=False),
    sa.Column('counts_until', sa.Date(), nullable=True),
    sa.Column('recorded_at', _AT, nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=False),
    sa.Column('ended_at', _AT, nullable=True),
    sa.CheckConstraint("relation IN ('parent', 'spouse', 'guardian', 'social_worker', 'other')", name=op.f('ck_representatives_relation')),
    sa.CheckConstraint("authority IN ('power_of_attorney', 'adviser', 'guardianship', 'statutory', 'none')", name=op.f('ck_representatives_authority')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['users.id'], name=op.f('fk_representatives_entered_by_id_users')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_representatives_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_representatives')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_representatives_task_id'), 'representatives', ['task_id'], unique=False)


def downgrade() -> None:
    op.drop_table('representatives')
