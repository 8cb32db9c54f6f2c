"""calls that members have marked: help, insults, threats; who is in a call beside a member

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table(
        'incidents',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('conversation_id', sa.Integer(), nullable=True),
        sa.Column('team_id', sa.Integer(), nullable=False),
        sa.Column('number', sa.String(length=32), nullable=True),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('marked_at', _AT, nullable=False),
        sa.Column('marked_by_id', sa.Integer(), nullable=False),
        sa.Column('seen_at', _AT, nullable=True),
        sa.Column('seen_by_id', sa.Integer(), nullable=True),
        sa.Column('proposal', sa.String(length=20), nullable=False),
        sa.Column('decided_at', _AT, nullable=True),
        sa.Column('decided_by_id', sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('help', 'abuse', 'threat')", name=op.f('ck_incidents_kind')),
        sa.CheckConstraint(
            "proposal IN ('none', 'proposed', 'blocked', 'dismissed')", name=op.f('ck_incidents_proposal')
        ),
        sa.ForeignKeyConstraint(
            ['conversation_id'], ['conversations.id'], name=op.f('fk_incidents_conversation_id_conversations'),
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_incidents_team_id_teams')),
        sa.ForeignKeyConstraint(['marked_by_id'], ['users.id'], name=op.f('fk_incidents_marked_by_id_users')),
        sa.ForeignKeyConstraint(['seen_by_id'], ['users.id'], name=op.f('fk_incidents_seen_by_id_users')),
        sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_incidents_decided_by_id_users')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_incidents')),
        sqlite_autoincrement=True,
    )
    for column in ('conversation_id', 'number', 'marked_at'):
        op.create_index(op.f(f'ix_incidents_{column}'), 'incidents', [column], unique=False)
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('second_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_conversations_second_id_users'), 'users', ['second_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('fk_conversations_second_id_users'), type_='foreignkey')
        batch_op.drop_column('second_id')
    for column in ('marked_at', 'number', 'conversation_id'):
        op.drop_index(op.f(f'ix_incidents_{column}'), table_name='incidents')
    op.drop_table('incidents')
