"""Tasks are found by name, number, code and words."""

from __future__ import annotations

import pytest

from ivr.callbacks import collaboration
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.desk import codes
from tests.support.people import a_task, the_task


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
        from ivr.callbacks import search_index

        search_index.index(session, session.get_one(CallbackTask, task))
    code, row = the_task(task).receipt_code, f'id="task-{task}"'
    numbers = ("0151 1234", "+49 151 12345678", "004915112345678", "5678", "345678")
    for words in (*numbers, code, code[:5], "vermieter droht"):
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
