"""links with which somebody chooses a password

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0042'
down_revision = '0041'
branch_labels = None
depends_on = None

_CHANGES = (
    "'made', 'password_set', 'second_factor_asked', 'second_factor_removed', 'role_changed', 'pin_set', "
    "'activity_changed'"
)
_NEW = "'mail_changed', 'link_made', 'password_by_mail'"


def _check(values: str) -> None:
    with op.batch_alter_table('account_notices', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_account_notices_change'), type_='check')
        batch_op.create_check_constraint(op.f('ck_account_notices_change'), f'change IN ({values})')


def upgrade() -> None:
    op.add_column('users', sa.Column('email', sa.String(length=254), nullable=True))
    op.create_index(op.f('ix_users_email'), 'users', ['email'], unique=True)
    op.create_table('account_links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=True),
    sa.Column('made_at', Instant(timezone=True), nullable=False),
    sa.Column('expires_at', Instant(timezone=True), nullable=False),
    sa.CheckConstraint("purpose IN ('invitation', 'forgotten')", name=op.f('ck_account_links_purpose')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_account_links_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_links')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_account_links_token_hash'))
    )
    for column in ('user_id', 'made_at'):
        op.create_index(op.f(f'ix_account_links_{column}'), 'account_links', [column], unique=False)
    _check(f'{_CHANGES}, {_NEW}')


def downgrade() -> None:
    op.execute(f"DELETE FROM account_notices WHERE change IN ({_NEW})")
    _check(_CHANGES)
    op.drop_table('account_links')
    op.drop_index(op.f('ix_users_email'), table_name='users')
    op.drop_column('users', 'email')
