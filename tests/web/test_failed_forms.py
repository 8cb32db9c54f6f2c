"""What somebody has typed outlives a failure of ours: it is on the page that tells of it, and is sent again."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr.domain.enums import Role
from ivr.models.accounts import Team, User
from ivr.platform import database
from ivr.web import actions
from tests.support.guarded_desk import FORMS, TYPED, claimed, notes
from tests.support.people import a_task, the_task
from tests.web.test_uploads import sends

FAILURES = {
    "the database is away": database.Away("gone"),
    "its disk is full": OperationalError("INSERT", None, Exception("database or disk is full")),
    "a row is held": OperationalError("UPDATE", None, Exception("database is locked")),
    "a mistake of ours": ZeroDivisionError(),
}


def fails(error: Exception) -> Any:
    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


def shown_again(page: str) -> dict[str, str]:
    """The fields of the form on the page, as a browser sends them."""
    typed = dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)</textarea>', page))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {name: html.unescape(value) for name, value in {**hidden, **typed}.items()}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_note_is_there_again_and_is_saved_when_all_is_well(
    failure: str,
    guarded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mia, task_id, page, token = claimed(guarded)
    with monkeypatch.context() as broken:
        broken.setattr(actions.database, "writing", fails(FAILURES[failure]))
        broken.setattr(actions.database, "writing_alone", fails(FAILURES[failure]))
        answer = mia.sends(f"{page}/note", token, page, text=TYPED)
    assert answer.status_code in (500, 503)
    assert "refresh" not in answer.text, "it would leave the page, for an address that shows none"
    again = shown_again(answer.text)
    assert again["text"] == TYPED
    assert f'action="{page}/note"' in answer.text
    labels = re.findall(r"<label[^>]*>([^<]*)</label>", answer.text)
    assert labels, "each text has a label"
    assert not {*labels} & {*again}, "which is a word of people, not the name of a field"
    mia.client.post(f"{page}/note", data=again, headers={"Referer": f"http://localhost{page}/note"})
    assert notes(task_id) == [TYPED.strip()]


@pytest.mark.parametrize("form", FORMS)
def test_so_is_every_other_form_also_where_nobody_knows_who_is_logged_in(
    form: str,
    guarded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mia, task_id, page, token = claimed(guarded)
    path, typed = FORMS[form][0].format(task=task_id), FORMS[form][1]
    with monkeypatch.context() as broken:
        for name in ("writing", "writing_alone", "reading", "glancing", "noting"):
            broken.setattr(database, name, fails(database.Away("gone")))
        answer = mia.sends(path, token, page, **typed)
    assert answer.status_code == 503
    assert shown_again(answer.text).items() >= typed.items()
    assert the_task(task_id).state == "claimed"


def test_what_another_site_sends_and_passwords_are_not_shown(guarded, monkeypatch) -> None:
    mia, _, page, token = claimed(guarded)
    with monkeypatch.context() as broken:
        for name in ("writing", "writing_alone", "reading", "glancing", "noting"):
            broken.setattr(database, name, fails(database.Away("gone")))
        secret = mia.sends("/account/password", token, "/account", password="geheim geheim", new="noch geheimer 1")
    with monkeypatch.context() as broken:
        broken.setattr(actions.database, "writing", fails(database.Away("gone")))
        forged = mia.sends(f"{page}/note", "forged", page, text="von anderswo")
    assert "von anderswo" not in forged.text
    assert "geheim" not in secret.text


def test_a_form_without_words_leads_back_to_its_page(guarded, monkeypatch) -> None:
    mia, _, page, token = claimed(guarded)
    with monkeypatch.context() as broken:
        broken.setattr(actions.database, "writing", fails(database.Away("gone")))
        answer = mia.sends(f"{page}/release", token, page)
    assert (answer.status_code, f'content="5;url={page}"' in answer.text) == (503, True)


def test_a_page_that_cannot_be_shown_asks_again(guarded, monkeypatch) -> None:
    a_task()
    mia = guarded("mia")
    with monkeypatch.context() as broken:
        broken.setattr(database, "reading", fails(database.Away("gone")))
        assert 'http-equiv="refresh" content="5"' in mia.page("/desk/")


@pytest.mark.parametrize("taken", ["team", "role"])
def test_who_has_lost_the_right_while_typing_gets_the_text_back(taken: str, guarded) -> None:
    """A member of another team now, or a person with another role: the page is not theirs, their words are."""
    mia, task_id, page, token = claimed(guarded)
    with database.writing() as session:
        user = session.get_one(User, guarded.people["mia"].id)
        if taken == "team":
            user.teams = [one for one in session.scalars(select(Team)) if one.key == "work"]
        else:
            user.role = Role.OFFICER
    for path, typed in ((f"{page}/note", {"text": TYPED}), (f"{page}/hand-over", {"team": "work", "reason": TYPED})):
        answer = mia.sends(path, token, page, **typed)
        assert answer.status_code == 404
        assert html.escape(TYPED.strip()) in answer.text, path
    assert notes(task_id) == []
    assert "Guten Tag" not in answer.text, "nothing of the task"


def test_a_file_is_asked_for_again_where_the_database_was_away(guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    lena = guarded("lena")
    page, path = "/night-answers/de", "/night-answers/de/money"
    token = lena.token(page)
    with monkeypatch.context() as broken:
        broken.setattr(database, "writing", fails(database.Away("gone")))
        shown = sends(lena, path, token, page, b"RIFF", "ansage.wav", text="Auf Wiederhören.")
    assert "Auf Wiederhören." in shown
    assert "ansage.wav" in shown
    assert re.search(r'<form[^>]* enctype="multipart/form-data"', shown)
    assert re.search(r'<input[^>]* type="file"[^>]* name="audio"', shown)
