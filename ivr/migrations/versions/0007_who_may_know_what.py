"""who may know what

Revision ID: 0007
Revises: 0006
"""

from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from alembic import op

import ivr.platform.column_types

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_head',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_head'))
    )
    op.create_table('access_log',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=20), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=True),
    sa.Column('team', sa.String(length=40), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.Column('trimmed_through', sa.Integer(), nullable=True),
    sa.Column('previous', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_access_log'))
    )
    with op.batch_alter_table('access_log', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_log_action_access_log_number'), ['action', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_log_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_log_task_id_access_log_number'), ['task_id', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_log_team_access_log_number'), ['team', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_log_user_id_access_log_action_access_log_at'), ['user_id', 'action', 'at'], unique=False)

    op.create_table('pending_deletions',
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('sid', sa.String(length=64), nullable=False),
    sa.Column('planned_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('done_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('audio', 'call', 'recording', 'message')", name=op.f('ck_pending_deletions_kind')),
    sa.PrimaryKeyConstraint('kind', 'sid', name=op.f('pk_pending_deletions'))
    )
    op.create_table('deletion_records',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('cause', sa.String(length=10), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('cutoff_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('deleted', sa.Integer(), nullable=False),
    sa.Column('held', sa.Integer(), nullable=False),
    sa.Column('verified', sa.Boolean(), nullable=False),
    sa.Column('remains', sa.String(length=300), nullable=False),
    sa.CheckConstraint("cause IN ('period', 'erasure', 'replay')", name=op.f('ck_deletion_records_cause')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deletion_records'))
    )
    with op.batch_alter_table('deletion_records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deletion_records_at'), ['at'], unique=False)

    op.create_table('log_in_delays',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('failed_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('until_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_log_in_delays'))
    )
    with op.batch_alter_table('log_in_delays', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_log_in_delays_failed_at'), ['failed_at'], unique=False)

    op.create_table('log_ins',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('started_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('used_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('ended_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_log_ins_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_log_ins')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_log_ins_token_hash'))
    )
    with op.batch_alter_table('log_ins', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_log_ins_started_at'), ['started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_log_ins_user_id'), ['user_id'], unique=False)

    op.create_table('period_changes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('proposed_by_id', sa.Integer(), nullable=False),
    sa.Column('proposed_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('proposed', 'confirmed', 'refused')", name=op.f('ck_period_changes_state')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_period_changes_decided_by_id_users')),
    sa.ForeignKeyConstraint(['proposed_by_id'], ['users.id'], name=op.f('fk_period_changes_proposed_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_period_changes'))
    )
    with op.batch_alter_table('period_changes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_period_changes_kind_period_changes_decided_at'), ['kind', 'decided_at'], unique=False)

    op.create_table('recovery_codes',
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('made_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_recovery_codes_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_recovery_codes'))
    )
    with op.batch_alter_table('recovery_codes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recovery_codes_user_id'), ['user_id'], unique=False)

    op.create_table('security_keys',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('credential_id', sa.String(length=1400), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=False),
    sa.Column('sign_count', sa.Integer(), nullable=False),
    sa.Column('added_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('used_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_security_keys_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_security_keys')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_security_keys_credential_id'))
    )
    with op.batch_alter_table('security_keys', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_security_keys_user_id'), ['user_id'], unique=False)

    op.create_table('subject_requests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('identity_check', sa.String(length=30), nullable=False),
    sa.Column('named', sa.Text(), nullable=False),
    sa.Column('opened_by_id', sa.Integer(), nullable=False),
    sa.Column('opened_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('done_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.Column('result', sa.String(length=300), nullable=False),
    sa.CheckConstraint("kind IN ('access', 'rectification', 'erasure', 'restriction')", name=op.f('ck_subject_requests_kind')),
    sa.CheckConstraint("state IN ('opened', 'done', 'refused')", name=op.f('ck_subject_requests_state')),
    sa.ForeignKeyConstraint(['opened_by_id'], ['users.id'], name=op.f('fk_subject_requests_opened_by_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subject_requests'))
    )
    with op.batch_alter_table('subject_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subject_requests_opened_at'), ['opened_at'], unique=False)

    op.create_table('team_supervisors',
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_supervisors_team_id_teams'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_team_supervisors_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('team_id', 'user_id', name=op.f('pk_team_supervisors'))
    )
    op.create_table('legal_holds',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('placed_by_id', sa.Integer(), nullable=False),
    sa.Column('placed_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('lifted_by_id', sa.Integer(), nullable=True),
    sa.Column('lifted_at', ivr.platform.column_types.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['lifted_by_id'], ['users.id'], name=op.f('fk_legal_holds_lifted_by_id_users')),
    sa.ForeignKeyConstraint(['placed_by_id'], ['users.id'], name=op.f('fk_legal_holds_placed_by_id_users')),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_legal_holds_task_id_callback_tasks')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_legal_holds'))
    )
    with op.batch_alter_table('legal_holds', schema=None) as batch_op:
        batch_op.create_index('ix_legal_holds_lying', ['task_id'], unique=False, sqlite_where=sa.text('lifted_at IS NULL'), postgresql_where=sa.text('lifted_at IS NULL'))

    op.create_table('openings',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('opened_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.Column('until_at', ivr.platform.column_types.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['task_id'], ['callback_tasks.id'], name=op.f('fk_openings_task_id_callback_tasks'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_openings_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_openings'))
    )
    with op.batch_alter_table('openings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_openings_task_id_openings_user_id'), ['task_id', 'user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_openings_until_at'), ['until_at'], unique=False)

    # Programs go on reading what they read, for a year; then somebody has to ask for a new token.
    op.add_column('api_tokens', sa.Column('scopes', sa.JSON(), server_default='["tasks", "callers"]', nullable=False))
    op.add_column('api_tokens', sa.Column('expires_at', ivr.platform.column_types.Instant(timezone=True), server_default='2027-12-31 00:00:00', nullable=False))
    op.add_column('api_tokens', sa.Column('last_used_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('callback_tasks', sa.Column('restricted_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
    op.add_column('callback_tasks', sa.Column('erased_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sso_subject', sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column('totp_secret', sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column('totp_confirmed_at', ivr.platform.column_types.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('totp_step', sa.Integer(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_users_sso_subject'), ['sso_subject'])
        if op.get_bind().dialect.name == 'postgresql':
            batch_op.drop_constraint(batch_op.f('ck_users_role'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_users_role'), "role IN ('member', 'supervisor', 'administrator', 'officer')")
    # Until now a supervisor saw every team.
    op.execute("INSERT INTO team_supervisors (team_id, user_id) SELECT teams.id, users.id FROM teams, users WHERE users.role = 'supervisor'")
    # Whoever left the line after a member had not picked up: that conversation never began.
    op.execute("UPDATE conversations SET state = 'ended', ended_at = started_at WHERE state = 'preparing'"
               " AND entry_id IN (SELECT id FROM line_entries WHERE state = 'left')")
    # What was searched for is not kept with a view: it may be a caller's name.
    views = sa.table('saved_views', sa.column('id'), sa.column('query'))
    for view in op.get_bind().execute(sa.select(views)).all():
        kept = [(name, value) for name, value in parse_qsl(view.query) if name != 'q']
        op.execute(views.update().where(views.c.id == view.id).values(query=urlencode(kept)))
    op.execute("INSERT INTO access_head (id, number, hash) VALUES (1, 0, '%s')" % ('0' * 64))
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


_SQLITE = """
CREATE TRIGGER access_log_never_changed BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER access_log_never_replaced BEFORE INSERT ON access_log
WHEN NEW.number <= (SELECT max(number) FROM access_log)
BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER access_log_never_shortened BEFORE DELETE ON access_log
WHEN NOT EXISTS (SELECT 1 FROM access_log WHERE action = 'trimmed' AND trimmed_through >= OLD.number)
BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
"""
_POSTGRESQL = """
CREATE OR REPLACE FUNCTION access_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT 1 FROM access_log WHERE action = 'trimmed' AND trimmed_through >= OLD.number) THEN
      RETURN OLD;
    END IF;
  ELSIF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM access_log WHERE number >= NEW.number) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'the access log is append-only';
END $$;
CREATE TRIGGER access_log_rows BEFORE INSERT OR UPDATE OR DELETE ON access_log
FOR EACH ROW EXECUTE FUNCTION access_log_is_append_only();
CREATE TRIGGER access_log_whole BEFORE TRUNCATE ON access_log
FOR EACH STATEMENT EXECUTE FUNCTION access_log_is_append_only();
"""
#: Rows go only after a line that says so, see ivr/audit/access_log.py.
_APPEND_ONLY = {
    'sqlite': [f'{statement}END;' for statement in _SQLITE.split('END;')[:-1]],
    'postgresql': [f'CREATE {statement}' for statement in _POSTGRESQL.split('CREATE ')[1:]],
}


def downgrade() -> None:
    op.execute("DELETE FROM users WHERE role NOT IN ('member', 'supervisor')")
    with op.batch_alter_table('users', schema=None) as batch_op:
        if op.get_bind().dialect.name == 'postgresql':
            batch_op.drop_constraint(batch_op.f('ck_users_role'), type_='check')
        batch_op.create_check_constraint(batch_op.f('ck_users_role'), "role IN ('member', 'supervisor')")
        batch_op.drop_constraint(batch_op.f('uq_users_sso_subject'), type_='unique')
        batch_op.drop_column('totp_step')
        batch_op.drop_column('totp_confirmed_at')
        batch_op.drop_column('totp_secret')
        batch_op.drop_column('sso_subject')

    with op.batch_alter_table('callback_tasks', schema=None) as batch_op:
        batch_op.drop_column('erased_at')
        batch_op.drop_column('restricted_at')

    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.drop_column('last_used_at')
        batch_op.drop_column('expires_at')
        batch_op.drop_column('scopes')

    with op.batch_alter_table('openings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_openings_until_at'))
        batch_op.drop_index(batch_op.f('ix_openings_task_id_openings_user_id'))

    op.drop_table('openings')
    with op.batch_alter_table('legal_holds', schema=None) as batch_op:
        batch_op.drop_index('ix_legal_holds_lying', sqlite_where=sa.text('lifted_at IS NULL'), postgresql_where=sa.text('lifted_at IS NULL'))

    op.drop_table('legal_holds')
    op.drop_table('team_supervisors')
    with op.batch_alter_table('subject_requests', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subject_requests_opened_at'))

    op.drop_table('subject_requests')
    with op.batch_alter_table('security_keys', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_security_keys_user_id'))

    op.drop_table('security_keys')
    with op.batch_alter_table('recovery_codes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_recovery_codes_user_id'))

    op.drop_table('recovery_codes')
    with op.batch_alter_table('period_changes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_period_changes_kind_period_changes_decided_at'))

    op.drop_table('period_changes')
    with op.batch_alter_table('log_ins', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_log_ins_user_id'))
        batch_op.drop_index(batch_op.f('ix_log_ins_started_at'))

    op.drop_table('log_ins')
    with op.batch_alter_table('log_in_delays', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_log_in_delays_failed_at'))

    op.drop_table('log_in_delays')
    with op.batch_alter_table('deletion_records', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deletion_records_at'))

    op.drop_table('deletion_records')
    op.drop_table('pending_deletions')
    with op.batch_alter_table('access_log', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_access_log_user_id_access_log_action_access_log_at'))
        batch_op.drop_index(batch_op.f('ix_access_log_team_access_log_number'))
        batch_op.drop_index(batch_op.f('ix_access_log_task_id_access_log_number'))
        batch_op.drop_index(batch_op.f('ix_access_log_at'))
        batch_op.drop_index(batch_op.f('ix_access_log_action_access_log_number'))

    op.drop_table('access_log')
    op.drop_table('access_head')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION access_log_is_append_only()')
