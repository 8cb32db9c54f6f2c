"""opening hours of single days, announcements, answers for the night

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('announcements',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('begins_at', _AT, nullable=False),
    sa.Column('ends_at', _AT, nullable=False),
    sa.Column('added_at', _AT, nullable=False),
    sa.Column('added_by_id', sa.Integer(), nullable=True),
    sa.Column('published_at', _AT, nullable=True),
    sa.Column('undone_at', _AT, nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['added_by_id'], ['users.id'], name=op.f('fk_announcements_added_by_id_users')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['users.id'], name=op.f('fk_announcements_undone_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcements')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_announcements_ends_at'), 'announcements', ['ends_at'], unique=False)
    op.create_table('night_answers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('question', sa.String(length=20), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('audio', sa.LargeBinary(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('recorded', sa.Boolean(), nullable=False),
    sa.Column('added_at', _AT, nullable=False),
    sa.Column('added_by_id', sa.Integer(), nullable=True),
    sa.Column('undone_at', _AT, nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("question IN ('money', 'application', 'office')", name=op.f('ck_night_answers_question')),
    sa.ForeignKeyConstraint(['added_by_id'], ['users.id'], name=op.f('fk_night_answers_added_by_id_users')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['users.id'], name=op.f('fk_night_answers_undone_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_night_answers')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_night_answers_question', 'night_answers', ['question', 'language'], unique=False)
    op.create_table('special_days',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('opens', sa.Time(), nullable=True),
    sa.Column('closes', sa.Time(), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('added_at', _AT, nullable=False),
    sa.Column('added_by_id', sa.Integer(), nullable=True),
    sa.Column('undone_at', _AT, nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['added_by_id'], ['users.id'], name=op.f('fk_special_days_added_by_id_users')),
    sa.ForeignKeyConstraint(['undone_by_id'], ['users.id'], name=op.f('fk_special_days_undone_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_special_days'))
    )
    op.create_index(op.f('ix_special_days_day'), 'special_days', ['day'], unique=False)
    op.create_table('announcement_texts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('announcement_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('audio', sa.LargeBinary(), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('recorded', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['announcement_id'], ['announcements.id'], name=op.f('fk_announcement_texts_announcement_id_announcements'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement_texts')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_announcement_texts_language', 'announcement_texts', ['announcement_id', 'language'], unique=True)


def downgrade() -> None:
    op.drop_index('ix_announcement_texts_language', table_name='announcement_texts')
    op.drop_table('announcement_texts')
    op.drop_index(op.f('ix_special_days_day'), table_name='special_days')
    op.drop_table('special_days')
    op.drop_index('ix_night_answers_question', table_name='night_answers')
    op.drop_table('night_answers')
    op.drop_index(op.f('ix_announcements_ends_at'), table_name='announcements')
    op.drop_table('announcements')
