"""Files in forms: sent twice, empty, and taken back while somebody else has sent another one."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from sqlalchemy import func, select

from ivr import prompts
from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.models.notices import FurtherLanguage, NightAnswer
from ivr.models.prompts import PromptRecording
from ivr.platform import database
from tests.support.guarded_desk import Browser

STUDIO = "/studio/de/goodbye"
TWICE = "schon einmal angekommen"


def wave(text: str = "Auf Wiederhören.") -> bytes:
    return write_wav(speak(text, "de"))


def count(table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def sends(browser: Browser, path: str, token: str, page: str, data: bytes, name: str = "a.wav", **fields: str) -> str:
    form = {**fields, "csrf_token": token, "audio": (BytesIO(data), name)}
    headers = {"Referer": f"http://localhost{page}"}
    return browser.client.post(path, data=form, headers=headers, follow_redirects=True).text


@pytest.mark.parametrize(
    ("path", "page", "table", "fields"),
    [
        (f"{STUDIO}/recording", "/studio/de", PromptRecording, {}),
        ("/night-answers/de/money", "/night-answers/de", NightAnswer, {"text": "Auf Wiederhören."}),
        ("/further-languages/", "/further-languages/", FurtherLanguage, {"language": "el", "text": "Griechisch"}),
    ],
)
@pytest.mark.parametrize("recorded", [True, False], ids=["a file", "no file chosen"])
def test_a_form_with_a_file_that_arrives_twice_is_done_once(
    guarded: Callable[[str], Browser], path: str, page: str, table: type, fields: dict[str, str], recorded: bool
) -> None:
    lena = guarded("lena")
    token, data = lena.token(page), wave() if recorded else b""
    first, again = (sends(lena, path, token, page, data, "a.wav" if recorded else "", **fields) for _ in range(2))
    assert TWICE not in first
    if recorded or fields:
        assert TWICE in again
        assert count(table) == 1


def test_another_file_from_the_same_page_is_another_form(guarded) -> None:
    lena = guarded("lena")
    token = lena.token("/studio/de")
    for words in ("Auf Wiederhören.", "Bis bald."):
        assert TWICE not in sends(lena, f"{STUDIO}/recording", token, "/studio/de", wave(words))
    assert count(PromptRecording) == 2


def test_the_same_recording_from_a_new_page_is_no_second_one_to_revert(desk) -> None:
    lena = desk("lena")
    for _ in range(2):
        lena.post(f"{STUDIO}/recording", data={"audio": (BytesIO(wave()), "goodbye.wav")})
    assert count(PromptRecording) == 1
    lena.post(f"{STUDIO}/revert", data={"recording": "1"})
    assert isinstance(prompts.spoken("goodbye", "de", {})[0], prompts.Text)


def test_who_reverts_a_recording_twice_or_late_reverts_only_what_the_page_has_shown(desk) -> None:
    lena = desk("lena")
    for words in ("Auf Wiederhören.", "Bis bald."):
        lena.post(f"{STUDIO}/recording", data={"audio": (BytesIO(wave(words)), "goodbye.wav")})
    assert 'name="recording" value="2"' in lena.get("/studio/de").text
    for told in ("nicht mehr verwendet", "inzwischen etwas anderes"):
        assert told in lena.post(f"{STUDIO}/revert", data={"recording": "2"}, follow_redirects=True).text
    assert isinstance(prompts.spoken("goodbye", "de", {})[0], prompts.Audio), "the first one is used again"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/night-answers/de/money", {"text": "Auf Wiederhören."}),
        ("/night-answers/de/money/preview", {"text": "Auf Wiederhören."}),
        ("/further-languages/", {"language": "el", "text": "Griechisch"}),
        ("/further-languages/preview", {"language": "el", "text": "Griechisch"}),
        (f"{STUDIO}/recording", {}),
    ],
)
def test_an_empty_file_is_refused_and_no_voice_takes_its_place(desk, path: str, fields: dict[str, str]) -> None:
    form = {**fields, "audio": (BytesIO(b""), "aufnahme.wav")}
    answer = desk("lena").post(path, data=form, follow_redirects=True)
    assert answer.mimetype == "text/html" and "WAV" in answer.text
    assert not any(map(count, (NightAnswer, FurtherLanguage, PromptRecording)))
    assert "ab jetzt" not in answer.text
