"""promises kept and counted

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('callback_tasks', sa.Column('closing_counted', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('alert_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('subscription', sa.String(length=60), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('created_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('sent_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f('ck_alert_messages_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_messages'))
    )
    with op.batch_alter_table('alert_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_messages_subscription_alert_messages_created_at'), ['subscription', 'created_at'], unique=False)

    op.create_table('daily_figures',
    sa.Column('dimension', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('value', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('dimension', 'name', 'day', 'key', name=op.f('pk_daily_figures'))
    )
    op.create_table('figure_days',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('counted_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('final', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_figure_days'))
    )
    op.create_table('publications',
    sa.Column('report', sa.String(length=40), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('published_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('report', 'month', name=op.f('pk_publications'))
    )
    op.create_table('reports_sent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report', sa.String(length=40), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('planned_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('sent_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reports_sent')),
    sa.UniqueConstraint('report', 'recipient', 'month', name=op.f('uq_reports_sent_report_recipient_month'))
    )
    op.create_table('alert_items',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('subscription', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("kind IN ('emergency', 'at_risk', 'missed', 'escalated')", name=op.f('ck_alert_items_kind')),
    sa.ForeignKeyConstraint(['message_id'], ['alert_messages.id'], name=op.f('fk_alert_items_message_id_alert_messages'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_alert_items_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_items')),
    sa.UniqueConstraint('subscription', 'kind', 'task_id', name=op.f('uq_alert_items_subscription_kind_task_id'))
    )
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_items_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_alert_items_message_id'), ['message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_alert_items_task_id'), ['task_id'], unique=False)
        batch_op.create_index('ix_alert_items_untold', ['subscription', 'kind', 'at'], unique=False, sqlite_where=sa.text('message_id IS NULL'), postgresql_where=sa.text('message_id IS NULL'))

    op.create_table('sla_clocks',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('measure', sa.String(length=10), nullable=False),
    sa.Column('clock', sa.String(length=10), nullable=False),
    sa.Column('hours', sa.Double(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('at_risk_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('due_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('at_risk_recorded_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('missed_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('met_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('escalated_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('next_change_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("clock IN ('wall', 'service')", name=op.f('ck_sla_clocks_clock')),
    sa.CheckConstraint("measure IN ('tried', 'reached')", name=op.f('ck_sla_clocks_measure')),
    sa.CheckConstraint("state IN ('on_track', 'at_risk', 'missed', 'met', 'met_late', 'void')", name=op.f('ck_sla_clocks_state')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_sla_clocks_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', 'measure', name=op.f('pk_sla_clocks'))
    )
    with op.batch_alter_table('sla_clocks', schema=None) as batch_op:
        batch_op.create_index('ix_sla_clocks_met', ['met_at', 'measure'], unique=False)
        batch_op.create_index('ix_sla_clocks_missed', ['due_at'], unique=False, sqlite_where=sa.text('missed_at IS NOT NULL'), postgresql_where=sa.text('missed_at IS NOT NULL'))
        batch_op.create_index('ix_sla_clocks_missed_open', ['measure', 'due_at'], unique=False, sqlite_where=sa.text("state = 'missed'"), postgresql_where=sa.text("state = 'missed'"))
        batch_op.create_index('ix_sla_clocks_next_change', ['next_change_at'], unique=False, sqlite_where=sa.text('next_change_at IS NOT NULL'), postgresql_where=sa.text('next_change_at IS NOT NULL'))
        batch_op.create_index('ix_sla_clocks_running', ['measure', 'due_at'], unique=False, sqlite_where=sa.text('next_change_at IS NOT NULL'), postgresql_where=sa.text('next_change_at IS NOT NULL'))

    op.create_table('sla_pauses',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('from_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('until_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_sla_pauses_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sla_pauses_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sla_pauses'))
    )
    with op.batch_alter_table('sla_pauses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sla_pauses_from_at'), ['from_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sla_pauses_task_id'), ['task_id'], unique=False)

    with op.batch_alter_table('appointment_wishes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_appointment_wishes_appointment_at'), ['appointment_at'], unique=False)

    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempts_at'), ['at'], unique=False)

    with op.batch_alter_table('callback_tasks', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_callback_tasks_unkept'), sqlite_where=sa.text('breached_at IS NULL AND first_attempt_at IS NULL'))
        batch_op.create_index('ix_callback_tasks_backlog', ['team_id', 'first_contact_at'], unique=False, sqlite_where=sa.text("state <> 'closed'"), postgresql_where=sa.text("state <> 'closed'"))
        batch_op.create_index('ix_callback_tasks_first_contact_at', ['first_contact_at'], unique=False)

    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_calls_started_at'), ['started_at'], unique=False)

    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contacts_at'), ['at'], unique=False)

    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_conversations_connected_at'), ['connected_at'], unique=False)

    with op.batch_alter_table('interpreter_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_interpreter_requests_requested_at'), ['requested_at'], unique=False)

    with op.batch_alter_table('line_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_line_entries_entered_at'), ['entered_at'], unique=False)


def downgrade() -> None:
    for table, index in (
        ('line_entries', 'entered_at'), ('interpreter_requests', 'requested_at'), ('conversations', 'connected_at'),
        ('contacts', 'at'), ('calls', 'started_at'), ('callback_tasks', 'first_contact_at'), ('callback_tasks', 'backlog'),
        ('attempts', 'at'), ('appointment_wishes', 'appointment_at'),
    ):
        op.drop_index(f'ix_{table}_{index}', table_name=table)
    unkept = sa.text('breached_at IS NULL AND first_attempt_at IS NULL')
    op.create_index('ix_callback_tasks_unkept', 'callback_tasks', ['due_at'], sqlite_where=unkept, postgresql_where=unkept)
    for table in (
        'sla_pauses', 'sla_clocks', 'alert_items', 'alert_messages', 'reports_sent', 'publications', 'figure_days',
        'daily_figures',
    ):
        op.drop_table(table)
    op.drop_column('callback_tasks', 'closing_counted')
