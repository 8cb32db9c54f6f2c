"""PgBouncer in transaction mode stands before the database: calls, live calls and the scheduler notice nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock
from ivr.models.voicebox import Recording
from ivr.operations import server_checks
from ivr.operations.migrate import migrate
from ivr.platform import database, schema
from tests.plugins.call_queue import INTERPRETERS
from tests.support import pgbouncer
from tests.support.call_queue import STAFF, conversation_of, entry_of, waits
from tests.support.caller import Caller
from tests.support.databases import Databases
from tests.support.environment import environment_kept, use_environment
from tests.support.postgres import Postgres
from tests.support.running_hotline import RunningHotline, reader
from tests.support.staff import have_met
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def bouncer(postgres: Postgres) -> Iterator[pgbouncer.Bouncer]:
    with pgbouncer.running(postgres) as bouncer:
        yield bouncer


@pytest.fixture(scope="module")
def call_queue_hotline(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, bouncer: pgbouncer.Bouncer
) -> Iterator[RunningHotline]:
    """A hotline with a small call queue whose database is behind PgBouncer."""
    hotline = RunningHotline(
        tmp_path_factory.mktemp("pooled"),
        tmp_path_factory.mktemp("no models"),
        HOURS__DAILY="00:00-24:00",
        CALLING_HOURS__DAILY="00:00-24:00",
        ANNOUNCE_SECONDS="2",
        INTERPRETERS=INTERPRETERS,
        STAFF_NUMBER=STAFF,
        LANGUAGES='["de", "en", "tr"]',
        **Databases(postgres, bouncer).settings(),
    )
    yield hotline
    hotline.stop()


def server_connections() -> int:
    """Connections of PgBouncer to the database of the hotline."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type LIKE 'client%'"
    with database.reading() as session:
        return int(session.execute(text(asked)).scalar_one())


def test_a_member_takes_a_call(call_queue_hotline, caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.answers().is_told("Anruf auf Deutsch").presses("1").is_talking()
    person.is_talking()
    have_met(person)
    assert conversation_of(person).state == "live"
    person.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia")
    assert entry_of(person).state == "answered"


def test_who_waits_again_and_again_is_served_by_few_connections(call_queue_hotline, caller_at_menu, team) -> None:
    """Often enough that plans would have been kept, and each time perhaps on another connection of the server."""
    mia = team.member("mia")
    for _ in range(4):
        person = waits(caller_at_menu())
        mia.accepts()
        person.is_talking().hangs_up()
        mia.has_hung_up()
        team.wraps_up("mia")
    assert server_connections() <= pgbouncer.SERVER_CONNECTIONS


def test_a_callback_and_a_message_are_tasks(call_queue_hotline, live_tasks_of) -> None:
    switch = call_queue_hotline.switch
    asks = Caller(switch, number="+4917611111111").dials()
    asks.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("2")
    asks.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    assert [task["state"] for task in live_tasks_of(asks.call_sid)] == ["open"]
    speaks = Caller(switch, number="+4917622222222").dials()
    speaks.hears("choose_language").presses("1").hears("main").presses("2").hears("consent").presses("1")
    speaks.hears("speak_now").says("Bitte rufen Sie mich zurück.").hears("review").presses("1")
    speaks.can_be_called().hears("receipt").hears("goodbye").is_sent_off()

    def stored() -> bool:
        with database.reading() as session:
            (sid,) = speaks.report.recording_sids
            found = session.scalars(select(Recording).where(Recording.recording_sid == sid)).one()
            return found.carrier_deleted_at is not None

    eventually(stored, 60)
    assert len(live_tasks_of(speaks.call_sid)) == 1


def test_the_scheduler_records_a_missed_promise(call_queue_hotline, caller_at_menu) -> None:
    person = Caller(call_queue_hotline.switch, number="+4917633333333").dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("2")
    person.can_be_called().hears("goodbye").is_sent_off()
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.callback_number == "+4917633333333")).one()
        for clock in session.scalars(select(SlaClock).where(SlaClock.task_id == task.id)):
            clock.due_at = clock.next_change_at = utc_now() - timedelta(minutes=1)
    api = reader(call_queue_hotline)
    eventually(lambda: api("/tasks", call_sid=person.call_sid)["tasks"][0]["breached_at"] is not None, 30)


def test_one_process_migrates_and_the_others_wait(bouncer: pgbouncer.Bouncer, postgres: Postgres) -> None:
    with environment_kept():
        use_environment(Databases(postgres, bouncer).empty())
        migrate()
        with schema.changing(), pytest.raises(schema.StillMigrating), schema.changing(patience=0.3):
            pass
        with schema.changing(patience=0.3):
            pass
        database.close()


def test_a_pooler_that_the_settings_do_not_know_is_named(bouncer: pgbouncer.Bouncer, postgres: Postgres) -> None:
    given = Databases(postgres, bouncer).settings()
    with environment_kept():
        use_environment({**given, "DATABASE_POOLER": "false"})
        (part,) = server_checks.connections()
        assert part.is_wrong and "DATABASE_POOLER" in part.remedy
        use_environment(given)
        (part,) = server_checks.connections()
        assert not part.is_wrong and "20 at most" in part.state
        database.close()
