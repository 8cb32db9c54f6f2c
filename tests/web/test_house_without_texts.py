"""A house that sends no text messages: no page, button, macro or key offers one, and none is sent by any way."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.config.carrier import Carrier
from ivr.domain.enums import ReplyBy
from ivr.models.callbacks import TextMessage
from ivr.platform import database
from tests.support.desk import change
from tests.support.environment import forget_settings
from tests.support.people import a_task, the_task
from tests.web.test_macros import apply, claimed


@pytest.fixture
def no_carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Carrier, "has_carrier", property(lambda _: False))


@pytest.fixture(params=["no carrier", "no country"])
def no_texts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no carrier":
        request.getfixturevalue("no_carrier")
    else:
        monkeypatch.setenv("TEXT_COUNTRIES", "[]")
    forget_settings()


def test_a_task_offers_no_text_message_and_none_can_be_sent(no_texts: None, desk) -> None:
    mia, task = claimed(desk)
    change(task, reply_by=ReplyBy.WRITING)
    page = mia.get(f"/desk/tasks/{task}").text
    assert "SMS" not in page
    assert "Antwort schriftlich, nicht am Telefon" in page
    assert "SMS" not in mia.get(f"/desk/tasks/{task}?sms=sms_answer").text
    sent = mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_link", "text": "x"}, follow_redirects=True)
    assert "Dieses Haus verschickt keine SMS." in sent.text
    with database.reading() as session:
        assert session.scalars(select(TextMessage)).all() == []


def test_the_macro_of_every_team_records_the_attempt_alone(no_texts: None, desk) -> None:
    mia, task = claimed(desk)
    said = apply(mia, task, "Nicht erreicht")
    assert "Nicht erreicht: Versuch festgehalten: Keine Antwort. Nächster: " in said
    assert [one.outcome for one in the_task(task).attempts] == ["no_answer"]


def test_supervisors_make_no_text_modules_for_text_messages(no_texts: None, desk) -> None:
    lena = desk("lena")
    for path in ("/supervision/texts/", "/supervision/texts/modules/new", "/desk/help"):
        assert "SMS" not in lena.get(path).text, path


def test_a_macro_with_a_text_message_leaves_it_out_and_says_why(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"team": "benefits", "name": "Später", "attempt": "no_answer", "send": "sms_missed"}
    desk("lena").post("/supervision/texts/macros", data=made)
    monkeypatch.setenv("TEXT_COUNTRIES", "[]")
    forget_settings()
    mia, task = claimed(desk)
    assert "Dieses Haus verschickt keine SMS." in apply(mia, task, "Später")
    assert len(the_task(task).attempts) == 1


def test_without_a_carrier_nobody_is_alerted_by_text_message_and_no_prices_are_asked_for(
    no_carrier: None, desk
) -> None:
    adam, lena = desk("adam"), desk("lena")
    section = adam.get("/administration/settings/alerts").text
    assert "sms:" not in section
    costs = lena.get("/supervision/costs").text
    assert "Es gibt keinen Telefonanbieter" in costs
    assert "SMS" not in costs
    voices = adam.get("/administration/settings/voices").text
    assert "Es gibt keinen Telefonanbieter: dieser Rechner spricht" in voices
    assert "Polly" not in voices
    told = desk("lena").get("/privacy").text
    assert "Telefonanbieter" not in told
    assert a_task()
