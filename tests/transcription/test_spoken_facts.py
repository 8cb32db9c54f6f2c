"""Key facts in what callers say: numbers in the words of twelve languages, and sentences that hold none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.transcription import key_facts
from ivr.transcription.spoken_numbers import read

SENTENCES = Path(__file__).parent / "spoken_facts.txt"


def sentences() -> Iterator[tuple[str, str, set[str]]]:
    """Language, sentence and the facts that a member would write down."""
    language = ""
    for line in SENTENCES.read_text().splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif "|" in line:
            sentence, _, facts = line.rpartition("|")
            yield language, sentence.strip(), {fact.strip() for fact in facts.split(";") if fact.strip()}


def test_two_hundred_sentences_are_understood_and_hardly_a_fact_is_made_up() -> None:
    """Precision at least 0.98, recall at least 0.97; every language has facts and sentences without any."""
    right = wrong = missing = 0
    faults, seen = [], dict.fromkeys(LANGUAGES, 0)
    for language, sentence, expected in sentences():
        found = {f"{fact.kind}={fact.value}" for fact in key_facts.find(language, sentence.split())}
        right, wrong, missing = (
            right + len(found & expected),
            wrong + len(found - expected),
            missing + len(expected - found),
        )
        seen[language] += 1
        if found != expected:
            faults.append((language, sentence, sorted(found), sorted(expected)))
    assert sum(seen.values()) >= 200
    assert min(seen.values()) >= 12, seen
    assert right / (right + wrong) >= 0.98, faults
    assert right / (right + missing) >= 0.97, faults


@pytest.mark.parametrize(
    ("language", "said", "values"),
    [
        ("de", "zwanzig drei zwei und zwanzig neunzehnhundertachtzig", [20, 3, 22, 1980]),
        ("en", "zero four twenty one two hundred and five two thousand twenty six", [0, 4, 21, 205, 2026]),
        ("tr", "ikiyüz yirmi bir onbeş on beş", [221, 15, 15]),
        ("ar", "صفر خمسة وعشرون خمسة عشر مئتان وثلاثة", [0, 25, 15, 203]),
        ("fa", "صد و هفتاد و شش بیست و یک", [176, 21]),
        ("fr", "quatre vingt dix sept soixante et onze zéro", [97, 71, 0]),
        ("ko", "공일칠육 이십오 십이", [0, 1, 7, 6, 25, 12]),
        ("ru", "ноль сто семьдесят шесть двадцать один", [0, 176, 21]),
        ("xx", "eins zwei 17", [17]),
    ],
)
def test_numbers_are_read_in_the_order_of_their_language(language: str, said: str, values: list[int]) -> None:
    assert [number.value for number in read(language, said.split())] == values


def test_a_fact_knows_its_words_and_no_word_belongs_to_two() -> None:
    said = "meine nummer ist null vier zwei eins neun acht sieben sechs fünf mein name ist eva stein"
    words = said.split()
    phone, name = key_facts.find("de", words)
    assert (phone.kind, phone.first, phone.last) == ("phone", 3, 11)
    assert (name.value, words[name.first : name.last + 1]) == ("Eva Stein", ["eva", "stein"])


def test_numbers_that_may_never_be_called_are_no_facts() -> None:
    for said in ("rufen sie null neun null null eins zwei drei vier fünf sechs an", "meine nummer ist eins eins zwei"):
        assert [fact.kind for fact in key_facts.find("de", said.split())] == []


def test_days_that_do_not_exist_are_no_dates() -> None:
    assert key_facts.find("de", ["der", "brief", "vom", "einunddreißigsten", "april"]) == []
    assert key_facts.find("de", ["der", "brief", "vom", "29.2.2026"]) == []
