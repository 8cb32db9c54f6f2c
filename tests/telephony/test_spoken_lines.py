"""What is put together from prepared text is what the carrier's library writes, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as some
from sqlalchemy import event
from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr import prompts
from ivr.audio.wav import Sound
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows.protocol import HangUp, Listen, PromptLine, Speak, Turn
from ivr.flows.state import CallState
from ivr.flows.steps import EnterDigits, Menu, Record
from ivr.platform import database
from ivr.prompts import parts, recordings
from ivr.prompts.check import EXAMPLES
from ivr.prompts.script import script
from ivr.telephony import spoken_lines, twiml

#: What XML 1.0 allows; a prompt holds nothing else.
TEXT = some.text(some.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | some.sampled_from("\n\t&<>\"'"))


def with_the_library(turn: Turn, values: Mapping[str, str]) -> str:
    """The document for a turn that speaks, listens and hangs up, as twilio's objects render it."""
    document, answer = VoiceResponse(), twiml.url("answer", turn.state, "CA1")
    for verb in turn.verbs:
        match verb:
            case Speak(lines=lines):
                spoken_lines.speak(document, lines, spoken_lines.languages_of(turn.state), values)
            case Listen(lines=lines, max_digits=most, timeout=timeout):
                more = {"action_on_empty_result": True} if most > 1 else {}
                gather = Gather(
                    input="dtmf",
                    num_digits=most,
                    finish_on_key="" if most == 1 else "#",
                    timeout=timeout,
                    action=answer,
                    method="POST",
                    **more,
                )
                spoken_lines.speak(gather, lines, spoken_lines.languages_of(turn.state), values)
                document.append(gather)
                document.redirect(answer, method="POST")
            case HangUp():
                document.hangup()
    return str(document)


