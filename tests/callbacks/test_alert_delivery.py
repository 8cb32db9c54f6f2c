"""Who is told of emergencies and of promises in danger: over real SMTP and HTTP, once, at the right time of day."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, insert, select
from standardwebhooks import Webhook
from werkzeug.serving import make_server

from ivr.callbacks import alert_delivery, alert_digest, collaboration, intake, sla_clocks, task_alerts, urgency
from ivr.config import settings
from ivr.config.sections import ConfigurationError
from ivr.config.settings import load
from ivr.domain.enums import AlertEvent
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.alerts import AlertItem, AlertMessage
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.sla import SlaClock
from ivr.platform import database, outbox
from ivr.platform.work_models import Work
from ivr.workers import scheduler
from tests.support.alerts import nothing_on_its_way, sweep
from tests.support.people import a_task, hire, the_task
from tests.support.servers import free_port
from tests.support.waiting import eventually

SECRET = "whsec_" + b64encode(b"a secret of twenty-four bytes").decode()
#: Tuesday, the middle of the day in Bremen; and an hour at which nobody should be woken.
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


@pytest.fixture
def subscribed(empty_database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def subscribe(*alerts: dict, **values: str) -> None:
        monkeypatch.setenv("ALERTS", json.dumps(alerts))
        monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
        for key, value in values.items():
            monkeypatch.setenv(key, value)
        settings.settings.cache_clear()

    yield subscribe
    nothing_on_its_way()


def write_due_messages(now: datetime) -> int:
    with database.writing() as session:
        return alert_digest.write_due_messages(session, now)


def messages() -> list[AlertMessage]:
    with database.reading() as session:
        return list(session.scalars(select(AlertMessage).order_by(AlertMessage.id)))


def test_an_emergency_is_told_at_once_day_and_night_by_its_code_only(subscribed, mailbox, empty_database) -> None:
    subscribed({"name": "benefits", "to": "team@example.org", "teams": ["benefits"]}, SMTP_URL=mailbox.url)
    task = the_task(a_task("emergency", text="Strom", number="+4917612345678"))
    a_task("under_25")
    assert write_due_messages(NIGHT) == 1
    scheduler.send_alerts()
    (mail,) = eventually(lambda: mailbox.mails)
    body = mail.get_content()
    assert mail["Subject"] == "1 neuer Notfall"
    assert mail["To"] == "team@example.org"
    assert task.receipt_code in body
    assert "/desk/?view=emergencies" in body
    for personal in ("17612345678", "Strom", "Leistung", "benefits"):
        assert personal not in str(mail), "nothing personal leaves the hotline"
    eventually(lambda: messages()[0].state == "sent")
    assert write_due_messages(NIGHT) == 0, "once"


def test_at_risk_and_missed_wait_for_the_morning_and_come_together(subscribed, mailbox) -> None:
    subscribed({"name": "all", "to": "team@example.org", "events": ["at_risk", "missed"]}, SMTP_URL=mailbox.url)
    evening = NIGHT - timedelta(hours=3)
    early, late = (
        a_task(age=utc_now() - evening + timedelta(hours=20)),
        a_task(age=utc_now() - evening + timedelta(hours=25)),
    )
    sweep(evening)
    assert write_due_messages(NIGHT) == 0
    morning = datetime(2026, 11, 25, 7, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert write_due_messages(morning - timedelta(seconds=1)) == 0
    assert write_due_messages(morning) == 1
    (message,) = messages()
    assert message.subject == "1 Rückrufzusage überfällig, 1 Rückrufzusage gefährdet"
    assert message.content["codes"] == {
        "missed": [the_task(late).receipt_code], "at_risk": [the_task(early).receipt_code],
    }  # fmt: skip


def test_who_is_in_time_again_is_not_warned_of(subscribed) -> None:
    subscribed({"name": "all", "to": "https://example.org/hook", "events": ["at_risk"]})
    task = a_task(age=timedelta(hours=20))
    sweep(utc_now())
    with database.writing() as session:
        session.get_one(CallbackTask, task).first_attempt_at = utc_now()
    assert write_due_messages(NOON + timedelta(days=30)) == 0
    assert messages() == []


def test_an_emergency_that_was_none_and_then_is_one_is_told_again(subscribed) -> None:
    people = hire()
    subscribed({"name": "all", "to": "https://example.org/hook", "events": ["emergency"]})
    task = a_task()
    with database.writing() as session:
        found, mia = session.get_one(CallbackTask, task), session.get_one(User, people["mia"].id)
        urgency.raise_by_words(session, found, ["strom"], NOON)
    assert write_due_messages(NOON) == 1
    with database.writing() as session:
        urgency.lower_urgency(session, session.get_one(CallbackTask, task), mia, NOON)
        collaboration.hand_over(session, session.get_one(CallbackTask, task), mia, "work", "falsch", NOON)
    assert write_due_messages(NOON) == 0
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.urgency = "emergency"
        sla_clocks.alert_current_state(session, found, NOON)
    assert write_due_messages(NOON) == 1


def test_a_task_handed_over_is_told_to_the_other_team(subscribed) -> None:
    people = hire()
    subscribed(*({"name": key, "to": "https://example.org/hook", "teams": [key]} for key in ("benefits", "work")))
    task = a_task(age=timedelta(hours=25))
    sweep(utc_now())
    with database.writing() as session:
        found, mia = session.get_one(CallbackTask, task), session.get_one(User, people["mia"].id)
        collaboration.hand_over(session, found, mia, "work", "gehört dorthin", utc_now())
    with database.reading() as session:
        told = {(item.subscription, item.kind) for item in session.scalars(select(AlertItem))}
    assert told == {("benefits", "missed"), ("work", "missed")}


def test_what_is_certain_only_now_is_told_now(subscribed) -> None:
    """A hang-up in the middle of the recording: nobody is warned of what may be nothing."""
    subscribed({"name": "all", "to": "https://example.org/hook", "events": ["missed"]})
    task = a_task(age=timedelta(hours=25))
    with database.writing() as session:
        session.get_one(CallbackTask, task).provisional = True
    sweep(utc_now())
    with database.writing() as session:
        assert session.scalars(select(AlertItem)).all() == []
        intake.confirm(session, session.get_one(CallbackTask, task), utc_now())
        assert [item.kind for item in session.scalars(select(AlertItem))] == ["missed"]


def test_nobody_is_woken_by_a_second_try(subscribed) -> None:
    subscribed({"name": "all", "to": "https://example.org/hook", "events": ["emergency", "missed"]})
    a_task(age=timedelta(hours=25))
    sweep(utc_now())
    write_due_messages(NOON + timedelta(days=30))
    a_task("emergency")
    write_due_messages(NOON + timedelta(days=30))
    with database.reading() as session:
        later = NOON + timedelta(days=31)
        assert len(alert_delivery.due(session, later)) == 2
        urgent = alert_delivery.due(session, later.replace(hour=23))
    assert len(urgent) == 1


def test_a_missed_promise_goes_up_after_hours(subscribed) -> None:
    subscribed({"name": "lead", "to": "https://example.org/hook", "events": ["escalated"]})
    task = a_task(age=timedelta(hours=25))
    now = utc_now()
    sweep(now)
    with database.reading() as session:
        assert session.scalars(select(AlertItem)).all() == []
    sweep(now + timedelta(hours=4))
    sweep(now + timedelta(hours=5))
    with database.reading() as session:
        (item,) = session.scalars(select(AlertItem)).all()
    assert (item.kind, item.task_id) == ("escalated", task)


def test_a_flood_is_one_digest_whoever_counts_it(subscribed) -> None:
    """Thousands missed at once, three clock processes: one message that names the first twenty."""
    subscribed({"name": "all", "to": "https://example.org/hook", "events": ["missed"]})
    many = 3000
    flood(many)
    with ThreadPoolExecutor(3) as processes:
        list(processes.map(sweep, [NOON] * 9))
    with ThreadPoolExecutor(3) as processes:
        written = list(processes.map(write_due_messages, [NOON + timedelta(minutes=2)] * 9))
    assert sum(written) == 1
    (message,) = messages()
    assert message.subject == "3.000 Rückrufzusagen überfällig"
    assert len(message.content["codes"]["missed"]) == 20
    assert "und 2.980 weitere" in message.text
    a_task(age=utc_now() - NOON + timedelta(hours=25))
    sweep(NOON + timedelta(minutes=3))
    assert write_due_messages(NOON + timedelta(minutes=10)) == 0, "the next digest has time"
    assert write_due_messages(NOON + timedelta(minutes=20)) == 1


@pytest.mark.parametrize("event", AlertEvent)
def test_every_event_is_told_by_itself(subscribed, event: AlertEvent) -> None:
    """Whatever is added to the events: a message has its title and the receipt code."""
    subscribed({"name": "all", "to": "https://example.org/hook", "events": list(AlertEvent)})
    task_id = a_task()
    with database.writing() as session:
        session.execute(delete(AlertItem))
        task_alerts.note(session, event, [task_id], NOON)
    assert write_due_messages(NOON + timedelta(minutes=20)) == 1
    (message,) = messages()
    assert list(message.content["codes"]) == [event]
    assert message.subject.startswith("1 ")
    assert the_task(task_id).receipt_code in message.text


#: Ids no sequence comes to.
_FLOOD = 1_000_000


def flood(count: int) -> None:
    """Tasks that all fell due a moment ago."""
    due = NOON - timedelta(minutes=1)
    with database.writing() as session:
        numbers = range(_FLOOD, _FLOOD + count)
        begun = {"started_at": due - timedelta(hours=24), "state": "ended"}
        session.execute(insert(Call), [{"id": number, "call_sid": f"CAflood{number}", **begun} for number in numbers])
        team = session.scalars(select(Team.id).order_by(Team.id)).first()
        session.execute(
            insert(CallbackTask),
            [
                {
                    "id": number, "call_id": number, "team_id": team, "language": "de", "concern": "benefits",
                    "kind": "callback", "state": "open", "urgency": "normal", "receipt_code": f"{number:08d}",
                    "provisional": False, "needs_interpreter": False, "demands_code": False, "due_at": due,
                    "first_contact_at": due - timedelta(hours=24),
                }
                for number in range(_FLOOD, _FLOOD + count)
            ],
        )  # fmt: skip
        session.execute(
            insert(SlaClock),
            [
                {
                    "task_id": number, "measure": "tried", "clock": "wall", "hours": 24, "state": "at_risk",
                    "at_risk_at": due, "due_at": due, "at_risk_recorded_at": due, "next_change_at": due,
                }
                for number in range(_FLOOD, _FLOOD + count)
            ],
        )  # fmt: skip


class Receiver:
    """A real web server that takes webhooks; told to, it is silent or refuses."""

    def __init__(self) -> None:
        self.taken: list[dict] = []
        self.mood = "well"
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}/hook"
        self._awake = threading.Event()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        if self.mood == "silent":
            self._awake.wait(30)
        if self.mood == "refuses":
            start_response("503 Service Unavailable", [])
            return [b""]
        headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key[:5] == "HTTP_"}
        self.taken.append(Webhook(SECRET).verify(body, headers))
        start_response("204 No Content", [])
        return [b""]

    def stop(self) -> None:
        self._awake.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.stop()


def test_a_webhook_is_signed_and_tried_again(subscribed, receiver: Receiver) -> None:
    subscribed({"name": "hook", "to": receiver.url})
    task = the_task(a_task("emergency"))
    receiver.mood = "refuses"
    write_due_messages(NOON)
    scheduler.send_alerts()
    eventually(lambda: work().last_error)
    assert "503" in work().last_error
    receiver.mood = "well"
    eventually(lambda: scheduler.send_alerts() or receiver.taken, 15, 0.2)
    (told,) = receiver.taken
    assert told["type"] == "hotline.alert"
    assert told["data"] == {
        "subject": "1 neuer Notfall", "kinds": {"emergency": 1}, "codes": {"emergency": [task.receipt_code]},
    }  # fmt: skip
    eventually(lambda: work().done_at)


def work(number: int = 0) -> Work:
    with database.reading() as session:
        return session.scalars(select(Work).where(Work.kind == "send_alert").order_by(Work.id)).all()[number]


def test_a_dead_server_delays_nothing_and_loses_no_alert(subscribed, mailbox, receiver: Receiver) -> None:
    """One server is silent, another one is not there at all; the third team is told all the same."""
    port = free_port()
    receiver.mood = "silent"
    subscribed(
        {"name": "silent", "to": receiver.url},
        {"name": "gone", "to": f"json://127.0.0.1:{port}"},
        {"name": "well", "to": "team@example.org"},
        SMTP_URL=mailbox.url,
    )
    a_task("emergency")
    write_due_messages(NOON)
    began = utc_now()
    scheduler.send_alerts()
    eventually(lambda: mailbox.mails, 5)
    assert utc_now() - began < timedelta(seconds=5)
    assert sweep(utc_now() + timedelta(days=9)) > 0, "and the clock goes on recording"
    receiver.mood = "well"
    receiver._awake.set()
    with socket.create_server(("127.0.0.1", port)):
        pass  # still nobody there
    box = Receiver.__new__(Receiver)
    box.taken = []
    server = make_server("127.0.0.1", port, _taking(box.taken), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        eventually(lambda: scheduler.send_alerts() or (receiver.taken and box.taken), 20, 0.3)
    finally:
        server.shutdown()
        server.server_close()
    eventually(lambda: [message.state for message in messages()] == ["sent"] * 3)
    assert len(mailbox.mails) == 1, "who was told is not told again"


def _taking(taken: list):
    def answer(environ, start_response):
        taken.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("200 OK", [])
        return [b""]

    return answer


def test_a_team_may_be_told_by_text_message(hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = [{"name": "sms-of-this-test", "to": "sms:+4917611111111", "events": ["emergency"]}]
    monkeypatch.setenv("ALERTS", json.dumps(alerts))
    settings.settings.cache_clear()
    try:
        code = the_task(a_task("emergency")).receipt_code
        with database.writing() as session:
            alert_digest.write_due_messages(session, utc_now())
        found = eventually(lambda: scheduler.send_alerts() or _texts_to(hotline, "+4917611111111"), 30, 0.2)
        nothing_on_its_way()
    finally:
        monkeypatch.undo()
        settings.settings.cache_clear()
    assert found == [f"1 neuer Notfall: {code}"]


def _texts_to(hotline, number: str) -> list[str]:
    return [message.body for message in hotline.switch.store.messages() if message.to == number]


def test_what_was_told_long_ago_is_forgotten(subscribed) -> None:
    subscribed({"name": "all", "to": "https://example.org/hook"})
    a_task("emergency")
    write_due_messages(NOON)
    with database.writing() as session:
        for message in session.scalars(select(AlertMessage)):
            message.state = "sent"
        alert_digest.forget(session, utc_now() + timedelta(days=40))
        assert session.scalar(select(func.count()).select_from(AlertItem)) == 0
        assert session.scalar(select(func.count()).select_from(AlertMessage)) == 0
    assert outbox.RUN_BY_SCHEDULER == ("send_alert", "send_report", "send_password_link")


@pytest.mark.parametrize(
    ("alert", "complaint"),
    [
        ({"to": "nobody"}, "neither an e-mail address"),
        ({"to": "sms:0900"}, "no number that may be dialled"),
        ({"to": "team@example.org"}, "e-mail needs smtp_url"),
        ({"to": "https://example.org"}, "webhook_secret is needed"),
        ({"to": "gopher://example.org"}, "no address that can be notified"),
        ({"to": "sms:+4917611111111", "teams": ["kitchen"]}, "no team 'kitchen'"),
        ({"to": "sms:+4917611111111", "events": []}, "at least 1"),
    ],
)
def test_a_wrong_subscription_is_named_at_the_start(empty_database, alert: dict, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load(alerts=[{"name": "x", **alert}])


def test_a_weak_secret_is_refused(empty_database) -> None:
    for weak in ("whsec_c2hvcnQ=", "whsec_" + b64encode(b"a" * 32).decode(), "changeme"):
        with pytest.raises(ConfigurationError, match="24 random bytes"):
            load(webhook_secret=weak)
