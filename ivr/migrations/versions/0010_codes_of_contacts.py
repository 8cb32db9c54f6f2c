"""codes of contacts

Every contact gets a receipt code of its own; the first contact of a task keeps the one the task has.

Revision ID: 0010
Revises: 0009
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from ivr.domain import receipt_codes
from ivr.platform.column_types import Instant

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_AT = Instant(timezone=True)


def upgrade() -> None:
    connection = op.get_bind()
    tasks = connection.execute(sa.text(
        'SELECT t.id AS task_id, t.call_id, coalesce(c.at, t.first_contact_at) AS at, t.receipt_code, t.kind, t.concern,'
        ' t.urgency, t.emergency_kind, t.callback_number, t.language, t.availability FROM callback_tasks t'
        ' LEFT JOIN contacts c ON c.task_id = t.id AND c.call_id = t.call_id ORDER BY t.id'
    ).columns(at=_AT)).mappings().all()
    further = connection.execute(sa.text(
        'SELECT c.task_id, c.call_id, c.at, t.kind, t.concern, t.urgency, t.emergency_kind, k.from_number,'
        ' coalesce(k.language, t.language) AS language FROM contacts c JOIN callback_tasks t ON t.id = c.task_id'
        ' JOIN calls k ON k.id = c.call_id WHERE c.call_id <> t.call_id ORDER BY c.at'
    ).columns(at=_AT)).mappings().all()
    contacts, later_calls = _made(tasks, further)
    op.drop_table('contacts')
    table = op.create_table('contacts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('at', _AT, nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('concern', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=20), nullable=False),
    sa.Column('emergency_kind', sa.String(length=20), nullable=True),
    sa.Column('receipt_code', sa.String(length=receipt_codes.LENGTH), nullable=False),
    sa.Column('callback_number', sa.String(length=32), nullable=True),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('availability', sa.String(length=20), nullable=True),
    sa.Column('about', sa.JSON(), nullable=False),
    sa.Column('agreed_to_texts', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('number_changed_at', _AT, nullable=True),
    sa.Column('changed_number_from', sa.String(length=32), nullable=True),
    sa.Column('withdrawn_at', _AT, nullable=True),
    sa.Column('confirmed_at', _AT, nullable=True),
    sa.Column('confirmed_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_contacts_call_id_calls'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['confirmed_by_id'], ['users.id'], name=op.f('fk_contacts_confirmed_by_id_users')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_contacts_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contacts')),
    sa.UniqueConstraint('call_id', 'kind', 'concern', name=op.f('uq_contacts_call_id_kind_concern')),
    sa.UniqueConstraint('receipt_code', name=op.f('uq_contacts_receipt_code')),
    sqlite_autoincrement=True
    )
    for column in ('at', 'call_id', 'callback_number', 'task_id'):
        op.create_index(f'ix_contacts_{column}', 'contacts', [column])
    op.bulk_insert(table, contacts)
    table = op.create_table('later_calls',
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('at', _AT, nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_later_calls_call_id_calls'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_later_calls_contact_id_contacts'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('contact_id', 'call_id', name=op.f('pk_later_calls'))
    )
    op.create_index(op.f('ix_later_calls_call_id'), 'later_calls', ['call_id'])
    firsts = {contact['task_id']: contact['id'] for contact in reversed(contacts)}  # those that opened them
    op.bulk_insert(table, [
        {'contact_id': firsts[row['task_id']], 'call_id': row['call_id'], 'at': row['at']} for row in later_calls
    ])
    if contacts and op.get_bind().dialect.name == 'postgresql':
        op.execute("SELECT setval(pg_get_serial_sequence('contacts', 'id'), (SELECT max(id) FROM contacts))")
    with _messages() as batch_op:
        batch_op.add_column(sa.Column('contact_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_voicebox_messages_contact_id_contacts'), 'contacts', ['contact_id'], ['id'], ondelete='SET NULL')
        batch_op.create_index(batch_op.f('ix_voicebox_messages_contact_id'), ['contact_id'], unique=False)
    op.execute(
        'UPDATE voicebox_messages SET contact_id = coalesce((SELECT min(c.id) FROM contacts c'
        ' WHERE c.task_id = voicebox_messages.task_id AND c.call_id = voicebox_messages.call_id),'
        ' (SELECT min(c.id) FROM contacts c WHERE c.task_id = voicebox_messages.task_id))'
        ' WHERE task_id IS NOT NULL'
    )


def _abouts() -> dict[tuple[int, int], Any]:
    """What the last message of a call to a task is about."""
    found = op.get_bind().execute(sa.text(
        'SELECT task_id, call_id, about FROM voicebox_messages WHERE task_id IS NOT NULL ORDER BY id'
    ).columns(about=sa.JSON))
    return {(row.task_id, row.call_id): row.about for row in found}


def _made(tasks: Sequence[Any], further: Sequence[Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    """The new contacts, and the calls that become later calls of the contact that opened their task.

    These have changed several requests of one kind and concern, and may be one contact only.
    """
    abouts, codes = _abouts(), _free_codes({task['receipt_code'] for task in tasks})
    made, later = [dict(task) for task in tasks], []
    seen = {(task['call_id'], task['kind'], task['concern']) for task in tasks}
    for row in further:
        contact = dict(row)
        key = (contact['call_id'], contact['kind'], contact['concern'])
        if key in seen:
            later.append(row)
            continue
        seen.add(key)
        number = contact.pop('from_number')
        made.append({**contact, 'callback_number': number, 'availability': None, 'receipt_code': next(codes)})
    for number, contact in enumerate(made, start=1):
        contact['id'] = number
        bare = {'kind': contact['kind'], 'concern': contact['concern']}
        contact['about'] = abouts.get((contact['task_id'], contact['call_id'])) or bare
    return made, later


def _free_codes(taken: set[str]) -> Iterator[str]:
    while True:
        if (code := receipt_codes.draw()) not in taken:
            taken.add(code)
            yield code


def _messages() -> Any:
    """The table of messages; SQLite makes it anew, with the check that it has."""
    sqlite = op.get_bind().dialect.name == 'sqlite'
    states = sa.CheckConstraint("state IN ('expected', 'left', 'empty', 'replaced')", name=op.f('ck_voicebox_messages_state'))
    return op.batch_alter_table(
        'voicebox_messages', schema=None, table_args=(states,) if sqlite else (), table_kwargs={'sqlite_autoincrement': True}
    )


def downgrade() -> None:
    op.drop_index('ix_voicebox_messages_contact_id', table_name='voicebox_messages')
    with _messages() as batch_op:
        batch_op.drop_constraint(op.f('fk_voicebox_messages_contact_id_contacts'), type_='foreignkey')
        batch_op.drop_column('contact_id')
    connection = op.get_bind()
    columns = {'at': _AT}
    kept = connection.execute(sa.text('SELECT task_id, call_id, min(at) AS at FROM contacts GROUP BY task_id, call_id').columns(**columns))
    contacts = {(row.task_id, row.call_id): row.at for row in kept}
    for row in connection.execute(sa.text(
        'SELECT c.task_id, l.call_id, l.at FROM later_calls l JOIN contacts c ON c.id = l.contact_id'
    ).columns(**columns)):
        contacts.setdefault((row.task_id, row.call_id), row.at)
    op.drop_table('later_calls')
    op.drop_table('contacts')
    table = op.create_table('contacts',
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('call_id', sa.Integer(), nullable=False),
    sa.Column('at', _AT, nullable=False),
    sa.ForeignKeyConstraint(['call_id'], ['calls.id'], name=op.f('fk_contacts_call_id_calls'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_contacts_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('task_id', 'call_id', name=op.f('pk_contacts'))
    )
    op.create_index('ix_contacts_call_id', 'contacts', ['call_id'])
    op.create_index('ix_contacts_at', 'contacts', ['at'])
    op.bulk_insert(table, [{'task_id': task, 'call_id': call, 'at': at} for (task, call), at in contacts.items()])