@pytest.fixture
def same_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is sealed to the same token each time."""
    monkeypatch.setattr(twiml, "seal", lambda state, call_sid: f"{state.step}-{state.language}==")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_of_the_script(empty_database, same_seal, language: str) -> None:
    """Twice: the second time it comes from what is kept."""
    values = {**EXAMPLES, "callback_number": "+4915123456789"}
    for prompt in sorted(script().prompts()):
        lines = (PromptLine(prompt), PromptLine(prompt), PromptLine(prompt, "de"))
        turn = Turn(
            CallState("main", language), (), (Speak(lines), Listen(lines, 1, 5), Listen(lines, 12, 9), HangUp())
        )
        expected = with_the_library(turn, values)
        assert twiml.render(turn, "CA1", values) == expected, prompt
        assert twiml.render(turn, "CA1", values) == expected, prompt


@search(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=TEXT.filter(bool), tag=TEXT, voice=TEXT)
def test_any_text_and_voice(text: str, tag: str, voice: str) -> None:
    said = VoiceResponse()
    said.say(text, language=tag, voice=voice)
    ours = spoken_lines._verbs([prompts.Text(text, tag, voice)], "de", "")
    assert f'<?xml version="1.0" encoding="UTF-8"?><Response>{ours}</Response>' == str(said)


def test_another_key_and_another_hour_are_said_anew(empty_database) -> None:
    """What is kept is kept by the values it was made with."""

    def said(prompt: str, **values: str) -> str:
        return spoken_lines.rendered((PromptLine(prompt),), ("de",), values)

    assert "Deutsch eins" in said("choose_language", key="1")
    assert "Deutsch zwei" in said("choose_language", key="2")
    assert "ab acht Uhr" in said("opening_again", opening_at="2026-11-23T07:00:00Z")
    assert "ab neun Uhr" in said("opening_again", opening_at="2026-11-23T08:00:00Z")


#: Two callers who have nothing in common: number, code, dates, times, counts, keys, places.
CALLERS = (
    {**EXAMPLES, "callback_number": "+4915123456789", "receipt_code": "27384950"},
    {
        "key": "4", "callback_number": "+49421178266", "receipt_code": "93746281", "place": "3", "wait_minutes": "10",
        "hours": "9", "opening_at": "2026-11-24T08:00:00Z", "due_at": "2026-11-24T11:15:00Z",
        "tried_at": "2026-11-22T08:05:00Z", "appointment_at": "2027-01-07T09:00:00Z",
        "appointment_place": "Doventorsteinweg 48, Erdgeschoss", "days": "90", "form": "form_change",
        "today": "2026-11-23", "h": "8", "m": "5", "weekday": "monday", "day": "3", "month": "5",
        "link": "https://example.org",
        "hotline_number": "0421 1782666",
    },
)  # fmt: skip


def whole_menus() -> list[tuple[str, tuple[PromptLine, ...]]]:
    """What each step that asks for something says, with an announcement before it, at first and when asked again."""
    found = []
    for name, step in script().steps.items():
        if isinstance(step, Menu):
            found += [(name, step.lines or (PromptLine(step.prompt),))]
            found += [(name, (PromptLine("nothing_heard"), *step.lines, *step.lines_again))]
        elif isinstance(step, EnterDigits | Record):
            found += [(name, (PromptLine("goodbye"), PromptLine(step.prompt)))]
    return found


@pytest.mark.parametrize("language", ["de", "fa", "ko"])
def test_every_menu_is_said_to_each_caller_with_their_own_values(empty_database, same_seal, language: str) -> None:
    """One caller after the other, and once more: what was kept of one is never said to the other."""
    for name, lines in whole_menus():
        turn = Turn(CallState(name, language), (), (Listen(lines, 1, 5),))
        expected = [with_the_library(turn, values) for values in CALLERS]
        for _ in range(2):
            assert [twiml.render(turn, "CA1", values) for values in CALLERS] == expected, name


def test_a_menu_of_other_languages_or_in_another_order_is_another(empty_database) -> None:
    def said(*languages: str) -> str:
        lines = tuple(PromptLine("choose_language", code, {"key": "1"}) for code in languages)
        return spoken_lines.rendered(lines, ("de",), {})

    in_turn = [said("de", "en"), said("en", "de"), said("de"), said("de", "en", "fr")]
    assert len(set(in_turn)) == 4
    assert in_turn == [said("de", "en"), said("en", "de"), said("de"), said("de", "en", "fr")]
    assert spoken_lines.rendered((PromptLine("goodbye"),), ("de", "en"), {}) == "".join(
        spoken_lines.rendered((PromptLine("goodbye"),), (code,), {}) for code in ("de", "en")
    )


def test_nothing_of_one_call_is_kept_in_a_whole_menu(empty_database) -> None:
    """Of what is kept, each value is one that all callers hear."""
    for language in LANGUAGES:
        for prompt, text in prompts.catalogue(language).texts.items():
            said = (PromptLine("goodbye").said, PromptLine(prompt).said)
            names = {name.partition("_")[0] for _, name, _, _ in Formatter().parse(text) if name}
            if names - {"opening", "hours", "days"}:
                assert spoken_lines._values_of_all(said, (language,), 0) is None, (language, prompt)


def test_a_persons_number_and_code_are_not_kept(empty_database) -> None:
    """Memory of the process is no place for them."""
    spoken_lines._prepared.cache_clear()
    spoken_lines._whole.cache_clear()
    values = {**EXAMPLES, "callback_number": "+4915123456789", "receipt_code": "12345674"}
    for prompt in sorted(script().prompts()):
        spoken_lines.rendered((PromptLine(prompt),), ("de",), values)
    kept = spoken_lines._prepared.cache_info().currsize
    assert 0 < kept < len(script().prompts())
    assert "einer" not in spoken_lines.rendered((PromptLine("receipt"),), ("de",), values)
    assert spoken_lines._prepared.cache_info().currsize == kept


def test_a_new_recording_is_played_at_once(empty_database) -> None:
    """What was rendered before it is not used again, nor what was rendered with it after it was reverted."""

    def said() -> str:
        return spoken_lines.rendered((PromptLine("goodbye"),), ("de",), {})

    assert said().startswith("<Say")
    part = parts.named("de", "goodbye")
    with database.writing() as session:
        recording = recordings.add(session, part, Sound(np.zeros(8000, np.int16), 8000), None, utc_now())
    assert f"/voice/prompts/de/goodbye.r{recording.id}.wav</Play>" in said()
    with database.writing() as session:
        recordings.revert(session, part, recording.id, utc_now())
    assert said().startswith("<Say")


def test_recordings_of_all_languages_are_read_at_once(empty_database) -> None:
    """The language menu speaks in each; a caller does not wait for the database as many times."""
    recordings._cache.clear()
    read = []

    @event.listens_for(database.engine(), "before_cursor_execute")
    def count(_connection, _cursor, statement, *_rest) -> None:
        read.extend([statement] if "prompt_recordings" in statement else [])

    lines = tuple(PromptLine("choose_language", code, {"key": "1"}) for code in LANGUAGES)
    spoken_lines.rendered(lines, "de", {})
    assert len(read) == 1
