"""A transcript that cannot be what was said is not believed, however sure its engine is."""

from __future__ import annotations

import pytest

from ivr.domain.enums import TranscriptReason
from ivr.transcription import plausibility

SPOKEN = "guten tag ich habe eine frage zu meinem bescheid und bitte um einen rückruf am nachmittag"


def words(said: str, sure: float = 0.99) -> list[dict[str, object]]:
    return [{"word": word, "confidence": sure} for word in said.split()]


@pytest.mark.parametrize(
    ("said", "seconds", "reason"),
    [
        (SPOKEN, 6, None),
        ("ja", 0.3, None),
        ("ja ich bin da", 1, None),
        (SPOKEN, 1.5, TranscriptReason.TOO_MANY_WORDS),
        ("ja bitte", 20, TranscriptReason.TOO_FEW_WORDS),
        ("a e o i a e da", 4, TranscriptReason.SHORT_WORDS),
        ("예 네 그 저 이 제 나", 4, None),  # a letter is a syllable
        ("hm " * 8, 4, TranscriptReason.REPEATED_WORDS),
        ("ja nein " * 5, 6, TranscriptReason.REPEATED_WORDS),  # a busy tone
        ("und und die " * 4, 7, TranscriptReason.REPEATED_WORDS),
        ("die " * 5 + "ja " + "die " * 5, 8, TranscriptReason.REPEATED_WORDS),
        ("vielen dank fürs " * 4, 8, TranscriptReason.REPEATED_WORDS),
        (SPOKEN + " vielen dank fürs zuhören" * 4, 16, TranscriptReason.REPEATED_WORDS),
        ("nein nein nein das geht nicht nein das geht so nicht bitte", 6, None),
        ("hallo hallo hören sie mich hallo hallo", 4, None),
        ("null vier zwei eins null vier zwei eins eins zwei", 6, None),
        ("0 4 0 4 0 4 0 4 0 4 bitte rufen sie mich dort morgen zurück vielen dank schönen tag", 12, None),
        ("null vier zwei eins " + "1 " * 6, 5, None),  # digits may repeat
        ("у меня есть вопрос о моем деле", 4, None),
        ("لا أعرف ما هو الرقم", 3, None),
    ],
)
def test_the_reason_is_told(said: str, seconds: float, reason: TranscriptReason | None) -> None:
    assert plausibility.doubt(words(said), seconds) == reason


def test_words_where_nobody_speaks_make_the_others_doubtful() -> None:
    mixed = [*words(SPOKEN), *words(SPOKEN, sure=0.0), *words("noch eines", sure=0.0)]
    assert plausibility.doubt(mixed, 6) == TranscriptReason.OUTSIDE_SPEECH
    assert plausibility.doubt([*words(SPOKEN), *words("noch eines", sure=0.0)], 6) is None
