"""Callers whose requests the carrier delivers again, at once or when the call has long gone on: nothing changes by it.

Each walk is made twice with the same keys, once with such repetitions. Both leave the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import database, write_behind
from tests.stories.test_promises_held import _WAYS, Walker
from tests.support.people import hire_on_a_call
from tests.support.volume import volume
from tests.support.webhook_caller import Hotline, WebhookCaller

WALKS = volume(test=8, ci=40, soak=250, night=1_500)
#: Walks of one test.
SOME = min(WALKS, 250)


@pytest.fixture
def mia(webhooks: Hotline) -> User:
    """A member who is at her telephone, but on another call."""
    return hire_on_a_call("mia")


class Repeated(WebhookCaller):
    """A call whose requests are delivered again now and then; what is answered to that, nobody hears."""

    dice: random.Random | None = None

    def _post(self, url: str, **form: str) -> str:
        answer = super()._post(url, **form)
        if self.dice is not None:
            self.asked = [*getattr(self, "asked", []), (url, form)]
            while self.dice.random() < 0.4:
                again, said = self.dice.choice(self.asked[-6:])
                spoken = list(self.hotline.spoken)
                super()._post(again, **said)
                self.hotline.spoken[:] = spoken
        return answer


def left_by(person: WebhookCaller) -> list[tuple]:
    """What the rows say of a call, without what is drawn anew each time."""
    with database.reading() as session:
        of_call = select(Contact).join(Call).where(Call.call_sid == person.sid).order_by(Contact.id)
        contacts = [
            (
                one.kind, one.concern, one.urgency, _shown(one.callback_number, person), one.availability, one.about,
                one.task.state, one.task.unconfirmed, one.task.reply_by, len(one.messages), one.language,
                sorted(event.kind for event in one.task.events),
            )
            for one in session.scalars(of_call)
        ]  # fmt: skip
        waited = select(QueueEntry).join(Call).where(Call.call_sid == person.sid).order_by(QueueEntry.id)
        entries = [(one.queue_visit, one.mode, one.state, one.reason) for one in session.scalars(waited)]
        call = session.scalars(select(Call).where(Call.call_sid == person.sid)).one()
        return [*contacts, *entries, (call.state, call.ending, call.language, call.concern)]


def _shown(number: str | None, person: WebhookCaller) -> str | None:
    return "shown" if number == person.number else number


def walk(person: WebhookCaller, seed: int) -> Walker:
    dice = random.Random(seed)
    walker = Walker(person, dice, [])
    person.dials()
    walker.way = [*dice.choice(_WAYS)]
    for _ in range(dice.randint(1, 25)):
        if person.is_over:
            break
        walker.act()
    if not person.is_over:
        person.hangs_up()
    write_behind.flush()
    walker.check()
    return walker


@pytest.fixture
def numbers() -> Callable[[], str]:
    """Numbers that have not called before."""
    dice = random.Random(7)
    return lambda: f"+49151{dice.randrange(10**8):08d}"


@pytest.mark.soak
@pytest.mark.parametrize("part", range(WALKS // SOME))
def test_requests_that_come_again_and_late_change_nothing(
    webhooks: Hotline, mia: User, numbers: Callable[[], str], part: int
) -> None:
    for seed in range(part * SOME, (part + 1) * SOME):
        where, withheld = ("open", "closed")[seed % 2], seed % 3 == 0
        left = []
        for dice in (None, random.Random(seed)):
            person = Repeated(webhooks, "anonymous" if withheld else numbers(), at=where)
            person.dice = dice
            walker = walk(person, seed)
            left.append(left_by(person))
        assert left[0] == left[1], f"seed {seed}: {walker}"
