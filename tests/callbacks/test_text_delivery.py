"""What became of a text message stands on its task, and nothing is sent when nobody expects it any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import sms, sms_job
from ivr.carrier import client
from ivr.config import settings
from ivr.domain.enums import SmsTemplate
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import Refusals
from ivr.local_carrier.switch import Switch
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.privacy import PendingDeletion
from ivr.platform import database
from tests.callbacks.test_carrier_faults import MOBILE, message, sent_to, text, told

__all__ = ["text"]


def state(message_id: int) -> str:
    return sms.state_of(message(message_id), str)


def test_a_text_is_shown_as_delivered_only_when_the_carrier_says_so(exchange: Switch, text) -> None:
    _, message_id = text()
    assert state(message_id) == "being sent"
    sms_job.send(message_id)
    assert state(message_id) == "sent, delivery not confirmed", "a status callback may never come"
    told(message_id, "sent", 0)
    assert state(message_id) == "sent, delivery not confirmed"
    told(message_id, "delivered", 0)
    assert state(message_id) == "delivered"
    told(message_id, "undelivered", 30008)  # late, and out of order
    assert (state(message_id), message(message_id).state) == ("delivered", "sent")


def test_what_became_of_a_text_stands_on_its_task(desk, exchange: Switch) -> None:
    from tests.support.people import a_task

    task, mia = a_task(number=MOBILE), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Wir rufen wieder an."})
    assert "Wir haben Sie nicht erreicht: wird gesendet" in shown(mia, task)
    sms_job.send(1)
    told(1, "delivered", 0)
    assert "Wir haben Sie nicht erreicht: zugestellt" in shown(mia, task)
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Noch einmal."})
    sms_job.send(2)
    told(2, "undelivered", 30006)
    assert "nicht zustellbar: Festnetz" in shown(mia, task)


def shown(member, task: int) -> str:
    return member.get(f"/desk/tasks/{task}").text


def test_nothing_is_sent_or_sent_again_after_its_time(exchange: Switch, text) -> None:
    _, message_id = text()
    ends_in(message_id, timedelta(minutes=10))
    sms_job.send(message_id)
    told(message_id, "undelivered", 30008)
    assert message(message_id).state == "failed", "a second try would come after its time"
    _, late = text()
    ends_in(late, timedelta(seconds=-1))
    sms_job.send(late)
    assert (message(late).state, sent_to(exchange)) == ("failed", 1)


def test_an_event_that_overtakes_the_carriers_answer_keeps_its_reason(exchange: Switch, text, monkeypatch) -> None:
    _, message_id = text()
    send = client.send_text_message

    def told_first(*what: object) -> str:
        with database.writing() as session:
            sms_job.delivered_or_not(session, message_id, "SM1", "undelivered", 30006, utc_now())
        return send(*what)

    monkeypatch.setattr(client, "send_text_message", told_first)
    sms_job.send(message_id)
    assert (message(message_id).state, message(message_id).carrier_fault) == ("failed", "no_texts")


def event(message_id: int, sid: str, status: str, code: int = 0) -> None:
    with database.writing() as session:
        sms_job.delivered_or_not(session, message_id, sid, status, code, utc_now())


def to_be_deleted() -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(PendingDeletion.sid)))


@pytest.mark.parametrize("code", [30003, 30006, 30008])
def test_a_text_that_has_arrived_after_all_is_shown_so_and_not_sent_again(exchange: Switch, text, code: int) -> None:
    """The carrier tells in any order; that it arrived is the truth that counts."""
    _, message_id = text()
    sms_job.send(message_id)
    sid = message(message_id).message_sid or ""
    for status in ("undelivered", "delivered", "undelivered", "sent", "delivered"):
        event(message_id, sid, status, code if status == "undelivered" else 0)
    assert (state(message_id), message(message_id).carrier_fault) == ("delivered", None)
    sms_job.send(message_id)
    assert sent_to(exchange) == 1


def test_a_text_that_was_stopped_while_it_was_sent_is_shown_as_it_came_out(exchange: Switch, text, monkeypatch) -> None:
    task_id, message_id = text()
    send = client.send_text_message

    def stopped_meanwhile(*what: object) -> str:
        with database.writing() as session:
            sms.drop_unsent(session, session.get_one(CallbackTask, task_id))
        return send(*what)

    monkeypatch.setattr(client, "send_text_message", stopped_meanwhile)
    sms_job.send(message_id)
    assert state(message_id) == "not deliverable"
    told(message_id, "delivered", 0)
    assert state(message_id) == "delivered"


def test_a_text_whose_answer_was_lost_is_not_left_at_the_carrier(exchange: Switch, text, monkeypatch) -> None:
    """It was sent again before anything was told of the first: nobody else knows the id of that one."""
    _, message_id = text()
    sms_job.send(message_id)
    event(message_id, "SM" + "1" * 32, "delivered")
    assert to_be_deleted() == {"SM" + "1" * 32}
    assert state(message_id) == "sent, delivery not confirmed", "which of the two has arrived does not matter"
    assert (message(message_id).message_sid or "") not in to_be_deleted()


def test_what_is_told_of_a_text_that_was_erased_changes_no_other_and_is_deleted_there(exchange: Switch, text) -> None:
    """Its answer was lost too: its record at the carrier holds the number and the words."""
    _, message_id = text()
    for _ in range(2):
        event(message_id + 1, "SM" + "2" * 32, "delivered")
    assert to_be_deleted() == {"SM" + "2" * 32}
    event(message_id, "SM" + "2" * 32, "delivered")  # another text has got its number
    assert (state(message_id), message(message_id).message_sid) == ("being sent", None)


def ends_in(message_id: int, time: timedelta) -> None:
    with database.writing() as session:
        session.get_one(TextMessage, message_id).valid_until = utc_now() + time


def test_a_text_about_an_appointment_is_not_sent_after_it_has_begun() -> None:
    now = utc_now()
    soon = now + timedelta(hours=3)
    assert sms.valid_until(SmsTemplate.APPOINTMENT, now, soon) == soon
    assert sms.valid_until(SmsTemplate.MISSED, now, soon) == now + timedelta(hours=24)


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("", {"From": "+494211782666"}),
        ("Hotline", {"From": "Hotline"}),
        ("+4915100000001", {"From": "+4915100000001"}),
        ("MG" + "a" * 32, {"MessagingServiceSid": "MG" + "a" * 32}),
    ],
)
def test_the_sender_is_that_of_the_settings_and_the_carrier_knows_the_time(
    strange_carrier, monkeypatch: pytest.MonkeyPatch, sender: str, fields: dict[str, str]
) -> None:
    from flask import Response, request

    monkeypatch.setenv("SMS_SENDER", sender)
    base = client.settings().twilio_api_base_url
    monkeypatch.setattr(client, "settings", lambda: settings.load(twilio_api_base_url=base))
    given: dict[str, str] = {}

    class Answer(Response):
        def __call__(self, environ, start_response):
            given.update(request.form)
            return super().__call__(environ, start_response)

    strange_carrier += [Answer('{"sid": "SM1"}', 201, mimetype="application/json") for _ in range(2)]
    for valid_for in (timedelta(minutes=5), timedelta(hours=24)):
        assert client.send_text_message("+4915112340002", "x", 7, valid_for) == "SM1"
        wanted = "300" if valid_for < timedelta(hours=1) else "14400"
        assert (given["ValidityPeriod"], given["StatusCallback"].partition("?")[2][:9]) == (wanted, "message=7")
        assert {name: given.get(name) for name in fields} == fields


def test_a_sender_that_cannot_send_is_the_operators_fault_and_nothing_is_lost(exchange: Switch, text) -> None:
    from ivr.carrier.refusals import CarrierRefused

    exchange.store.keep_refusals(Refusals(texts={"*": 21606}))
    _, message_id = text()
    with pytest.raises(CarrierRefused):
        sms_job.send(message_id)
    assert state(message_id) == "being sent"
