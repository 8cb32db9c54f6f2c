"""Turns become documents: a table of verbs and the exact XML, and what every document must have."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.flows.protocol import (
    HangUp,
    JoinQueue,
    JoinRoom,
    Listen,
    PlayRecording,
    PromptLine,
    RecordSpeech,
    Speak,
    Turn,
    Wait,
)
from ivr.flows.state import CallState, spoken_values
from ivr.flows.steps import Menu
from ivr.local_carrier.twiml_parser import VOICE_LANGUAGES, parse
from ivr.prompts.check import EXAMPLES
from ivr.prompts.script import script
from ivr.telephony import state_token, twiml

STATE = CallState("review", "de").knowing(receipt_code="12345674", callback_number="+4915112345678", recording_number=1)
VALUES = {**spoken_values(STATE), "opening_at": "2026-11-23T07:00:00Z"}
AGAIN = "#ct=2000&amp;rt=4000&amp;tt=15000&amp;rc=2&amp;rp=ct,rt,5xx"
ANSWER = "http://127.0.0.1:8000/voice/answer?state=…" + AGAIN

TABLE = [
    (
        Speak((PromptLine("opening_again"),)),
        '<Say language="de-DE" voice="Polly.Vicki">Wir sind wieder da: '
        "Montag, dreiundzwanzigster November ab acht Uhr.</Say>",
    ),
    (
        Speak((PromptLine("receipt_again", "en"),)),
        '<Say language="en-GB" voice="Polly.Amy">Once more, to write down: '
        "one two, three four, five six, seven four.</Say>",
    ),
    # A key skips what is said before a question that must be heard first, and leads to an address of its own.
    (
        Speak((PromptLine("nothing_heard"),), skippable=True),
        f'<Gather action="{ANSWER.replace("state=", "early=1&amp;state=")}" finishOnKey="" input="dtmf" method="POST" '
        'numDigits="1" timeout="1"><Say language="de-DE" voice="Polly.Vicki">Ich habe nichts gehört.</Say></Gather>',
    ),
    # Carrier: <Gather> calls its action only on input; without the <Redirect> silence would end the call.
    (
        Listen((PromptLine("not_understood"),), 1, 5),
        f'<Gather action="{ANSWER}" finishOnKey="" input="dtmf" method="POST" numDigits="1" timeout="5">'
        '<Say language="de-DE" voice="Polly.Vicki">Diese Taste geht hier nicht. Mit der Stern-Taste hören Sie alles '
        "noch einmal.</Say></Gather>"
        f'<Redirect method="POST">{ANSWER}</Redirect>',
    ),
    (
        Listen((PromptLine("nothing_heard"),), 20, 8),
        f'<Gather action="{ANSWER}" actionOnEmptyResult="true" finishOnKey="#" input="dtmf" method="POST" '
        'numDigits="20" timeout="8">'
        '<Say language="de-DE" voice="Polly.Vicki">Ich habe nichts gehört.</Say></Gather>'
        f'<Redirect method="POST">{ANSWER}</Redirect>',
    ),
    # No carrier voice speaks Persian: every part is played, each digit too.
    (
        Speak((PromptLine("choose_language", "fa", {"key": "7"}),)),
        "<Play>http://127.0.0.1:8000/voice/prompts/fa/choose_language.….wav</Play>"
        "<Play>http://127.0.0.1:8000/voice/prompts/fa/digit-7.….wav</Play>",
    ),
    # Carrier: an empty recording goes on with the next verb; by default a recording lasts up to an hour.
    (
        RecordSpeech(7),
        f'<Record action="{ANSWER}" finishOnKey="1234567890*#" maxLength="180" method="POST" playBeep="true" '
        'recordingStatusCallback="http://127.0.0.1:8000/voice/recording?state=…' + AGAIN + '" '
        'recordingStatusCallbackEvent="in-progress completed absent" recordingStatusCallbackMethod="POST" '
        f'timeout="7" trim="trim-silence" /><Redirect method="POST">{ANSWER}</Redirect>',
    ),
    (PlayRecording(), "<Play>http://127.0.0.1:8000/voice/playback/….wav</Play>"),
    (Wait(1), f'<Pause length="1" /><Redirect method="POST">{ANSWER}</Redirect>'),
    # Carrier: "the wait URL is asked again when its document ends"; `<Leave>` leaves the queue.
    (
        JoinQueue(),
        f'<Enqueue action="{ANSWER}" method="POST" waitUrl="http://127.0.0.1:8000/voice/wait?state=…{AGAIN}" '
        'waitUrlMethod="POST">+494211782666 entrance</Enqueue>',
    ),
    # Carrier: "the first participant's statusCallback wins": all give the same. Nobody's leaving ends the room.
    (
        JoinRoom("room-1"),
        f'<Dial action="{ANSWER}" hangupOnStar="false" method="POST"><Conference beep="false" '
        'endConferenceOnExit="false" startConferenceOnEnter="true" '
        f'statusCallback="http://127.0.0.1:8000/voice/conference{AGAIN}" '
        'statusCallbackEvent="join leave" '
        'statusCallbackMethod="POST" waitMethod="GET" '
        'waitUrl="http://127.0.0.1:8000/voice/music/1-20.wav">room-1</Conference></Dial>',
    ),
    (HangUp(), "<Hangup />"),
]


@pytest.mark.parametrize(("verb", "expected"), TABLE, ids=lambda value: type(value).__name__)
def test_verb(empty_database, verb, expected: str) -> None:
    document = twiml.render(Turn(STATE, (), (verb,)), "CA1", VALUES)
    body = re.sub(r"(state=|playback/|prompts/fa/[a-z_0-9-]+\.)[\w=%.-]+?(?=#|\.wav)", r"\1…", document)
    assert body == f'<?xml version="1.0" encoding="UTF-8"?><Response>{expected}</Response>'
    assert parse(document.encode())


def test_the_state_travels_sealed(empty_database) -> None:
    """No number, no concern and no step can be read from a URL; what comes back is what was sent."""
    document = twiml.render(Turn(STATE, (), (Wait(1),)), "CA1", {})
    redirect = ElementTree.fromstring(document).find("Redirect")
    assert "4915112345678" not in document
    assert "review" not in document
    token = parse_qs(urlsplit(redirect.text).query)["state"][0]
    assert state_token.unseal(token, "CA1") == STATE


@pytest.mark.parametrize("token", ["", "x", "gAAAA", "ü", "A" * 5000])
def test_a_foreign_state_is_refused(empty_database, token: str) -> None:
    with pytest.raises(state_token.Unreadable):
        state_token.unseal(token, "CA1")


def test_no_language_is_given_a_voice_that_does_not_speak_it(empty_database) -> None:
    """Carrier: an invalid pair of voice and language can fail the whole document; Persian and Kurmanji have none."""
    voices = {code: empty_database.carrier_voice(code) for code in LANGUAGES}
    assert [code for code, voice in voices.items() if voice is None] == ["fa", "kmr"]
    for tag, voice in filter(None, voices.values()):
        assert VOICE_LANGUAGES[voice] == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_fits_into_64_kb_in_every_language(empty_database, language: str) -> None:
    """Carrier: a document may have 64 kB; the longest is one that plays a number digit by digit."""
    values = {**EXAMPLES, "callback_number": "+4915123456789"}
    for name, step in script().steps.items():
        state = CallState(name, language).knowing(callback_number="+4915123456789", receipt_code="12345674")
        lines = step.lines or (PromptLine(step.prompt),) if isinstance(step, Menu) else ()
        lines += tuple(PromptLine(prompt) for prompt in getattr(step, "prompts", ()))
        document = twiml.render(Turn(state, (), (Listen((PromptLine("not_understood"), *lines), 1, 5),)), "CA1", values)
        assert len(document.encode()) < 32 * 1024, name
        assert parse(document.encode())
