"""requests that did not come by a call to the hotline

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = '0041'
down_revision = '0040'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('calls', sa.Column('source', sa.String(length=20), server_default='call', nullable=False))


def downgrade() -> None:
    op.drop_column('calls', 'source')
