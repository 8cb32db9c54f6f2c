"""interpreters are booked by programs too

Revision ID: 0060
Revises: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = '0060'
down_revision = '0059'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('interpreter_bookings', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.alter_column('booked_by_id', existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute('DELETE FROM interpreter_bookings WHERE booked_by_id IS NULL')
    with op.batch_alter_table('interpreter_bookings', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.alter_column('booked_by_id', existing_type=sa.Integer(), nullable=False)
