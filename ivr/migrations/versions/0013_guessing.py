"""wrong codes of calls, telephones of members, alarms of the house

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault')"
_AFTER = (
    "kind IN ('emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap')"
)


def upgrade() -> None:
    op.create_table('house_alarms',
    sa.Column('event', sa.String(length=20), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('since_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('last_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('alerted_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.CheckConstraint("event IN ('guessing', 'text_cap')", name=op.f('ck_house_alarms_event')),
    sa.PrimaryKeyConstraint('event', name=op.f('pk_house_alarms'))
    )
    op.create_index(op.f('ix_house_alarms_last_at'), 'house_alarms', ['last_at'], unique=False)
    op.create_table('staff_telephones',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('added_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_staff_telephones_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_telephones')),
    sa.UniqueConstraint('number', 'user_id', name=op.f('uq_staff_telephones_number_user_id'))
    )
    op.create_index(op.f('ix_staff_telephones_number'), 'staff_telephones', ['number'], unique=False)
    op.add_column('code_tries', sa.Column('call_hash', sa.String(length=64), server_default='', nullable=False))
    op.add_column('code_tries', sa.Column('of_member', sa.Boolean(), server_default=sa.text('0') if op.get_bind().dialect.name == 'sqlite' else sa.false(), nullable=False))
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_alert_items_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_alert_items_kind'), _AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind IN ('guessing', 'text_cap')")
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_alert_items_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_alert_items_kind'), _BEFORE)
    op.drop_column('code_tries', 'of_member')
    op.drop_column('code_tries', 'call_hash')
    op.drop_table('staff_telephones')
    op.drop_table('house_alarms')
