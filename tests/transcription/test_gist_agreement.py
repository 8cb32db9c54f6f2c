"""What a gist says is compared with the transcript: denials, numbers, months, and what is one or the other."""

from __future__ import annotations

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.transcription.gist_agreement import differences

#: A language, what was said, what that means in English, and an English that says the opposite.
DENIED = [
    ("de", "ich habe kein Geld bekommen", "I have not received any money", "I have received money"),
    ("tr", "parayı almadım", "I did not get the money", "I got the money"),
    ("ar", "لم أستلم المال", "I did not receive the money", "I received the money"),
    ("ru", "я не получила деньги", "I did not receive the money", "I received the money"),
    ("uk", "я не отримала гроші", "I haven't received the money", "I have received the money"),
    ("fa", "من پول ندارم", "I have no money", "I have money"),
    ("pl", "nie dostałam pieniędzy", "I didn't get the money", "I got the money"),
    ("bg", "нямам пари за наема", "I have no money for the rent", "I have money for the rent"),
    ("ro", "n-am primit banii", "I have not received the money", "I have received the money"),
    ("fr", "je n'ai pas reçu l'argent", "I didn't receive the money", "I received the money"),
    ("es", "no he recibido el dinero", "I have not received the money", "I have received the money"),
    ("it", "non ho ricevuto i soldi", "I did not receive the money", "I received the money"),
    ("ko", "돈을 못 받았어요", "I did not get the money", "I got the money"),
]


@pytest.mark.parametrize(("language", "said", "right", "opposite"), DENIED)
def test_a_denial_that_is_lost_or_added_is_noticed(language: str, said: str, right: str, opposite: str) -> None:
    assert differences(language, said, right) == ()
    assert "denied" in differences(language, said, opposite)
    assert "denied" in differences("en", opposite, right), "one that was added"


@pytest.mark.parametrize(
    ("language", "said", "right", "wrong", "noticed"),
    [
        ("fr", "la conférence est déverrouillée", "the conference is unlocked", "the conference is locked", "locked"),
        ("it", "premere per bloccare o sbloccare", "press to lock or unlock", "press to block or block", "locked"),
        ("ru", "чтобы увеличить громкость", "to increase the volume", "to decrease the volume", "more"),
        ("es", "la oficina está cerrada hoy", "the office is closed today", "the office is open today", "open"),
        ("de", "ich komme morgen vorbei", "I will come by tomorrow", "I came by yesterday", "day"),
        (
            "pl",
            "w środę mam termin",
            "I have an appointment on Wednesday",
            "I have an appointment on Friday",
            "weekday",
        ),
        ("ru", "мой муж ушёл в субботу", "my husband left on Saturday", "my wife left on Saturday", "kin"),
        ("fr", "j'ai reçu une lettre le trois mars", "I got a letter on 3 March", "I got a letter on 3 May", "month"),
        ("fr", "le loyer est de cinquante euros", "the rent is fifty euros", "the rent is 15 euros", "numbers"),
        ("ru", "перезвоните в девять часов", "call back at nine o'clock", "call back at 10 o'clock", "numbers"),
        ("es", "mi número es cero cuatro dos uno", "my number is 0421", "my number is 0422", "numbers"),
        ("de", "es geht um 1.250 Euro", "it is about 1,250 euros", "it is about 1,520 euros", "numbers"),
        ("it", "ho una lettera di trentacinque euro", "I have a letter of 35 euros", "I have a letter", "numbers"),
        ("ru", "Вы можете перезвонить?", "Can you call back?", "You can call back.", "question"),
    ],
)
def test_what_is_said_in_another_way_is_noticed(language: str, said: str, right: str, wrong: str, noticed: str) -> None:
    assert differences(language, said, right) == ()
    assert noticed in differences(language, said, wrong)


@pytest.mark.parametrize(
    ("said", "rendered"),
    [
        ("bitte rufen sie mich wegen der miete und der heizung zurück", "please call"),
        ("bitte anrufen", "please call me back because of the letter about the rent"),
        ("", "please call me back"),
    ],
)
def test_half_of_a_message_and_more_than_was_said_are_noticed(said: str, rendered: str) -> None:
    assert "length" in differences("de", said, rendered)


@pytest.mark.parametrize(
    ("language", "said", "right", "wrong"),
    [
        ("fr", "je n'ai que dix euros", "I have only ten euros", "I do not have ten euros"),
        ("fr", "il ne me reste plus que dix euros", "I have only ten euros left", "I have no ten euros left"),
        ("fr", "je n'ai reçu qu'une lettre", "I only received a letter", "I did not receive a letter"),
        ("fr", "je ne pense pas qu'il vienne", "I don't think that he will come", "I think that he will come"),
        ("fr", "je ne veux plus que vous appeliez", "I do not want you to call any more", "I want you to call more"),
    ],
)
def test_only_is_no_denial(language: str, said: str, right: str, wrong: str) -> None:
    assert differences(language, said, right) == ()
    assert "denied" in differences(language, said, wrong)


@pytest.mark.parametrize(
    ("language", "said", "right"),
    [
        ("it", "tu sei molto gentile", "you are very kind"),
        ("fr", "j'ai un appartement neuf", "I have a new apartment"),
        ("ro", "am o casă nouă", "I have a new house"),
        ("tr", "masanın altı temiz", "under the table is clean"),
        ("fa", "نه من نیامدم", "no I did not come"),
        ("uk", "у мене сім'я і діти", "I have a family and children"),
        ("ru", "подождите секунду", "wait a second"),
        ("ru", "у меня двое детей", "I have two children"),
    ],
)
def test_a_word_that_only_looks_like_a_number_refuses_nothing(language: str, said: str, right: str) -> None:
    assert differences(language, said, right) == ()


@pytest.mark.parametrize(
    ("language", "said", "right"),
    [("it", "vengo alle sei", "I come at six"), ("ro", "vin la nouă", "I come at nine"),
     ("fr", "je viens à neuf heures", "I come at nine"), ("de", "ich komme um acht", "I come at eight")],
)  # fmt: skip
def test_where_such_a_word_is_a_number_it_has_to_be_there(language: str, said: str, right: str) -> None:
    assert differences(language, said, right) == ()
    for wrong in ("I come at seven o'clock", "I come soon"):
        assert "numbers" in differences(language, said, wrong)


def test_the_german_of_an_english_gist_is_compared_as_well() -> None:
    assert differences("en", "I did not get the letter", "Ich habe den Brief nicht bekommen", "de") == ()
    assert differences("en", "I did not get the letter", "Ich habe den Brief bekommen", "de") == ("denied",)


def test_every_language_of_the_hotline_is_compared_and_no_other_is_believed() -> None:
    for language in LANGUAGES:
        assert "language" not in differences(language, "a", "a")
    assert differences("sq", "po", "yes") == ("language",)
