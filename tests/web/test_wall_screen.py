"""The page for a screen on the wall."""

from __future__ import annotations

from datetime import timedelta

from ivr.domain.timestamps import utc_now
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
