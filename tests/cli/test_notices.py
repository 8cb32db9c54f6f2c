"""What an operator tells callers at once from the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ivr.cli import hotline
from ivr.domain.timestamps import utc_now
from ivr.notices import present
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
    assert "undo 1" in run("announcements", "add", "de=Der Strom ist weg.", "--until", f"{day}T12:00")
    assert "lacking: en" in run("announcements", "list")
    assert present.announcement(utc_now())
    run("announcements", "undo", "1")
    assert present.announcement(utc_now()) is None


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
    ],
)
def test_what_cannot_be_entered_is_explained(empty_database, words, complaint: str, status: int) -> None:
    answer = CliRunner().invoke(hotline, words)
    assert (answer.exit_code, complaint in answer.output) == (status, True), answer.output
