"""what a member has done to tasks and can still undo

Revision ID: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0049'
down_revision = '0048'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('done_actions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('done_at', _AT, nullable=False),
    sa.Column('undone_at', _AT, nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_done_actions_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_done_actions')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_done_actions_user_id_done_at', 'done_actions', ['user_id', 'done_at'], unique=False)
    op.create_table('done_to_tasks',
    sa.Column('action_id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('record', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['action_id'], ['done_actions.id'], name=op.f('fk_done_to_tasks_action_id_done_actions'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_done_to_tasks_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('action_id', 'task_id', name=op.f('pk_done_to_tasks'))
    )
    op.create_index(op.f('ix_done_to_tasks_task_id'), 'done_to_tasks', ['task_id'], unique=False)


def downgrade() -> None:
    op.drop_table('done_to_tasks')
    op.drop_table('done_actions')
