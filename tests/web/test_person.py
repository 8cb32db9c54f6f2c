"""All requests of one person on one time line: only where somebody has proved who it is."""

from __future__ import annotations

from sqlalchemy import select, text

from ivr.models.identities import ProvenIdentity
from ivr.platform import database
from ivr.privacy import anonymisation
from tests.support.people import a_task, the_task

NUMBER = "+4915112345678"
OPEN = {"reason": "follow_up"}


def prove(browser, task: int, proof: str = "file_data") -> str:
    browser.post(f"/desk/tasks/{task}/claim")
    return browser.post(f"/desk/tasks/{task}/identity", data={"proof": proof}, follow_redirects=True).text


def person(browser, task: int) -> str:
    return browser.get(f"/desk/tasks/{task}/person", follow_redirects=True).text


def add(browser, task: int, code: str) -> str:
    return browser.post(f"/desk/tasks/{task}/person/code", data={"code": code}, follow_redirects=True).text


def test_a_shown_number_alone_proves_nothing(desk) -> None:
    task, other, mia = a_task(number=NUMBER), a_task(number=NUMBER), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    assert "Bitte stellen Sie zuerst fest, wer es ist" in person(mia, task)
    assert (
        "Bitte geben Sie an, woher"
        in mia.post(f"/desk/tasks/{task}/identity", data={"proof": "shown_number"}, follow_redirects=True).text
    )
    prove(mia, task)
    assert the_task(other).receipt_code not in person(mia, task)
    assert (
        "Bitte stellen Sie zuerst fest"
        in mia.post(f"/desk/tasks/{task}/person/join", data={"other": other}, follow_redirects=True).text
    )


def test_requests_whose_codes_are_named_stand_on_one_time_line(desk) -> None:
    task, other, foreign, mia = a_task(), a_task(), a_task("under_25"), desk("mia")
    desk("nils").post(f"/desk/tasks/{other}/claim")
    desk("nils").post(f"/desk/tasks/{other}/note", data={"text": "Will den Bescheid"})
    prove(mia, task)
    mia.post(f"/desk/tasks/{task}/note", data={"text": "Fragt nach Geld"})
    page = add(mia, task, the_task(other).receipt_code)
    assert "Die Anfrage steht nun in der Zeitleiste dieser Person." in page
    assert the_task(other).receipt_code in page and "Fragt nach Geld" in page
    assert "Will den Bescheid" not in page, "somebody else holds it"
    assert "Keines Ihrer Teams" in add(mia, task, the_task(foreign).receipt_code)
    page = mia.post(f"/desk/tasks/{task}/person/open", data=OPEN, follow_redirects=True).text
    assert "Will den Bescheid" in page
    with database.reading() as session:
        query = text("SELECT count(*) FROM access_log WHERE action = 'open' AND task_id = :id")
        assert session.execute(query, {"id": other}).scalar() == 1
    assert desk("sven").get(f"/desk/tasks/{task}/person").status_code == 404


def test_what_other_teams_have_of_the_person_is_only_counted(desk) -> None:
    task, foreign, lena = a_task(), a_task("under_25"), desk("lena")
    prove(lena, task)
    add(lena, task, the_task(foreign).receipt_code)
    lena.post(f"/desk/tasks/{task}/release")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    page = person(mia, task)
    assert "Eine weitere Anfrage liegt bei einem anderen Team." in page
    assert the_task(foreign).receipt_code not in page


def test_two_proven_requests_of_one_number_are_joined_by_a_member(desk) -> None:
    task, other, third, mia = a_task(number=NUMBER), a_task(number=NUMBER), a_task(number=NUMBER), desk("mia")
    for one in (task, other, third):
        prove(mia, one)
    mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": third})
    page = person(mia, task)
    assert f'value="{other}"' in page and f'value="{third}"' not in page
    refused = mia.post(f"/desk/tasks/{task}/person/join", data={"other": third}, follow_redirects=True).text
    assert "nicht dieselbe Person" in refused
    page = mia.post(f"/desk/tasks/{task}/person/join", data={"other": other}, follow_redirects=True).text
    assert the_task(other).receipt_code in page
    mia.post(f"/desk/tasks/{other}/identity/take-back")
    assert the_task(other).receipt_code not in person(mia, task).split("Anfrage hinzufügen")[0].split("Zeitleiste")[0]


def test_a_call_after_the_proof_is_not_proven_by_it(desk) -> None:
    task, mia = a_task(number=NUMBER), desk("mia")
    prove(mia, task)
    warning = "seitdem angerufen: für diesen Anruf nicht festgestellt"
    assert warning not in mia.get(f"/desk/tasks/{task}").text
    assert a_task(number=NUMBER, called_before=True) == task
    assert warning in mia.get(f"/desk/tasks/{task}").text


def test_proofs_go_with_the_name(desk) -> None:
    task, mia = a_task(), desk("mia")
    prove(mia, task)
    with database.writing() as session:
        anonymisation.names(session, [task])
        assert session.scalars(select(ProvenIdentity)).all() == []
