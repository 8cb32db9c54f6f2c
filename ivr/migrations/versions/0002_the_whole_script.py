"""the whole script

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('code_tries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number_hash', sa.String(length=64), nullable=False),
    sa.Column('tried_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code_tries'))
    )
    with op.batch_alter_table('code_tries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_code_tries_tried_at'), ['tried_at'], unique=False)

    op.create_table('known_callers',
    sa.Column('number_hash', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('last_called_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('number_hash', name=op.f('pk_known_callers'))
    )
    with op.batch_alter_table('known_callers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_known_callers_last_called_at'), ['last_called_at'], unique=False)

    op.create_table('prompt_recordings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('part', sa.String(length=80), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('audio', sa.LargeBinary(), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('recorded_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('recorded_by_id', sa.Integer(), nullable=True),
    sa.Column('reverted_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['users.id'], name=op.f('fk_prompt_recordings_recorded_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_prompt_recordings'))
    )
    with op.batch_alter_table('prompt_recordings', schema=None) as batch_op:
        batch_op.create_index('ix_prompt_recordings_part', ['language', 'part'], unique=False)

    op.create_table('text_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('to_number', sa.String(length=32), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('message_sid', sa.String(length=64), nullable=True),
    sa.Column('sent_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f('ck_text_messages_state')),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_text_messages_call_id_calls'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_messages')),
    sa.UniqueConstraint('call_id', 'to_number', name=op.f('uq_text_messages_call_id_to_number'))
    )
    op.create_table('appointment_wishes',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=True),
    sa.Column('companion', sa.String(length=20), nullable=False),
    sa.Column('impairment', sa.Boolean(), nullable=False),
    sa.Column('seeks_training', sa.Boolean(), nullable=False),
    sa.Column('appointment_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('place', sa.String(length=200), nullable=True),
    sa.Column('refusal_reason', sa.String(length=20), nullable=True),
    sa.CheckConstraint("companion IN ('none', 'interpreter', 'companion')", name=op.f('ck_appointment_wishes_companion')),
    sa.CheckConstraint("mode IN ('in_person', 'telephone', 'video')", name=op.f('ck_appointment_wishes_mode')),
    sa.CheckConstraint('appointment_at IS NULL OR refusal_reason IS NULL', name=op.f('ck_appointment_wishes_granted_or_refused')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_appointment_wishes_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', name=op.f('pk_appointment_wishes'))
    )
    op.create_table('contacts',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_contacts_call_id_calls'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_contacts_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', 'call_id', name=op.f('pk_contacts'))
    )
    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contacts_call_id'), ['call_id'], unique=False)

    op.create_table('postal_orders',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('forms', sa.JSON(), nullable=False),
    sa.Column('customer_number', sa.String(length=20), nullable=True),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_postal_orders_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', name=op.f('pk_postal_orders'))
    )
    sqlite = op.get_bind().dialect.name == 'sqlite'
    with op.batch_alter_table('callback_tasks', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.add_column(sa.Column('emergency_kind', sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column('office', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('age_group', sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column('availability', sa.String(length=20), nullable=True))
        batch_op.drop_constraint(batch_op.f('uq_callback_tasks_call_id'), type_='unique')
        batch_op.create_index('ix_callback_tasks_callback_number', ['callback_number'], unique=False)
        batch_op.create_unique_constraint(batch_op.f('uq_callback_tasks_call_id_kind_concern'), ['call_id', 'kind', 'concern'])
        # SQLite makes the table anew, and its checks are not copied.
        if sqlite:
            batch_op.create_check_constraint(batch_op.f('ck_callback_tasks_state'), "state IN ('open', 'claimed', 'closed')")
            batch_op.create_check_constraint(batch_op.f('ck_callback_tasks_urgency'), "urgency IN ('normal', 'emergency')")
        else:
            batch_op.drop_constraint(batch_op.f('ck_callback_tasks_kind'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_callback_tasks_kind'), "kind IN ('callback', 'postal_order', 'appointment')")
    op.execute('INSERT INTO contacts (task_id, call_id, at) SELECT id, call_id, first_contact_at FROM callback_tasks')

    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ending', sa.String(length=20), nullable=True))

    with op.batch_alter_table('voicebox_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('replaces_take', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('about', sa.JSON(), nullable=False, server_default='{}'))


