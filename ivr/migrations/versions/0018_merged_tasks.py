"""merged tasks

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

_MERGED_INTO = "fk_callback_tasks_merged_into_id_callback_tasks"
_AT = Instant(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("callback_tasks", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(_MERGED_INTO, "callback_tasks", ["merged_into_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_callback_tasks_merged_into_id", "callback_tasks", ["merged_into_id"])
    op.create_index("ix_calls_from_number", "calls", ["from_number"])
    op.create_index("ix_contacts_changed_number_from", "contacts", ["changed_number_from"])
    op.create_table(
        "merges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("merged_at", _AT, nullable=False),
        sa.Column("undone_at", _AT, nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["callback_tasks.id"], name=op.f("fk_merges_merged_id_callback_tasks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["callback_tasks.id"], name=op.f("fk_merges_task_id_callback_tasks"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_merges_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_merges_task_id", "merges", ["task_id"])
    op.create_index("ix_merges_merged_id", "merges", ["merged_id"])


def downgrade() -> None:
    # A merged task would be a closed task of no known outcome: the contacts stay where they are.
    op.execute("UPDATE callback_tasks SET outcome = 'settled_otherwise' WHERE outcome = 'merged'")
    op.drop_table("merges")
    op.drop_index("ix_contacts_changed_number_from", table_name="contacts")
    op.drop_index("ix_calls_from_number", table_name="calls")
    op.drop_index("ix_callback_tasks_merged_into_id", table_name="callback_tasks")
    with op.batch_alter_table("callback_tasks", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(_MERGED_INTO, type_="foreignkey")
        batch_op.drop_column("merged_into_id")
