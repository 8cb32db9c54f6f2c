"""Names of the people who work here, as they are: written from right to left, beside times and numbers."""

from __future__ import annotations

import re
from datetime import time, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from ivr.callbacks import tags
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Duty, DutyException
from ivr.platform import database
from ivr.web.isolated_names import isolated
from tests.support.people import a_task

ARABIC = "فاطمة الزهراء"


@pytest.fixture
def renamed(desk):
    """Mia has an Arabic name, duties, a single day, and a task that she has claimed and noted something in."""
    task = a_task(text="Guten Tag", number="+4915112340002")
    mia, today = desk("mia"), utc_now().date()
    mia.post(f"/desk/tasks/{task}/claim")
    other = a_task(text="Noch einmal ich", number="+4915112340002")
    mia.post(f"/desk/tasks/{other}/claim")
    mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": other})
    with database.writing() as session:
        user = session.get_one(User, desk.people["mia"].id)
        user.name = ARABIC
        team = session.scalars(select(Team).where(Team.key == "benefits")).one()
        for fallback in (False, True):
            session.add(Duty(team_id=team.id, user_id=user.id, weekday=1, starts=time(8), ends=time(12),
                             fallback=fallback))  # fmt: skip
        day = today + timedelta(days=3)
        session.add(DutyException(user_id=user.id, day=day, starts=time(9), ends=time(11)))
    return desk, task


def mixed(page: str) -> list[str]:
    """Where a page shows the name in one run with what follows it and begins with a digit."""
    for gone in (r"<option.*?</option>", r"<bdi[^>]*>.*?</bdi>", r'<span class="kern-sr-only">.*?</span>', r"<[^>]+>"):
        page = re.sub(gone, "·" if "bdi" in gone else "", page, flags=re.DOTALL)
    return re.findall(rf"{ARABIC}[\s,:;(·–-]*[0-9][^\n]{{0,20}}", page)


def test_a_name_from_right_to_left_moves_no_time_beside_it(renamed) -> None:
    desk, task = renamed
    for who, path in (
        ("lena", "/supervision/roster"), ("nils", "/desk/"), ("nils", f"/desk/tasks/{task}"),
        ("mia", f"/desk/tasks/{task}"),        ("adam", "/administration/people"), ("mia", "/account/"),
    ):  # fmt: skip
        page = desk(who).get(path)
        assert page.status_code == 200
        assert ARABIC in page.text, path
        assert mixed(page.text) == [], path


def test_the_roster_writes_days_as_all_pages_do(renamed) -> None:
    desk, _task = renamed
    day = utc_now().date() + timedelta(days=3)
    page = desk("lena").get("/supervision/roster").text
    assert f"{day:%d.%m.%Y}: <bdi>{ARABIC}</bdi>, 09:00–11:00" in page


def told_without_elements(page: str) -> list[str]:
    """What a page says where no element can keep a name apart: in choices and in tips."""
    found = re.findall(r"<option[^>]*>(.*?)</option>", page, flags=re.DOTALL)
    return [unescape(one).strip() for one in (*found, *re.findall(r'\stitle="([^"]*)"', page))]


def test_a_name_in_a_choice_or_a_tip_moves_nothing_that_follows_it(renamed) -> None:
    """The name of a tag, of an interpreter and of a member, each with something behind it."""
    desk, task = renamed
    with database.writing() as session:
        lena = session.get_one(User, desk.people["lena"].id)
        lena.teams = list(session.scalars(select(Team)))
        tags.add(session, session.get_one(CallbackTask, task).team_id, f"{ARABIC} 3")
        tags.choose(session, session.get_one(CallbackTask, task), [1], lena, utc_now())
    for path in ("/desk/", "/desk/?view=all"):
        told = [one for one in told_without_elements(desk("lena").get(path).text) if ARABIC in one]
        assert any(one.startswith("übernommen: ") for one in told), "the tip of a row names who has the task"
        assert any("(" in one for one in told), "a tag of one of several teams is named with its team"
        for one in told:
            assert "<" not in one, "a tip shows tags as they are written"
            assert one.endswith(ARABIC) or f"\u2068{ARABIC}" in one, one


def test_names_are_isolated_only_where_they_need_it() -> None:
    assert isolated("Mia Mitglied") == "Mia Mitglied"
    assert isolated("Đặng Thị Hồng 3") == "Đặng Thị Hồng 3"
    assert isolated(ARABIC) == f"\u2068{ARABIC}\u2069"
    assert isolated(f"{ARABIC}\u2069\u202e") == f"\u2068{ARABIC}\u2069", "its own signs do not end it too early"
