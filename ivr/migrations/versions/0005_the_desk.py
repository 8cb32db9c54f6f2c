"""the desk

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_OPEN = sa.text("state <> 'closed'")
_WORD = sa.String(length=60).with_variant(sa.String(length=60, collation='C'), 'postgresql')


def upgrade() -> None:
    op.add_column('callback_tasks', sa.Column('caller_name', sa.String(length=120), nullable=True))
    op.add_column('callback_tasks', sa.Column('claim_used_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.execute("UPDATE callback_tasks SET claim_used_at = claimed_at WHERE state = 'claimed'")
    op.create_index('ix_callback_tasks_line', 'callback_tasks', ['urgency', 'due_at', 'id'], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index('ix_callback_tasks_of_team', 'callback_tasks', ['team_id', 'kind', 'urgency', 'needs_interpreter', 'language'], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index('ix_callback_tasks_closed_at', 'callback_tasks', ['closed_at'])
    op.create_index('ix_callback_tasks_claimed', 'callback_tasks', ['claimed_by_id'], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.add_column('transcripts', sa.Column('corrected_text', sa.Text(), nullable=True))
    op.add_column('transcripts', sa.Column('corrected_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('appointment_wishes', sa.Column('room', sa.String(length=10), nullable=True))
    op.add_column('postal_orders', sa.Column('posted_on', sa.Date(), nullable=True))
    with op.batch_alter_table('text_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('template', sa.String(length=40), nullable=False, server_default='sms_link'))
        batch_op.add_column(sa.Column('number', sa.Integer(), nullable=False, server_default='1'))
        batch_op.add_column(sa.Column('text', sa.Text(), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_text_messages_call_id_to_number'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_text_messages_call_id_to_number_template_number'), ['call_id', 'to_number', 'template', 'number'])
    op.create_table('search_words',
    sa.Column('word', _WORD, nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_search_words_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('word', 'task_id', name=op.f('pk_search_words'))
    )
    op.create_index(op.f('ix_search_words_task_id'), 'search_words', ['task_id'])
    op.create_table('task_views',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('seen_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_task_views_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_task_views_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', 'user_id', name=op.f('pk_task_views'))
    )
    op.create_table('drafts',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('saved_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_drafts_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_drafts_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'task_id', name=op.f('pk_drafts'))
    )
    op.create_table('saved_views',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_saved_views_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views')),
    sa.UniqueConstraint('user_id', 'name', name=op.f('uq_saved_views_user_id_name'))
    )


def downgrade() -> None:
    for table in ('saved_views', 'drafts', 'task_views', 'search_words'):
        op.drop_table(table)
    with op.batch_alter_table('text_messages', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_text_messages_call_id_to_number_template_number'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_text_messages_call_id_to_number'), ['call_id', 'to_number'])
        for column in ('text', 'number', 'template'):
            batch_op.drop_column(column)
    op.drop_column('postal_orders', 'posted_on')
    op.drop_column('appointment_wishes', 'room')
    op.drop_column('transcripts', 'corrected_at')
    op.drop_column('transcripts', 'corrected_text')
    for index in ('claimed', 'closed_at', 'line', 'of_team'):
        op.drop_index(f'ix_callback_tasks_{index}', table_name='callback_tasks')
    op.drop_column('callback_tasks', 'claim_used_at')
    op.drop_column('callback_tasks', 'caller_name')
