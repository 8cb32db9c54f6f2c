"""telephones that are being dialled, and sentences that wait for another one

Revision ID: 0059
Revises: 0058
"""

import sqlalchemy as sa
from alembic import op

revision = '0059'
down_revision = '0058'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('legs', sa.Column('dialled_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('legs', sa.Column('to_hear_then', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('legs') as batch:
        batch.drop_column('to_hear_then')
        batch.drop_column('dialled_at')
