"""longer receipt codes

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('callback_tasks', schema=None, table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.alter_column('receipt_code', type_=sa.String(length=10), existing_nullable=False)


def downgrade() -> None:
    pass  # longer codes have been told to callers
