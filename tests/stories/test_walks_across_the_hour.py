"""Callers in whose call the hour strikes, or a supervisor changes what counts: what they were told a moment ago holds.

A key that was named in what they have just heard is answered, nothing is said that is over, and the call comes to its
end.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from ivr.domain import opening_hours
from ivr.domain.opening_hours import Span
from ivr.domain.timestamps import utc_now
from ivr.flows.steps import Menu
from ivr.models.accounts import User
from ivr.models.notices import Announcement, NightAnswer, SpecialDay
from ivr.notices import present
from ivr.platform import database, write_behind
from ivr.prompts import spoken_keys
from ivr.prompts.catalogue import catalogue
from ivr.prompts.script import script
from tests.stories.test_promises_held import GERMAN, Walker, the_task
from tests.support.environment import forget_settings
from tests.support.notices import announce, answer, enter
from tests.support.people import hire_on_a_call
from tests.support.volume import volume
from tests.support.webhook_caller import Hotline, WebhookCaller

#: Local times at which something ends or begins; among them both DST nights and the last night of the year.
HOURS = tuple(
    datetime.fromisoformat(at).astimezone(UTC)
    for at in (
        "2026-11-27T08:00+01:00", "2026-11-27T18:00+01:00", "2026-12-31T18:00+01:00", "2027-01-01T00:00+01:00",
        "2027-03-28T01:00+01:00", "2027-03-28T08:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T08:00+01:00",
    )
)  # fmt: skip
#: What says a key that is not always there.
_SAID: Mapping[str, str] = {
    "night_answers_offer": "4", "night_question_money": "1", "night_question_application": "2",
    "night_question_office": "3",
}  # fmt: skip
WALKS = volume(test=12, ci=60, soak=250, night=2_000)
#: Walks of one test.
SOME = min(WALKS, 250)


@pytest.fixture
def mia(webhooks: Hotline) -> User:
    """A member who is at her telephone, but on another call."""
    return hire_on_a_call("mia")


def named_keys(person: WebhookCaller) -> set[str]:
    """The keys that the question names which was heard last."""
    state, last = person.state, person.last
    step = script().steps.get(state.step) if state is not None else None
    if person.verb != "Gather" or state is None or not isinstance(step, Menu) or state.heard_key:
        return set()
    said = {_SAID[prompt] for prompt in last if prompt in _SAID}
    asked = [prompt for prompt in last if prompt not in _SAID and prompt in script().questions()]
    return said | set(spoken_keys._named(catalogue(state.language), asked[-1:]))


# -- single moments ------------------------------------------------------------------------------------------


def test_a_key_that_was_named_before_the_hour_works_after_it(webhook_caller, webhook_clock) -> None:
    answer("money", "de", "Ihr Geld kommt am Monatsende.")
    webhook_clock(HOURS[0] - timedelta(seconds=2))
    person = webhook_caller(at="clock").dials().presses(GERMAN, "4").hears("night_answers_offer")
    webhook_clock(HOURS[0] + timedelta(seconds=1))
    person.presses("4").hears("night_question_money").does_not_hear("not_understood")
    person.presses("1").hears("own_answer_money").presses("2").hears("main").presses("4")
    person.does_not_hear("not_understood")
    assert "night_answers_offer" not in person.last, "people answer now"


def test_no_place_is_said_to_be_kept_after_closing_time(webhook_caller, webhook_clock, mia: User) -> None:
    webhook_clock(HOURS[1] - timedelta(seconds=30))
    person = webhook_caller(at="clock").dials().presses(GERMAN, "1", "")
    assert person.verb == "Enqueue"
    webhook_clock(HOURS[1] - timedelta(seconds=1))
    person.waits()
    person.waits("1", meanwhile=lambda: webhook_clock(HOURS[1] + timedelta(seconds=1)))
    person.does_not_hear("place_kept").hears("closed").hears("confirm_number")
    while not person.is_over:
        person.presses("#" if person.last[-1] == "postal_code" else "1")
    person.hears("receipt").hears("opening_again").hears("callback_usual")
    assert the_task(person).state == "open"


@pytest.mark.parametrize("pressed", ["3", "1#"], ids=["a wrong key", "back from the tone"])
def test_nobody_is_offered_a_connection_again_after_closing_time(
    webhook_caller, webhook_clock, mia: User, pressed: str
) -> None:
    webhook_clock(HOURS[1] - timedelta(seconds=2))
    person = webhook_caller(at="clock").dials().presses(GERMAN, "1").hears("transfer").presses(*pressed[:-1])
    webhook_clock(HOURS[1] + timedelta(seconds=1))
    person.presses(pressed[-1]).does_not_hear("nobody_answered").hears("closed")
    assert "transfer" not in person.last
    assert person.last[-1] == "consent", "a message can be left"


@pytest.mark.parametrize(("left", "ordered"), [("change,continuation", "continuation"), ("change,housing", None)])
def test_a_key_orders_the_form_that_was_named_though_the_list_changes(
    webhook_caller, monkeypatch: pytest.MonkeyPatch, left: str, ordered: str | None
) -> None:
    monkeypatch.setenv("FORMS", json.dumps(["main_application", "continuation", "change"]))
    forget_settings()
    person = webhook_caller().dials().presses(GERMAN, "3", "1", "2", "214123456").hears("choose_form")
    monkeypatch.setenv("FORMS", json.dumps(left.split(",")))
    forget_settings()
    person.presses("2").hears("another_form" if ordered else "not_understood")
    assert person.state.request.forms == ((ordered,) if ordered else ())


# -- walks ---------------------------------------------------------------------------------------------------


class Crosser(Walker):
    """Somebody who listens, and mostly presses a key that was named; something changes while they do."""

    def __init__(self, person: WebhookCaller, dice: random.Random, webhook_clock: Callable[[datetime], None]) -> None:
        super().__init__(person, dice, [])
        self.clock, self.now = webhook_clock, HOURS[0]
        self.answers_taken_back = False

    def begins(self, at: datetime) -> None:
        self.now = at
        self.clock(at)
        self.person.dials()

    def act(self) -> None:
        self.now += timedelta(seconds=self.dice.choice([0, 1, 2, 5, 9, 20]))
        self.clock(self.now)
        named = named_keys(self.person)
        super().act()
        pressed = self.pressed[-1][1] if self.pressed else ""
        if pressed in named and not self.answers_taken_back:
            assert "not_understood" not in self.person.last, f"{pressed} was named; {self}"

    def _keys(self) -> str:
        named = sorted(named_keys(self.person))
        if not self.way and named and self.dice.random() < 0.8:
            return self.dice.choice(named)
        return super()._keys()

    def check(self) -> None:
        super().check()
        is_open = opening_hours.is_open(present.hours(), self.now)
        said = set(self.person.last)
        if not is_open:
            assert not said & {"transfer", "place_kept", "speak_to_us", "line_position"}, str(self)
        else:
            assert not said & {"closed", "opening_again", "night_answers_offer"}, str(self)


#: What may change in mid-call, beside the hour.
def _closes(walker: Crosser) -> None:
    enter(walker.now.astimezone(present.hours().zone).date(), None, walker.now)
    present.forget()


def _opens_shorter(walker: Crosser) -> None:
    local = walker.now.astimezone(present.hours().zone)
    enter(local.date(), Span(opens=time(0), closes=max(local.time(), time(0, 1))), walker.now)
    present.forget()


def _announces(walker: Crosser) -> None:
    ends = max(walker.now, utc_now()) + timedelta(hours=1)
    announce(walker.now - timedelta(hours=1), ends, de="Heute ist das Haus geschlossen.")
    present.forget()


def _takes_answers_back(walker: Crosser) -> None:
    walker.answers_taken_back = True
    with database.writing() as session:
        session.execute(update(NightAnswer).values(undone_at=utc_now()))
    present.forget()


def _nothing(walker: Crosser) -> None:
    """Only the hour strikes."""


def _as_before() -> None:
    """Take back what was changed in a walk."""
    with database.writing() as session:
        for table in (SpecialDay, Announcement):
            session.execute(update(table).values(undone_at=utc_now()))
        session.execute(update(NightAnswer).values(undone_at=None))
    present.forget()


CHANGES = (_nothing, _nothing, _nothing, _closes, _opens_shorter, _announces, _takes_answers_back)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(WALKS // SOME))
def test_whatever_changes_in_mid_call_what_was_told_holds(
    webhooks: Hotline, mia: User, webhook_clock, part: int
) -> None:
    languages = webhooks.settings.enabled_languages
    for language in languages:
        for question in ("money", "office"):
            answer(question, language, "So ist das.")
    present.forget()
    for seed in range(part * SOME, (part + 1) * SOME):
        dice = random.Random(seed)
        number = dice.choice([f"+49151{dice.randrange(10**8):08d}"] * 2 + ["anonymous"])
        walker = Crosser(WebhookCaller(webhooks, number, at="clock"), dice, webhook_clock)
        walker.begins(dice.choice(HOURS) - timedelta(seconds=dice.choice([1, 3, 10, 40, 90])))
        walker.way = [*dice.choice(["1", "1", "3", "7", "02", "04"]), *dice.choice(["", "4", "1-", "91-", "11", "34"])]
        change, after = dice.choice(CHANGES), dice.randint(2, 6)
        for turn in range(60):
            if walker.person.is_over:
                break
            if turn == after:
                change(walker)
            walker.act()
        if not walker.person.is_over:
            walker.person.hangs_up()
        write_behind.flush()
        walker.check()
        _as_before()
