"""The last resort on the local carrier: a whole call in every language of the menu, in the manner of each carrier.

In the middle of the call the call script breaks, and database, Redis and disk are away.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
import pytest
from flask import has_request_context
from sqlalchemy import Engine, func, select

from ivr.audio.wav import RATE, Sound
from ivr.domain.enums import CarrierName
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows.language_menu import ONE_KEY
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from ivr.telephony import voice_webhooks
from ivr.telephony.last_resort_texts import TEXTS
from ivr.workers.carrier_reconciliation import reconcile
from tests.support.line_in_process import Line
from tests.support.volume import volume

#: Of each carrier: everybody's language, one whose voice has another name at each, and one without a voice.
OFFERED = [*LANGUAGES][: volume(test=0, ci=99, soak=99)] or ["de", "uk", "fa"]
SPEECH = Sound((np.sin(np.arange(RATE * 2) / 3) * 9000).astype(np.int16), RATE)


class Fault:
    """Whether everything is broken that answers a webhook needs."""

    def __init__(self) -> None:
        self.is_there = False

    def breaks(self, real: Callable[..., object]) -> Callable[..., object]:
        def touched(*what: object, **how: object) -> object:
            if self.is_there and has_request_context():
                raise OSError("away")
            return real(*what, **how)

        return touched


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fault]:
    fault = Fault()
    monkeypatch.setattr(voice_webhooks.log, "disabled", True)  # there is much to tell
    places = [(voice_webhooks, name) for name in ("reply", "document", "state_of", "new_call")]
    places += [(builtins, "open"), (io, "open"), (os, "open"), (socket.socket, "connect"), (Engine, "connect")]
    for place, name in places:
        monkeypatch.setattr(place, name, fault.breaks(getattr(place, name)))
    yield fault
    fault.is_there = False


def calls(line: Line, fault: Fault, language: str) -> list[str]:
    """Choose a language; after the next key everything breaks. What is heard of the last resort."""
    page, key = divmod(line.settings.enabled_languages.index(language), ONE_KEY)
    choice = [*["0"] * page, str(key + 1)]
    pressed, heard = [], []

    def on_event(event: dict[str, object]) -> None:
        if event["type"] == "pressed":
            pressed.append(event["keys"])
            fault.is_there = len(pressed) > len(choice)
        elif event["type"] == "said" and fault.is_there:
            heard.append(str(event["text"]))

    number = f"+49151123456{line.settings.enabled_languages.index(language):02d}"  # nobody has rung before
    report = line.rings(*choice, "1", "1", number=number, sounds=[SPEECH], on_event=on_event)
    fault.is_there = False
    assert report.errors == [], "each text names a voice that speaks it"
    assert report.ended_by == "carrier"
    assert len(report.recording_sids) == 1
    return heard


@pytest.mark.parametrize("carrier", CarrierName)
def test_a_message_is_left_in_every_language_while_everything_is_away(
    in_the_manner_of: Callable[[CarrierName], Line],
    fault: Fault,
    carrier: CarrierName,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGES", json.dumps(OFFERED))
    line, began = in_the_manner_of(carrier), utc_now()
    offered = line.settings.enabled_languages
    assert {"de", "uk", "fa"} <= set(offered)
    everybody = [code for code in offered if code in TEXTS]
    for language in offered:
        heard = calls(line, fault, language)
        known = language != "de" and LANGUAGES[language].carrier_voice
        assert heard == [
            *[
                words
                for code in ([language] if known else everybody)
                for words in (TEXTS[code].apology, TEXTS[code].question)
            ],
            *[TEXTS[code].speak for code in ([language] if known else ["de", "en"])],
            *[TEXTS[code].thanks for code in ([language] if known else ["de", "en"])],
        ]
    reconcile(began - timedelta(hours=1))
    with database.reading() as session:
        assert session.scalar(select(func.count(Recording.id))) == len(offered), "no message is lost"
        assert set(session.scalars(select(CallbackTask.language))) == set(offered), "each is called back in theirs"
