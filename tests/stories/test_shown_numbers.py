"""Whose telephone rings: numbers of the house, of telephone systems that forward, and what is no number at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.callbacks.request import Request
from ivr.calls import calls, screening
from ivr.config import settings
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call, KnownCaller
from ivr.platform import database, write_behind
from tests.support.webhook_call import WebhookCall, carrier

PBX = "+494213610"
TRUNK = "+4942136155555"


@pytest.fixture
def rings(empty_database, monkeypatch: pytest.MonkeyPatch):
    """Somebody rings: `rings(from_, ForwardedFrom=…)`; the keys lead to German and the voicebox."""
    monkeypatch.setenv("TRUNK_NUMBERS", f'["{PBX}", "{TRUNK[:9]}*"]')
    monkeypatch.setenv("DIALLED_LANGUAGES", '{"+494211782667": "en"}')
    monkeypatch.setenv("STAFF_NUMBER", "+494211782668")
    settings.settings.cache_clear()
    client = carrier()
    return lambda from_, **form: WebhookCall(client, from_, **form).rings()


def call_of(person: WebhookCall) -> Call:
    write_behind.flush()
    with database.reading() as session:
        return session.scalars(select(Call).where(Call.call_sid == person.call_sid)).one()


#: What the carrier says of callers who cannot be told apart.
OF_THE_HOUSE = [
    {"from_": "+494211782666"},  # the hotline's own number
    {"from_": "04211782666"},
    {"from_": "sip:+494211782666@pbx.example"},
    {"from_": "+494211782667"},
    {"from_": "+494211782668"},
    {"from_": PBX},
    {"from_": TRUNK},
    {"from_": PBX, "ForwardedFrom": "+494211234567"},
    {"from_": "+4942055123", "ForwardedFrom": "+4942055123"},  # a telephone system nobody has configured
    {"from_": "+4942055123", "ForwardedFrom": "04205 5123"},
    {"from_": "+4942055123", "SipHeader_Diversion": "<sip:+49421777@b>;reason=x, <sip:+4942055123@a>"},
    {"from_": "361", "ForwardedFrom": "sip:361@pbx"},  # one that shows an extension
    {"from_": "+4942055123", "SipHeader_Diversion": "<sip:+4942055123@pbx>;reason=unconditional"},
]


@pytest.mark.parametrize("carrier_says", OF_THE_HOUSE, ids=lambda form: " by ".join(form.values()))
def test_callers_behind_one_number_are_strangers_to_each_other(rings, carrier_says: dict[str, str]) -> None:
    """No language of the caller before, nobody's number, and a task of their own."""
    first = rings(**carrier_says).hears("choose_language").presses("2", "1")
    assert call_of(first).from_number is None
    second = rings(**carrier_says).hears("choose_language").presses("1", "1", "2").hears("enter_number")
    second.ends()
    call = call_of(second)
    assert (call.from_number, call.shown_as) == (None, "")
    with database.reading() as session:
        assert session.scalars(select(KnownCaller)).all() == []
        task = session.scalars(select(CallbackTask).where(CallbackTask.call_id == call.id)).one()
        assert task.callback_number is None


def test_who_is_forwarded_and_shows_an_own_number_is_known_by_it(rings) -> None:
    """The number that passes a call on says nothing about whose call it is."""
    rings("+4917612345678", ForwardedFrom="+494213610000").presses("2", "1")
    write_behind.flush()
    assert "Jobcenter" in rings("+4917612345678").document, "greeted in English now"
    with database.reading() as session:
        assert len(session.scalars(select(KnownCaller)).all()) == 1


def test_a_busy_telephone_system_is_not_held_off(rings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(screening, "too_often", lambda number, call_sid: asked.append(number) or False)
    for carrier_says in OF_THE_HOUSE:
        rings(**carrier_says).hears("choose_language")
    assert set(asked) == {None}, "counted as withheld, and never held off"


@pytest.mark.parametrize(
    ("from_", "shown"),
    [
        ("+1528555", "+1528555"),
        ("sip:alice@example.org", "alice@example.org"),
        ("4711", "4711"),
        ("Müller, Bürgeramt", "Müller, Bürgeramt"),
        ("9" * 1000, "9" * 59 + "…"),
        ("+49421\x00", "+49421"),
    ],
)
def test_what_is_shown_and_is_no_number_is_kept_for_the_member(rings, from_: str, shown: str) -> None:
    """It is not dialled, and two calls that show it are two requests."""
    for _ in range(2):
        person = rings(from_).hears("choose_language").presses("1", "1", "2").hears("enter_number")
        call = call_of(person)
        assert (call.from_number, call.shown_as) == (None, shown)
    with database.reading() as session:
        tasks = session.scalars(select(CallbackTask)).all()
        assert [task.callback_number for task in tasks] == [None, None]


def test_one_telephone_is_one_caller_however_its_number_is_written(rings) -> None:
    for from_ in ("+4917612345678", "017612345678", "sip:+4917612345678@carrier.example;user=phone", "17612345678"):
        person = rings(from_).presses("-")
        assert call_of(person).from_number == "+4917612345678"


def test_the_end_of_a_call_adds_no_number_to_it(empty_database) -> None:
    """Its last event may say less of a forwarded call than the first."""
    from ivr.callbacks import intake
    from ivr.domain.timestamps import utc_now
    from ivr.telephony import call_intake

    with database.writing() as session:
        call = calls.seen(session, "CA1", None, utc_now())
        intake.open_for(session, call, Request(concern="benefits"), utc_now())
    call_intake.call_ended("CA1", PBX, utc_now())
    with database.reading() as session:
        assert session.scalars(select(Call.from_number)).one() is None


def test_a_number_that_cannot_be_meant_is_asked_again_with_the_zeros_of_home_and_from_abroad(rings) -> None:
    person = rings("anonymous").presses("1", "1", "2").hears("enter_number")
    for keys in ("42155501", "48221234567"):  # of Bremen with its area code or without it; of Poland or of Germany
        person.presses(keys).hears("number_not_usable", "enter_number")
    assert "in Deutschland beginnt mit null, eine Nummer im Ausland mit null null" in person.heard
    person.presses("0048221234567").hears("confirm_number").presses("1").ends()
    with database.reading() as session:
        assert session.scalars(select(CallbackTask.callback_number)).one() == "+48221234567"
