"""Fills a hotline with the tasks of years: most are closed, some hundreds of each team are open.

One statement a table, so that 200,000 tasks are there within a minute. Every table that a page of the desk reads has
rows: calls, contacts, promises, messages with transcripts, notes, attempts, wishes for appointments, orders of forms,
words of the search, callers who have waited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, text

from ivr.callbacks import search_index
from ivr.domain import receipt_codes
from ivr.models.accounts import Team
from ivr.platform import database
from ivr.platform.column_types import Instant

#: Open tasks of each team; the years before; the hours over which the open ones have come, and before which the last
#: closed one has.
OPEN_OF_TEAM = 300
_YEARS, _OPEN_HOURS, _CLOSED_BEFORE = 4, 26.0, 6.0
_NAMES = (
    "Müller", "Yılmaz", "Petrow", "Nowak", "Kaya", "Schmidt", "Haddad", "Popescu", "Dimitrov", "Kowalski", "Rahimi",
)  # fmt: skip
_LANGUAGES = ("de", "de", "de", "en", "tr", "ar", "ru", "uk", "fa", "pl", "bg", "ro", "fr")
#: How the words of the index spell a name: plainly.
_PLAIN = str.maketrans("üı", "ui")

_CALLS = """
INSERT INTO calls (id, call_sid, from_number, language, concern, ending, state, started_at, ended_at)
SELECT n, 'CA' || n, '+4917' || (600000000 + n * 7919 % ({count} / 2)), {language}, 'benefits', 'promised', 'ended',
       {at}, {at} FROM {numbers}
"""
_TASKS = """
INSERT INTO callback_tasks (id, kind, state, call_id, team_id, language, concern, urgency, callback_number, caller_name,
    receipt_code, provisional, needs_interpreter, demands_code, first_contact_at, due_at, first_attempt_at, closed_at,
    outcome, claimed_by_id, claimed_at, claim_used_at, next_attempt_at)
SELECT id, CASE id % 21 WHEN 3 THEN 'appointment' WHEN 4 THEN 'postal_order' ELSE 'callback' END,
       CASE WHEN id <= {closed} THEN 'closed' WHEN id % 9 = 0 THEN 'claimed' ELSE 'open' END, id, 1 + id % {teams},
       language, concern, CASE WHEN id % 37 = 0 THEN 'emergency' ELSE 'normal' END, from_number, {name},
       '' || (1000000000 + id), {no}, {interpreter}, {no}, started_at, {due},
       CASE WHEN id <= {closed} THEN {soon} END, CASE WHEN id <= {closed} THEN {soon} END,
       CASE WHEN id <= {closed} THEN 'reached' END,
       CASE WHEN id <= {closed} OR id % 9 = 0 THEN {user} END,
       CASE WHEN id <= {closed} OR id % 9 = 0 THEN {soon} END, CASE WHEN id > {closed} AND id % 9 = 0 THEN :now END,
       CASE WHEN id > {closed} AND id % 11 = 0 THEN {later} END
FROM calls
"""
_CONTACTS = """
INSERT INTO contacts (id, task_id, call_id, at, kind, concern, urgency, language, receipt_code, callback_number, about)
SELECT id, id, call_id, first_contact_at, kind, concern, urgency, language, receipt_code, callback_number, '{{}}'
FROM callback_tasks
"""
_CLOCKS = """
INSERT INTO sla_clocks (task_id, measure, clock, hours, state, at_risk_at, due_at, at_risk_recorded_at, met_at,
    missed_at, next_change_at)
SELECT id, '{measure}', 'wall', 24,
       CASE WHEN id <= {closed} AND id % 26 = 0 THEN 'met_late' WHEN id <= {closed} THEN 'met'
            WHEN due_at <= :now THEN 'missed' ELSE 'on_track' END,
       due_at, due_at, due_at, closed_at,
       CASE WHEN (id <= {closed} AND id % 26 = 0) OR (id > {closed} AND due_at <= :now) THEN due_at END,
       CASE WHEN id > {closed} AND due_at > :now THEN due_at END
