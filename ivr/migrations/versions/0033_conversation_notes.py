"""what was agreed in a conversation is kept with it, and found by its words

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('conversations', sa.Column('note', sa.Text(), nullable=True))
    op.create_table(
        'conversation_words',
        sa.Column(
            'word', sa.String(length=60).with_variant(sa.String(60, collation='C'), 'postgresql'), nullable=False
        ),
        sa.Column('conversation_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversations.id'],
            name=op.f('fk_conversation_words_conversation_id_conversations'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('word', 'conversation_id', name=op.f('pk_conversation_words')),
    )
    op.create_index(op.f('ix_conversation_words_conversation_id'), 'conversation_words', ['conversation_id'])


def downgrade() -> None:
    op.drop_index(op.f('ix_conversation_words_conversation_id'), table_name='conversation_words')
    op.drop_table('conversation_words')
    op.drop_column('conversations', 'note')
