"""text messages are counted by when they were asked for

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_text_messages_created_at'), 'text_messages', ['created_at'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_text_messages_created_at'), table_name='text_messages')
