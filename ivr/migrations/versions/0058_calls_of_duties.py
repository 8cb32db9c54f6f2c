"""which call asks a member at the start of a duty

Revision ID: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = '0058'
down_revision = '0057'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('presences', sa.Column('duty_call_sid', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('presences') as batch:
        batch.drop_column('duty_call_sid')
