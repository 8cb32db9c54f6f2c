"""Limits of callbacks and text messages within 24 hours: told before they are reached, and never for emergencies."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ivr.callbacks import call_limits, cap_alarms, caps, sms_limits
from ivr.callbacks.refused import Refused
from ivr.cli import hotline as command_line
from ivr.config import settings
from ivr.contact_centre import conversations, outbound_callbacks
from ivr.domain.enums import Cap, ConversationKind, LegEnding, LegRole, LegState, Refusal, Urgency
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import CallRecord, MessageRecord
from ivr.models.alerts import AlertMessage, HouseAlarm
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from ivr.web import template_helpers
from tests.support.people import a_task, hire

TURKEY, GERMANY, BULGARIA = "+905321234567", "+4915112340002", "+359881234567"


@pytest.fixture(autouse=True)
def limits(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLS_A_DAY", "5")
    monkeypatch.setenv("CALLS_BY_COUNTRY", '{"TR": 2}')
    monkeypatch.setenv("TEXT_MESSAGES_BY_COUNTRY", '{"TR": 2}')
    events = ["call_cap", "cap_near", "text_cap"]
    monkeypatch.setenv("ALERTS", json.dumps([{"name": "house", "to": "sms:+4915112345678", "events": events}]))
    settings.settings.cache_clear()


def called(*numbers: str, age: timedelta = timedelta()) -> None:
    """Callers were called back."""
    for number in numbers:
        task_id = a_task(number=number)
        with database.writing() as session:
            conversation = conversations.for_task(session, session.get_one(CallbackTask, task_id), utc_now())
            conversations.add_leg(session, conversation, LegRole.CALLER, number, utc_now() - age, ring=False)
            assert conversation.kind == ConversationKind.CALLBACK
            call_limits.tell(session, number, utc_now())


def refused(number: str, urgency: Urgency = Urgency.NORMAL) -> bool:
    task_id = a_task(number=number)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        task.urgency = urgency
        try:
            call_limits.check(session, task, utc_now())
        except Refused as error:
            assert error.reason == Refusal.TOO_MANY_CALLS
            named = error.cap.partition(" ")[0]
            assert named in type(settings.settings()).model_fields, "a cap is named as its setting"
            return True
        return False


def told() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(AlertMessage.subject).order_by(AlertMessage.id)))


def test_the_house_is_told_before_a_limit_is_reached_and_when_it_is() -> None:
    called(GERMANY, GERMANY, GERMANY)
    assert told() == []
    called(BULGARIA)
    named = "Rückrufe in 24 Stunden (calls_a_day)"
    assert told() == [f"1 Obergrenze eines Tages fast erreicht: {named}"], "four of five"
    assert not refused(GERMANY)
    called(GERMANY)
    assert told()[1:] == [f"1 Obergrenze für Anrufe erreicht: {named}"]
    assert refused(GERMANY)
    assert not refused(GERMANY, Urgency.EMERGENCY), "an emergency is called back all the same"


@pytest.mark.parametrize("role", [LegRole.CALLER, LegRole.INTERPRETER])
def test_what_was_never_called_counts_against_no_cap(role: LegRole) -> None:
    """Who was to be rung beside another and is not needed any more, and what the carrier refuses, costs nothing."""
    task_id = a_task(number=TURKEY)
    with database.writing() as session:
        now = utc_now()
        talk = conversations.for_task(session, session.get_one(CallbackTask, task_id), now)
        never = {"state": LegState.ENDED, "ending": LegEnding.CANCELED, "ended_at": now}
        conversations.add_leg(session, talk, role, TURKEY, now, ring=False, **never)
        conversations.add_leg(session, talk, role, TURKEY, now + timedelta(seconds=8), ring=False)
        uses = {use.name: use.used for use in caps.everywhere(session, now)}
        assert (uses["calls_a_day"], uses["rung_calls_a_day"], uses["calls_by_country TR"]) == (0, 0, 0)
        conversations.add_leg(session, talk, role, TURKEY, now, ring=False)
        conversations.add_leg(session, talk, role, TURKEY, now, ring=False, call_sid="CA1", **never)
        uses = {use.name: use.used for use in caps.everywhere(session, now)}
    called_back = role == LegRole.CALLER
    assert uses["calls_a_day"] == (2 if called_back else 0), "one is about to be rung, and one has been"
    assert (uses["rung_calls_a_day"], uses["calls_by_country TR"]) == (0 if called_back else 2, 2)


def test_a_country_has_a_limit_of_its_own() -> None:
    called(TURKEY, TURKEY)
    assert refused(TURKEY)
    assert not refused(GERMANY)
    assert not refused(TURKEY, Urgency.EMERGENCY)


def test_each_cap_is_told_by_its_name_once_a_day() -> None:
    called(TURKEY, TURKEY, TURKEY, GERMANY)
    assert told() == [
        "1 Obergrenze eines Tages fast erreicht: Anrufe in 24 Stunden in ein Land (calls_by_country TR)",
        "1 Obergrenze für Anrufe erreicht: Anrufe in 24 Stunden in ein Land (calls_by_country TR)",
        "1 Obergrenze eines Tages fast erreicht: Rückrufe in 24 Stunden (calls_a_day)",
    ]
    with database.reading() as session:
        text = session.scalars(select(AlertMessage.text).order_by(AlertMessage.id)).all()[1]
    assert "Die Obergrenze: Anrufe in 24 Stunden in ein Land (calls_by_country TR)" in text
    assert "/supervision/costs" in text


@pytest.mark.parametrize(
    ("limit", "warning", "near"),
    [(1, 0.8, []), (2, 0.8, [1]), (3, 0.8, [2]), (4, 0.8, [3]), (10, 0.8, [8, 9]), (4, 1, [])],
)
def test_of_a_small_cap_the_house_is_told_too_before_it_is_reached(
    monkeypatch, limit: int, warning: float, near: list[int]
) -> None:
    monkeypatch.setenv("CAP_WARNING", str(warning))
    settings.settings.cache_clear()
    uses = [caps.CapUse(Cap.CALLS_A_DAY, used, limit) for used in range(limit + 1)]
    assert [use.used for use in uses if use.is_near and not use.is_reached] == near


def test_a_cap_that_was_lowered_below_what_is_used_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is added any more that would reach it, and nobody knew why no caller was called back."""
    called(*[GERMANY] * 3)
    cap_alarms.tell_reached()
    with database.reading() as session:
        assert session.scalars(select(HouseAlarm.cap)).all() == []
    monkeypatch.setenv("CALLS_A_DAY", "2")
    monkeypatch.setenv("RUNG_CALLS_A_DAY", "0")
    settings.settings.cache_clear()
    for _ in range(2):
        cap_alarms.tell_reached()
    with database.reading() as session:
        assert session.execute(select(HouseAlarm.event, HouseAlarm.cap)).all() == [("call_cap", "calls_a_day")]
        assert len(session.scalars(select(AlertMessage)).all()) == 1


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_refusal_names_the_cap_to_the_member(language: str) -> None:
    from flask_babel import force_locale

    from ivr.web.app import create_app

    called(TURKEY, TURKEY)
    with create_app().test_request_context(), force_locale(language), database.reading() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.callback_number == TURKEY)).first()
        with pytest.raises(Refused) as error:
            call_limits.check(session, task, utc_now())
        said = template_helpers.refusal(error.value)
    assert "(calls_by_country TR)" in said
    assert ("Die Obergrenze:" if language == "de" else "The limit:") in said


