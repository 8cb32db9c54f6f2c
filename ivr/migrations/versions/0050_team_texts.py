"""text modules and macros of teams

Revision ID: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0050'
down_revision = '0049'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('text_modules',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('use', sa.String(length=20), nullable=False),
    sa.Column('texts', sa.JSON(), nullable=False),
    sa.Column('changed_at', _AT, nullable=False),
    sa.Column('changed_by_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("use IN ('note', 'sms')", name=op.f('ck_text_modules_use')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['users.id'], name=op.f('fk_text_modules_changed_by_id_users')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_text_modules_team_id_teams'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_text_modules')),
    sa.UniqueConstraint('team_id', 'name', name=op.f('uq_text_modules_team_id_name')),
    sqlite_autoincrement=True
    )
    op.create_table('macros',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('steps', sa.JSON(), nullable=False),
    sa.Column('changed_at', _AT, nullable=False),
    sa.Column('changed_by_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['changed_by_id'], ['users.id'], name=op.f('fk_macros_changed_by_id_users')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_macros_team_id_teams'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_macros')),
    sa.UniqueConstraint('team_id', 'name', name=op.f('uq_macros_team_id_name')),
    sqlite_autoincrement=True
    )


def downgrade() -> None:
    op.drop_table('macros')
    op.drop_table('text_modules')
