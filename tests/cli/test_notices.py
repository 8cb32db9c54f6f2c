"""What an operator tells callers at once from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound, write_wav
from ivr.cli import hotline
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.notices import present
from ivr.platform import database
from tests.support.notices import tomorrow


def run(*words: str) -> str:
    answer = CliRunner().invoke(hotline, words)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_an_operator_closes_a_day_and_takes_it_back(empty_database) -> None:
    day = tomorrow().isoformat()
    preview = run("hours", "set", day, "closed", "--preview")
    assert "closed" in preview and tomorrow() not in present.hours().days
    assert "hours undo 1" in run("hours", "set", day, "closed", "--reason", "Umzug")
    assert "Umzug" in run("hours", "list")
    assert present.hours().days[tomorrow()] is None
    run("hours", "undo", "1")
    assert run("hours", "list") == ""


def test_an_operator_announces_and_takes_it_back(empty_database) -> None:
    day = tomorrow().isoformat()
    announced = ("announcements", "add", "de=Der Strom ist weg.", "--until", f"{day}T12:00")
    preview = run(*announced, "--preview")
    assert "German text: en" in preview and " s  Der Strom ist weg." in preview
    assert run("announcements", "list") == ""
    assert "undo 1" in run(*announced)
    assert "lacking: en" in run("announcements", "list")
    assert present.announcement(utc_now())
    run("announcements", "undo", "1")
    assert present.announcement(utc_now()) is None


def test_an_operator_answers_for_the_night_and_tells_where_there_is_help(empty_database, tmp_path) -> None:
    assert "notices undo 1" in run("notices", "add", "money", "de=Am Monatsende.", "en=At the end of the month.")
    listed = run("notices", "list")
    assert "Am Monatsende." in listed and "office: not offered in de, en" in listed
    assert "money:" not in listed and "help:" not in listed
    run("notices", "add", "help", "de=Essen gibt es bei der Tafel.", "--preview")
    assert present.answer(AnsweredQuestion.HELP, "de") is None
    recording = tmp_path / "tafel.wav"
    recording.write_bytes(write_wav(speak("Essen gibt es bei der Tafel.", "de")))
    run("notices", "add", "help", "de=Essen gibt es bei der Tafel.", "--recording", str(recording))
    assert present.answer(AnsweredQuestion.HELP, "de").has_audio
    assert "help in de: taken back" in run("notices", "undo", "3")
    assert present.answer(AnsweredQuestion.HELP, "de") is None
    with database.reading() as session:
        logged = session.scalars(select(AccessLine.detail).order_by(AccessLine.number)).all()
    assert logged[-2:] == ["night answer help in de: recorded", "night answer help in de: taken back"]


def test_of_several_texts_none_is_used_if_one_cannot_be(empty_database) -> None:
    answer = CliRunner().invoke(hotline, ["notices", "add", "money", "de=Am Monatsende.", f"en={'Money. ' * 200}"])
    assert (answer.exit_code, "too long" in answer.output, present.notices().answers) == (1, True, {})


@pytest.mark.parametrize(
    ("name", "sound", "complaint"),
    [
        ("no WAV", b"RIFFnonsense", "This recording cannot be used"),
        ("silent", write_wav(Sound(np.zeros(16000, dtype=np.int16), 16000)), "neither silent nor clipped"),
        ("a click", write_wav(Sound(np.array([0, 9000, -9000] * 300, dtype=np.int16), 8000)), "at least a fifth"),
        ("a minute", write_wav(Sound(np.array([0, 9000, -9000] * 160_000, dtype=np.int16), 8000)), "too long: 60.0 s"),
    ],
)
def test_why_a_recording_cannot_be_used_is_true(empty_database, tmp_path, name: str, sound: bytes, complaint) -> None:
    """What is no WAV file, or too short, is not called too long."""
    (tmp_path / "sound.wav").write_bytes(sound)
    answer = CliRunner().invoke(
        hotline, ["notices", "add", "money", "de=x", "--recording", str(tmp_path / "sound.wav")]
    )
    assert (answer.exit_code, complaint in answer.output) == (1, True), answer.output
    assert ("too long" in answer.output, "≤" in answer.output) == (name == "a minute", name == "a minute")


@pytest.mark.parametrize(
    ("words", "complaint", "status"),
    [
        (("hours", "set", "2026-01-02", "closed"), "over already", 1),
        (("hours", "set", "2027-01-02", "12:00-10:00"), "ends before it begins", 2),
        (("hours", "set", "2027-01-02", "always"), 'neither "closed" nor a span', 2),
        (("announcements", "add", "en=No power.", "--until", "2099-01-01T10:00"), "31 days", 1),
        (("announcements", "add", "xx=No power.", "--until", "2099-01-01T10:00"), "no text like de=", 2),
        (("announcements", "add", "de=x", "--until", "soon"), "no instant like", 2),
        (("announcements", "undo", "7"), "does not count any more", 1),
        (("hours", "undo", "7"), "does not count any more", 1),
        (("notices", "undo", "7"), "does not count any more", 1),
        (("notices", "add", "weather", "de=x"), "'weather' is not one of 'money'", 2),
        (("notices", "add", "money", "xx=Soon."), "no text like de=", 2),
        (("notices", "add", "money"), "LANGUAGE=TEXT", 2),
        (("notices", "add", "money", "de=x", "en=x", "--recording", __file__), "in one language", 2),
        (("notices", "add", "money", "de=x", "--recording", __file__), "cannot be used", 1),
        (("notices", "add", "money", "de=x", "--recording", "nothing.wav"), "does not exist", 2),
    ],
)
def test_what_cannot_be_entered_is_explained(empty_database, words, complaint: str, status: int) -> None:
    answer = CliRunner().invoke(hotline, words)
    assert (answer.exit_code, complaint in answer.output) == (status, True), answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("announcements", "add", "de=Hallo", "--until", "0001-01-01T00:00"), "choose a year of this century"),
        (("announcements", "add", "de=Hallo", "--from", "9999-01-01", "--until", "9999-12-31"), "choose a year"),
        (("announcements", "add", "de=Hallo", "--until", "2027-03-28T02:30"), "does not exist"),
        (("announcements", "add", "de=Hallo", "de=Guten Tag", "--until", "2027-03-28"), "de has two texts"),
        (("notices", "add", "money", "de=Bald.", "de=Morgen."), "de has two texts"),
        (("notices", "add", "money", "de=…"), "Please write the text"),
    ],
)
def test_what_nobody_can_mean_is_refused_in_a_sentence(empty_database, words: tuple[str, ...], said: str) -> None:
    answer = CliRunner().invoke(hotline, words)
    assert isinstance(answer.exception, SystemExit), answer.exception
    assert said in answer.output