@pytest.mark.parametrize(
    ("setting", "limit", "cap"),
    [
        ("TEXT_MESSAGES_A_NUMBER", "1", "text_messages_a_number"),
        ("TEXT_MESSAGES_AN_HOUR", "1", "text_messages_an_hour"),
        ("TEXT_MESSAGES_A_DAY", "1", "text_messages_a_day"),
        ("TEXT_MESSAGES_BY_COUNTRY", '{"DE": 1}', "text_messages_by_country DE"),
    ],
)
def test_a_refused_text_names_its_cap(monkeypatch, setting: str, limit: str, cap: str) -> None:
    monkeypatch.setenv(setting, limit)
    settings.settings.cache_clear()
    task_id = a_task()
    with database.writing() as session:
        call_id = session.get_one(CallbackTask, task_id).call_id
        session.add(TextMessage(call_id=call_id, to_number=GERMANY, language="de", number=1, created_at=utc_now()))
        session.flush()
        refused = sms_limits.refused_by(session, GERMANY, utc_now())
        assert refused is not None and refused.cap == cap
        sms_limits.told(session, refused, "CA1", utc_now())
    assert told()[-1].endswith(f"({cap})")


def test_calls_of_yesterday_and_calls_to_the_hotline_do_not_count() -> None:
    called(*[GERMANY] * 5, age=timedelta(hours=25))
    assert not refused(GERMANY)


