"""Two people, perhaps at one telephone: no call hears, changes or closes what belongs to a code it did not key in.

Random pairs call through the real webhooks: at one telephone or two, withheld, forwarded by a telephone system, with
numbers of their own or of the other keyed in, one after the other, with their own code, the other's, or none.
"""

from __future__ import annotations

import html
import itertools
import random
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from twilio.request_validator import RequestValidator

from ivr import prompts
from ivr.domain.enums import TaskState, Urgency
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.telephony.state_token import unseal
from ivr.web.app import create_app
from tests.support.volume import volume

PAIRS = volume(test=12, ci=40, soak=5_000)
#: Pairs of one test: tests run side by side.
SOME = min(PAIRS, 500)
#: Keys for what a call is about, from the main menu on.
CONCERNS = {"benefits": ("1",), "work": ("2",), "emergency": ("9", "1")}


@dataclass
class Wishes:
    """What a caller does in a call."""

    shown: str
    concern: str
    called_before: str
    #: A number keyed in instead of the one that is shown; empty where there is none.
    keyed: str = ""
    speaks: bool = False
    #: A receipt code to key in, and what is done with it: status, times, number, words, withdraw.
    code: str = ""
    change: str = ""
    #: Key for the hours, or for an answer in writing.
    hours: str = "2"
    #: The carrier tells of a recording before it asks what follows.
    told_first: bool = False


@dataclass
class Called:
    """A call that is over."""

    sid: str
    wishes: Wishes
    heard: list[str] = field(default_factory=list)


@pytest.fixture
def calls(empty_database) -> Callable[[Wishes], Called]:
    client = create_app().test_client()
    validator = RequestValidator(empty_database.auth_token)

    def call(wishes: Wishes) -> Called:
        made = Called(f"CA{secrets.token_hex(16)}", wishes)
        keys = _keys(wishes)
        form: dict[str, str] = {}
        path = "/voice/incoming"
        for _ in range(60):
            sent = {"CallSid": made.sid, "AccountSid": empty_database.account_sid, "From": wishes.shown,
                    "To": empty_database.hotline_number, **form}  # fmt: skip
            if wishes.shown == empty_database.hotline_number:
                sent["ForwardedFrom"] = "+4942199999999"
            signature = validator.compute_signature(f"{empty_database.base_url}{path}", sent)
            answer = client.post(path, data=sent, headers={"X-Twilio-Signature": signature})
            assert answer.status_code == 200
            made.heard += [html.unescape(said) for said in re.findall(r"<Say[^>]*>([^<]*)</Say>", answer.text)]
            if "<Hangup" in answer.text:
                break
            path = html.unescape(re.search(r"/voice/answer\?state=[\w=%.-]+", answer.text)[0])
            form = keys(_step(path, made.sid), "<Record" in answer.text)
            if "<Record" in answer.text and wishes.told_first:
                told = path.replace("/voice/answer", "/voice/recording")
                what = {**sent, **form, "RecordingStatus": "completed"}
                signature = validator.compute_signature(f"{empty_database.base_url}{told}", what)
                assert client.post(told, data=what, headers={"X-Twilio-Signature": signature}).status_code in (200, 204)
        else:
            raise AssertionError(f"the call does not end: {made.heard[-5:]}")
        client.post("/voice/status", data=(over := {**sent, "CallStatus": "completed"}), headers={
            "X-Twilio-Signature": validator.compute_signature(f"{empty_database.base_url}/voice/status", over)
        })  # fmt: skip
        return made

    return call


def _step(path: str, call_sid: str) -> str:
    return unseal(parse_qs(urlsplit(path).query)["state"][0], call_sid).step


def _keys(wishes: Wishes) -> Callable[[str, bool], dict[str, str]]:
    """What the caller does at a step of the call script."""
    concern = CONCERNS[wishes.concern]
    changes = {"times": "2", "number": "1", "words": "3", "withdraw": "4"}
    first = iter((changes.get(wishes.change, ""),))
    #: Who only adds words gives no number, where the request lacks one.
    missing = iter("2" if wishes.change == "words" else "1")
    at: dict[str, Callable[[], str]] = {
        "choose_language": lambda: "1",
        "welcome_back": lambda: "",
        "main_menu": lambda: "3" if wishes.code else concern[0],
        "emergency_reason": lambda: concern[-1],
        "services": lambda: "4",
        "enter_code": lambda: wishes.code,
        "change_request": lambda: next(first, ""),
        "change_times": lambda: wishes.hours,
        "withdraw": lambda: "1",
        "consent": lambda: "1" if wishes.speaks else "2",
        "consent_emergency": lambda: "1" if wishes.speaks else "2",
        "review": lambda: "1",
        "called_before": lambda: wishes.called_before,
        "confirm_number": lambda: "1",
        "confirm_new_number": lambda: next(missing, "1"),
        "enter_number": lambda: wishes.keyed,
        "postal_code": lambda: "",
        "availability": lambda: wishes.hours,
    }  # fmt: skip
    if wishes.keyed:
        answers = iter(("2",))
        at["confirm_number"] = lambda: next(answers, "1")

    def keys(step: str, records: bool) -> dict[str, str]:
        if records:
            return {"RecordingSid": f"RE{secrets.token_hex(16)}", "RecordingDuration": "4", "Digits": "#"}
        return {"Digits": at.get(step, lambda: "")()}

    return keys


@dataclass(frozen=True)
class Kept:
    """A contact as the database has it."""

    code: str
    call_sid: str
    own: tuple[Any, ...]
    task_id: int
    task: tuple[Any, ...]
    urgent: bool
    due_at: datetime


