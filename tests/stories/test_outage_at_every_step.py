"""The database, the disk or both stop before a webhook, whichever it is: a call of any kind goes on as it began.

The caller hears their own language and no technical problem, each webhook is answered, the receipt code is heard where
the promise had been written down, and afterwards there is one task.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.notices import own_texts
from ivr.platform import database, spool, write_behind
from ivr.prompts import parts, recordings, rendering
from ivr.prompts.parts import Part
from ivr.telephony import call_intake
from ivr.telephony.state_token import unseal
from ivr.web.app import create_app
from tests.prompts.test_recordings import tone
from tests.support.environment import forget_settings
from tests.support.outages import FOR_GOOD, FOR_ONE, Outage
from tests.support.receipts import codes_heard
from tests.support.volume import volume
from tests.support.webhook_call import WebhookCall as ThroughWebhooks
from tests.support.webhook_calls import SPEAKS, WebhookCall

_LATER = ["1", "#", "3"]  # the number is right; no postal code; at any time
SILENT = "silent at the question"
#: What is keyed in, in English.
CALLS: Mapping[str, Sequence[str]] = {
    "message": ["2", "1", "1", SPEAKS, "1", *_LATER],
    "keypad": ["2", "1", "2", *_LATER],
    "silent at the end": ["2", "1", "2"],
    "recorded again": ["2", "2", "1", SPEAKS, "3", SPEAKS, "1", *_LATER],
    "emergency": ["2", "9", "2", "1", SPEAKS, "1", *_LATER],
    "postal order": ["2", "3", "1", "1", SPEAKS, "1", "1", "2", "1"],
    "appointment": ["2", "3", "2", "1", SPEAKS, "1", "1", "1", "2", *_LATER],
    "link": ["2", "3", "3", "1", "1", "2"],
    # Three times no answer about the recording: called back once, which is promised only while the database can tell
    # that it has not been promised today.
    SILENT: ["2", "1", "3"],
}

#: For how many webhooks which parts are away.
OUTAGES = {
    "database and disk, for one webhook": (FOR_ONE, ("database", "disk")),
    "database, for one webhook": (FOR_ONE, ("database",)),
    "database, to the end": (FOR_GOOD, ("database",)),
    "database and disk, to the end": (FOR_GOOD, ("database", "disk")),
}


@pytest.fixture
def client(empty_database: Settings) -> FlaskClient:
    return create_app().test_client()


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def codes() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(CallbackTask.receipt_code)))


def undisturbed(client: FlaskClient, keys: Sequence[str]) -> tuple[int, int, bool]:
    """How many documents a call has, how many of them until it knows its code, and whether it is heard."""
    call = WebhookCall(client, keys).to_its_end()
    known = [knows_code(document, call.call_sid) for document in call.documents]
    return len(known), known.index(True) + 1 if True in known else len(known), bool(codes_heard("en", call.documents))


def knows_code(document: str, call_sid: str) -> bool:
    found = re.search(r"/voice/answer\?state=([\w=.%-]+)", document)
    return bool(found and unseal(unquote(found[1]), call_sid).request.receipt_code)


@pytest.mark.parametrize(("kind", "outage"), list(itertools.product(CALLS, OUTAGES)))
def test_a_call_goes_on_whatever_stops_and_whenever(
    client: FlaskClient, patch: pytest.MonkeyPatch, kind: str, outage: str
) -> None:
    turns, parts = OUTAGES[outage]
    documents, noted_after, hears = undisturbed(client, CALLS[kind])
    expected = len(codes())
    for first in range(documents):
        stopped = Outage(patch, parts, first, turns)
        number = f"+49151123{first:05d}"
        known = set(codes())
        call = WebhookCall(client, CALLS[kind], number, stopped.before).to_its_end()
        stopped.over()
        where = f"{kind}, {'+'.join(parts)} from webhook {first} of {documents}"
        assert set(call.statuses) <= {200, 204}, where
        assert call.languages_from(2) <= {"en-GB", "en-US"}, f"{where}: {call.documents[2:]}"
        assert "technical problem. You can" not in "".join(call.documents), where
        call_intake.replay_spool()
        assert not spool.waiting(), where
        assert spool.damaged() == 0, where
        new = set(codes()) - known
        promised = "We will call you back once" in "".join(call.documents)
        assert len(new) == (int(promised) if kind == SILENT else expected), where
        heard = codes_heard("en", call.documents)
        assert heard <= new, where
        was_noted = first >= noted_after or (turns == FOR_ONE and first < documents - 1)
        if hears and was_noted:
            assert heard == new, f"{where}: the promise had been noted after webhook {noted_after}"


class Weather:
    """Database and disk come and go between the webhooks, as dice fall."""

    def __init__(self, patch: pytest.MonkeyPatch, dice: random.Random) -> None:
        self._patch, self._dice = patch, dice

    def before(self, turn: int, _path: str) -> None:
        """A webhook is asked for."""
        self._patch.undo()
        write_behind.flush()
        if turn > 1 and self._dice.random() < 0.5:
            parts = self._dice.choice((("database",), ("database", "disk")))
            Outage(self._patch, parts, turn, FOR_ONE).before(turn, "")


@pytest.mark.soak
def test_callers_who_press_anything_while_parts_come_and_go(client: FlaskClient, patch: pytest.MonkeyPatch) -> None:
    """English throughout, no webhook fails, every code that was heard is somebody's, nothing waits or is set aside."""
    dice = random.Random(15)
    earlier = WebhookCall(client, CALLS["keypad"]).to_its_end()
    (code,) = codes_heard("en", earlier.documents)
    answers = ["1", "1", "1", "2", "2", "3", "4", "5", "9", "0", "*", "#", "", "017612345678#", code]
    for number in range(volume(test=15, ci=40, soak=150, night=600)):
        keys = ["2", *(dice.choice(answers) for _ in range(60))]
        call = WebhookCall(client, keys, f"+49151124{number:05d}", Weather(patch, dice).before, speaks_anyway=True)
        call.to_its_end(80)
        patch.undo()
        assert set(call.statuses) <= {200, 204}
        chose_again = any("Deutsch eins." in document for document in call.documents[2:])
        assert chose_again or call.languages_from(2) <= {"en-GB", "en-US"}, call.documents[2:]
        call_intake.replay_spool()
        write_behind.flush()
        assert not spool.waiting()
        assert spool.damaged() == 0
        assert codes_heard("en", call.documents) <= set(codes())


