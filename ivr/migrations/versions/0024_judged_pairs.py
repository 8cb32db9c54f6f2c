"""tasks judged not to be of the same person

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('judged_pairs',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('low_id', sa.Integer(), nullable=False),
    sa.Column('high_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('judged_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['high_id'], ['callback_tasks.id'], name=op.f('fk_judged_pairs_high_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['low_id'], ['callback_tasks.id'], name=op.f('fk_judged_pairs_low_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_judged_pairs_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_judged_pairs')),
    sa.UniqueConstraint('low_id', 'high_id', name=op.f('uq_judged_pairs_low_id_high_id'))
    )
    op.create_index(op.f('ix_judged_pairs_high_id'), 'judged_pairs', ['high_id'], unique=False)


def downgrade() -> None:
    op.drop_table('judged_pairs')
