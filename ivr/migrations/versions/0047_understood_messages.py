"""what a message was understood to say: danger to life, its language, its gist

Revision ID: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None

_ITEMS = (
    "'emergency', 'at_risk', 'missed', 'not_reached', 'escalated', 'carrier_fault', 'guessing', 'text_cap', 'clock', "
    "'call_cap', 'cap_near'"
)
_COLUMNS = (
    ('danger', sa.String(length=20)),
    ('danger_words', sa.JSON()),
    ('danger_acted_at', ivr.platform.column_types.Instant(timezone=True)),
    ('danger_lowered_at', ivr.platform.column_types.Instant(timezone=True)),
    ('spoken_language', sa.String(length=8)),
)


def _check(values: str) -> None:
    with op.batch_alter_table('alert_items', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_alert_items_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_alert_items_kind'), f'kind IN ({values})')


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column('callback_tasks', sa.Column(name, kind, nullable=True))
    for name in ('spoken', 'gist'):
        op.add_column('transcripts', sa.Column(name, sa.JSON(), nullable=True))
    _check(f"'danger', {_ITEMS}")


def downgrade() -> None:
    op.execute("DELETE FROM alert_items WHERE kind = 'danger'")
    _check(_ITEMS)
    for name in ('gist', 'spoken'):
        op.drop_column('transcripts', name)
    for name, _ in reversed(_COLUMNS):
        op.drop_column('callback_tasks', name)
