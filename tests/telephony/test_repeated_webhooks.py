"""A request that the carrier delivers again, because no answer came in time, counts as one.

Callers who press whatever they press are served twice: once each request is delivered once, once three times. They hear
the same, and the database counts the same.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import Boolean, Integer, func, select

from ivr.accounts import mfa, staff_telephones, users
from ivr.calls import call_counters
from ivr.config.settings import Settings
from ivr.domain import receipt_codes
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import LogInDelay, User
from ivr.models.alerts import HouseAlarm
from ivr.models.calls import CodeTry
from ivr.models.contacts import Contact
from ivr.models.screening import FrequentCaller
from ivr.platform import counted_once, database, write_behind
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base
from ivr.platform.work_models import CountedRequest
from ivr.prompts.catalogue import catalogue
from tests.support.environment import forget_settings
from tests.support.people import hire
from tests.support.volume import volume
from tests.support.waiting import eventually
from tests.support.webhook_call import WebhookCall, carrier

WALKS = volume(test=12, ci=100, soak=250, night=1_500)
#: How often a request is delivered.
OFTEN = 3
#: Counts that say how often something was looked at; and what is no table of a call.
_NOT_COMPARED = frozenset({"counted_requests", "work.generation", "work.attempts", "line_entries.seen"})
STAFF, DESK, ELSEWHERE = "+494211782668", "+494211234567", "+4917611111111"
_DIGITS = "|".join((*catalogue("de").digits, *catalogue("en").digits))
_NUMBERS = re.compile(rf"\b({_DIGITS})\b[ ,.]*")


@pytest.fixture
def hotline(empty_database: Settings, monkeypatch: pytest.MonkeyPatch):
    for name in ("CODE_TRIES_WITHHELD", "CODE_TRIES_OVERALL", "SILENT_CALLERS_A_DAY", "CALLS_A_MINUTE"):
        monkeypatch.setenv(name, "1000")
    monkeypatch.setenv("DOUBLED_KEY_MS", "0")  # nobody here is as slow as a finger
    monkeypatch.setenv("STAFF_NUMBER", STAFF)
    monkeypatch.setenv("SMS_SENDER", "+4915112345678")
    forget_settings()
    call_counters.forget_all()
    yield carrier()
    call_counters.forget_all()


def all_is_written() -> None:
    """What is written behind an answer is written; what found the database busy too."""
    write_behind.flush()
    assert eventually(lambda: not write_behind._pending)
    write_behind.flush()


def counted() -> Counter[str]:
    """How many rows there are, and of their counts, states and flags how many of each."""
    all_is_written()
    found: Counter[str] = Counter()
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            compared = [
                column
                for column in table.columns
                if isinstance(column.type, (Enumerated, Boolean, Integer))
                and not column.primary_key
                and not column.foreign_keys
                and not column.name.endswith("_id")
            ]
            for row in session.execute(select(table)).mappings():
                found[table.name] += 1
                for column in compared:
                    value = row[column.name]
                    name = f"{table.name}.{column.name}"
                    if isinstance(value, int) and not isinstance(value, bool):
                        found[name] += value
                    else:
                        found[f"{name} {value}"] += 1
    return Counter(
        {
            name: count
            for name, count in found.items()
            if name.split(" ")[0] not in _NOT_COMPARED and name.split(".")[0] not in _NOT_COMPARED
        }
    )


def spoken(person: WebhookCall) -> str:
    """What was heard last, without digits: codes and numbers differ."""
    return _NUMBERS.sub("", re.sub(r"\d+", "", person.heard))


class Stranger:
    """Presses whatever the dice say; the same at the same questions."""

    def __init__(self, dice: random.Random, number: str, codes: list[str]) -> None:
        self._dice, self._codes = dice, codes
        self.number = number if dice.random() < 0.8 else "anonymous"
        self.hangs_up_after = dice.randrange(2, 40)
        self._is_silent = dice.random() < 0.1

    def answer(self, document: str) -> str:
        """Keys for the question that a document ends with."""
        dice = self._dice
        if self._is_silent or dice.random() < 0.1:
            return "-"
        most = re.search(r'numDigits="(\d+)"', document)
        if most is None or most[1] == "1":
            return dice.choice("1112223344569*#")
        if most[1] == "5":
            return "28195"
        if int(most[1]) == receipt_codes.LENGTH:
            return dice.choice([*self._codes, a_code(dice), a_code(dice), "1234567890"])
        return dice.choice(["017622222222", "0421123456", "12"])


def a_code(dice: random.Random) -> str:
    """A code of which there is no request."""
    return next(code for _ in range(10_000) if receipt_codes.is_code(code := str(dice.randrange(10**9, 10**10))))


def walk(client: Any, seed: int, number: str) -> tuple[str, Counter[str]]:
    """Two calls of a number, the second one with the receipt code of the first."""
    before, last = counted(), ""
    with database.reading() as session:
        known = set(session.scalars(select(Contact.id)))
    for call in range(2):
        with database.reading() as session:
            theirs = select(Contact.receipt_code).where(Contact.id.not_in(known)).order_by(Contact.id)
            codes = list(session.scalars(theirs))
        dice = random.Random(f"{seed} {call}")
        stranger = Stranger(dice, number, codes)
        person = WebhookCall(client, stranger.number).rings()
        for _ in range(stranger.hangs_up_after):
            if "<Hangup" in person.document or "<Enqueue" in person.document:
                break
            if "<Record" in person.document and "<Gather" not in person.document:
                person.speaks()
            else:
                person.presses(stranger.answer(person.document))
        last += spoken(person.ends()) + "\n"
        all_is_written()
    after = counted()
    after.subtract(before)
    return last, after


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(WALKS))
def test_a_request_that_is_delivered_three_times_counts_once(hotline, monkeypatch, seed: int) -> None:
    once = walk(hotline, seed, "+4917622000001")
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    often = walk(hotline, seed, "+4917622000002")
    assert often[0] == once[0]
    names = sorted({*once[1], *often[1]})
    assert {name: (once[1][name], often[1][name]) for name in names if once[1][name] != often[1][name]} == {}


#: What a late request may change: when a number was last seen, and what is remembered of requests and done with jobs.
_OF_THE_TIME = frozenset({"counted_requests", "work", "search_words", "known_callers.last_called_at"})
LATE_WALKS = volume(test=8, ci=40, soak=150, night=1_000)


def everything() -> dict[tuple[str, ...], Any]:
    """All values of all rows."""
    all_is_written()
    with database.reading() as session:
        return {
            (table.name, *(str(row[key.name]) for key in table.primary_key.columns), column.name): row[column.name]
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table)).mappings()
            for column in table.columns
            if not _OF_THE_TIME & {table.name, f"{table.name}.{column.name}"}
        }


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[WebhookCall, str, dict[str, str]]]:
    """Every request of every call, in its order."""
    found: list[tuple[WebhookCall, str, dict[str, str]]] = []
    post = WebhookCall._post

    def noted(call: WebhookCall, url: str, **more: str) -> str:
        found.append((call, url, more))
        return post(call, url, **more)

    monkeypatch.setattr(WebhookCall, "_post", noted)
    return found


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(LATE_WALKS))
def test_requests_that_are_delivered_again_when_the_call_has_gone_on_change_nothing(hotline, delivered, seed) -> None:
    """As from a process that stood still: the carrier has asked another one, and the caller has gone on."""
    walk(hotline, seed, "+4917622000001")
    before, late = everything(), list(delivered)
    random.Random(seed).shuffle(late)
    for call, url, more in late:
        call._post(url, **more)
    after = everything()
    changed = {key: (before.get(key), after.get(key)) for key in {*before, *after} if before.get(key) != after.get(key)}
    # The language of a number's next greeting follows the latest request to arrive (decision 079).
    assert {key: values for key, values in changed.items() if (key[0], key[-1]) != ("known_callers", "language")} == {}


def test_a_number_that_its_caller_has_replaced_does_not_come_back_with_a_late_request(hotline, delivered) -> None:
    person = WebhookCall(hotline, "anonymous").rings().presses("1", "1", "2", "017622222222", "2", "017633333333", "1")
    with database.reading() as session:
        code = session.scalars(select(Contact.receipt_code)).one()
    for number in ("017644444444", "017655555555"):
        WebhookCall(hotline, "anonymous").rings().presses("1", "3", "4", code, "1", number, "1").ends()
    numbers = {"+4917633333333", "+4917655555555"}
    for call, url, more in [*delivered]:
        call._post(url, **more)
        with database.reading() as session:
            contact = session.scalars(select(Contact)).one()
            assert {contact.callback_number, contact.changed_number_from} == numbers, (more, person.heard)


# -- codes and PINs ------------------------------------------------------------------------------------


def at_code(client: Any, number: str = ELSEWHERE) -> WebhookCall:
    """Somebody is asked for a receipt code."""
    person = WebhookCall(client, number).rings()
    if "Deutsch eins" in person.heard:
        person.presses("1")
    return person.presses("3", "4").hears("enter_code")


def tries() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(CodeTry.id))) or 0


def test_wrong_codes_that_are_delivered_again_leave_as_many_tries(hotline, monkeypatch) -> None:
    """Five slips are five, and the answer to the last one is the same at each delivery."""
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    person = at_code(hotline)
    for slip in range(1, 6):
        person.presses(receipt_codes.draw()).hears("code_unknown").does_not_hear("code_locked")
        assert tries() == slip
    person.presses(receipt_codes.draw()).hears("code_locked")
    assert tries() == 5


def test_the_same_wrong_code_keyed_in_again_is_another_try(hotline) -> None:
    person, code = at_code(hotline), receipt_codes.draw()
    person.presses(code).hears("code_unknown").presses(code).hears("code_unknown")
    assert tries() == 2


def test_what_is_remembered_of_requests_is_forgotten_after_an_hour(hotline) -> None:
    at_code(hotline).presses(receipt_codes.draw())
    with database.writing() as session:
        assert session.scalar(select(func.count(CountedRequest.id))) == 1
        counted_once.forget(session, utc_now() + timedelta(minutes=59))
        assert session.scalar(select(func.count(CountedRequest.id))) == 1
        counted_once.forget(session, utc_now() + timedelta(minutes=61))
        assert session.scalar(select(func.count(CountedRequest.id))) == 0


@pytest.fixture
def team(hotline, monkeypatch: pytest.MonkeyPatch):
    """A member has a PIN, a telephone on her desk, and an authenticator app; her requests are delivered three times."""
    hire()
    with database.writing() as session:
        users.set_pin(session, "mia", "1234", "987654")
        staff_telephones.add(session, DESK, "", "Front desk", utc_now())
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    return hotline


def failures() -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(LogInDelay.failures)))


@pytest.mark.parametrize("telephone", [DESK, ELSEWHERE])
def test_a_wrong_pin_that_is_delivered_again_is_one_try(team, telephone: str) -> None:
    for wrong in range(1, 6):
        person = WebhookCall(team, telephone, To=STAFF).rings().presses("1234", "111111")
        person = person.presses("123456") if telephone == ELSEWHERE else person
        assert "Das stimmt nicht" in person.heard
        assert (failures(), tries()) == ([wrong], wrong)
    person = WebhookCall(team, telephone, To=STAFF).rings().presses("1234", "111111")
    person = person.presses("123456") if telephone == ELSEWHERE else person
    assert "Das stimmt nicht" not in person.heard, "the personal number has to wait now"
    assert (failures(), tries()) == ([5], 5)


def test_a_right_log_in_that_is_delivered_again_is_right_again(team) -> None:
    """The code of the authenticator app counts once; the carrier's repetition is no second use."""
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        secret = mfa.propose_totp(mia)
        mfa.confirm_totp(session, mia, pyotp.TOTP(secret).at(utc_now() - timedelta(seconds=30)), utc_now())
    code = pyotp.TOTP(secret).now()
    person = WebhookCall(team, ELSEWHERE, To=STAFF).rings().presses("1234", "987654", code)
    assert "Anrufe annehmen" in person.heard
    assert (failures(), tries()) == ([], 0)
    again = WebhookCall(team, ELSEWHERE, To=STAFF).rings().presses("1234", "987654", code)
    assert "Das stimmt nicht" in again.heard, "in another call it was used"