def contacts(made: list[Called]) -> dict[str, Kept]:
    """What calls have brought, by receipt code."""
    theirs = (
        select(Contact)
        .join(Contact.call)
        .where(Call.call_sid.in_([call.sid for call in made]))
        .options(
            contains_eager(Contact.call), joinedload(Contact.task), selectinload(Contact.messages),
            selectinload(Contact.later_calls),
        )
    )  # fmt: skip
    with database.reading() as session:
        return {row.receipt_code: _kept(row) for row in session.scalars(theirs)}


def _kept(row: Contact) -> Kept:
    task = row.task
    own = (
        row.kind, row.concern, row.urgency, row.callback_number, row.availability, tuple(sorted(row.about.items())),
        row.number_changed_at, row.withdrawn_at, tuple(message.id for message in row.messages),
        tuple(later.call_id for later in row.later_calls),
    )  # fmt: skip
    of_task = (
        task.receipt_code,
        task.callback_number,
        task.availability,
        task.office,
        task.state,
        task.team_id,
        task.reply_by,
        task.language,
        task.needs_interpreter,
    )
    return Kept(row.receipt_code, row.call.call_sid, own, task.id, of_task, task.urgency == Urgency.EMERGENCY,
                task.due_at)  # fmt: skip


def digits(heard: list[str]) -> str:
    """All that was heard of codes and numbers, as digits."""
    words = {word: str(digit) for digit, word in enumerate(prompts.catalogue("de").digits)}
    return " ".join("".join(words[word] for word in re.split(r"[ ,.]+", said) if word in words) for said in heard)


def check(call: Called, before: dict[str, Kept], after: dict[str, Kept]) -> None:
    """Nothing but what a call has made itself, or has keyed the code of, is heard or changed by it."""
    keyed, heard = {call.wishes.code} - {""}, digits(call.heard)
    for code, was in before.items():
        now = after[code]
        if code not in keyed:
            assert now.own == was.own, "what another contact gave has changed"
            assert code not in heard, "another contact's code was heard"
        assert now.task_id == was.task_id
        if now.own[3] != was.own[3]:
            assert now.own[6] is not None, "a number that came by code is marked"
            assert now.task[1] == was.task[1], "nobody is called at it before a member has confirmed it"
        if not {other.code for other in before.values() if other.task_id == was.task_id} & keyed:
            assert now.task == was.task, "another's task has changed"
        assert now.task[4] != TaskState.CLOSED, "a code alone closes nothing"
        assert now.due_at <= was.due_at
        assert now.urgent or not was.urgent
    numbers = {kept.own[3] for kept in before.values() if kept.own[3]}
    for number in numbers - {call.wishes.shown, f"+49{call.wishes.keyed[1:]}"}:
        assert f"0{number[3:]}" not in heard.replace(" ", ""), "another contact's number was heard"
    made = [kept for kept in after.values() if kept.call_sid == call.sid]
    assert len(made) == (0 if keyed else 1), "\n".join(map(str, (call.wishes, *call.heard)))
    for kept in made:
        assert kept.code in heard, "the caller's own code is told"
        joined = [other for other in before.values() if other.task_id == kept.task_id]
        if joined:
            assert call.wishes.called_before == "1"
            assert call.wishes.shown in SHOWN_BY_CALL.values()
            assert call.wishes.shown in {SHOWN_BY_CALL[other.call_sid] for other in joined}


#: What the telephone of each call showed.
SHOWN_BY_CALL: dict[str, str] = {}


def pairs(dice: random.Random, hotline_number: str) -> Iterator[tuple[str, str, str, str]]:
    """Numbers of two people, and what their telephones show."""
    for _ in range(SOME):
        mine, yours = (f"+49176{dice.randrange(10**7, 10**8)}" for _ in range(2))
        shows = [
            (mine, mine), (mine, mine), (mine, yours), ("anonymous", mine), (mine, "anonymous"),
            ("anonymous", "anonymous"), (hotline_number, hotline_number), (hotline_number, mine),
        ]  # fmt: skip
        yield mine, yours, *dice.choice(shows)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(PAIRS // SOME))
def test_no_call_reaches_a_request_whose_code_it_did_not_key_in(calls, empty_database, seed: int) -> None:
    dice = random.Random(20261127 + seed)
    joined = 0
    for mine, yours, first_shown, second_shown in pairs(dice, empty_database.hotline_number):
        about = dice.choice(("benefits", "work"))
        made: list[Called] = []
        mates: dict[str, Kept] = {}
        for shown in itertools.chain((first_shown, second_shown), dice.choices((first_shown, second_shown), k=1)):
            code = dice.choice((*mates, "", "", "")) if mates else ""
            wishes = Wishes(
                shown=shown,
                concern=dice.choice((about, about, *CONCERNS)),
                called_before=dice.choice(("1", "1", "2", "")),
                keyed=dice.choice(("", f"0{mine[3:]}", f"0{yours[3:]}")),
                speaks=dice.random() < 0.5,
                code=code,
                change=dice.choice(("", "times", "number", "words", "withdraw")),
                hours=dice.choice("1234"),
                told_first=dice.random() < 0.5,
            )
            made.append(call := calls(wishes))
            SHOWN_BY_CALL[call.sid] = shown if shown.startswith("+49176") else ""
            theirs = contacts(made)
            check(call, mates, theirs)
            joined += any(kept.call_sid == call.sid and kept.code != kept.task[0] for kept in theirs.values())
            mates = theirs
    assert joined, "some have said that they called before"