FROM callback_tasks
"""
_REST = (
    "INSERT INTO postal_orders (task_id, forms) SELECT id, '[\"main\"]' FROM callback_tasks "
    "WHERE kind = 'postal_order'",
    "INSERT INTO appointment_wishes (task_id, mode, reason, companion, impairment, seeks_training) "
    "SELECT id, 'in_person', 'benefits', 'none', {no}, {no} FROM callback_tasks WHERE kind = 'appointment'",
    "INSERT INTO sla_pauses (task_id, user_id, from_at, until_at) SELECT id, {user}, first_contact_at, next_attempt_at "
    "FROM callback_tasks WHERE next_attempt_at IS NOT NULL",
    "INSERT INTO voicebox_messages (id, call_id, task_id, contact_id, take, about, state, language, consented_at, "
    "left_at) SELECT id, call_id, id, id, 1, '{{}}', 'left', language, first_contact_at, first_contact_at "
    "FROM callback_tasks WHERE id % 7 < 3",
    "INSERT INTO recordings (id, message_id, recording_sid, state, recorded_seconds) SELECT id, id, 'RE' || id, "
    "'deleted', 20 FROM voicebox_messages",
    "INSERT INTO transcripts (id, recording_id, state, reason, language, text, confidence) SELECT id, id, "
    "CASE id % 3 WHEN 0 THEN 'please_listen' ELSE 'done' END, CASE id % 3 WHEN 0 THEN 'low_confidence' END, language, "
    "'bitte rufen sie mich wegen des bescheides zurück', 0.8 FROM voicebox_messages",
    "INSERT INTO attempts (task_id, user_id, at, outcome) SELECT id, {user}, closed_at, 'reached' FROM callback_tasks "
    "WHERE closed_at IS NOT NULL",
    "INSERT INTO task_events (task_id, at, kind) SELECT id, first_contact_at, 'opened' FROM callback_tasks",
    "INSERT INTO task_events (task_id, user_id, at, kind, text) SELECT id, {user}, closed_at, 'closed', 'reached' "
    "FROM callback_tasks WHERE closed_at IS NOT NULL",
    "INSERT INTO task_events (task_id, user_id, at, kind, text) SELECT id, {user}, first_contact_at, 'noted', "
    "'Bescheid erklärt, Unterlagen fehlen' FROM callback_tasks WHERE id % 4 = 0",
    "INSERT INTO line_entries (call_id, turn, team_id, language, concern, urgency, state, mode, joined_at, entered_at, "
    "resume, reason, left_at) SELECT id, 0, 1 + id % {teams}, language, concern, 'normal', 'left', 'live', started_at, "
    "started_at, '', CASE WHEN id % 3 = 0 THEN 'hung_up' ELSE 'callback' END, started_at FROM calls WHERE id % 4 = 0",
    f"INSERT INTO search_words (word, task_id) SELECT '{search_index.VERSION}', id FROM callback_tasks",
    "INSERT INTO search_words (word, task_id) SELECT receipt_code, id FROM callback_tasks",
    "INSERT INTO search_words (word, task_id) SELECT substr(callback_number, 2), id FROM callback_tasks",
    "INSERT INTO search_words (word, task_id) SELECT substr(callback_number, 4), id FROM callback_tasks",
    "INSERT INTO search_words (word, task_id) SELECT {plain}, id FROM callback_tasks",
    "INSERT INTO search_words (word, task_id) SELECT 'bescheides', id FROM callback_tasks WHERE id % 7 < 3",
)  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """What was made: ids up to `closed` are of closed tasks, the others of open ones; a task's team is by its id."""

    count: int
    closed: int
    teams: int

    def newest_of(self, team_id: int, number: int) -> list[int]:
        """Ids of the newest tasks of a team, which are open."""
        return [one for one in range(self.count, self.closed, -1) if 1 + one % self.teams == team_id][:number]


