"""live calls

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('frequent_callers',
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('first_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('last_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_frequent_callers'))
    )
    with op.batch_alter_table('frequent_callers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_frequent_callers_last_at'), ['last_at'], unique=False)

    op.create_table('blocked_numbers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('blocked_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('until_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('blocked_by_id', sa.Integer(), nullable=False),
    sa.Column('lifted_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('lifted_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['blocked_by_id'], ['users.id'], name=op.f('fk_blocked_numbers_blocked_by_id_users')),
    sa.ForeignKeyConstraint(['lifted_by_id'], ['users.id'], name=op.f('fk_blocked_numbers_lifted_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blocked_numbers'))
    )
    with op.batch_alter_table('blocked_numbers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blocked_numbers_number'), ['number'], unique=False)

    op.create_table('duties',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=False),
    sa.Column('starts', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.Column('fallback', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_duties_team_id_teams'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_duties_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duties'))
    )
    with op.batch_alter_table('duties', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_duties_team_id'), ['team_id'], unique=False)

    op.create_table('duty_exceptions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('starts', sa.Time(), nullable=True),
    sa.Column('ends', sa.Time(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_duty_exceptions_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_exceptions')),
    sa.UniqueConstraint('user_id', 'day', name=op.f('uq_duty_exceptions_user_id_day'))
    )
    op.create_table('presences',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=True),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('since_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('idle_since_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('missed', sa.Integer(), nullable=False),
    sa.Column('leg_id', sa.Integer(), nullable=True),
    sa.Column('afterwards', sa.String(length=20), nullable=True),
    sa.CheckConstraint("state IN ('offline', 'available', 'paused', 'ringing', 'talking', 'wrap_up')", name=op.f('ck_presences_state')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_presences_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_presences'))
    )
    op.create_table('line_entries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('turn', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('concern', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=20), nullable=False),
    sa.Column('emergency_kind', sa.String(length=20), nullable=True),
    sa.Column('age_group', sa.String(length=20), nullable=True),
    sa.Column('office', sa.String(length=40), nullable=True),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('mode', sa.String(length=20), nullable=False),
    sa.Column('joined_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('entered_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('resume', sa.Text(), nullable=False),
    sa.Column('offered_leg_id', sa.Integer(), nullable=True),
    sa.Column('answered_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('left_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('task_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("mode IN ('live', 'callback')", name=op.f('ck_line_entries_mode')),
    sa.CheckConstraint("state IN ('waiting', 'offered', 'answered', 'left')", name=op.f('ck_line_entries_state')),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_line_entries_call_id_calls'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_line_entries_task_id_callback_tasks'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_line_entries_team_id_teams')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_line_entries')),
    sa.UniqueConstraint('call_id', 'turn', name=op.f('uq_line_entries_call_id_turn'))
    )
    with op.batch_alter_table('line_entries', schema=None) as batch_op:
        batch_op.create_index('ix_line_entries_line', ['joined_at'], unique=False, sqlite_where=sa.text("state IN ('waiting', 'offered')"), postgresql_where=sa.text("state IN ('waiting', 'offered')"))

    op.create_table('conversations',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('room', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('entry_id', sa.Integer(), nullable=True),
    sa.Column('task_id', sa.Integer(), nullable=True),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('concern', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=20), nullable=False),
    sa.Column('started_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('connected_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('ended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('caller_asked', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.String(length=40), nullable=True),
    sa.CheckConstraint("kind IN ('answered', 'callback')", name=op.f('ck_conversations_kind')),
    sa.CheckConstraint("state IN ('preparing', 'live', 'ended')", name=op.f('ck_conversations_state')),
    sa.ForeignKeyConstraint(['entry_id'], ['line_entries.id'], name=op.f('fk_conversations_entry_id_line_entries'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_conversations_task_id_callback_tasks'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_conversations_team_id_teams')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversations')),
    sa.UniqueConstraint('room', name=op.f('uq_conversations_room'))
    )
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_conversations_entry_id'), ['entry_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_conversations_task_id'), ['task_id'], unique=False)

    op.create_table('interpreter_requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=True),
    sa.Column('requested_by_id', sa.Integer(), nullable=True),
    sa.Column('requested_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('joined_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('ended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('interpreter', 'companion')", name=op.f('ck_interpreter_requests_role')),
    sa.CheckConstraint("state IN ('looking', 'joined', 'unmet', 'canceled')", name=op.f('ck_interpreter_requests_state')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_interpreter_requests_conversation_id_conversations'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['requested_by_id'], ['users.id'], name=op.f('fk_interpreter_requests_requested_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interpreter_requests'))
    )
    with op.batch_alter_table('interpreter_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interpreter_requests_conversation_id'), ['conversation_id'], unique=False)

    op.create_table('legs',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=True),
    sa.Column('call_sid', sa.String(length=64), nullable=True),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('request_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=120), nullable=True),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('created_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('answered_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('joined_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('ended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('ending', sa.String(length=20), nullable=True),
    sa.CheckConstraint("role IN ('caller', 'member', 'interpreter', 'companion')", name=op.f('ck_legs_role')),
    sa.CheckConstraint("state IN ('wanted', 'ringing', 'answered', 'joined', 'ended')", name=op.f('ck_legs_state')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_legs_conversation_id_conversations'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['request_id'], ['interpreter_requests.id'], name=op.f('fk_legs_request_id_interpreter_requests'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_legs_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legs')),
    sa.UniqueConstraint('conversation_id', 'call_sid', name=op.f('uq_legs_conversation_id_call_sid'))
    )
    with op.batch_alter_table('legs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_legs_call_sid'), ['call_sid'], unique=False)
        batch_op.create_index(batch_op.f('ix_legs_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_legs_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('conversation_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('answered_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('ended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_attempts_conversation_id'), ['conversation_id'], unique=False)

    # Made anew, the table would count its ids from the start again.
    with op.batch_alter_table('callback_tasks', schema=None, recreate='never') as batch_op:
        batch_op.add_column(sa.Column('needs_interpreter', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('demands_code', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('next_attempt_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('letter_proposed_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('personal_number', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('pin_hash', sa.String(length=200), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_users_personal_number'), ['personal_number'])



def downgrade() -> None:
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_users_personal_number'), type_='unique')
        batch_op.drop_column('pin_hash')
        batch_op.drop_column('personal_number')

    with op.batch_alter_table('callback_tasks', schema=None) as batch_op:
        batch_op.drop_column('letter_proposed_at')
        batch_op.drop_column('next_attempt_at')
        batch_op.drop_column('demands_code')
        batch_op.drop_column('needs_interpreter')

    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attempts_conversation_id'))
        batch_op.drop_column('ended_at')
        batch_op.drop_column('answered_at')
        batch_op.drop_column('conversation_id')

    with op.batch_alter_table('legs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_legs_user_id'))
        batch_op.drop_index(batch_op.f('ix_legs_conversation_id'))
        batch_op.drop_index(batch_op.f('ix_legs_call_sid'))

    op.drop_table('legs')
    with op.batch_alter_table('interpreter_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_interpreter_requests_conversation_id'))

    op.drop_table('interpreter_requests')
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_conversations_task_id'))
        batch_op.drop_index(batch_op.f('ix_conversations_entry_id'))

    op.drop_table('conversations')
    with op.batch_alter_table('line_entries', schema=None) as batch_op:
        batch_op.drop_index('ix_line_entries_line', sqlite_where=sa.text("state IN ('waiting', 'offered')"), postgresql_where=sa.text("state IN ('waiting', 'offered')"))

    op.drop_table('line_entries')
    op.drop_table('presences')
    op.drop_table('duty_exceptions')
    with op.batch_alter_table('duties', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_duties_team_id'))

    op.drop_table('duties')
    with op.batch_alter_table('blocked_numbers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_blocked_numbers_number'))

    op.drop_table('blocked_numbers')
    with op.batch_alter_table('frequent_callers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_frequent_callers_last_at'))

    op.drop_table('frequent_callers')
