"""The last resort: fixed documents in every language, which need nothing but this process."""

from __future__ import annotations

import builtins
import io
import json
import os
import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy.exc import OperationalError

from ivr.config.settings import settings
from ivr.domain.languages import LANGUAGES
from ivr.flows.state import CallState
from ivr.local_carrier.twiml_parser import parse
from ivr.platform import database
from ivr.telephony import voice_webhooks
from ivr.telephony.last_resort_texts import TEXTS
from ivr.telephony.state_token import seal, unseal
from tests.prompts.test_wording import RECORDS_THE_VOICE
from tests.support.conformance import document_faults
from tests.support.webhook_caller import Hotline

SID = "CA" + "5" * 32
#: Korean needs a model to be offered.
OFFERED = [code for code in LANGUAGES if code != "ko"]
VOICED = [code for code in OFFERED if LANGUAGES[code].carrier_voice]


@pytest.fixture
def nothing_works(webhooks: Hotline, monkeypatch: pytest.MonkeyPatch) -> Hotline:
    """Neither the call script nor what it needs."""

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(voice_webhooks.log, "disabled", True)  # it quotes the lines of an error
    webhooks.post("/voice/fallback", CallSid=SID, From="+4915112345678")  # what is loaded once, is loaded
    for name in ("reply", "document", "state_of", "new_call"):
        monkeypatch.setattr(voice_webhooks, name, broken)
    return webhooks


def asked(webhooks: Hotline, path: str, **form: str) -> str:
    """The document, asked for without database, Redis and disk: nothing is opened, and nothing is connected to."""
    opened: list[str] = []
    mine = threading.get_ident()  # what is written behind has a thread of its own

    def away(real: Callable[..., object]) -> Callable[..., object]:
        def touched(*what: object, **how: object) -> object:
            if threading.get_ident() != mine:
                return real(*what, **how)
            opened.append(str(what[:2]))
            raise OSError("away")

        return touched

    with pytest.MonkeyPatch.context() as patch:
        for place, name in ((builtins, "open"), (io, "open"), (os, "open"), (socket.socket, "connect")):
            patch.setattr(place, name, away(getattr(place, name)))
        patch.setattr(database, "engine", away(database.engine))
        document = webhooks.post(path, CallSid=SID, From="+4915112345678", **form)
    assert opened == []
    return document


def said(document: str) -> list[tuple[str | None, str | None, str | None]]:
    """Voice, language and text of all that is said, after the document was read as the carrier reads it."""
    parse(document.encode())
    assert document_faults(document) == []
    found = ElementTree.fromstring(document).iter("Say")
    return [(say.get("voice"), say.get("language"), say.text) for say in found]


def of(language: str, text: str) -> tuple[str, str, str]:
    tag, voice = LANGUAGES[language].carrier_voice or ("", "")
    return voice, tag, getattr(TEXTS[language], text)


def test_every_language_with_a_voice_has_texts() -> None:
    assert set(TEXTS) == {code for code, language in LANGUAGES.items() if language.carrier_voice}


def test_a_caller_whose_language_is_unknown_hears_all_of_the_menu(nothing_works: Hotline) -> None:
    """ "voice": without one an old default speaks, which does not know every language: each names its voice."""
    document = asked(nothing_works, "/voice/incoming")
    menu = [language for language in nothing_works.settings.enabled_languages if language in TEXTS]
    assert said(document) == [of(language, text) for language in menu for text in ("apology", "question")]


@pytest.mark.parametrize("language", VOICED)
def test_a_key_before_the_question_agrees_to_nothing(nothing_works: Hotline, language: str) -> None:
    """It may have been meant for the question that failed. The question about the recording is asked at once."""
    token = seal(CallState("review", language), SID)
    early, awaited = ElementTree.fromstring(asked(nothing_works, f"/voice/answer?state={token}", Digits="1")).findall(
        "Gather"
    )
    assert [of(language, "apology")[2]] == [say.text for say in early.iter("Say")]
    document = asked(nothing_works, early.get("action"), Digits="1")
    assert "<Record" not in document
    assert said(document)[0] == of(language, "question")
    assert [gather.get("action") for gather in ElementTree.fromstring(document).findall("Gather")] == [
        awaited.get("action")
    ]


@pytest.mark.parametrize("language", VOICED)
def test_whoever_is_asked_here_too_hears_that_the_voice_is_recorded(language: str) -> None:
    assert re.search(RECORDS_THE_VOICE[language], TEXTS[language].question)


@pytest.mark.parametrize("language", VOICED)
def test_a_caller_is_apologised_to_in_their_language(nothing_works: Hotline, language: str) -> None:
    token = seal(CallState("review", language), SID)
    document = asked(nothing_works, f"/voice/answer?state={token}", Digits="1")
    heard = said(document)
    assert heard[0] == of(language, "apology")
    assert len(heard) == 2 or language == "de", "a caller with German may not have chosen yet"
    _, gather = ElementTree.fromstring(document).findall("Gather")
    agreed = asked(nothing_works, gather.get("action"), Digits="1")
    assert of(language, "speak") in said(agreed)
    record = ElementTree.fromstring(agreed).find("Record")
    (state,) = parse_qs(urlsplit(record.get("recordingStatusCallback")).query)["state"]
    assert unseal(state, SID).language == language
    assert of(language, "thanks") in said(asked(nothing_works, record.get("action"), RecordingDuration="3"))
    assert of(language, "again") in said(asked(nothing_works, gather.get("action"), Digits="2"))
    assert "Record" not in asked(nothing_works, gather.get("action"), Digits="2")


@pytest.mark.parametrize("language", ["fa", "kmr"])
def test_a_language_without_a_voice_is_told_in_all_others(nothing_works: Hotline, language: str) -> None:
    """Its prompts are played from the disk, which may be away."""
    token = seal(CallState("review", language), SID)
    assert of("en", "apology") in said(asked(nothing_works, f"/voice/answer?state={token}", Digits="1"))


def test_a_menu_of_languages_without_voices_is_answered_in_german_and_english(
    nothing_works: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGES", json.dumps(["fa", "kmr"]))
    settings.cache_clear()
    assert settings().enabled_languages == ("fa", "kmr")
    nothing_works.post("/voice/incoming", CallSid=SID, From="+4915112345678")  # what is loaded once, is loaded
    assert said(asked(nothing_works, "/voice/incoming")) == [
        of(language, text) for language in ("de", "en") for text in ("apology", "question")
    ]


def test_a_signature_is_asked_for_here_too(nothing_works: Hotline) -> None:
    answer = nothing_works.client.post("/voice/last-resort/agreed", data={"CallSid": SID, "Digits": "1"})
    assert answer.status_code == 403
