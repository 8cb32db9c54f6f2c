"""Rows of a list are rendered once for all who see them alike, and anew when what they show has changed."""

from __future__ import annotations

import re

import pytest
from flask import template_rendered
from sqlalchemy import update

from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web import task_list
from tests.support.people import a_task


@pytest.fixture
def rendered(desk, monkeypatch):
    """The tasks whose rows were rendered, in their order. The minute of the lists does not change."""
    monkeypatch.setattr(task_list, "_minute", lambda now: "one minute")
    seen: list[int] = []

    def note(_app, template, context, **_: object) -> None:
        if template.name == "_queue_row.html":
            seen.append(context["task"].id)

    app = desk("mia").application
    with template_rendered.connected_to(note, app):
        yield seen


def _row(browser, task_id: int, path: str = "/desk/") -> str:
    found = re.search(rf'<tr id="task-{task_id}".*?</tr>', browser.get(path).text, re.DOTALL)
    assert found is not None
    return found[0]


def test_a_row_is_rendered_once_for_a_page_its_refresh_and_a_colleague(desk, rendered) -> None:
    one = a_task()
    rows = {_row(desk("mia"), one), _row(desk("nils"), one), _row(desk("mia"), one, "/desk/?view=open&seen=x")}
    assert len(rows) == 1
    assert rendered == [one]


def test_a_row_is_rendered_anew_when_its_task_or_its_team_has_changed_and_the_others_are_not(desk, rendered) -> None:
    one, other = a_task(number="+4917612345001"), a_task(number="+4917612345002")
    before = _row(desk("mia"), one)
    rendered.clear()
    with database.writing() as session:
        session.execute(update(CallbackTask).where(CallbackTask.id == one).values(language="tr"))
    assert _row(desk("mia"), one) != before
    assert rendered == [one]
    rendered.clear()
    with database.writing() as session:
        session.execute(update(Team).where(Team.key == "benefits").values(name="Leistung neu"))
    _row(desk("mia"), one)
    assert sorted(rendered) == [one, other]


def test_a_row_of_one_language_or_of_several_teams_is_not_anothers(desk, rendered) -> None:
    one = a_task()
    mine = _row(desk("mia"), one)
    assert _row(desk("lena"), one) != mine
    nils = desk("nils")
    with nils.session_transaction() as kept:
        kept["language"] = "en"
    english = _row(nils, one)
    assert english != mine
    assert "German" in english
    assert rendered == [one, one, one]


def test_a_name_is_read_by_who_may_read_it_though_the_row_is_shared(desk, rendered) -> None:
    one = a_task()
    with database.writing() as session:
        session.execute(update(CallbackTask).where(CallbackTask.id == one).values(caller_name="Ömer <b>Kaya"))
    desk("mia").post(f"/desk/tasks/{one}/claim", data={})
    theirs, others = _row(desk("mia"), one), _row(desk("nils"), one)
    assert "Ömer &lt;b&gt;Kaya" in theirs
    assert "Kaya" not in others
    assert "<!--name" not in theirs + others
    assert rendered == [one]
