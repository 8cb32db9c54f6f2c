"""after how many answers the concern of a call was noted

Revision ID: 0065
Revises: 0064
"""

import sqlalchemy as sa
from alembic import op

revision = '0065'
down_revision = '0064'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('calls', sa.Column('concern_answers', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    op.drop_column('calls', 'concern_answers')
