"""Turns become documents: a table of verbs and the exact XML, and what every document must have."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from ivr.exchange.twiml import parse
from ivr.flows.verbs import Connect, HangUp, Line, Listen, PlayTake, RecordSpeech, Speak, State, Turn, Wait
from ivr.telephony import documents, sealing

STATE = State("review", "de", facts={"receipt_code": "12345674", "callback_number": "+4915112345678", "take": "1"})
ANSWER = "http://127.0.0.1:8000/voice/answer?state=…"

TABLE = [
    (
        Speak((Line("closed"),)),
        '<Say language="de-DE" voice="Polly.Vicki">Im Moment ist niemand da. Wir sind jeden Tag von 8 bis 18 Uhr für '
        "Sie da. Wir rufen Sie gern zurück, in der Regel innerhalb von 24 Stunden.</Say>",
    ),
    (
        Speak((Line("receipt_again", "en"),)),
        '<Say language="en-GB" voice="Polly.Amy">Once more, so that you can write it down: 1 2, 3 4, 5 6, 7 4.</Say>',
    ),
    # Carrier: <Gather> calls its action only on input; without the <Redirect> silence would end the call.
    (
        Listen((Line("not_understood"),), 1, 5),
        f'<Gather action="{ANSWER}" finishOnKey="" input="dtmf" method="POST" numDigits="1" timeout="5">'
        '<Say language="de-DE" voice="Polly.Vicki">Diese Taste gibt es hier nicht.</Say></Gather>'
        f'<Redirect method="POST">{ANSWER}</Redirect>',
    ),
    (
        Listen((Line("nothing_heard"),), 20, 8),
        f'<Gather action="{ANSWER}" finishOnKey="#" input="dtmf" method="POST" numDigits="20" timeout="8">'
        '<Say language="de-DE" voice="Polly.Vicki">Ich habe nichts gehört.</Say></Gather>'
        f'<Redirect method="POST">{ANSWER}</Redirect>',
    ),
    # Carrier: an empty recording goes on with the next verb; by default a recording lasts up to an hour.
    (
        RecordSpeech(7),
        f'<Record action="{ANSWER}" finishOnKey="1234567890*#" maxLength="180" method="POST" playBeep="true" '
        'recordingStatusCallback="http://127.0.0.1:8000/voice/recording?state=…" '
        'recordingStatusCallbackEvent="in-progress completed absent" recordingStatusCallbackMethod="POST" '
        f'timeout="7" trim="trim-silence" /><Redirect method="POST">{ANSWER}</Redirect>',
    ),
    (PlayTake(), "<Play>http://127.0.0.1:8000/voice/playback/….wav</Play>"),
    (Wait(1), f'<Pause length="1" /><Redirect method="POST">{ANSWER}</Redirect>'),
    # A withheld number must never be shown on: the hotline's own is.
    (
        Connect("+4942117826671"),
        f'<Dial action="{ANSWER}" callerId="+494211782666" method="POST" timeout="20">+4942117826671</Dial>',
    ),
    (HangUp(), "<Hangup />"),
]


@pytest.mark.parametrize(("verb", "expected"), TABLE, ids=lambda value: type(value).__name__)
def test_verb(rooms, verb, expected: str) -> None:
    document = documents.render(Turn(STATE, (), (verb,)), "CA1")
    body = re.sub(r"(state=|playback/)[\w=%-]+", r"\1…", document)
    assert body == f'<?xml version="1.0" encoding="UTF-8"?><Response>{expected}</Response>'
    assert parse(document.encode())


def test_the_state_travels_sealed(rooms) -> None:
    """No number, no concern and no step can be read from a URL; what comes back is what was sent."""
    document = documents.render(Turn(STATE, (), (Wait(1),)), "CA1")
    redirect = ElementTree.fromstring(document).find("Redirect")
    assert "4915112345678" not in document
    assert "review" not in document
    token = parse_qs(urlsplit(redirect.text).query)["state"][0]
    assert sealing.unseal(token) == STATE


@pytest.mark.parametrize("token", ["", "x", "gAAAA", "ü", "A" * 5000])
def test_a_foreign_state_is_refused(rooms, token: str) -> None:
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(token)


def test_every_language_of_the_house_has_a_voice(rooms) -> None:
    """Carrier: an invalid pair of voice and language can fail the whole document."""
    from ivr.exchange.twiml import VOICE_LANGUAGES
    from ivr.languages import LANGUAGES

    assert set(LANGUAGES) == set(documents.VOICES)
    for tag, voice in documents.VOICES.values():
        assert VOICE_LANGUAGES[voice] == tag
