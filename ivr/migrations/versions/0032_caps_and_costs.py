"""each cap is told by its name; what the carrier has asked for

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None

_KINDS = "'calls_in', 'calls_out', 'texts', 'account'"


def _key(*columns: str) -> None:
    with op.batch_alter_table('house_alarms', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('pk_house_alarms'), type_='primary')
        batch_op.create_primary_key(op.f('pk_house_alarms'), list(columns))


def upgrade() -> None:
    op.add_column('house_alarms', sa.Column('cap', sa.String(length=40), server_default='', nullable=False))
    _key('event', 'cap')
    op.create_table(
        'spending',
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('country', sa.String(length=2), nullable=False),
        sa.Column('currency', sa.String(length=3), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('unpriced', sa.Integer(), nullable=False),
        sa.Column('price', sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f'kind IN ({_KINDS})', name=op.f('ck_spending_kind')),
        sa.PrimaryKeyConstraint('day', 'kind', 'country', 'currency', name=op.f('pk_spending')),
    )


def downgrade() -> None:
    op.drop_table('spending')
    # one row an event was all that was kept before
    op.execute("DELETE FROM house_alarms WHERE cap <> ''")
    _key('event')
    op.drop_column('house_alarms', 'cap')
