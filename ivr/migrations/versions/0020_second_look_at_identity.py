"""second look at identity

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('subject_requests', schema=None) as batch_op:
        batch_op.add_column(sa.Column('confirmed_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('confirmed_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_subject_requests_confirmed_by_id_users'), 'users', ['confirmed_by_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('subject_requests', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_subject_requests_confirmed_by_id_users'), type_='foreignkey')
        batch_op.drop_column('confirmed_at')
        batch_op.drop_column('confirmed_by_id')
