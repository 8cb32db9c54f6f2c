"""ids of 64 bits, where no call has come in yet

A database that is in use is widened by `python -m ivr widen-ids`, while calls go on: here each table would be locked
for as long as it takes to write it anew. Until then its ids are narrower than what this version sends, which works.

Revision ID: 0066
Revises: 0065
"""

import sqlalchemy as sa
from alembic import op

revision = '0066'
down_revision = '0065'
branch_labels = None
depends_on = None

#: Columns that refer to a row without a constraint.
_LOOSE = (
    ('attempts', 'conversation_id'), ('access_log', 'number'), ('access_log', 'user_id'), ('access_log', 'task_id'),
    ('access_log', 'trimmed_through'), ('access_head', 'number'), ('legs', 'heard_of_id'),
    ('line_entries', 'continues_id'), ('line_entries', 'offered_leg_id'), ('presences', 'leg_id'),
    ('work', 'subject_id'),
)
#: Keys and references of each table that have 32 bits.
_NARROW = """
SELECT c.relname AS table, a.attname AS column
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
AND a.atttypid = 'int4'::regtype
AND ((c.relname, a.attname) IN (SELECT * FROM unnest(CAST(:tables AS text[]), CAST(:columns AS text[]))) OR EXISTS (
  SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey)
))
ORDER BY 1, 2
"""
_SEQUENCES = """
SELECT s.relname FROM pg_class s
WHERE s.relkind = 'S' AND s.relnamespace = current_schema()::regnamespace
"""


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != 'postgresql' or bind.scalar(sa.text('SELECT EXISTS (SELECT FROM calls)')):
        return
    tables: dict[str, list[str]] = {}
    loose = {'tables': [table for table, _ in _LOOSE], 'columns': [column for _, column in _LOOSE]}
    for table, column in bind.execute(sa.text(_NARROW), loose).all():
        tables.setdefault(table, []).append(column)
    for table, columns in tables.items():
        changes = ', '.join(f'ALTER COLUMN "{column}" TYPE bigint' for column in columns)
        op.execute(f'ALTER TABLE "{table}" {changes}')
    for sequence in bind.scalars(sa.text(_SEQUENCES)).all():
        op.execute(f'ALTER SEQUENCE "{sequence}" AS bigint')


def downgrade() -> None:
    """Wide ids stay: the version before reads them as well."""
