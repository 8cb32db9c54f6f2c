"""what somebody has chosen for their desk: sounds, and keys of single letters

Revision ID: 0063
Revises: 0062
"""

import sqlalchemy as sa
from alembic import op

revision = '0063'
down_revision = '0062'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('users', sa.Column('alerts', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('users', sa.Column('single_keys', sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('users') as batch:
        batch.drop_column('single_keys')
        batch.drop_column('alerts')
