"""Views, filters and pages of the task list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import claims, queries, workflow
from ivr.callbacks.filters import Filters
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Transcript
from ivr.platform import database
from tests.support.desk import change, codes
from tests.support.desk_pages import count_of_view
from tests.support.people import a_task, the_task


def test_each_view_holds_what_its_name_says(desk) -> None:
    mia, nils = desk.people["mia"], desk.people["nils"]
    plain, soon = a_task(), a_task(age=timedelta(hours=21))
    late = change(a_task(), due_at=utc_now() - timedelta(hours=1))
    urgent = change(a_task(), urgency="emergency")
    interpreted = change(a_task(language="tr"), needs_interpreter=True)
    mine, theirs, done = a_task(), a_task(), a_task()
    with database.writing() as session:
        for task, person in ((mine, mia), (theirs, nils), (done, mia)):
            claims.claim(session, session.get_one(CallbackTask, task), person, utc_now())
        workflow.close(session, session.get_one(CallbackTask, done), mia, "settled_otherwise", "", utc_now())
    everything = [plain, soon, late, urgent, interpreted, mine, theirs, done]
    browser = desk("mia")
    expected = {
        "open": {*everything} - {done},
        "mine": {mine},
        "unclaimed": {plain, soon, late, urgent, interpreted},
        "due": {soon, late},
        "emergencies": {urgent},
        "interpreter": {interpreted},
        "done": {done},
        "closed": {done},
        "all": {*everything},
    }
    for view, tasks in expected.items():
        page = browser.get(f"/desk/?view={view}").text
        assert {*codes(page, everything)} == tasks, view
        count = count_of_view(page, view)
        assert int(count) == len(tasks), view


def test_filters_stand_in_the_address_and_narrow_down(desk) -> None:
    german, turkish = a_task(), a_task(language="tr", text="merhaba")
    forms = change(a_task(), kind="postal_order", office="office_2")
    listen = a_task(language="fa", text="سلام")
    with database.writing() as session:
        words = session.scalars(select(Transcript).where(Transcript.language == "fa")).one()
        words.state, words.reason = "please_listen", "low_confidence"
    old = change(a_task(), first_contact_at=utc_now() - timedelta(days=9))
    everything, browser = [german, turkish, forms, listen, old], desk("mia")
    week = (utc_now() - timedelta(days=7)).date().isoformat()
    for query, tasks in {
        "language=tr": [turkish],
        "kind=postal_order": [forms],
        "office=office_2": [forms],
        "listen=1": [listen],
        f"until={week}": [old],
        f"since={week}&language=de": [german, forms],
        "team=benefits&concern=benefits&state=open&urgency=normal&language=fa": [listen],
        "urgency=emergency": [],
    }.items():
        page = browser.get(f"/desk/?view=all&{query}")
        assert {*codes(page.text, everything)} == {*tasks}, query
    nonsense = browser.get("/desk/?view=all&kind=x&sort=y&since=yesterday&group=z&page=1")
    assert {*codes(nonsense.text, everything)} == {*everything}, "what has no meaning is left out"


def test_lists_are_sorted_by_their_headers(desk) -> None:
    first = change(a_task(language="tr"), first_contact_at=utc_now() - timedelta(hours=3))
    second = change(a_task(language="de"), first_contact_at=utc_now() - timedelta(hours=2))
    third = change(a_task(language="en"), first_contact_at=utc_now() - timedelta(hours=1))
    browser, tasks = desk("mia"), [first, second, third]
    assert codes(browser.get("/desk/?sort=arrival").text, tasks) == [first, second, third]
    assert codes(browser.get("/desk/?sort=arrival&order=desc").text, tasks) == [third, second, first]
    assert codes(browser.get("/desk/?sort=language").text, tasks) == [second, third, first]
    assert 'aria-sort="descending"' in browser.get("/desk/?sort=language&order=desc").text


def test_earlier_tasks_of_the_number_are_shown_of_ones_own_teams_only(desk) -> None:
    number = "+4915112340000"
    earlier, foreign = change(a_task(number=number), state="closed"), a_task("under_25", number=number)
    task = a_task("rehab", number=number)
    change(task, team_id=the_task(earlier).team_id)
    mia = desk("mia")
    assert codes(mia.get(f"/desk/tasks/{task}").text, [earlier, foreign]) == [], "covered"
    mia.post(f"/desk/tasks/{task}/claim")
    assert codes(mia.get(f"/desk/tasks/{task}").text, [earlier, foreign]) == [earlier]


def test_the_list_is_new_when_anything_in_it_is(desk) -> None:
    task, mia = a_task(), desk("mia")

    def version() -> str:
        return re.search(r'id="queue".*?seen=(\w+)', mia.get("/desk/").text)[1]

    seen = version()
    assert mia.get(f"/desk/?seen={seen}").status_code in (200, 204)  # 200 where a minute has just begun
    for values in ({"caller_name": "Zoë"}, {"next_attempt_at": utc_now()}, {"language": "tr"}, {"concern": "work"}):
        before = version()
        change(task, **values)
        assert version() != before, values


def test_large_counts_are_not_counted_to_their_end(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    for _ in range(4):
        a_task()
    assert count_of_view(desk("mia").get("/desk/").text, "open") == "2+"
    assert Filters.of(Filters.of({"q": "x"}).query()).q == "x"


def test_an_emergency_whose_promise_is_missed_comes_before_one_that_is_due_earlier_and_was_tried(desk) -> None:
    """Due first is not worst: of the first somebody has tried already, of the second nobody."""
    tried, late, fresh = (a_task("emergency", age=timedelta(hours=hours)) for hours in (30, 26, 0))
    plain = a_task(age=timedelta(hours=60))
    for clock_of in (tried,):
        change(clock_of, first_attempt_at=utc_now() - timedelta(hours=29))
        with database.writing() as session:
            for clock in session.get_one(CallbackTask, clock_of).clocks:
                clock.due_at, clock.missed_at, clock.state = utc_now() + timedelta(hours=3), None, "on_track"
    page = desk("mia").get("/desk/").text
    assert codes(page, [tried, late, fresh, plain]) == [late, tried, fresh, plain]
    with database.reading() as session:
        mia = session.merge(desk.people["mia"], load=False)
        assert queries.candidates(session, mia, ["de"], utc_now())[0] == late


def test_pages_of_a_list_hold_every_task_once_where_emergencies_end_within_a_page(
    desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    tasks = [a_task("emergency") for _ in range(4)] + [a_task() for _ in range(4)]
    mia = desk("mia")
    shown = [codes(mia.get(f"/desk/?page={page}").text, tasks) for page in (1, 2, 3)]
    assert [len(page) for page in shown] == [3, 3, 2]
    assert [one for page in shown for one in page] == tasks
