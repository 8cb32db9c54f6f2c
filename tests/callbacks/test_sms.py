"""Text messages to callers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from ivr.callbacks import sms, sms_limits
from ivr.callbacks.refused import Refused
from ivr.config import settings as configuration
from ivr.domain.enums import DeliveryState, Refusal
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.platform import database
from tests.support.desk import change
from tests.support.people import a_task


def test_a_text_message_is_seen_before_it_is_sent_in_the_callers_language(desk) -> None:
    task = a_task(language="tr", number="+4915112340002")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    assert "Size ulaşamadık" not in mia.get(f"/desk/tasks/{task}").text
    page = mia.get(f"/desk/tasks/{task}?sms=sms_missed").text
    assert "Size ulaşamadık. Tekrar arayacağız." in page
    assert "Wir haben Sie nicht erreicht." in page, "and in German, for who sends it"
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Size ulaşamadık! <b>"})
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Size ulaşamadık!"})
    with database.reading() as session:
        sent = session.scalars(select(TextMessage).order_by(TextMessage.id)).all()
        assert [(one.to_number, one.number, sms.body(one)) for one in sent] == [
            ("+4915112340002", 1, "Size ulaşamadık! <b>"),
            ("+4915112340002", 2, "Size ulaşamadık!"),
        ]
    assert "Size ulaşamadık! &lt;b&gt;" in mia.get(f"/desk/tasks/{task}").text
    for given, refusal in (
        ({"template": "sms_missed", "text": " "}, "Die SMS ist leer."),
        ({"template": "sms_nonsense", "text": "x"}, "Diese SMS passt nicht zu dem Auftrag."),
    ):
        assert refusal in mia.post(f"/desk/tasks/{task}/text", data=given, follow_redirects=True).text
    landline = a_task(number="+49421361888")
    mia.post(f"/desk/tasks/{landline}/claim")
    assert 'id="sms"' not in mia.get(f"/desk/tasks/{landline}").text
    answer = mia.post(
        f"/desk/tasks/{landline}/text", data={"template": "sms_missed", "text": "x"}, follow_redirects=True
    )
    assert "kann keine SMS empfangen" in answer.text


def test_eight_texts_sent_at_once_are_eight_texts(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_MESSAGES_A_NUMBER", "8")
    configuration.settings.cache_clear()
    task, people = a_task(), desk.people

    def send(number: int) -> None:
        with database.writing() as session:
            found = session.get_one(CallbackTask, task)
            sms.send(session, found, people["mia"], "sms_missed", f"Text {number}", utc_now())

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(send, range(8)))
    with database.reading() as session:
        assert sorted(session.scalars(select(TextMessage.number))) == list(range(1, 9))


def test_texts_sent_at_once_to_one_number_from_several_tasks_keep_its_cap(desk, monkeypatch) -> None:
    """Each of them would count before the others are there, and all would be sent."""
    monkeypatch.setenv("TEXT_MESSAGES_A_NUMBER", "2")
    configuration.settings.cache_clear()
    tasks, count, people = [a_task(number="+4915112340002") for _ in range(4)], sms_limits.check, desk.people

    def counts_slowly(*given: object) -> None:
        count(*given)
        time.sleep(0.1)

    def send(task: int) -> bool:
        try:
            with database.writing() as session:
                found = session.get_one(CallbackTask, task)
                sms.send(session, found, people["mia"], "sms_missed", "Bitte rufen Sie an.", utc_now())
        except Refused:
            return False
        return True

    monkeypatch.setattr(sms_limits, "check", counts_slowly)
    with ThreadPoolExecutor(4) as crowd:
        assert sum(crowd.map(send, tasks)) == 2
    with database.reading() as session:
        assert len(session.scalars(select(TextMessage)).all()) == 2


def test_every_template_is_discreet_and_there_in_every_language(desk) -> None:
    task = change(a_task("appointment", kind="appointment"), state="closed")
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.appointment_wish.appointment_at, found.appointment_wish.place = utc_now(), "Zimmer 12"
        for language in LANGUAGES:
            for template in sms.templates(found):
                text = sms.draft(found, template, language)
                assert "jobcenter" not in text.lower().replace("www.jobcenter.digital", "")
                assert "{" not in text
        assert "Zimmer 12" in sms.draft(found, "sms_appointment", "fa")


@pytest.mark.parametrize("taken", [True, False])
def test_a_text_that_the_carrier_had_taken_counts_though_it_never_arrives(
    desk, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """Otherwise a telephone that is switched off could be texted without an end, at the house's cost."""
    monkeypatch.setenv("TEXT_MESSAGES_A_NUMBER", "1")
    configuration.settings.cache_clear()
    now, number = utc_now(), "+4917612345678"
    task = a_task(number=number)
    with database.writing() as session:
        sms.send(session, session.get_one(CallbackTask, task), desk.people["mia"], "sms_missed", "Text", now)
        session.flush()
        message = session.scalars(select(TextMessage)).one()
        message.state, message.sent_at = DeliveryState.FAILED, now if taken else None
        session.flush()
        assert (sms_limits.refusal_of(session, number, now) == Refusal.TEXTED_OFTEN) == taken
