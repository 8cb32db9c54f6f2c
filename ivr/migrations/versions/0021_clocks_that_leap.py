"""the house is told when the clock of a machine has leapt

Revision ID: 0021
Revises: 0020
"""

from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

_ITEMS = "'emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap'"
_ALARMS = "'guessing', 'text_cap'"


def _check(table: str, column: str, values: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f'ck_{table}_{column}'), type_='check')
        batch_op.create_check_constraint(op.f(f'ck_{table}_{column}'), f'{column} IN ({values})')


def upgrade() -> None:
    _check('alert_items', 'kind', f"{_ITEMS}, 'clock'")
    _check('house_alarms', 'event', f"{_ALARMS}, 'clock'")


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind = 'clock'")
    op.execute("DELETE FROM house_alarms WHERE event = 'clock'")
    _check('alert_items', 'kind', _ITEMS)
    _check('house_alarms', 'event', _ALARMS)
