"""how many answers a call's row has seen

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('calls', sa.Column('answers', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    op.drop_column('calls', 'answers')
