"""Two people enter the same at one moment: the second is told so on the form, and what they typed stays there.

SQLite lets one writer begin at a time, so the look at what is there is made blind: the second does not see the first.
"""

from __future__ import annotations

import pytest

from ivr.accounts import users
from ivr.callbacks import events, workflow
from ivr.models.accounts import Team
from tests.support.guarded_desk import TYPED, claimed
from tests.support.people import PASSWORD

PERSON = {"username": "lena", "name": "Lena Neu", "role": "member", "team": ["benefits"], "password": PASSWORD}
TOLD = "im selben Augenblick"


def test_a_user_name_given_twice_at_one_moment_is_told_on_the_form(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "check_new", lambda *_: None)
    for person in (PERSON, {**PERSON, "password": ""}):
        answer = desk("adam").post("/administration/people", data=person, follow_redirects=True)
        assert answer.status_code == 200
        assert TOLD in answer.text
        assert 'value="Lena Neu"' in answer.text
        assert "/login/link/" not in answer.text, "no link of a person who was not added"


def test_the_address_of_somebody_else_is_told_and_nothing_is_changed(desk) -> None:
    adam, mia, nils = desk("adam"), desk.people["mia"].id, desk.people["nils"].id
    person = {"role": "member", "active": "1", "team": ["benefits"], "email": "m@example.org"}
    adam.post(f"/administration/people/{mia}", data=person)
    answer = adam.post(f"/administration/people/{nils}", data={**person, "name": "Nils Neu"}, follow_redirects=True)
    assert answer.status_code == 200
    assert "gehört schon zu jemand anderem" in answer.text
    assert "Nils Nebenan" in answer.text


def _clashes(session, *_: object, **__: object) -> None:
    """Somebody else has written the same: the database refuses it."""
    session.add(Team(key="benefits", name="Noch einmal"))
    session.flush()


def test_two_members_who_note_on_one_task_lose_no_word(guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    mia, _task, page, token = claimed(guarded)
    with monkeypatch.context() as at_one_moment:
        at_one_moment.setattr(events, "note", _clashes)
        answer = mia.sends(f"{page}/note", token, page, text=TYPED)
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    shown = mia.client.get(page).text
    assert TOLD in shown
    assert TYPED.strip()[:200] in shown


def test_the_page_of_a_clash_says_what_was_typed_and_leads_to_what_is_there(guarded, monkeypatch) -> None:
    mia, task_id, page, _token = claimed(guarded)
    monkeypatch.setattr(workflow, "close", _clashes)
    ticked = {"action": "close", "task": str(task_id), "outcome": "settled_otherwise", "text": TYPED}
    answer = mia.sends("/desk/selected", mia.token("/desk/"), "/desk/?view=mine", **ticked)
    assert answer.status_code == 409
    assert TOLD in answer.text
    assert 'href="/desk/?view=mine"' in answer.text
    assert TYPED.strip()[:200] in answer.text
    assert mia.client.get(page).status_code == 200
