"""who in a conversation has been told that somebody listens

Revision ID: 0054
Revises: 0053
"""

import sqlalchemy as sa
from alembic import op

revision = '0054'
down_revision = '0053'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('legs', sa.Column('heard_of_id', sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('legs') as batch:
        batch.drop_column('heard_of_id')
