"""What callers say of need and of danger to life, in every language, with what they deny and what is over."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.transcription import danger_words, spoken_phrases, urgency_keywords

SAID = tomllib.loads((Path(__file__).parent / "spoken_needs.toml").read_text())


@pytest.mark.parametrize("language", LANGUAGES)
def test_need_raises_and_what_is_denied_or_over_does_not(empty_database, language: str) -> None:
    for sentence in SAID[language]["need"]:
        assert urgency_keywords.found(language, sentence), sentence
    for sentence in SAID[language]["none"]:
        assert urgency_keywords.found(language, sentence) == [], sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_danger_to_life_is_told_by_its_kind(language: str) -> None:
    for kind in ("life", "violence", "threat"):
        for sentence in SAID[language][kind]:
            found = danger_words.found(language, sentence)
            assert found is not None, sentence
            assert found.kind == kind, (sentence, found)
    for sentence in (*SAID[language]["no_danger"], *SAID[language]["none"], *SAID[language]["need"]):
        assert danger_words.found(language, sentence) is None, sentence


def test_the_words_stand_as_they_were_said_and_once() -> None:
    found = danger_words.found("de", "Er sagt: ich BRINGE EUCH alle um. Und ich, ich will mich umbringen!")
    assert found is not None
    assert found.words == ["BRINGE EUCH alle um", "mich umbringen"]


def test_a_suicide_that_was_thought_of_is_looked_at_although_it_is_over() -> None:
    assert danger_words.found("de", "ich wollte mich umbringen aber das ist vorbei") is not None


def test_words_where_nobody_speaks_are_no_danger() -> None:
    words = [{"word": word, "confidence": sure} for word, sure in (("ich", 0.9), ("will", 0.8), ("suizid", 0.0))]
    assert danger_words.found("de", danger_words.heard(words)) is None


def test_a_gap_holds_four_words_and_no_more() -> None:
    phrases = spoken_phrases.read(["strom … abgestellt"])
    for between, found in (("", 1), ("ist uns gestern wieder", 1), ("ist uns gestern wieder einmal", 0)):
        words = spoken_phrases.spoken(f"der strom {between} abgestellt")
        assert len(spoken_phrases.found(words, phrases, "de")) == found
