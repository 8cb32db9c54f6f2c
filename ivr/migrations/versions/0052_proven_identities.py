"""whose task it is, where a member has found that out

Revision ID: 0052
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0052'
down_revision = '0051'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    op.create_table('proven_identities',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('person', sa.String(length=32), nullable=False),
    sa.Column('proof', sa.String(length=20), nullable=False),
    sa.Column('proven_at', _AT, nullable=False),
    sa.Column('proven_by_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("proof IN ('file_data', 'document', 'code')", name=op.f('ck_proven_identities_proof')),
    sa.ForeignKeyConstraint(['proven_by_id'], ['users.id'], name=op.f('fk_proven_identities_proven_by_id_users')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_proven_identities_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', name=op.f('pk_proven_identities'))
    )
    op.create_index(op.f('ix_proven_identities_person'), 'proven_identities', ['person'], unique=False)


def downgrade() -> None:
    op.drop_table('proven_identities')
