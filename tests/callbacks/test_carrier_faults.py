"""Texts and alerts when the carrier refuses: the number's fault is final, that of the house is told, and mended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from ivr.callbacks import alert_digest, carrier_faults, sms, sms_job, task_alerts
from ivr.carrier import client
from ivr.carrier.refusals import CarrierRefused, Refusal
from ivr.config import settings
from ivr.domain.enums import CarrierFault, Medium
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import Refusals
from ivr.local_carrier.switch import Switch
from ivr.models.alerts import AlertItem, AlertMessage
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.platform import database, outbox
from ivr.platform.work_models import Work
from ivr.workers import runner
from tests.support.people import a_task, hire, the_task

MOBILE = "+4915112340002"


@pytest.fixture
def text(exchange: Switch) -> Callable[[], tuple[int, int]]:
    """A text message that a member sends from a task: ids of task and message."""
    people = hire()

    def write() -> tuple[int, int]:
        task_id = a_task(number=MOBILE)
        with database.writing() as session:
            task = session.get_one(CallbackTask, task_id)
            sms.send(session, task, people["mia"], "sms_missed", "Wir rufen wieder an.", utc_now())
            session.flush()
            return task_id, session.scalars(select(TextMessage.id).order_by(TextMessage.id.desc())).first()

    return write


def message(message_id: int) -> TextMessage:
    with database.reading() as session:
        return session.get_one(TextMessage, message_id)


def told(message_id: int, status: str, code: int) -> None:
    with database.writing() as session:
        sid = session.get_one(TextMessage, message_id).message_sid or ""
        sms_job.delivered_or_not(session, message_id, sid, status, code, utc_now())


def sent_to(exchange: Switch) -> int:
    return len([one for one in exchange.store.messages() if one.to == MOBILE])


@pytest.mark.parametrize("code", [21211, 21610, 21614, 21635])
def test_a_text_that_the_number_does_not_take_is_given_up_at_once_and_for_good(
    exchange: Switch, text, code: int
) -> None:
    exchange.store.keep_refusals(Refusals(texts={MOBILE: code}))
    task_id, message_id = text()
    sms_job.send(message_id)
    assert message(message_id).state == "failed"
    assert [event.kind for event in the_task(task_id).events][-1] == "text_not_sent"
    exchange.store.keep_refusals(Refusals())
    sms_job.send(message_id)
    assert sent_to(exchange) == 0, "what was given up is never sent later"


@pytest.mark.parametrize("code", [21408, 21606, 20003, 20005, 20429, 20503])
def test_a_text_that_the_house_or_the_network_holds_up_is_sent_when_that_is_mended(
    exchange: Switch, text, code: int
) -> None:
    exchange.store.keep_refusals(Refusals(texts={"*": code}))
    _, message_id = text()
    for _ in range(10):
        with pytest.raises(CarrierRefused):
            sms_job.send(message_id)
    assert message(message_id).state == "queued"
    exchange.store.keep_refusals(Refusals())
    sms_job.send(message_id)
    assert (message(message_id).state, message(message_id).carrier_fault, sent_to(exchange)) == ("sent", None, 1)
    with database.reading() as session:
        assert carrier_faults.shown(session) == []


def test_failures_in_a_row_do_not_stop_a_text_from_being_sent_later(exchange: Switch, text, monkeypatch) -> None:
    """Also after the failure was shown to people."""
    exchange.store.keep_refusals(Refusals(texts={"*": 20003}))
    _, message_id = text()
    with database.reading() as session:
        work_id = session.scalar(select(Work.id).where(Work.kind == "send_text_message"))
    for _ in range(len(outbox.BACKOFF) + 1):
        runner.run(work_id)
    with database.reading() as session:
        assert session.get_one(Work, work_id).failed_at is not None
    exchange.store.keep_refusals(Refusals())
    runner.run(work_id)
    assert message(message_id).state == "sent"


def test_a_text_that_nobody_expects_any_more_is_not_sent(exchange: Switch, text) -> None:
    exchange.store.keep_refusals(Refusals(texts={"*": 20003}))
    task_id, message_id = text()
    with pytest.raises(CarrierRefused):
        sms_job.send(message_id)
    with database.writing() as session:
        session.get_one(TextMessage, message_id).valid_until -= timedelta(hours=25)
    exchange.store.keep_refusals(Refusals())
    sms_job.send(message_id)
    assert (message(message_id).state, sent_to(exchange)) == ("failed", 0)
    last = the_task(task_id).events[-1]
    assert (last.kind, last.text) == ("text_not_sent", "login_refused")


@pytest.mark.parametrize("code", [30003, 30005, 30006])
def test_a_text_that_was_taken_and_did_not_arrive_is_told_on_the_task(exchange: Switch, text, code: int) -> None:
    task_id, message_id = text()
    sms_job.send(message_id)
    for _ in range(2):  # the carrier tells it twice
        told(message_id, "undelivered", code)
    assert message(message_id).state == "failed"
    assert [event.kind for event in the_task(task_id).events].count("text_not_sent") == 1


def test_a_text_lost_in_the_network_is_sent_once_more(exchange: Switch, text) -> None:
    _, message_id = text()
    sms_job.send(message_id)
    told(message_id, "undelivered", 30008)
    assert message(message_id).state == "queued"
    told(message_id, "undelivered", 30008)  # the carrier tells it twice
    sms_job.send(message_id)
    assert (message(message_id).state, sent_to(exchange)) == ("sent", 2)


def test_a_text_that_is_lost_again_and_again_is_given_up_within_an_hour_or_so(exchange: Switch, text) -> None:
    """Each try costs money."""
    _, message_id = text()
    at = utc_now()
    for _ in range(10):
        if message(message_id).state == "failed":
            break
        sms_job.send(message_id)
        with database.writing() as session:
            sid = session.get_one(TextMessage, message_id).message_sid or ""
            sms_job.delivered_or_not(session, message_id, sid, "undelivered", 30008, at)
        at += timedelta(minutes=16)
    assert (message(message_id).state, sent_to(exchange)) == ("failed", 4)


@pytest.mark.parametrize(("status", "code", "state"), [("undelivered", 30008, "queued"), ("failed", 30001, "queued"),
                                                      ("undelivered", 30006, "failed"), ("sent", 0, "sent"),
                                                      ("delivered", 0, "sent")])  # fmt: skip
@pytest.mark.parametrize("answer", ["comes", "is lost"])
def test_what_is_told_of_a_text_before_the_carriers_answer_counts(
    exchange: Switch, text, monkeypatch, status: str, code: int, state: str, answer: str
) -> None:
    """A fault of the network is no reason to give up, and what the carrier has taken is not sent twice."""
    _, message_id = text()
    send = client.send_text_message

    def told_first(*what: object) -> str:
        sid = send(*what)
        for _ in range(2):
            with database.writing() as session:
                sms_job.delivered_or_not(session, message_id, sid, status, code, utc_now())
        if answer == "is lost":
            raise requests.ReadTimeout
        return sid

    monkeypatch.setattr(client, "send_text_message", told_first)
    with suppress(requests.ReadTimeout):
        sms_job.send(message_id)
    found = message(message_id)
    assert (found.state, found.delivered_at is not None) == (state, status == "delivered")
    monkeypatch.undo()
    with database.reading() as session:
        assert outbox.is_planned(session, "send_text_message", message_id)
    sms_job.send(message_id)  # repeated after the lost answer, or planned again
    assert (message(message_id).state, sent_to(exchange)) == (("sent", 2) if state == "queued" else (state, 1))


def test_a_text_that_is_reported_before_its_sending_is_written_down(exchange: Switch, text) -> None:
    _, message_id = text()
    with database.writing() as session:
        sms_job.delivered_or_not(session, message_id, "SM1", "undelivered", 30005, utc_now())
    sms_job.send(message_id)
    assert message(message_id).state == "failed"


def test_the_local_carrier_reports_what_did_not_arrive(exchange: Switch, text, monkeypatch) -> None:
    """With its signature, to the webhook that the message named."""
    posted: list[tuple[str, dict[str, str]]] = []
    exchange.post_status = lambda url, form: posted.append((url, dict(form)))
    exchange.store.keep_refusals(Refusals(lost_texts={MOBILE: 30006}))
    _, message_id = text()
    sms_job.send(message_id)
    exchange._callbacks.shutdown(wait=True)
    assert {form["MessageStatus"] for _, form in posted} == {"sent", "undelivered"}
    from ivr.local_carrier.dialects import sign
    from ivr.web.app import create_app

    web = create_app().test_client()
    for url, form in posted:
        path = url.partition("/voice")[2].partition("#")[0]
        signed = {"X-Twilio-Signature": sign(settings.settings().auth_token, url, form)}
        assert web.post(f"/voice{path}", data=form, headers=signed).status_code == 204
        assert web.post(f"/voice{path}", data=form).status_code == 403
    assert message(message_id).carrier_fault == "no_texts"


# -- alerts --------------------------------------------------------------------------------------


def fault(kind: CarrierFault, number: str = MOBILE, medium: Medium = Medium.CALL, minutes: int = 0) -> None:
    with database.writing() as session:
        now = NOW + timedelta(minutes=minutes)
        carrier_faults.note(session, Refusal(kind, 21215), medium, number, now)


NOW = utc_now()


def alerts() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(AlertMessage.text).order_by(AlertMessage.id)))


def test_a_fault_of_the_operator_is_told_at_once_and_once_an_hour(alert_address) -> None:
    for minute in range(50):
        fault(CarrierFault.COUNTRY_NOT_ENABLED, f"+2526{minute:07d}", minutes=minute)
    (said,) = alerts()
    assert "hat dieses Land für uns nicht freigeschaltet" in said
    assert "kein Versuch gezählt" in said
    assert "21215" in said
    assert "/supervision/unfinished" in said
    assert "+2526" not in said, "nothing personal leaves the hotline"
    fault(CarrierFault.SENDER_REFUSED, minutes=51)
    assert len(alerts()) == 2, "another kind is another alert"
    fault(CarrierFault.COUNTRY_NOT_ENABLED, "+252612345678", minutes=61)
    assert len(alerts()) == 3, "it is not mended yet"
    with database.reading() as session:
        urgent = set(session.scalars(select(Work.urgent).where(Work.kind == "send_alert")))
    assert urgent == {True}, "day and night"


@pytest.mark.parametrize("kind", [CarrierFault.NETWORK_AWAY, CarrierFault.TOO_MANY_AT_ONCE])
def test_a_fault_of_the_network_is_shown_and_wakes_nobody(alert_address, kind: CarrierFault) -> None:
    fault(kind)
    assert alerts() == []
    with database.reading() as session:
        assert [one.fault for one in carrier_faults.shown(session)] == [kind]


def test_only_a_call_to_the_same_country_shows_that_the_country_is_enabled(empty_database) -> None:
    fault(CarrierFault.COUNTRY_NOT_ENABLED, "+905321234567")
    fault(CarrierFault.LOGIN_REFUSED)

    def rang(number: str, medium: Medium = Medium.CALL) -> list[str]:
        with database.writing() as session:
            later = NOW + timedelta(minutes=1)
            carrier_faults.mended(session, medium, number, later, later)
            return sorted(one.fault for one in carrier_faults.shown(session))

    assert rang("+905321234567", Medium.TEXT) == ["country_not_enabled", "login_refused"]
    assert rang("+4942112345") == ["country_not_enabled"]
    assert rang("+905321234568") == []


def test_a_date_that_the_caller_has_named_outlasts_every_fault(empty_database) -> None:
    """The member rings before it, in vain, again and again; then the fault is mended."""
    from ivr.callbacks import claims, not_rung, workflow

    task_id, mia, now = a_task(), hire()["mia"], utc_now()
    friday = now + timedelta(days=3)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        claims.claim(session, task, mia, now)
        workflow.put_off(session, task, mia, friday, now)
        for minute in range(2):
            not_rung.record(session, task, CarrierFault.LOGIN_REFUSED, now + timedelta(minutes=minute))
            assert task.next_attempt_at == friday
        not_rung.offer_again(session, [CarrierFault.LOGIN_REFUSED], now + timedelta(minutes=5))
    assert the_task(task_id).next_attempt_at == friday


def test_a_missed_promise_is_told_although_the_task_waits_for_the_carrier(alert_address) -> None:
    """The pause after a fault is no wish of the caller: it silences nothing."""
    from ivr.callbacks import not_rung
    from ivr.domain.enums import AlertEvent

    task_id = a_task(age=timedelta(hours=25))
    later = utc_now() + timedelta(minutes=30)
    with database.writing() as session:
        session.query(AlertItem).delete()
        not_rung.record(session, session.get_one(CallbackTask, task_id), CarrierFault.LOGIN_REFUSED, later)
        task_alerts.note(session, AlertEvent.MISSED, [task_id], utc_now() - timedelta(hours=1))
    with database.writing() as session:
        noon = later.replace(hour=11) + timedelta(days=1)  # alerts are sent in opening hours
        while noon.weekday() > 4:
            noon += timedelta(days=1)
        alert_digest.write_due_messages(session, noon)
    assert any(the_task(task_id).receipt_code in said for said in alerts())


def test_a_supervisor_sees_the_fault_and_a_member_what_it_means(desk) -> None:
    from ivr.callbacks import not_rung

    task_id = a_task(number="+905321234567")
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        refusal = Refusal(CarrierFault.COUNTRY_NOT_ENABLED, 21215)
        carrier_faults.note(session, refusal, Medium.CALL, "+905321234567", utc_now())
        not_rung.record(session, task, refusal.fault, utc_now())
    page = desk("lena").get("/supervision/unfinished").text
    assert "Anrufe: der Telefonanbieter hat dieses Land für uns nicht freigeschaltet (TR)" in page
    assert "Fehler 21215" in page
    mia = desk("mia")
    shown = mia.get(f"/desk/tasks/{task_id}").text
    assert "Der letzte Anruf kam nicht zustande: der Telefonanbieter hat dieses Land" in shown
    assert "Es wurde kein Versuch gezählt" in shown
    assert "Anruf nicht zustande gekommen" in mia.get("/desk/").text
