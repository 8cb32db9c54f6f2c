"""Tasks are found by name, number, code and words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete

from ivr.callbacks import code_changes, collaboration, orders, search_index
from ivr.callbacks.request import Request
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask, PostalOrder, SearchWord
from ivr.platform import database
from ivr.privacy import anonymisation
from tests.support.desk import change, codes
from tests.support.people import a_task, the_task
from tests.support.volume import crossed


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Frau Müller aus der Bahnhofstraße", ["Müller", "mueller", "MULLER", "bahnhofstrasse", "müll", "frau muel"]),
        ("Herr Mueller", ["Müller"]),
        ("Şükran Yıldız", ["sukran", "yildiz", "Yıldız"]),
        ("آقای کریمی", ["كريمي", "کریمی"]),
        ("الكهرباء مقطوعة", ["كهرباء", "الکهرباء"]),
        ("Łukasz Nowak", ["lukasz", "nowak łukasz"]),
        ("Zoë <b>O'Neill</b> 🙂", ["zoe", "neill"]),
    ],
)
def test_people_are_found_however_they_are_spelled(desk, written: str, asked: list[str]) -> None:
    task, other = a_task(), a_task(text="ganz andere Worte")
    with database.writing() as session:
        collaboration.name_caller(session, session.get_one(CallbackTask, task), desk.people["mia"], written, utc_now())
    for words in asked:
        page = desk("mia").get("/desk/", query_string={"view": "all", "q": words})
        assert codes(page.text, [task, other]) == [task], words


def test_numbers_codes_and_words_of_messages_are_found_in_ones_own_teams(desk) -> None:
    task = a_task(text="der Vermieter droht mit der Kündigung", number="+4915112345678")
    with database.writing() as session:
        search_index.index(session, session.get_one(CallbackTask, task))
    code, row = the_task(task).receipt_code, f'id="task-{task}"'
    numbers = ("0151 1234", "+49 151 12345678", "004915112345678", "5678", "345678")
    for words in (*numbers, code, code[:5], code[-5:], "vermieter droht"):
        assert row in desk("mia").get("/desk/", query_string={"q": words}).text, words
        assert row not in desk("sven").get("/desk/", query_string={"q": words}).text, words
    for words in ("999999", "vermieter fehlt", "%", "'; DROP TABLE", "…"):
        answer = desk("mia").get("/desk/", query_string={"q": words})
        assert answer.status_code == 200
        assert row not in answer.text, words


def test_what_no_keyboard_has_is_refused(desk) -> None:
    task, mia = a_task(), desk("mia")
    for query in ("q", "language", "office", "team"):
        assert mia.get("/desk/", query_string={query: "a\0b"}).status_code == 400
    assert mia.post(f"/desk/tasks/{task}/note", data={"text": "a\0b"}).status_code == 400


@pytest.mark.parametrize("view", ["open", "mine", "emergencies", "done"])
def test_a_whole_code_or_number_is_found_whatever_the_view_and_its_filters(desk, view: str) -> None:
    closed = a_task(number="+494215550123")
    change(closed, state="closed", closed_at=utc_now() - timedelta(days=3), outcome="reached")
    row, mia, sven = f'id="task-{closed}"', desk("mia"), desk("sven")
    asked = (the_task(closed).receipt_code, "0421.555.0123", "tel:+494215550123", "+49 (0)421 555-0123")
    for words, filters in crossed(asked, ({}, {"language": "tr"}, {"state": "open"})):
        page = mia.get("/desk/", query_string={"view": view, "q": words, **filters}).text
        assert row in page, (words, filters)
        assert "1 Auftrag gefunden" in page
        assert "Gefunden in: Abgeschlossen" in page
    for words in asked:
        assert row not in sven.get("/desk/", query_string={"view": view, "q": words}).text, "of another team"
    assert row not in mia.get("/desk/", query_string={"view": "open", "q": "0123"}).text, "a part, in this view only"


def test_what_the_view_shows_anyway_is_not_said_to_be_elsewhere(desk) -> None:
    task = a_task(number="+494215550123")
    page = desk("mia").get("/desk/", query_string={"view": "open", "q": "0421 5550123"}).text
    assert f'id="task-{task}"' in page
    assert "Gefunden in" not in page


def test_a_further_task_of_the_number_is_shown_with_the_one_of_the_view(desk) -> None:
    now, before = a_task(number="+494215550123"), a_task("work", number="+494215550123")
    change(before, state="closed", closed_at=utc_now(), team_id=the_task(now).team_id)
    page = desk("mia").get("/desk/", query_string={"view": "unclaimed", "q": "04215550123"}).text
    assert codes(page, [now, before]) == [now, before], "the open one first"
    assert "Gefunden in: Abgeschlossen" in page


def test_tasks_indexed_in_a_former_way_are_indexed_again_and_found_meanwhile(desk) -> None:
    """In batches: an upgrade that breaks off goes on where it was."""
    tasks = [a_task() for _ in range(3)]
    with database.writing() as session:
        for task in tasks:
            session.get_one(CallbackTask, task).caller_name = "Anna Al-Hassan"
        session.execute(delete(SearchWord))
        session.add_all(SearchWord(word="hassan", task_id=task) for task in tasks)  # as it was done before
    mia = desk("mia")
    assert codes(mia.get("/desk/", query_string={"q": "hassan"}).text, tasks)
    assert not codes(mia.get("/desk/", query_string={"q": "alhassan"}).text, tasks)
    for left in (1, 0):
        with database.writing() as session:
            assert search_index.index_missing(session, limit=2) == (2 if left else 1)
    with database.writing() as session:
        assert search_index.index_missing(session) == 0
    assert sorted(codes(mia.get("/desk/", query_string={"q": "alhassan"}).text, tasks)) == tasks


def test_the_last_words_of_a_long_message_are_found(desk) -> None:
    task, other = a_task(text="wort"), a_task(text="anderes")
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        said = [f"wort{number}" for number in range(3000)]  # three parts of three minutes, and more
        found.messages[0].recording.transcript.text = " ".join([*said, "Eisenwarenhändlerin"])
        search_index.index(session, found)
    page = desk("mia").get("/desk/", query_string={"q": "eisenwarenhaendlerin"}).text
    assert codes(page, [task, other]) == [task]


def test_a_task_is_found_by_each_number_that_its_page_shows(desk) -> None:
    """What was shown where another one is called back, the one before a change by receipt code, the customer number."""
    task, mia = a_task(number="+4915112345678"), desk("mia")
    with database.writing() as session:
        row = session.get_one(CallbackTask, task)
        code_changes.change_number(session, row.contacts[0], "+4917699999999", utc_now())
        code_changes.change_number(session, row.contacts[0], "+4917688888888", utc_now())
        row.contacts[0].call.from_number = "+494215550177"
        row.postal_order = PostalOrder(task_id=task, forms=["new"], customer_number="214D107788")
        search_index.index(session, row)
    shown = ("0151 12345678", "0176 88888888", "0421 5550177", "214D107788", "214d107", "214 D 107788")
    for words in shown:
        assert codes(mia.get("/desk/", query_string={"q": words}).text, [task]) == [task], words
    with database.writing() as session:
        call_id = session.get_one(CallbackTask, task).call_id
        anonymisation.call_numbers(session, [call_id])
    assert not codes(mia.get("/desk/", query_string={"q": "0421 5550177"}).text, [task]), "deleted with the call's"
    with database.writing() as session:
        anonymisation.names(session, [task])
    for words in shown:
        assert not codes(mia.get("/desk/", query_string={"q": words}).text, [task]), words


def test_a_customer_number_that_is_keyed_in_is_found_at_once(desk) -> None:
    task, mia = a_task(), desk("mia")
    with database.writing() as session:
        row = session.get_one(CallbackTask, task)
        row.postal_order = PostalOrder(task_id=task, forms=["new"])
        session.flush()
        orders.take(session, row, Request(customer_number="2141077889"))
    assert codes(mia.get("/desk/", query_string={"q": "214 1077 889"}).text, [task]) == [task]
