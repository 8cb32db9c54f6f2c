"""the authority's own text about help at once

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

_BEFORE = "question IN ('money', 'application', 'office')"
_AFTER = "question IN ('money', 'application', 'office', 'help')"


def _check(values: str) -> None:
    with op.batch_alter_table('night_answers', table_kwargs={'sqlite_autoincrement': True}) as batch_op:
        batch_op.drop_constraint(op.f('ck_night_answers_question'), type_='check')
        batch_op.create_check_constraint(op.f('ck_night_answers_question'), values)


def upgrade() -> None:
    _check(_AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM night_answers WHERE question = 'help'")
    _check(_BEFORE)
