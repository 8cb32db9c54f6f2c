"""Colleagues named in notes, tags of a team, tasks put off to a date, and histories of many notes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.accounts import users
from ivr.callbacks import events, mentions, workflow
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.team_tools import Tag
from ivr.platform import database
from tests.support.desk_pages import count_of_view
from tests.support.people import a_task, the_task

TEXTS = "/supervision/texts/"


def note(browser, task: int, text: str) -> str:
    return browser.post(f"/desk/tasks/{task}/note", data={"text": text}, follow_redirects=True).text


def mentioned(browser) -> int:
    return int(count_of_view(browser.get("/desk/?view=mentions").text, "mentions"))


@pytest.mark.parametrize("named", ["@nils", "@Nils Nebenan,", "@NILS"])
def test_who_is_mentioned_sees_it_until_they_open_the_task(desk, named: str) -> None:
    task, mia, nils = a_task(), desk("mia"), desk("nils")
    note(mia, task, f"Bitte {named} ansehen")
    assert (mentioned(nils), mentioned(mia)) == (1, 0)
    assert the_task(task).receipt_code in nils.get("/desk/?view=mentions").text
    nils.get(f"/desk/tasks/{task}")
    assert mentioned(nils) == 0


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("علي رضائي", "@علی رضائی"), ("Işıl Yılmaz", "@isil yilmaz"), ("Łukasz Żak", "@Lukasz Zak"),
        ("Zoë-Marie", "@zoe-marie"),
    ],
    ids=["Persian letters", "dots of Turkish", "strokes of Polish", "joined"],
)  # fmt: skip
def test_a_colleague_is_named_by_any_keyboard(desk, name: str, typed: str) -> None:
    with database.writing() as session:
        users.named(session, "nils").name = name
    note(desk("mia"), a_task(), f"Bitte {typed}, ansehen")
    assert mentioned(desk("nils")) == 1


def test_of_two_names_that_are_compared_alike_the_one_that_is_written_counts(desk) -> None:
    with database.writing() as session:
        users.named(session, "nils").name = "Zoë"
        users.named(session, "lena").name = "Zoe"
    note(desk("mia"), a_task(), "Bitte @Zoë ansehen")
    assert (mentioned(desk("nils")), mentioned(desk("lena"))) == (1, 0)


def test_who_may_not_see_the_task_is_not_told_and_the_writer_learns_it(desk) -> None:
    task = a_task()
    page = note(desk("mia"), task, "Gehört zu @sven, siehe a@nilsson.example")
    assert "Sven Fremd darf diesen Auftrag nicht sehen und erfährt nichts davon." in page
    assert mentioned(desk("sven")) == 0
    assert mentioned(desk("nils")) == 0, "no part of a longer word is a name"


def test_who_has_left_or_has_no_tasks_is_not_told_and_the_writer_learns_it(desk) -> None:
    with database.writing() as session:
        users.named(session, "nils").active = False
    page = note(desk("mia"), a_task(), "Frag @nils oder @adam")
    assert "Adam Admin" in page and "Nils Nebenan" in page
    assert "erfährt nichts davon" in page or "erfahren nichts davon" in page


def test_of_two_people_with_one_name_the_one_who_is_told_counts(desk) -> None:
    with database.writing() as session:
        users.named(session, "sven").name = "Nils Nebenan"
        users.named(session, "sven").active = False
    assert "erfährt nichts davon" not in note(desk("mia"), a_task(), "Frag @Nils Nebenan")
    assert mentioned(desk("nils")) == 1


@pytest.mark.parametrize("name", ["x" * 60, "\u200b\u200d"], ids=["60 characters", "nothing to read"])
def test_a_tag_that_cannot_be_read_as_it_was_typed_is_refused(desk, name: str) -> None:
    lena = desk("lena")
    said = lena.post(f"{TEXTS}tags", data={"team": "benefits", "name": name}, follow_redirects=True).text
    assert "Bitte" in said and "hinzugefügt" not in said
    with database.reading() as session:
        assert session.scalars(select(Tag)).all() == []


def test_a_name_that_begins_like_another_one_is_not_taken_for_it() -> None:
    short, long = User(id=1, username="an", name="An Li"), User(id=2, username="anna", name="An Lieb")
    assert [one.id for one in mentions._named("@An Lieb und @an", [short, long])] == [2, 1]
    assert [one.id for one in mentions._named("@An Li", [short, long])] == [1]


def test_tags_of_the_team_are_chosen_filtered_kept_in_views_and_deleted(desk) -> None:
    task, other, mia, lena = a_task(), a_task(), desk("mia"), desk("lena")
    for name in ("Umzug", "Kaution"):
        lena.post(f"{TEXTS}tags", data={"team": "benefits", "name": name})
    assert (
        "schon einen Eintrag"
        in lena.post(f"{TEXTS}tags", data={"team": "benefits", "name": "umzug"}, follow_redirects=True).text
    )
    lena.post(f"{TEXTS}tags", data={"team": "youth", "name": "Schule"})
    mia.post(f"/desk/tasks/{task}/tags", data={"tag": ["1", "3"]})
    page = mia.get("/desk/").text
    assert "Umzug" in page and "Schule" not in page, "a tag of another team is none of this task"
    found = mia.get("/desk/?tag=1").text
    assert the_task(task).receipt_code in found and the_task(other).receipt_code not in found
    mia.post("/desk/views", data={"name": "Umzüge", "view": "open", "tag": "1"})
    assert re.search(r'href="/desk/\?view=open&amp;tag=1"', mia.get("/desk/").text)
    assert mia.post(f"{TEXTS}tags", data={"team": "benefits", "name": "x"}).status_code == 404
    mia.post(f"/desk/tasks/{task}/tags", data={"tag": ["2"]})
    assert "Schlagwörter" in mia.get(f"/desk/tasks/{task}").text
    lena.post(f"{TEXTS}tags/2/delete")
    assert "Kaution" not in mia.get("/desk/").text
    assert mia.get("/desk/?tag=x").status_code == mia.get("/desk/?tag=99").status_code == 200


def test_resubmissions_have_a_view_in_the_order_of_their_dates(desk) -> None:
    tasks, mia, now = [a_task() for _ in range(3)], desk("mia"), utc_now()
    for task, days in zip(tasks, (5, 2, 9), strict=True):
        until = (now + timedelta(days=days)).astimezone(settings().hours.zone)
        mia.post(f"/desk/tasks/{task}/put-off", data={"until": until.strftime("%Y-%m-%dT10:00")})
    page = mia.get("/desk/?view=resubmission").text
    assert count_of_view(page, "resubmission") == "3"
    places = [page.index(the_task(task).receipt_code) for task in tasks]
    assert places[1] < places[0] < places[2]
    with database.writing() as session:  # tried all the same: it does not wait for its day any more
        mia_herself = session.get_one(User, desk.people["mia"].id)
        task = session.get_one(CallbackTask, tasks[0])
        from ivr.callbacks import claims

        claims.claim(session, task, mia_herself, now)
        workflow.record_attempt(session, task, mia_herself, "no_answer", now)
    assert count_of_view(mia.get("/desk/?view=resubmission").text, "resubmission") == "2"


def test_five_hundred_notes_are_folded_and_names_turn_nothing_around(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    with database.writing() as session:
        found, writer = session.get_one(CallbackTask, task), session.get_one(User, desk.people["mia"].id)
        writer.name = "Mia \u202eMitglied 🦄"
        for number in range(500):
            events.record(session, found.id, "noted", utc_now(), user_id=writer.id, text=f"Notiz {number}")
        events.note(session, found, writer, "\u202everkehrt\u202c 👩‍👩‍👧", datetime.now(tz=utc_now().tzinfo))
    mia.post(f"/desk/tasks/{task}/name", data={"name": "\u202eفاطمة 👩‍👩‍👧"})
    page = mia.get(f"/desk/tasks/{task}").text
    folded = re.search(r"(\d+) frühere Einträge</summary>(.*?)</details>", page, re.DOTALL)
    assert int(folded[1]) > 450
    assert "Notiz 0<" in folded[2] and "Notiz 499<" not in folded[2]
    assert "Notiz 499<" in page
    assert '<bdi class="said">\u202everkehrt' in page
    assert all(
        "<bdi" in page[max(0, found.start() - 40) : found.start()] for found in re.finditer("\u202eفاطمة", page)
        if 'value="' not in page[max(0, found.start() - 10) : found.start()]
    )  # fmt: skip