def name_of(task_id: int) -> str:
    """The caller's name of a task."""
    return _NAMES[task_id % len(_NAMES)]


def fill(count: int, now: datetime, user_id: int) -> Filled:
    """Make so many tasks; who has closed them, or holds them, is one member."""
    with database.reading() as session:
        teams = session.scalar(select(func.count()).select_from(Team)) or 0
    closed = count - OPEN_OF_TEAM * teams
    sqlite = database.engine().dialect.name == "sqlite"
    years = timedelta(days=365 * _YEARS).total_seconds()
    began, step = now - timedelta(seconds=years), (years - _CLOSED_BEFORE * 3600) / closed
    opened, open_step = years - _OPEN_HOURS * 3600, _OPEN_HOURS * 3600 / (count - closed)
    seconds = f"CASE WHEN n <= {closed} THEN n * {step!r} ELSE {opened!r} + (n - {closed}) * {open_step!r} END"
    words = {
        "count": count, "closed": closed, "teams": teams, "user": user_id, "no": "0" if sqlite else "false",
        "language": _one_of(_LANGUAGES, "n"), "name": _one_of(_NAMES, "id"),
        "plain": _one_of([name.lower().translate(_PLAIN) for name in _NAMES], "id"),
        "interpreter": "id % 8 = 1",
        "numbers": _numbers(count, sqlite=sqlite),
        "at": _moved(f"'{began:%Y-%m-%d %H:%M:%S}'" + ("" if sqlite else "::timestamp AT TIME ZONE 'UTC'"), seconds,
                     sqlite=sqlite),
        "due": _moved("started_at", "86400", sqlite=sqlite), "soon": _moved("started_at", "18000", sqlite=sqlite),
        "later": _moved("started_at", "172800", sqlite=sqlite),
    }  # fmt: skip
    with database.engine().execution_options(writing=True).begin() as connection:
        instant = Instant().process_bind_param(now, connection.dialect)
        value = {"now": f"{instant:%Y-%m-%d %H:%M:%S.%f}" if sqlite else instant}
        clocks = [_CLOCKS.replace("{measure}", measure) for measure in ("tried", "reached")]
        for statement in (_CALLS, _TASKS, _CONTACTS, *clocks, *_REST):
            sql = statement.format(**words)
            connection.execute(text(sql), value if ":now" in sql else {})
        _real_codes(connection, count)
        if not sqlite:
            for table in ("calls", "callback_tasks", "contacts", "voicebox_messages", "recordings", "transcripts"):
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {count})"))
        connection.execute(text("ANALYZE"))
    return Filled(count, closed, teams)


def _real_codes(connection: Connection, count: int) -> None:
    """Give the newest tasks receipt codes that are some; those of all others have a wrong check digit."""
    newest = [{"id": number, "code": receipt_codes.draw()} for number in range(count, count - 2000, -1)]
    for table, column, row in (("callback_tasks", "receipt_code", "id"), ("contacts", "receipt_code", "id"),
                               ("search_words", "word", "word = '' || (1000000000 + :id) AND task_id")):  # fmt: skip
        connection.execute(text(f"UPDATE {table} SET {column} = :code WHERE {row} = :id"), newest)


def _numbers(count: int, *, sqlite: bool) -> str:
    if not sqlite:
        return f"generate_series(1, {count}) AS numbers(n)"
    numbers = f"numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
    return f"(WITH RECURSIVE {numbers} SELECT n FROM numbers)"


def _moved(instant: str, seconds: str, *, sqlite: bool) -> str:
    """An instant so many seconds later, as the database keeps one."""
    if sqlite:
        return f"strftime('%Y-%m-%d %H:%M:%f', julianday({instant}) + ({seconds}) / 86400.0) || '000'"
    return f"{instant} + ({seconds}) * interval '1 second'"


def _one_of(values: tuple[str, ...] | list[str], number: str) -> str:
    cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
    return f"CASE {number} % {len(values)} {cases} END"
