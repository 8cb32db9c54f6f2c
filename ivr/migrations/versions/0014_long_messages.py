"""long messages

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('voicebox_messages') as table:
        table.add_column(sa.Column('continues_take', sa.Integer(), nullable=True))
        table.add_column(sa.Column('cut_at_limit', sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('voicebox_messages') as table:
        table.drop_column('cut_at_limit')
        table.drop_column('continues_take')