def address_of(recording_id: int, part: Part) -> str:
    return f"/voice/prompts/{part.language}/{part.name}.r{recording_id}.wav"


@pytest.mark.parametrize("parts_away", [("database",), ("database", "disk")])
def test_what_somebody_has_recorded_is_spoken_while_the_database_is_away(
    client: FlaskClient, patch: pytest.MonkeyPatch, parts_away: Sequence[str]
) -> None:
    """The audio of a recorded prompt is in the database; its words are not."""
    part = parts.named("de", "goodbye")
    assert part is not None
    sound = rendering.usable_recording(tone(2), 10)
    with database.writing() as session:
        recording_id = recordings.add(session, part, sound, None, utc_now()).id
    recorded = client.get(address_of(recording_id, part))
    stopped = Outage(patch, parts_away, 0, FOR_GOOD)
    stopped.before(0, "")
    spoken = client.get(address_of(recording_id, part))
    own = client.get(f"/voice/prompts/de/announcement-1.{own_texts.VERSION}.wav")
    stopped.over()
    said = spoken.data
    spoken.close()
    assert (spoken.status_code, spoken.mimetype) == (200, "audio/wav")
    assert spoken.headers["Cache-Control"] == "no-store", "the recording is heard again as soon as it can be read"
    assert said != recorded.data
    assert (own.status_code, own.mimetype) == (200, "audio/wav"), "of what nobody else can say nothing is heard"
    assert client.get(address_of(recording_id, part)).data == recorded.data


@pytest.mark.parametrize("language", ["tr", "kmr", "fa", "ar", "pl", "fr"])
def test_a_process_that_was_started_without_its_database_speaks_each_language(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch, patch: pytest.MonkeyPatch, language: str
) -> None:
    """Nothing was read yet: no recording, no announcement, no opening hours of a day."""
    dialled = "+494219999999"
    monkeypatch.setenv("LANGUAGES", json.dumps(["de", language]))
    monkeypatch.setenv("DIALLED_LANGUAGES", json.dumps({dialled: language}))
    forget_settings()
    recordings._cache.clear()
    Outage(patch, ("database",), 0, FOR_GOOD).before(0, "")
    person = ThroughWebhooks(create_app().test_client(), "+4915112345678", To=dialled).rings()
    documents = [person.document]
    for keys in ("1", "2", "2", "1", "-", "3", "-", "-"):
        if "<Hangup" in person.document:
            break
        documents.append(person.presses(keys).document)
    patch.undo()
    heard = "".join(documents)
    assert "<Hangup" in person.document
    voice = empty_database.carrier_voice(language)
    tags = set(re.findall(r'<Say language="([\w-]+)"', "".join(documents[1:])))
    assert tags <= ({voice[0]} if voice else set())
    played = set(re.findall(r"/voice/prompts/(\w+)/", heard))
    assert played <= {language}
    assert tags or played
    call_intake.replay_spool()
    assert len(codes()) == 1
