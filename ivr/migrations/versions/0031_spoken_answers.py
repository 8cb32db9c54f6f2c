"""answers that are spoken in place of a key

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'spoken_answers',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('call_sid', sa.String(length=64), nullable=False),
        sa.Column('language', sa.String(length=8), nullable=False),
        sa.Column('words', sa.JSON(), nullable=False),
        sa.Column('asked_at', ivr.platform.column_types.Instant(), nullable=False),
        sa.Column('recording_sid', sa.String(length=64), nullable=True),
        sa.Column('recorded_at', ivr.platform.column_types.Instant(), nullable=True),
        sa.Column('key', sa.String(length=1), nullable=True),
        sa.Column('carrier_deleted_at', ivr.platform.column_types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_spoken_answers')),
        sa.UniqueConstraint('recording_sid', name=op.f('uq_spoken_answers_recording_sid')),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f('ix_spoken_answers_call_sid'), 'spoken_answers', ['call_sid'])


def downgrade() -> None:
    op.drop_index(op.f('ix_spoken_answers_call_sid'), table_name='spoken_answers')
    op.drop_table('spoken_answers')
