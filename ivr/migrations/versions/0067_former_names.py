"""the names that teams and offices had: a report of a month tells those of that month

Revision ID: 0067
Revises: 0066
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0067'
down_revision = '0066'
branch_labels = None
depends_on = None

_OFFICES = 'tasks/office/'
#: Since when, team or office, key, name.
_Named = tuple[datetime, str, str, str]


def upgrade() -> None:
    names = op.create_table(
        'former_names',
        sa.Column('dimension', sa.String(20), nullable=False),
        sa.Column('key', sa.String(40), nullable=False),
        sa.Column('since', ivr.platform.column_types.Instant(timezone=True), nullable=False),
        sa.Column('name', sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint('dimension', 'key', 'since'),
    )
    known: dict[tuple[str, str], str] = {}
    rows = []
    found = sorted([*_of_settings(), *_of_publications()], key=lambda one: one[0])
    now, named = datetime.now(UTC), {(dimension, key) for _since, dimension, key, _name in found}
    found += [(now, 'team', key, name) for key, name in _teams() if ('team', key) not in named]
    for since, dimension, key, name in found:
        if known.get((dimension, key)) != name:
            known[dimension, key] = name
            rows.append({'dimension': dimension, 'key': key, 'since': since, 'name': name[:120]})
    if rows:
        op.bulk_insert(names, rows)


def _of_settings() -> Iterator[_Named]:
    """What the page has named, and when."""
    store = sa.table('settings_store', sa.column('id'), sa.column('made_at', ivr.platform.column_types.Instant()),
                     sa.column('settings', sa.JSON))
    query = sa.select(store.c.made_at, store.c.settings).order_by(store.c.id)
    for made_at, settings in op.get_bind().execute(query):
        for dimension in ('team', 'office'):
            for key, one in (settings.get(f'{dimension}s') or {}).items():
                if isinstance(one, dict) and one.get('name'):
                    yield made_at, dimension, key, one['name']


def _of_publications() -> Iterator[_Named]:
    """The names of offices in published statements: the table of offices is the third but last."""
    made = sa.table('publications', sa.column('report'), sa.column('month', sa.Date), sa.column('content', sa.JSON))
    query = sa.select(made.c.month, made.c.content).where(made.c.report == 'statement').order_by(made.c.month)
    for month, content in op.get_bind().execute(query):
        keys = [key.removeprefix(_OFFICES) for key in content.get('counts') or {} if key.startswith(_OFFICES)]
        tables = (content.get('tables') or {}).get('de') or []
        rows = tables[-3]['rows'][:-1] if len(tables) > 2 else []
        if len(rows) == len(keys):
            for key, (name, *_numbers) in zip(keys, rows, strict=True):
                if key and not name.startswith(f'{key} ('):
                    yield datetime.combine(month, time(), UTC), 'office', key, name


def _teams() -> list[tuple[str, str]]:
    teams = sa.table('teams', sa.column('key'), sa.column('name'))
    found = op.get_bind().execute(sa.select(teams.c.key, teams.c.name))
    return [(key, name) for key, name in found]


def downgrade() -> None:
    op.drop_table('former_names')
