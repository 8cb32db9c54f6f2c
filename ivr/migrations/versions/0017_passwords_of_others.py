"""passwords that others have set, what a person is told about their log-in, and log-ins for trying

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_CHANGES = "'made', 'password_set', 'second_factor_asked', 'second_factor_removed', 'role_changed', 'pin_set', 'activity_changed'"
#: User names and names of the log-ins that local mode and the demo data have made before they were marked.
_DEMO = (
    ('mitarbeit', 'Mika Mitarbeit'), ('leitung', 'Lena Leitung'), ('verwaltung', 'Adam Admin'),
    ('datenschutz', 'Dora Datenschutz'), ('anna', 'Anna Ahlers'), ('bilal', 'Bilal Demir'), ('clara', 'Clara Cordes'),
    ('dunja', 'Dunja Petrović'),
)


def upgrade() -> None:
    op.add_column('users', sa.Column('demo', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('users', sa.Column('password_set_by', sa.String(length=120), nullable=True))
    op.add_column('users', sa.Column('password_set_at', Instant(timezone=True), nullable=True))
    op.add_column('api_tokens', sa.Column('demo', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('account_notices',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('at', Instant(timezone=True), nullable=False),
    sa.Column('change', sa.String(length=40), nullable=False),
    sa.Column('by_name', sa.String(length=120), nullable=False),
    sa.Column('seen_at', Instant(timezone=True), nullable=True),
    sa.CheckConstraint(f'change IN ({_CHANGES})', name=op.f('ck_account_notices_change')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_account_notices_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_notices'))
    )
    op.create_index(op.f('ix_account_notices_user_id'), 'account_notices', ['user_id'])
    op.create_table('second_factor_resets',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', Instant(timezone=True), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', Instant(timezone=True), nullable=True),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_second_factor_resets_asked_by_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_second_factor_resets_decided_by_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_second_factor_resets_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_factor_resets'))
    )
    op.create_index(op.f('ix_second_factor_resets_user_id'), 'second_factor_resets', ['user_id'])
    users = sa.table('users', sa.column('username'), sa.column('name'), sa.column('demo', sa.Boolean()))
    tokens = sa.table('api_tokens', sa.column('demo', sa.Boolean()))
    connection, marked = op.get_bind(), 0
    for username, name in _DEMO:
        mark = users.update().where(users.c.username == username, users.c.name == name).values(demo=True)
        marked += connection.execute(mark).rowcount
    if marked:  # then what reads the API was made in the same local mode
        connection.execute(tokens.update().values(demo=True))


def downgrade() -> None:
    op.drop_table('second_factor_resets')
    op.drop_table('account_notices')
    op.drop_column('api_tokens', 'demo')
    for column in ('password_set_at', 'password_set_by', 'demo'):
        op.drop_column('users', column)
