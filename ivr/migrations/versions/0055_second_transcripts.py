"""what a second engine has heard in a message

Revision ID: 0055
Revises: 0054
"""

import sqlalchemy as sa
from alembic import op

revision = '0055'
down_revision = '0054'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('transcripts', sa.Column('second', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column('transcripts', 'second')
