"""synthetic calls, and the alert when one fails

Revision ID: 0056
Revises: 0055
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0056'
down_revision = '0055'
branch_labels = None
depends_on = None

_HOUSE = "'guessing', 'text_cap', 'clock', 'call_cap', 'cap_near'"
_ITEMS = (
    "'danger', 'emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap', "
    "'clock', 'call_cap', 'cap_near'"
)
_NEW = "'synthetic_call'"


def _check(table: str, name: str, column: str, values: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(name), type_='check')
        batch_op.create_check_constraint(op.f(name), f'{column} IN ({values})')


def upgrade() -> None:
    op.create_table(
        'synthetic_calls',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('placed_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
        sa.Column('call_sid', sa.String(length=64), nullable=True),
        sa.Column('step', sa.String(length=60), nullable=False),
        sa.Column('turns', sa.Integer(), nullable=False),
        sa.Column('receipt_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_synthetic_calls')),
        sa.UniqueConstraint('call_sid', name=op.f('uq_synthetic_calls_call_sid')),
    )
    op.create_index(op.f('ix_synthetic_calls_placed_at'), 'synthetic_calls', ['placed_at'], unique=False)
    _check('house_alarms', 'ck_house_alarms_event', 'event', f'{_HOUSE}, {_NEW}')
    _check('alert_items', 'ck_alert_items_kind', 'kind', f'{_ITEMS}, {_NEW}')


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind = 'synthetic_call'")
    op.execute("DELETE FROM house_alarms WHERE event = 'synthetic_call'")
    _check('alert_items', 'ck_alert_items_kind', 'kind', _ITEMS)
    _check('house_alarms', 'ck_house_alarms_event', 'event', _HOUSE)
    op.drop_table('synthetic_calls')
