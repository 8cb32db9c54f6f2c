"""nothing is lost

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('checkpoints',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_checkpoints'))
    )
    op.create_table('spool_entries',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('replayed_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_spool_entries'))
    )
    op.create_index(op.f('ix_spool_entries_replayed_at'), 'spool_entries', ['replayed_at'], unique=False)
    op.add_column('callback_tasks', sa.Column('urgency_words', sa.JSON(), nullable=True))
    op.add_column('callback_tasks', sa.Column('urgency_lowered_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('work', sa.Column('deadline_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('work', sa.Column('pool', sa.String(length=40), nullable=True))
    op.create_index('ix_work_failed', 'work', ['failed_at'], unique=False, sqlite_where=sa.text('done_at IS NULL AND failed_at IS NOT NULL'), postgresql_where=sa.text('done_at IS NULL AND failed_at IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('ix_work_failed', table_name='work')
    op.drop_column('work', 'pool')
    op.drop_column('work', 'deadline_at')
    op.drop_column('callback_tasks', 'urgency_lowered_at')
    op.drop_column('callback_tasks', 'urgency_words')
    op.drop_index(op.f('ix_spool_entries_replayed_at'), table_name='spool_entries')
    op.drop_table('spool_entries')
    op.drop_table('checkpoints')
