"""Logging in and out."""

from __future__ import annotations

import pytest


def test_a_wrong_password_and_an_unknown_name_say_the_same(desk) -> None:
    wrong = desk().post("/login", data={"username": "mia", "password": "x"})
    unknown = desk().post("/login", data={"username": "nobody", "password": "x"})
    assert wrong.status_code == unknown.status_code == 401
    assert "Benutzername oder Passwort ist falsch." in wrong.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_the_log_in_leads_nowhere_else(desk, target: str) -> None:
    from tests.support.people import PASSWORD

    answer = desk().post("/login", query_string={"next": target}, data={"username": "mia", "password": PASSWORD})
    assert answer.headers["Location"] == "/desk/"


def test_log_out_ends_the_session(desk) -> None:
    mia = desk("mia")
    mia.post("/logout")
    assert mia.get("/desk/").status_code == 302