def test_a_member_who_calls_back_over_the_limit_is_told_why_and_holds_no_task(monkeypatch) -> None:
    people = hire()
    called(TURKEY, TURKEY)
    task_id, morning = a_task(number=TURKEY), utc_now()
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        monkeypatch.setattr(outbound_callbacks, "check_may_dial", lambda task, now: None)  # at any hour
        with pytest.raises(Refused) as error:
            outbound_callbacks.begin(session, task, people["mia"], morning, anyway=True)
        assert error.value.reason == Refusal.TOO_MANY_CALLS
        assert session.scalars(select(Conversation.id).where(Conversation.task_id == task_id)).all() == []


def rung(role: LegRole, *numbers: str | None) -> None:
    """Telephones are rung in the conversation of a caller who has called us."""
    with database.writing() as session:
        conversation = session.scalars(select(Conversation)).one()
        for number in numbers:
            conversations.add_leg(session, conversation, role, number, utc_now(), ring=False)
            call_limits.tell_rung(session, number or "", utc_now())


def used(cap: Cap, country: str = "") -> int:
    with database.reading() as session:
        return next(one.used for one in caps.everywhere(session, utc_now()) if (one.cap, one.country) == (cap, country))


def test_every_telephone_that_is_rung_counts_whoever_it_belongs_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members, interpreters and companions cost what callers cost; who has called us, and a browser, does not."""
    monkeypatch.setenv("RUNG_CALLS_A_DAY", "5")
    settings.settings.cache_clear()
    called(GERMANY)
    with database.writing() as session:
        session.scalars(select(Conversation)).one().kind = ConversationKind.ANSWERED
    rung(LegRole.CALLER, TURKEY)
    assert [used(cap) for cap in (Cap.CALLS_A_DAY, Cap.RUNG_A_DAY)] == [0, 0]
    rung(LegRole.MEMBER, GERMANY, "client:member_1")
    rung(LegRole.INTERPRETER, TURKEY)
    rung(LegRole.COMPANION, GERMANY)
    assert (used(Cap.RUNG_A_DAY), used(Cap.CALLS_A_DAY), used(Cap.CALLS_BY_COUNTRY, "TR")) == (3, 0, 1)
    rung(LegRole.SUCCESSOR, GERMANY)
    rung(LegRole.LISTENER, GERMANY)
    named = "Anrufe in 24 Stunden bei Mitarbeitenden, Sprachmittlung, Vertrauenspersonen und Stellen (rung_calls_a_day)"
    assert [subject for subject in told() if "rung" in subject] == [
        f"1 Obergrenze eines Tages fast erreicht: {named}",
        f"1 Obergrenze für Anrufe erreicht: {named}",
    ]
    rung(LegRole.INTERPRETER, TURKEY)
    assert refused(TURKEY), "the country's cap is one for callbacks and all other calls"


def test_alerts_that_are_sent_as_texts_count_as_texts() -> None:
    with database.writing() as session:
        values = {"urgent": False, "subject": "x", "text": "x", "content": {}, "created_at": utc_now()}
        for name in ("house", "house", "by mail"):
            session.add(AlertMessage(subscription=name, sent_at=utc_now(), state="sent", **values))
        session.add(AlertMessage(subscription="house", **values))
    assert [used(cap) for cap in (Cap.TEXTS_AN_HOUR, Cap.TEXTS_A_DAY)] == [2, 2]


def test_texts_to_a_country_have_a_limit_of_their_own() -> None:
    task_id = a_task()
    with database.writing() as session:
        for number in range(2):
            call_id = session.get_one(CallbackTask, task_id).call_id
            fields = {"language": "tr", "number": number + 1, "created_at": utc_now()}
            session.add(TextMessage(call_id=call_id, to_number=TURKEY, **fields))
        session.flush()
        assert sms_limits.refusal_of(session, TURKEY, utc_now()) == Refusal.TOO_MANY_TEXTS
        assert sms_limits.refusal_of(session, GERMANY, utc_now()) is None


def test_what_was_spent_is_a_figure_by_the_carriers_prices(exchange) -> None:
    exchange.store.keep_call(CallRecord("CA1", "+49", GERMANY, "outbound-api", status="completed"))
    exchange.store.keep_message(MessageRecord("SM1", "+49", GERMANY, "x"))
    said = CliRunner().invoke(command_line, ["carrier", "spent", "--days", "7"])
    assert said.exit_code == 0, said.output
    assert "calls-outbound         1        0.05 EUR" in said.output
    assert "sms-outbound           1        0.08 EUR" in said.output
