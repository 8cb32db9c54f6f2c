"""What a supervisor does with a call that a member has marked: sees to it, blocks the number, or finds no danger."""

from __future__ import annotations

import pytest

from ivr.domain.enums import IncidentKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence
from ivr.models.incidents import Incident
from ivr.platform import database
from tests.support.people import a_task

ANGRY = "+4915112340088"


@pytest.fixture
def threat(desk) -> int:
    """A threat that Mia has marked a moment ago."""
    with database.writing() as session:
        mia = session.get_one(User, desk.people["mia"].id)
        incident = Incident(
            kind=IncidentKind.THREAT, team_id=mia.teams[0].id, number=ANGRY, text="Ich komme vorbei!",
            marked_at=utc_now(), marked_by_id=mia.id, proposal="proposed",
        )  # fmt: skip
        session.add(incident)
        session.flush()
        return incident.id


def decided(threat: int) -> tuple[str, bool]:
    with database.reading() as session:
        incident = session.get_one(Incident, threat)
        return incident.proposal, incident.seen_at is not None


def test_who_sees_to_it_is_the_last_who_is_shown_it(desk, threat: int) -> None:
    lena = desk("lena")
    assert "Ich kümmere mich" in lena.get("/desk/live/bar").text, "the bar stands on every page"
    answer = lena.post(
        f"/supervision/incidents/{threat}/seen", headers={"Referer": "http://localhost/desk/"},
        follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.request.path == "/desk/", "the page on which the button stood"
    assert "Sie kümmern sich" in answer.text
    assert "Ich kümmere mich" not in lena.get("/desk/live/bar").text
    assert decided(threat) == ("proposed", True)


@pytest.mark.parametrize(
    ("button", "form", "result"), [("block", {"days": "30"}, "blocked"), ("dismiss", {}, "dismissed")]
)
def test_a_supervisor_decides_about_the_number(desk, threat: int, button: str, form: dict, result: str) -> None:
    answer = desk("lena").post(f"/supervision/incidents/{threat}/{button}", data=form, follow_redirects=True)
    assert answer.status_code == 200
    assert decided(threat) == (result, True)


@pytest.mark.parametrize("button", ["seen", "block", "dismiss"])
def test_an_incident_of_another_team_is_not_there(desk, threat: int, button: str) -> None:
    with database.writing() as session:
        lena = session.get_one(User, desk.people["lena"].id)
        lena.supervised = session.get_one(User, desk.people["sven"].id).teams
    answer = desk("lena").post(f"/supervision/incidents/{threat}/{button}", data={"days": "30"})
    assert answer.status_code == 404
    assert decided(threat) == ("proposed", False)


def test_who_calls_a_threatening_number_back_chooses_a_colleague_who_is_there(desk, threat: int) -> None:
    task, now = a_task(), utc_now()
    with database.writing() as session:
        session.get_one(CallbackTask, task).callback_number = ANGRY
        nils = desk.people["nils"].id
        session.add(
            Presence(
                user_id=nils,
                state="available",
                number="+494219876543",
                languages=["de"],
                since_at=now,
                idle_since_at=now,
                came_at=now,
                seen_at=now,
            )
        )
    page = desk("mia").get(f"/desk/tasks/{task}").text
    assert "Niemand ruft allein an" in page
    assert f'<option value="{nils}">Nils Nebenan</option>' in page
