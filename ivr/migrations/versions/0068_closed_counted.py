"""whether the closing of a task was counted for good: closed again, it is not counted as closed again

Revision ID: 0068
Revises: 0067
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

from ivr.platform.column_types import Instant

revision = '0068'
down_revision = '0067'
branch_labels = None
depends_on = None

#: What was closed for so long was counted, and final.
_FINAL = timedelta(days=8)


def upgrade() -> None:
    op.add_column(
        'callback_tasks', sa.Column('closed_counted', sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    tasks = sa.table('callback_tasks', sa.column('id'), sa.column('closing_counted'), sa.column('closed_counted'))
    known = sa.select(tasks.c.id).where(tasks.c.closing_counted)
    again = sorted({*op.get_bind().scalars(known), *_closed_for_long()})
    for start in range(0, len(again), 500):
        some = tasks.c.id.in_(again[start : start + 500])
        op.execute(sa.update(tasks).where(some).values(closed_counted=sa.true()))


def _closed_for_long() -> Iterator[int]:
    """Tasks that were reopened when their closing was final: what came before the reopening lay that far back."""
    events = sa.table('task_events', sa.column('id'), sa.column('task_id'), sa.column('at', Instant()), sa.column('kind'))
    reopened = sa.select(events.c.task_id).where(events.c.kind == 'reopened')
    query = sa.select(events.c.task_id, events.c.at, events.c.kind).where(events.c.task_id.in_(reopened))
    before = defaultdict[int, list[datetime]](list)
    for task_id, at, kind in op.get_bind().execute(query.order_by(events.c.id)):
        if kind == 'reopened' and any(at - closed > _FINAL for closed in before[task_id]):
            yield task_id
        if kind in ('closed', 'withdrawn'):
            before[task_id] = [at]
        if kind in ('reopened', 'undone'):
            before[task_id] = []


def downgrade() -> None:
    op.drop_column('callback_tasks', 'closed_counted')
