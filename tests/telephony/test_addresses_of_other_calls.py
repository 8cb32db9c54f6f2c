"""Addresses that documents gave to one call, asked by another call or a month later: nothing is heard or changed.

The requests are signed as the carrier signs them: whoever has kept one can send it again, and a fault may mix calls up.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import Settings, settings
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from ivr.telephony import call_session, queue_webhooks, voice_webhooks
from tests.support.signing import signed
from tests.support.webhook_call import WebhookCall, carrier

ITS_NUMBER, OTHER_NUMBER = "+4917611111111", "+4917622222222"
#: What a caller does in each call; `speaks` after the tone.
CALLS: dict[str, Sequence[str]] = {
    "asks for a callback": ("1", "2", "2", "1", "2", "1", "-", "3"),
    "leaves words": ("1", "2", "1", "speaks", "1", "2", "1", "-", "3"),
    "reports an emergency": ("1", "9", "1", "2", "1", "-"),
    "orders forms": ("1", "3", "1", "1", "speaks", "1", "1", "2", "2", "1"),
    "wishes an appointment": ("1", "3", "2", "2", "1", "1", "2"),
}
#: What is sent with each address.
ANSWERS: Sequence[dict[str, str]] = (
    {},
    {"Digits": "1"},
    {"Digits": "2"},
    {"Digits": "017699999999"},
    {"RecordingSid": "RE" + "7" * 32, "RecordingDuration": "4", "RecordingStatus": "completed", "Digits": "#"},
)
_ADDRESS = re.compile(r'(?:action|waitUrl|recordingStatusCallback|statusCallback)="([^"]+)"|<Redirect[^>]*>([^<]+)<')


class NotedCall(WebhookCall):
    """Keeps every address that was given to it."""

    def _post(self, url: str, **more: str) -> str:
        answer = super()._post(url, **more)
        found = [html.unescape(one or two).partition("#")[0] for one, two in _ADDRESS.findall(answer)]
        self.addresses: dict[str, None] = {**getattr(self, "addresses", {}), **dict.fromkeys(found)}
        return answer


def called(client: Any, what: str) -> NotedCall:
    """A caller has done that, and their call is over or goes on."""
    person = NotedCall(client, ITS_NUMBER)
    person.rings()
    for keys in CALLS[what]:
        if "<Hangup" in person.document:
            break
        if keys == "speaks":
            person.speaks()
        else:
            person.presses(keys)
    return person


def asks(client: Any, person: WebhookCall, url: str, answer: dict[str, str]) -> str:
    form = {**person.form, **answer}
    target = urlsplit(url)
    said = client.post(f"{target.path}?{target.query}", **signed(settings(), url, form))
    assert said.status_code < 500, f"{target.path}: {said.status_code}"
    return said.text


def rows(call_sid: str) -> list[tuple[Any, ...]]:
    """What is stored of a call's requests."""
    with database.reading() as session:
        found = session.scalars(select(Contact).join(Contact.call).where(Call.call_sid == call_sid))
        return [
            (one.receipt_code, one.callback_number, one.availability, one.withdrawn_at, sorted(one.about.items()),
             [message.id for message in one.messages], one.task.state, one.task.callback_number)
            for one in found
        ]  # fmt: skip


def digits(document: str) -> str:
    words = {word: str(digit) for digit, word in enumerate(catalogue("de").digits)}
    said = " ".join(re.findall(r"<Say[^>]*>([^<]*)</Say>", document))
    return "".join(words.get(word, "") for word in re.split(r"[ ,.]+", said))


@pytest.mark.parametrize("what", CALLS)
def test_another_call_that_asks_for_them_hears_and_changes_nothing(empty_database: Settings, what: str) -> None:
    client = carrier()
    its = called(client, what)
    before = rows(its.call_sid)
    assert before, "there is something to be found out"
    assert len(its.addresses) > 4
    stranger = WebhookCall(client, OTHER_NUMBER)
    for url in its.addresses:
        for answer in ANSWERS:
            heard = asks(client, stranger, url, answer)
            assert before[0][0] not in digits(heard), url
            assert ITS_NUMBER[3:] not in digits(heard), url
    assert rows(its.call_sid) == before


@pytest.mark.parametrize("what", CALLS)
def test_the_same_call_a_month_later_hears_and_changes_nothing(
    empty_database: Settings, monkeypatch, what: str
) -> None:
    client = carrier()
    its = called(client, what)
    before = rows(its.call_sid)
    later = timedelta(days=30)
    now, instant = time.time() + later.total_seconds(), utc_now() + later
    monkeypatch.setattr(time, "time", lambda: now)
    for module in (call_session, queue_webhooks, voice_webhooks):
        monkeypatch.setattr(module, "utc_now", lambda: instant)
    for url in its.addresses:
        if urlsplit(url).path == urlsplit(voice_url("/recording")).path:
            continue  # an event that comes late is still one of this call's recording
        for answer in ANSWERS:
            heard = asks(client, its, url, answer)
            assert before[0][0] not in digits(heard), url
    assert rows(its.call_sid) == before
