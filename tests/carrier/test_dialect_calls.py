"""Calls in each carrier's manner, made of its signed requests alone: outages, long messages, calls at random.

Each document is read as that carrier reads it, with its voices. Ids of calls and recordings are its own.
"""

from __future__ import annotations

import builtins
import io
import os
import socket
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, select

from ivr.config.settings import Settings, settings
from ivr.domain.enums import CarrierName
from ivr.domain.languages import LANGUAGES
from ivr.flows.state import CallState
from ivr.local_carrier.dialects import DIALECTS
from ivr.local_carrier.twiml_parser import Verb, parse
from ivr.models.calls import Call
from ivr.models.voicebox import VoiceboxMessage
from ivr.platform import database, outbox, spool, write_behind
from ivr.telephony import call_intake, voice_webhooks
from ivr.telephony.last_resort_texts import TEXTS
from ivr.telephony.state_token import seal
from tests.stories.test_outage_at_every_step import CALLS, codes, undisturbed
from tests.stories.test_promises_held import mia, tasks_of, the_task, walk
from tests.support.environment import forget_settings
from tests.support.outages import FOR_GOOD, FOR_ONE, Outage
from tests.support.receipts import codes_heard
from tests.support.servers import free_port
from tests.support.volume import volume
from tests.support.webhook_caller import Hotline, WebhookCaller, hotline_of_webhooks
from tests.support.webhook_calls import WebhookCall

__all__ = ["mia"]
#: Seconds of one recording, as the settings have it.
LIMIT = 180
#: Every so many webhooks of a call an outage begins.
EVERY = volume(test=5, ci=1, soak=1)
WALKS = volume(test=5, ci=30, soak=100, night=600)


@pytest.fixture(params=CarrierName)
def webhooks(
    request: pytest.FixtureRequest, empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hotline]:
    """The hotline of this process, with an empty database, in the manner of a carrier."""
    monkeypatch.setenv("CARRIER", request.param)
    forget_settings()
    with hotline_of_webhooks(settings(), monkeypatch) as hotline:
        yield hotline


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def verbs_of(document: str) -> tuple[Verb, ...]:
    """The verbs of a document, as the carrier reads it."""
    return parse(document.encode(), DIALECTS[settings().carrier].voices)


