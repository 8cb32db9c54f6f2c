"""the kept place with which a caller who rings again goes on

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('line_entries') as batch:
        batch.add_column(sa.Column('continues_id', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('line_entries') as batch:
        batch.drop_column('continues_id')
