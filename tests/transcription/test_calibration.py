"""Whether the confidence of words tells which of them are wrong."""

from __future__ import annotations

import pytest

from ivr.transcription import calibration


def words(*said: tuple[str, float]) -> list[dict[str, object]]:
    return [{"word": word, "confidence": sure} for word, sure in said]


def test_each_word_is_right_or_wrong_at_its_place() -> None:
    heard = words(("Guten", 0.9), ("Tag,", 0.8), ("Frau", 0.3), ("Müller", 0.7), ("ja", 0.2))
    pairs = calibration.marks("guten tag herr müller", heard)
    assert pairs == [(0.9, True), (0.8, True), (0.3, False), (0.7, True), (0.2, False)]
    assert calibration.marks("", heard[:1]) == [(0.9, False)]
    assert calibration.marks("guten tag", []) == []


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0.9, True), (0.8, True), (0.3, False)], 1.0),
        ([(0.3, True), (0.9, False)], 0.0),
        ([(0.5, True), (0.5, False)], 0.5),
        ([(0.9, True), (0.2, True), (0.5, False)], 0.5),
        ([(0.9, True)], None),
        ([], None),
    ],
)
def test_the_chance_that_a_right_word_is_surer(pairs: list[calibration.Mark], expected: float | None) -> None:
    assert calibration.auc(pairs) == expected


def test_the_table_says_how_many_words_of_each_confidence_are_right() -> None:
    table = calibration.reliability([(0.1, False), (0.15, True), (0.95, True), (1.0, True)])
    assert [(line.low, line.words, line.right) for line in table] == [(0.0, 2, 0.5), (0.8, 2, 1.0)]
    assert table[0].confidence == pytest.approx(0.125)


def test_what_two_engines_have_heard_is_right_more_often() -> None:
    said = "ich zahle seit mai keine miete"
    heard, other = ("ich zahle seit mai keine mitte", "ich male seit mai keine miete")
    words, others = ([{"word": word, "confidence": 0.9, "start": 0} for word in one.split()] for one in (heard, other))
    assert calibration.agreement_marks("de", said, words, others) == [
        (True, True), (False, True), (True, True), (True, True), (True, True), (False, False),
    ]  # fmt: skip
