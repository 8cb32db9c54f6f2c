"""carrier faults

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('emergency', 'at_risk', 'missed', 'escalated')"
_AFTER = "kind IN ('emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault')"


def upgrade() -> None:
    op.create_table('carrier_faults',
    sa.Column('fault', sa.String(length=30), nullable=False),
    sa.Column('medium', sa.String(length=10), nullable=False),
    sa.Column('region', sa.String(length=3), nullable=False),
    sa.Column('code', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('since_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('last_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('alerted_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('mended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('fault', 'medium', 'region', name=op.f('pk_carrier_faults'))
    )
    op.create_index(op.f('ix_carrier_faults_last_at'), 'carrier_faults', ['last_at'], unique=False)
    op.add_column('callback_tasks', sa.Column('carrier_fault', sa.String(length=30), nullable=True))
    op.add_column('text_messages', sa.Column('created_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('text_messages', sa.Column('carrier_fault', sa.String(length=30), nullable=True))
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_alert_items_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_alert_items_kind'), _AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind IN ('not_reached', 'carrier_fault')")
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_alert_items_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_alert_items_kind'), _BEFORE)
    op.drop_column('text_messages', 'carrier_fault')
    op.drop_column('text_messages', 'created_at')
    op.drop_column('callback_tasks', 'carrier_fault')
    op.drop_table('carrier_faults')