# -- database, disk and Redis are away -----------------------------------------------------------------


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens where Redis is expected."""
    monkeypatch.setattr(outbox, "hand_over", lambda jobs: None)  # a thread does it where calls are served
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")


@pytest.mark.parametrize("turns", [FOR_ONE, FOR_GOOD], ids=["for one webhook", "to the end"])
@pytest.mark.parametrize("kind", ["message", "emergency", "postal order"][: volume(test=1, ci=3, soak=3)])
def test_a_call_goes_on_while_database_disk_and_redis_are_away(
    no_redis: None, webhooks: Hotline, patch: pytest.MonkeyPatch, kind: str, turns: int
) -> None:
    documents, _, _ = undisturbed(webhooks.client, CALLS[kind])
    expected = len(codes())
    for first in range(1, documents, EVERY):
        outage, known = Outage(patch, ("database", "disk"), first, turns), set(codes())
        call = WebhookCall(webhooks.client, CALLS[kind], f"+49151123{first:05d}", outage.before).to_its_end()
        outage.over()
        where = f"{kind}, from webhook {first} of {documents}"
        assert set(call.statuses) <= {200, 204}, where
        assert all(verbs_of(document) for document in call.documents), where
        assert "technical problem. You can" not in "".join(call.documents), where
        call_intake.replay_spool()
        assert not spool.waiting(), where
        assert spool.damaged() == 0, where
        new = set(codes()) - known
        assert len(new) == expected, where
        assert codes_heard("en", call.documents) <= new, where


# -- messages that are longer than one recording -----------------------------------------------------


def asked_to_speak(webhooks: Hotline) -> WebhookCaller:
    return WebhookCaller(webhooks).dials().presses("1", "1", "1").hears("speak_now")


def parts_of(person: WebhookCaller) -> list[tuple[bool, bool | None]]:
    """Of each recording in its order: whether it goes on with the one before, and whether it was cut."""
    write_behind.flush()
    with database.reading() as session:
        query = select(VoiceboxMessage).join(Call).where(Call.call_sid == person.sid)
        found = session.scalars(query.order_by(VoiceboxMessage.recording_number))
        return [(message.continues_number is not None, message.cut_at_limit) for message in found]


def test_a_message_of_three_recordings_is_one_message_in_three_parts(webhooks: Hotline) -> None:
    person = asked_to_speak(webhooks).speaks(LIMIT, ended_by="").hears("time_is_up")
    for more in ("time_is_up", "no_more_time"):
        person.presses("1").hears("speak_on").speaks(LIMIT, ended_by="").hears(more)
    person.hears("review").presses("1", "2", "1", "#", "3").hears("receipt")
    assert parts_of(person) == [(False, True), (True, True), (True, True)]
    assert len(tasks_of(person)) == 1


def test_a_hang_up_in_the_second_part_keeps_both(webhooks: Hotline) -> None:
    person = asked_to_speak(webhooks).speaks(LIMIT, ended_by="").presses("1").hears("speak_on")
    person.speaks(8, hangs_up=True)
    assert [continues for continues, _ in parts_of(person)] == [False, True]
    assert the_task(person).callback_number == person.number


def test_a_message_below_the_limit_is_whole(webhooks: Hotline) -> None:
    """Silence is trimmed: what it ended is shorter than the limit by that silence."""
    for ended_by in ("", "#", "hangup"):
        person = asked_to_speak(webhooks).speaks(LIMIT - 30, ended_by=ended_by).hears("review").hangs_up()
        assert parts_of(person) == [(False, False)], ended_by


# -- what carriers tell of a recording in different ways -----------------------------------------------


def event_of(person: WebhookCaller) -> str:
    """Where the document wants to be told of the recording."""
    return person.address.replace("/voice/answer", "/voice/recording")


def test_a_recording_of_which_only_its_end_is_told_has_its_task(webhooks: Hotline) -> None:
    """A carrier may tell neither of its beginning nor by its action, and of its end after that of the call."""
    person = asked_to_speak(webhooks)
    told = {"RecordingSid": DIALECTS[settings().carrier].new_recording_id(), "RecordingDuration": "5"}
    address = event_of(person)
    person.hangs_up()
    webhooks.post(address, CallSid=person.sid, RecordingStatus="completed", **told)
    webhooks.post(address, CallSid=person.sid, RecordingStatus="completed", **told)
    assert (the_task(person).callback_number, the_task(person).provisional) == (person.number, False)


def test_silence_that_the_action_tells_of_is_asked_about_again(webhooks: Hotline) -> None:
    """A carrier may ask for the action where others go on with the next verb."""
    recording = DIALECTS[settings().carrier].new_recording_id()
    for told in ({}, {"RecordingDuration": "0", "RecordingSid": recording}, {"RecordingDuration": "0"}):
        person = asked_to_speak(webhooks)
        person._request(person.address, **told)
        person.hears("nothing_heard").speaks(4).hears("review").hangs_up()
        assert len(tasks_of(person)) == 1, told


# -- calls at random -----------------------------------------------------------------------------------


def test_every_promise_of_calls_at_random_has_its_row(webhooks: Hotline, mia: object) -> None:
    codes_given: list[str] = []
    promised = 0
    for seed in range(WALKS):
        walker, _ = walk(webhooks, seed, codes_given)
        promised += len(walker.promised)
    assert promised > WALKS / 2


# -- the last resort -----------------------------------------------------------------------------------


@pytest.fixture
def everything_away(webhooks: Hotline, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Verb, ...]]:
    """Asks for a document while the call script, database, Redis and disk are away."""

    def away(*_: object, **__: object) -> None:
        raise OSError("away")

    monkeypatch.setattr(voice_webhooks.log, "disabled", True)  # it quotes the lines of an error
    webhooks.post("/voice/fallback", CallSid="1", From="anonymous")  # what is loaded once, is loaded

    def asked(person: WebhookCaller, path: str, **form: str) -> tuple[Verb, ...]:
        with pytest.MonkeyPatch.context() as outage:
            for name in ("reply", "document", "state_of", "new_call"):
                outage.setattr(voice_webhooks, name, away)
            for place, name in ((builtins, "open"), (io, "open"), (os, "open"), (socket.socket, "connect")):
                outage.setattr(place, name, away)
            outage.setattr(Engine, "connect", away)
            return verbs_of(webhooks.post(path, CallSid=person.sid, From=person.number, **form))

    return asked


def said(verbs: tuple[Verb, ...]) -> list[tuple[str | None, str]]:
    """Voice and text of all that is said."""
    nested = [verb for outer in verbs for verb in (outer, *outer.children)]
    return [(verb.attributes.get("voice"), verb.text) for verb in nested if verb.name == "Say"]


def test_the_last_resort_takes_a_message_in_every_language(
    webhooks: Hotline, everything_away: Callable[..., tuple[Verb, ...]]
) -> None:
    asked = everything_away
    for language in LANGUAGES:
        person = WebhookCaller(webhooks)
        known = language != "de" and language in TEXTS
        heard = [language] if known else ["de", "en"]
        state = seal(CallState("review", language), person.sid)

        def words(text: str, languages: list[str] = heard) -> list[tuple[str, str]]:
            return [(settings().carrier_voice(code)[1], getattr(TEXTS[code], text)) for code in languages]

        apology = asked(person, f"/voice/answer?state={state}", Digits="1")
        assert said(apology) == [
            said_so for pair in zip(words("apology"), words("question"), strict=True) for said_so in pair
        ]
        following = apology[1].attributes["action"]
        assert said(asked(person, following, Digits="2")) == words("again"), language
        agreed = asked(person, following, Digits="1")
        assert said(agreed) == [*words("speak"), *words("again")], language
        record = next(verb for verb in agreed if verb.name == "Record").attributes
        assert said(asked(person, record["action"], RecordingDuration="4")) == words("thanks"), language
        told = {"RecordingSid": DIALECTS[settings().carrier].new_recording_id(), "RecordingDuration": "4"}
        person._event(record["recordingStatusCallback"], RecordingStatus="completed", **told)
        assert the_task(person).language == language, "works again"
