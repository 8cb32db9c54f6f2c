"""The page for a screen on the wall."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.domain.enums import Role
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import a_task


def test_the_wall_shows_figures_of_ones_teams_and_nobodys_name(desk) -> None:
    task = a_task(age=timedelta(hours=60), number="+4917612345678")
    with database.writing() as session:
        for clock in session.get_one(CallbackTask, task).clocks:
            clock.state, clock.missed_at = "missed", utc_now()
    page = desk("mia").get("/desk/wall").text
    assert "Leistungsbereich" in page and "Jugendberufsagentur" not in page
    assert "wall-late" in page, "a missed promise is marked"
    assert "Mia" not in page and "12345678" not in page
    fragment = desk("mia").get("/desk/wall?part=1").text
    assert "<html" not in fragment and 'data-live-every="10"' in fragment
    assert desk("dora").get("/desk/wall").status_code == 404


def test_a_screen_goes_on_when_nobody_does_anything_and_shows_nothing_else(desk, monkeypatch) -> None:
    browser = desk("mia")
    assert browser.post("/desk/wall/screen").location.endswith("/desk/wall/screen")
    assert browser.get("/desk/").status_code == 302, "the log-in in this browser has ended"
    later = utc_now() + timedelta(days=7)
    for module in ("ivr.web.wall_screen", "ivr.web.login"):
        monkeypatch.setattr(f"{module}.utc_now", lambda: later)
    page = browser.get("/desk/wall/screen").text
    assert "Leistungsbereich" in page and "Jugendberufsagentur" not in page and "Mia" not in page
    assert "data-live-url" not in page, "a screen asks by itself"
    fragment = browser.get("/desk/wall/screen?part=1")
    assert fragment.status_code == 200 and "/desk/wall/screen?part=1" in fragment.text
    for path in ("/desk/", "/desk/wall", "/desk/live/"):
        assert browser.get(path).status_code == 302
    assert browser.get("/desk/events").status_code == 401


@pytest.mark.parametrize("what", ["password", "leaves", "role", "ended", "forged"])
def test_a_screen_ends_with_the_right_of_its_person(desk, what: str) -> None:
    browser = desk("mia")
    browser.post("/desk/wall/screen")
    with database.writing() as session:
        mia = session.get_one(User, desk.people["mia"].id)
        match what:
            case "password":
                mia.password_hash = "another"
            case "leaves":
                mia.active = False
            case "role":
                mia.role = Role.OFFICER
    if what == "ended":
        assert browser.post("/desk/wall/screen/end").status_code == 302
    if what == "forged":
        browser.set_cookie("hotline-wall", "WzEsIngiXQ.x.y", path="/desk/wall/screen")
    assert browser.get("/desk/wall/screen?part=1").status_code == 401
    assert "/login" in browser.get("/desk/wall/screen").location
