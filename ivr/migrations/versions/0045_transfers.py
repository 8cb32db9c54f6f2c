"""callers who are transferred or on hold; what each member writes down in a conversation

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0045'
down_revision = '0044'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)
_ROLES = "'caller', 'member', 'interpreter', 'companion'"


def upgrade() -> None:
    op.create_table(
        'transfers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('conversation_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('by_id', sa.Integer(), nullable=False),
        sa.Column('team_id', sa.Integer(), nullable=True),
        sa.Column('user_id', sa.Integer(), nullable=True),
        sa.Column('number', sa.String(length=32), nullable=True),
        sa.Column('name', sa.String(length=120), nullable=True),
        sa.Column('wanted_at', _AT, nullable=False),
        sa.Column('ended_at', _AT, nullable=True),
        sa.CheckConstraint("kind IN ('cold', 'warm')", name=op.f('ck_transfers_kind')),
        sa.CheckConstraint(
            "state IN ('looking', 'talking', 'done', 'unmet', 'canceled')", name=op.f('ck_transfers_state')
        ),
        sa.ForeignKeyConstraint(
            ['conversation_id'], ['conversations.id'], name=op.f('fk_transfers_conversation_id_conversations'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_transfers_by_id_users')),
        sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_transfers_team_id_teams')),
        sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_transfers_user_id_users')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_transfers')),
    )
    op.create_index(op.f('ix_transfers_conversation_id'), 'transfers', ['conversation_id'], unique=False)
    with op.batch_alter_table('legs', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_legs_role'), type_='check')
        batch_op.create_check_constraint(op.f('ck_legs_role'), f"role IN ({_ROLES}, 'successor', 'listener')")
        batch_op.add_column(sa.Column('held_at', _AT, nullable=True))
        batch_op.add_column(sa.Column('released_at', _AT, nullable=True))
        batch_op.add_column(sa.Column('note', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('transfer_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f('fk_legs_transfer_id_transfers'), 'transfers', ['transfer_id'], ['id'], ondelete='SET NULL'
        )


def downgrade() -> None:
    op.execute("DELETE FROM legs WHERE role IN ('successor', 'listener')")
    with op.batch_alter_table('legs', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('fk_legs_transfer_id_transfers'), type_='foreignkey')
        for column in ('transfer_id', 'note', 'released_at', 'held_at'):
            batch_op.drop_column(column)
        batch_op.drop_constraint(op.f('ck_legs_role'), type_='check')
        batch_op.create_check_constraint(op.f('ck_legs_role'), f'role IN ({_ROLES})')
    op.drop_index(op.f('ix_transfers_conversation_id'), table_name='transfers')
    op.drop_table('transfers')