# -- silent callers, caps, floods --------------------------------------------------------------------------


def test_a_silent_caller_whose_last_request_is_delivered_again_hears_the_promise_again(hotline, monkeypatch) -> None:
    monkeypatch.setenv("SILENT_CALLERS_A_DAY", "1")
    forget_settings()
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    person = WebhookCall(hotline, ELSEWHERE).rings()
    while "<Hangup" not in person.document:
        person.presses("-")
    person.hears("silent_callback").ends()
    again = WebhookCall(hotline, ELSEWHERE).rings()
    while "<Hangup" not in again.document:
        again.presses("-")
    again.does_not_hear("silent_callback")


def test_a_cap_that_is_in_a_callers_way_is_told_once_for_a_call(hotline, monkeypatch) -> None:
    monkeypatch.setenv("TEXT_MESSAGES_A_DAY", "1")
    forget_settings()
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    for calls in (1, 2, 3):  # the first one gets the only text of the day
        person = WebhookCall(hotline, ELSEWHERE).rings()
        if "Deutsch eins" in person.heard:
            person.presses("1")
        person.presses("3", "3", "1", "1")
        with database.reading() as session:
            assert [row.count for row in session.scalars(select(HouseAlarm))] == [calls]


def test_a_call_whose_first_request_is_delivered_again_is_one_call_of_its_number(hotline, monkeypatch) -> None:
    """Who rings three times in a minute is not held off for nine."""
    monkeypatch.setenv("CALLS_A_MINUTE", "3")
    forget_settings()
    monkeypatch.setattr(WebhookCall, "deliveries", OFTEN)
    for _ in range(3):
        WebhookCall(hotline, ELSEWHERE).rings().does_not_hear("held_off")
    WebhookCall(hotline, ELSEWHERE).rings().hears("held_off")
    all_is_written()
    with database.reading() as session:
        assert [row.calls for row in session.scalars(select(FrequentCaller))] == [1]
