"""what became of text messages, until when they are expected; limits of callbacks

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

_ITEMS = (
    "'emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap', 'clock'"
)
_ALARMS = "'guessing', 'text_cap', 'clock'"
_NEW = "'call_cap', 'cap_near'"


def _check(table: str, column: str, values: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f'ck_{table}_{column}'), type_='check')
        batch_op.create_check_constraint(op.f(f'ck_{table}_{column}'), f'{column} IN ({values})')


def upgrade() -> None:
    op.add_column('text_messages', sa.Column('delivered_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('text_messages', sa.Column('valid_until', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    # those that wait were expected for a day
    day = "datetime(created_at, '+1 day')" if op.get_bind().dialect.name == 'sqlite' else "created_at + interval '1 day'"
    op.execute(f"UPDATE text_messages SET valid_until = {day} WHERE state = 'queued' AND created_at IS NOT NULL")
    op.create_index(op.f('ix_legs_created_at'), 'legs', ['created_at'], unique=False)
    _check('alert_items', 'kind', f'{_ITEMS}, {_NEW}')
    _check('house_alarms', 'event', f'{_ALARMS}, {_NEW}')


def downgrade() -> None:
    op.execute(f"DELETE FROM alert_items WHERE kind IN ({_NEW})")
    op.execute(f"DELETE FROM house_alarms WHERE event IN ({_NEW})")
    _check('alert_items', 'kind', _ITEMS)
    _check('house_alarms', 'event', _ALARMS)
    op.drop_index(op.f('ix_legs_created_at'), table_name='legs')
    op.drop_column('text_messages', 'valid_until')
    op.drop_column('text_messages', 'delivered_at')
