"""spoken names of further languages; a task of an unknown language is not one of German

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('further_languages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('key', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('audio', sa.LargeBinary(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('recorded', sa.Boolean(), nullable=False),
    sa.Column('added_at', _AT, nullable=False),
    sa.Column('added_by_id', sa.Integer(), nullable=True),
    sa.Column('undone_at', _AT, nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['added_by_id'], ['users.id'], name=op.f('fk_further_languages_added_by_id_users')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['users.id'], name=op.f('fk_further_languages_undone_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_further_languages')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_further_languages_language'), 'further_languages', ['language'], unique=False)
    op.execute("UPDATE callback_tasks SET language = 'und' WHERE unlisted_language AND language = 'de'")


def downgrade() -> None:
    op.execute("UPDATE callback_tasks SET language = 'de' WHERE unlisted_language")
    op.drop_index(op.f('ix_further_languages_language'), table_name='further_languages')
    op.drop_table('further_languages')
