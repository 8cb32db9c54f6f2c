"""kept forms

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kept_forms',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('path', sa.String(length=500), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.Column('kept_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_kept_forms_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_forms'))
    )
    op.create_index(op.f('ix_kept_forms_user_id'), 'kept_forms', ['user_id'], unique=False)
    op.create_index(op.f('ix_kept_forms_kept_at'), 'kept_forms', ['kept_at'], unique=False)


def downgrade() -> None:
    op.drop_table('kept_forms')
