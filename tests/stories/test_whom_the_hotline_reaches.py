"""Countries that are called and texted, and how many texts a stranger can have the hotline send."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.callbacks import carrier_faults, sms, sms_limits
from ivr.callbacks.refused import Refused
from ivr.carrier.refusals import Refusal as CarrierRefusal
from ivr.config import settings
from ivr.contact_centre import outbound_callbacks
from ivr.domain.enums import CarrierFault, Medium, Refusal
from ivr.domain.timestamps import utc_now
from ivr.models.alerts import AlertMessage
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.platform import database
from tests.support.people import a_task, hire, the_task
from tests.support.webhook_call import WebhookCall, carrier

MOBILE, SOMALIA, SATELLITE, PREMIUM = "+4917612345678", "+252612345678", "00881612345678", "09001234567"
ALERTS = '[{"name": "house", "to": "sms:+4915112345678", "events": ["text_cap"]}]'


@pytest.fixture
def hotline(empty_database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALERTS", ALERTS)
    settings.settings.cache_clear()
    return carrier()


def wants_link(client, from_: str = MOBILE) -> WebhookCall:
    """Somebody rings, and says yes to the link as a text message."""
    person = WebhookCall(client, from_).rings()
    if "Deutsch eins" in person.heard:
        person.presses("1")
    return person.presses("3", "3").hears("link_by_sms").presses("1")


def sent() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(TextMessage.to_number).order_by(TextMessage.id)))


def told() -> int:
    with database.reading() as session:
        return len(session.scalars(select(AlertMessage)).all())


def test_a_caller_is_sent_the_link(hotline) -> None:
    wants_link(hotline).hears("confirm_sms_number").presses("1").hears("link_sent")
    assert sent() == [MOBILE]


def test_no_text_goes_to_a_country_that_is_not_texted(hotline) -> None:
    """Neither to a number that is shown nor to one that is keyed in; nobody is told that it was sent."""
    wants_link(hotline, SOMALIA).hears("number_not_mobile", "enter_sms_number").does_not_hear("link_sent")
    keyed = wants_link(hotline, "anonymous").hears("enter_sms_number").presses("00252612345678")
    keyed.hears("number_not_mobile").presses("905321234567").hears("number_not_usable", "enter_sms_number")
    keyed.presses("00905321234567").hears("confirm_sms_number").presses("1").hears("link_sent")
    assert sent() == ["+905321234567"]


@pytest.mark.parametrize("number", ["+4942155501", SOMALIA, "anonymous"])
def test_who_cannot_get_a_text_hears_the_address(hotline, number: str) -> None:
    """A landline, a country that is not texted, a withheld number; and no other number is keyed in."""
    person = wants_link(hotline, number).hears("enter_sms_number")
    person.presses("", "", "").hears("link_told", "anything_else").does_not_hear("link_sent")
    assert sent() == []


def test_there_is_one_link_in_a_call(hotline) -> None:
    person = wants_link(hotline).presses("1").hears("link_sent", "anything_else")
    for number in ("017622222222", "017633333333"):
        person.presses("1", "3", "3", "1", "2").hears("enter_sms_number").presses(number).hears("confirm_sms_number")
        person.presses("1").hears("link_told").does_not_hear("link_sent")
    assert sent() == [MOBILE]
    again = wants_link(hotline).presses("1").hears("link_sent", "anything_else").presses("1", "3", "3", "1", "1")
    again.hears("link_sent")
    assert sent() == [MOBILE, MOBILE], "asked for twice in one call, it is sent once"


def test_a_number_gets_a_few_texts_a_day_whoever_asks(hotline) -> None:
    for caller in ("+4917611111111", "+4917622222222", "anonymous", "+4917633333333", MOBILE):
        person = wants_link(hotline, caller)
        if caller not in ("anonymous", MOBILE):
            person.presses("2")
        if caller != MOBILE:
            person.presses("017612345678")
        person.presses("1").hears("link_sent" if len(sent()) < 3 or person.heard.startswith("Danke") else "link_told")
    assert sent() == [MOBILE] * 3
    assert told() == 1, "the house is told once"
    wants_link(hotline, "+4917644444444").presses("1").hears("link_sent")


def test_the_house_sends_so_many_texts_and_tells_when_that_is_reached(hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_MESSAGES_AN_HOUR", "4")
    settings.settings.cache_clear()
    for guess in range(6):
        person = wants_link(hotline, f"+491762222220{guess}").presses("1")
        person.hears("link_sent" if guess < 4 else "link_told").does_not_hear("link_told" if guess < 4 else "link_sent")
    assert len(sent()) == 4
    assert told() == 1
    with database.reading() as session:
        later = utc_now() + timedelta(hours=1, minutes=1)
        assert sms_limits.refusal_of(session, "+4917699999999", later) is None


def test_texts_that_a_clock_ahead_has_recorded_are_in_nobodys_way_when_it_is_right(hotline) -> None:
    for _ in range(3):
        wants_link(hotline).presses("1").hears("link_sent")
    with database.writing() as session:
        assert sms_limits.refusal_of(session, MOBILE, utc_now()) == Refusal.TEXTED_OFTEN
        session.execute(update(TextMessage).values(created_at=utc_now() + timedelta(minutes=1)))
        assert sms_limits.refusal_of(session, MOBILE, utc_now()) == Refusal.TEXTED_OFTEN, "clocks of two hosts differ"
        session.execute(update(TextMessage).values(created_at=utc_now() + timedelta(days=700)))
        assert sms_limits.refusal_of(session, MOBILE, utc_now()) is None
    wants_link(hotline).presses("1").hears("link_sent")


def test_no_text_is_promised_while_the_carrier_takes_none(hotline) -> None:
    """After an hour it is tried again: a text that is taken shows that the fault is mended."""
    fault = CarrierRefusal(CarrierFault.SENDER_REFUSED, 21606)
    with database.writing() as session:
        carrier_faults.note(session, fault, Medium.TEXT, MOBILE, utc_now())
    wants_link(hotline).presses("1").hears("link_told").does_not_hear("link_sent")
    with database.reading() as session:
        later = utc_now() + timedelta(minutes=61)
        assert sms.can_get_link(session, "CA1", MOBILE, later)


def test_a_member_is_told_why_no_text_is_sent(hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXT_MESSAGES_A_DAY", "4")
    settings.settings.cache_clear()
    mia, now = hire()["mia"], utc_now()
    here, abroad, landline, other = (a_task(number=one) for one in (MOBILE, SOMALIA, "+494215550123", "+4917688888888"))

    def refused(task_id: int) -> Refusal | None:
        try:
            with database.writing() as session:
                sms.send(session, session.get_one(CallbackTask, task_id), mia, "sms_missed", "Text", now)
        except Refused as error:
            return Refusal(error.reason)
        return None

    assert refused(abroad) == Refusal.NO_TEXT_ABROAD
    assert refused(landline) == Refusal.NO_MOBILE
    assert [refused(here) for _ in range(4)] == [None, None, None, Refusal.TEXTED_OFTEN]
    assert [refused(other), refused(other)] == [None, Refusal.TOO_MANY_TEXTS]
    assert told() == 1


def test_a_number_abroad_is_kept_and_not_dialled(hotline) -> None:
    task = the_task(a_task(number=SOMALIA))
    midday = utc_now().replace(hour=11)
    with pytest.raises(Refused) as refused:
        outbound_callbacks.check_may_dial(task, midday)
    assert refused.value.reason == Refusal.NO_CALL_ABROAD
    outbound_callbacks.check_may_dial(the_task(a_task(number="+905321234567")), midday)


def asks_for_callback(client, from_: str) -> WebhookCall:
    """Somebody rings and asks to be called back without a recording."""
    person = WebhookCall(client, from_).rings().presses("1", "1", "2")
    return person.presses("2") if "schon einmal" in person.heard or "called_before" in person.heard else person


def numbers() -> list[str | None]:
    with database.reading() as session:
        return list(session.scalars(select(CallbackTask.callback_number)))


def test_a_caller_from_a_country_that_is_not_called_hears_that_and_is_kept(hotline) -> None:
    """Nobody says that they are called back; the member has the number."""
    person = asks_for_callback(hotline, SOMALIA).hears("number_abroad").does_not_hear("confirm_number")
    while "Anfragenummer ist" not in person.heard:
        person.does_not_hear("confirm_number").presses("2" if "Ohne Rückruf" in person.heard else "-")
    person.hears("receipt")
    assert numbers() == [SOMALIA]


def test_a_caller_from_abroad_can_give_a_number_that_is_called(hotline) -> None:
    person = asks_for_callback(hotline, SOMALIA).hears("number_abroad").presses("1").hears("enter_number")
    person.presses("00252612345679").hears("number_abroad").presses("1", "017612345678").hears("confirm_number")
    person.presses("1")
    assert numbers() == [MOBILE]


@pytest.mark.parametrize("keys", [SATELLITE, PREMIUM, "0019005551234", "0137712345", "11833"])
def test_dear_numbers_are_not_taken_as_a_callback_number(hotline, keys: str) -> None:
    person = WebhookCall(hotline).rings().presses("1", "1", "2").hears("enter_number").presses(keys)
    person.hears("number_not_usable", "enter_number")


def test_the_operator_names_the_countries(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBACK_COUNTRIES", '["DE", "SO"]')
    settings.settings.cache_clear()
    assert settings.settings().may_be_called(SOMALIA)
    assert not settings.settings().may_be_called("+905321234567")
    assert not settings.settings().may_be_texted(SOMALIA)
    monkeypatch.setenv("TEXT_COUNTRIES", '["XX"]')
    with pytest.raises(settings.ConfigurationError, match="'XX' is no country"):
        settings.load()
    monkeypatch.setenv("TEXT_COUNTRIES", '["DE", "AX"]')
    with pytest.raises(settings.ConfigurationError, match="'AX' has numbers of 'FI'"):
        settings.load()
