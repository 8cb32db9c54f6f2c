"""Telephones from which members log in with a PIN alone: the administrator's page, and the command line."""

from __future__ import annotations

import shlex

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ivr.accounts import staff_telephones, users
from ivr.cli import hotline
from ivr.models.accounts import StaffTelephone
from ivr.models.audit import AccessLine
from ivr.platform import database

PAGE = "/administration/telephones/"


def known() -> list[tuple[str, str | None]]:
    with database.reading() as session:
        return [(one.number, one.user.username if one.user else None) for one in staff_telephones.known(session)]


def logged() -> list[str]:
    with database.reading() as session:
        details = session.scalars(select(AccessLine.detail).order_by(AccessLine.number))
        return [line for line in details if line and "telephone" in line]


def test_the_administrator_adds_and_removes_telephones(desk) -> None:
    adam = desk("adam")
    with database.writing() as session:
        users.set_pin(session, "mia", "1234", "987654")
    assert "Mia Mitglied" in adam.get(PAGE).text
    adam.post(PAGE, data={"number": "0421 / 555 01-23", "username": "mia", "place": "Zimmer  12"})
    adam.post(PAGE, data={"number": "0421361*", "username": "", "place": "Tresen"})
    assert known() == [("+49421361*", None), ("+494215550123", "mia")]
    page = adam.get(PAGE).text
    assert "0421 5550123" in page
    assert "Zimmer 12" in page
    for wrong in ({"number": "110"}, {"number": "*"}, {"number": "0421 5550123", "username": "mia"},
                  {"number": "+494217", "username": "nobody"}, {}):  # fmt: skip
        answer = adam.post(PAGE, data={"username": "", **wrong}, follow_redirects=True)
        assert "Nummernblock" in answer.text
    with database.reading() as session:
        first = session.scalars(select(StaffTelephone.id).order_by(StaffTelephone.id)).first()
    adam.post(f"{PAGE}{first}/remove")
    assert adam.post(f"{PAGE}{first}/remove").status_code == 404
    assert known() == [("+49421361*", None)]
    assert [line.rpartition(" ")[2] for line in logged()] == ["added", "added", "removed"]
    assert desk("mia").get(PAGE).status_code == 404, "it is not there for others"


def test_the_operator_adds_and_removes_telephones(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(line: str) -> str:
        answer = CliRunner().invoke(hotline, shlex.split(line))
        return f"{answer.exit_code} {answer.output}".strip()

    assert command("users add-telephone '0421 5550123' --user mia --place 'Zimmer 12'") == "0"
    assert command("users add-telephone +49421361*") == "0"
    assert command("users telephones") == "0 +49421361*  everybody\n+494215550123  mia  Zimmer 12"
    assert "no telephone number that can be called" in command("users add-telephone 110")
    assert "there is no user 'nobody'" in command("users add-telephone 04215550124 --user nobody")
    assert "is known already" in command("users add-telephone +49421361*")
    assert command("users remove-telephone +49421361*") == "0"
    assert "'+49421361*' is not known; known are +494215550123" in command("users remove-telephone +49421361*")
    assert known() == [("+494215550123", "mia")]
    assert len(logged()) == 3
