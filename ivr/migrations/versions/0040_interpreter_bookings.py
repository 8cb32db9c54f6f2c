"""interpreters who are booked in advance

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('interpreter_bookings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('begins_at', _AT, nullable=False),
    sa.Column('ends_at', _AT, nullable=False),
    sa.Column('booked_at', _AT, nullable=False),
    sa.Column('booked_by_id', sa.Integer(), nullable=False),
    sa.Column('canceled_at', _AT, nullable=True),
    sa.Column('rung_at', _AT, nullable=True),
    sa.Column('kept_at', _AT, nullable=True),
    sa.ForeignKeyConstraint(['booked_by_id'], ['users.id'], name=op.f('fk_interpreter_bookings_booked_by_id_users')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_interpreter_bookings_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interpreter_bookings')),
    sqlite_autoincrement=True
    )
    for column in ('task_id', 'number', 'begins_at'):
        op.create_index(op.f(f'ix_interpreter_bookings_{column}'), 'interpreter_bookings', [column], unique=False)


def downgrade() -> None:
    for column in ('begins_at', 'number', 'task_id'):
        op.drop_index(op.f(f'ix_interpreter_bookings_{column}'), table_name='interpreter_bookings')
    op.drop_table('interpreter_bookings')
