"""the alert about calls to which the carrier has given no id

Revision ID: 0061
Revises: 0060
"""

from alembic import op

revision = '0061'
down_revision = '0060'
branch_labels = None
depends_on = None

_HOUSE = "'guessing', 'text_cap', 'clock', 'call_cap', 'cap_near', 'synthetic_call'"
_ITEMS = (
    "'danger', 'emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap', "
    "'clock', 'call_cap', 'cap_near', 'synthetic_call'"
)
_NEW = "'call_without_id'"


def _check(table: str, name: str, column: str, values: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(name), type_='check')
        batch_op.create_check_constraint(op.f(name), f'{column} IN ({values})')


def upgrade() -> None:
    _check('house_alarms', 'ck_house_alarms_event', 'event', f'{_HOUSE}, {_NEW}')
    _check('alert_items', 'ck_alert_items_kind', 'kind', f'{_ITEMS}, {_NEW}')


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind = 'call_without_id'")
    op.execute("DELETE FROM house_alarms WHERE event = 'call_without_id'")
    _check('alert_items', 'ck_alert_items_kind', 'kind', _ITEMS)
    _check('house_alarms', 'ck_house_alarms_event', 'event', _HOUSE)
