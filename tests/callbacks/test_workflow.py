"""A day's work at the desk: finding, the next task, claims nobody uses, many at once, drafts, handing over."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from ivr.accounts import users
from ivr.callbacks import claims, collaboration, intake, queries, saved_views, sms, workflow
from ivr.callbacks.filters import Filters
from ivr.callbacks.refused import Refused
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, Draft, SavedView, TextMessage
from ivr.models.calls import Call
from ivr.models.voicebox import Transcript
from ivr.platform import database
from tests.support.pages import csp_is_strict
from tests.support.people import PASSWORD, a_task, the_task
from tests.support.volume import volume

BIDI = "\u202e"


def codes(page: str, tasks: list[int]) -> list[int]:
    """Which of these tasks a page shows, in its order."""
    found = {task: page.find(the_task(task).receipt_code) for task in tasks}
    return sorted((task for task in tasks if found[task] >= 0), key=lambda task: found[task])


def change(task_id: int, **values: object) -> int:
    with database.writing() as session:
        session.execute(update(CallbackTask).where(CallbackTask.id == task_id).values(**values))
    return task_id


# -- views and filters ----------------------------------------------------------------------------------


def test_each_view_holds_what_its_name_says(desk) -> None:
    mia, nils = desk.people["mia"], desk.people["nils"]
    plain, soon = a_task(), a_task(age=timedelta(hours=21))
    late = change(a_task(), due_at=utc_now() - timedelta(hours=1))
    urgent = change(a_task(), urgency="emergency")
    interpreted = change(a_task(language="tr"), needs_interpreter=True)
    mine, theirs, done = a_task(), a_task(), a_task()
    with database.writing() as session:
        for task, person in ((mine, mia), (theirs, nils), (done, mia)):
            workflow.claim(session, session.get_one(CallbackTask, task), person, utc_now())
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
        count = re.search(rf'view={view}"[^>]*>[^<(]+\((\d+)\)', page)[1]
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


def test_a_view_of_ones_own_is_kept_and_forgotten(desk) -> None:
    browser = desk("mia")
    browser.post("/desk/views", data={"name": "Türkisch, eilig", "view": "due", "language": "tr", "kind": "nonsense"})
    page = browser.get("/desk/").text
    assert "Türkisch, eilig" in page
    assert "view=due&amp;language=tr" in page
    with database.reading() as session:
        (kept,) = session.scalars(select(SavedView)).all()
    assert "Türkisch, eilig" not in desk("nils").get("/desk/").text
    desk("nils").post(f"/desk/views/{kept.id}/delete")
    assert "Türkisch, eilig" in browser.get("/desk/").text, "it is not Nils' to delete"
    browser.post(f"/desk/views/{kept.id}/delete")
    assert "Türkisch, eilig" not in browser.get("/desk/").text
    with database.writing() as session, pytest.raises(ValueError):
        saved_views.keep(session, desk.people["mia"], "  ", {})


def test_what_was_searched_for_is_not_kept_with_a_view(desk) -> None:
    """It may be a caller's name, and would outlive all periods."""
    desk("mia").post("/desk/views", data={"name": "Meine", "view": "due", "language": "tr", "q": "Öztürk"})
    with database.reading() as session:
        assert session.scalars(select(SavedView.query)).all() == ["view=due&language=tr"]


def test_hours_of_another_time_zone_are_no_hours_of_duty(desk) -> None:
    lena, mia = desk("lena"), desk.people["mia"]
    given = {
        "team": "1",
        "user": f"{mia.id}",
        "weekday": "0",
        "day": "2026-12-01",
        "starts": "10:00+02:00",
        "ends": "11:00",
    }
    for kind in ("duties", "exceptions"):
        for wrong in ({}, {"starts": "10:00", "user": "999"}, {"starts": "10:00", "team": "999", "user": "x"}):
            answer = lena.post(f"/supervision/roster/{kind}", data={**given, **wrong}, follow_redirects=True)
            assert "Bitte füllen Sie" in answer.text


def test_who_is_restricted_holds_nobody_up(desk) -> None:
    restricted, waiting = a_task("emergency"), a_task("benefits")
    with database.writing() as session:
        session.get_one(CallbackTask, restricted).restricted_at = utc_now()
        task = claims.take_next(session, desk.people["mia"], ["de"], utc_now())
        assert task is not None
        assert task.id == waiting


def test_what_no_keyboard_has_is_refused(desk) -> None:
    task, mia = a_task(), desk("mia")
    for query in ("q", "language", "office", "team"):
        assert mia.get("/desk/", query_string={query: "a\0b"}).status_code == 400
    assert mia.post(f"/desk/tasks/{task}/note", data={"text": "a\0b"}).status_code == 400


# -- the next task --------------------------------------------------------------------------------------


def test_next_takes_emergencies_then_ones_languages_then_what_is_due(desk) -> None:
    late = change(a_task(), due_at=utc_now() - timedelta(hours=2))
    foreign = change(a_task(language="tr"), due_at=utc_now() - timedelta(hours=3))
    calm, waits = a_task(), change(a_task(), next_attempt_at=utc_now() + timedelta(hours=2))
    urgent = change(a_task(language="ar"), urgency="emergency", due_at=utc_now() + timedelta(hours=1))
    other_team = a_task("under_25")
    browser, order = desk("mia"), []
    for _ in range(4):
        answer = browser.post("/desk/next")
        order.append(int(answer.location.rpartition("/")[2]))
    assert order == [urgent, late, calm, foreign]
    answer = browser.post("/desk/next", follow_redirects=True)
    assert "Es wartet kein Auftrag" in answer.text
    assert {the_task(waits).state, the_task(other_team).state} == {"open"}


@pytest.mark.soak
def test_twenty_members_take_all_tasks_each_exactly_once(empty_database) -> None:
    count = volume(test=400, soak=2000)
    with database.writing() as session:
        people = [users.add(session, f"m{number}", "M", "member", PASSWORD, ["benefits"]) for number in range(20)]
        numbers, now = range(1, count + 1), utc_now()
        started = {"state": "ended", "started_at": now}
        session.execute(insert(Call), [{"id": number, "call_sid": f"CA{number:032d}", **started} for number in numbers])
        usual = {
            "kind": "callback", "state": "open", "team_id": people[0].teams[0].id, "language": "de",
            "concern": "benefits", "urgency": "normal", "provisional": False, "first_contact_at": now,
            "due_at": now + timedelta(hours=24), "needs_interpreter": False, "demands_code": False,
        }  # fmt: skip
        tasks = [{"id": number, "call_id": number, "receipt_code": f"{number:08d}", **usual} for number in numbers]
        session.execute(insert(CallbackTask), tasks)
    taken: list[int] = []
    lock = threading.Lock()

    def works(person: User) -> None:
        while True:
            with database.writing() as session:
                task = claims.take_next(session, person, ["de"], utc_now())
                number = task.id if task else None
            if number is None:
                return
            with lock:
                taken.append(number)

    crowd = [threading.Thread(target=works, args=(person,)) for person in people]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(taken) == len(set(taken)) == count


# -- who works on what ----------------------------------------------------------------------------------


def test_a_claim_nobody_uses_is_offered_back_and_never_taken_silently(desk) -> None:
    task = a_task()
    desk("nils").post(f"/desk/tasks/{task}/claim")
    mia, nils = desk("mia"), desk("nils")
    assert "Nils Nebenan hat diesen Auftrag" in mia.post(f"/desk/tasks/{task}/take-over", follow_redirects=True).text
    change(task, claim_used_at=utc_now() - timedelta(minutes=31))
    assert "Ich arbeite noch daran" in nils.get(f"/desk/tasks/{task}").text
    assert "liegt bei jemandem" in mia.get("/desk/").text
    nils.post(f"/desk/tasks/{task}/keep")
    assert "Übernehmen" not in mia.get(f"/desk/tasks/{task}").text.partition("Verlauf")[0]
    change(task, claim_used_at=utc_now() - timedelta(minutes=31))
    mia.post(f"/desk/tasks/{task}/take-over")
    found = the_task(task)
    assert found.claimed_by_id == desk.people["mia"].id
    assert (
        "Übernommen, weil nicht daran gearbeitet wurde; vorher</strong>: Nils Nebenan"
        in mia.get(f"/desk/tasks/{task}").text
    )


def test_who_else_looks_is_shown_and_a_task_closed_under_ones_hands(desk) -> None:
    task = a_task()
    mia, nils = desk("mia"), desk("nils")
    nils.get(f"/desk/tasks/{task}")
    assert "Auch geöffnet bei: Nils Nebenan" in mia.get(f"/desk/tasks/{task}").text
    nils.post(f"/desk/tasks/{task}/claim")
    nils.post(f"/desk/tasks/{task}/close", data={"outcome": "settled_otherwise"})
    assert "schon abgeschlossen" in mia.get(f"/desk/tasks/{task}/others").text
    answer = mia.post(
        f"/desk/tasks/{task}/close", data={"outcome": "reached", "text": "lange Notiz"}, follow_redirects=True
    )
    assert "schon abgeschlossen" in answer.text
    assert "lange Notiz" in answer.text, "what was written is not lost"


def test_a_draft_survives_a_log_out(desk) -> None:
    task, text = a_task(), f"Ruft um 14 Uhr an <b>{BIDI}🙂"
    mia = desk("mia")
    assert mia.post(f"/desk/tasks/{task}/draft", data={"text": text}).status_code == 204
    mia.post("/logout")
    assert "Ruft um 14 Uhr an &lt;b&gt;" in desk("mia").get(f"/desk/tasks/{task}").text
    assert "Ruft um 14 Uhr" not in desk("nils").get(f"/desk/tasks/{task}").text
    desk("mia").post(f"/desk/tasks/{task}/note", data={"text": text})
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0
    desk("mia").post(f"/desk/tasks/{task}/draft", data={"text": "x"})
    desk("mia").post(f"/desk/tasks/{task}/draft", data={"text": "  "})
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_task_is_handed_over_with_a_reason_and_keeps_its_deadline(desk) -> None:
    task = a_task()
    due, mia = the_task(task).due_at, desk("mia")
    for given in (
        {"team": "youth", "reason": " "},
        {"team": "benefits", "reason": "x"},
        {"team": "nowhere", "reason": "x"},
    ):
        mia.post(f"/desk/tasks/{task}/hand-over", data=given)
        assert the_task(task).team.key == "benefits"
    desk("nils").post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/hand-over", data={"team": "youth", "reason": "unter 25"})
    assert the_task(task).team.key == "benefits", "somebody else holds it"
    desk("nils").post(f"/desk/tasks/{task}/hand-over", data={"team": "youth", "reason": "unter 25"})
    found = the_task(task)
    assert (found.team.key, found.state, found.due_at) == ("youth", "open", due)
    sven = desk("sven")
    sven.post(f"/desk/tasks/{task}/claim")
    assert "Jugendberufsagentur: unter 25" in sven.get(f"/desk/tasks/{task}").text


def test_a_task_claimed_under_ones_hands_is_not_handed_over(desk) -> None:
    task, people = a_task(), desk.people
    with database.writing() as session:
        seen = session.get_one(CallbackTask, task)
        taken = {"state": "claimed", "claimed_by_id": people["nils"].id}
        mine = update(CallbackTask).where(CallbackTask.id == task).values(**taken)
        session.execute(mine.execution_options(synchronize_session=False))  # another session has been quicker
        assert seen.state == "open"
        with pytest.raises(Refused):
            collaboration.hand_over(session, seen, people["mia"], "youth", "unter 25", utc_now())
    found = the_task(task)
    assert (found.team.key, found.claimed_by_id) == ("benefits", people["nils"].id)


def test_a_transcript_is_corrected_and_the_machines_text_stays(desk) -> None:
    task = a_task(text="der storm wird abgestellt")
    with database.reading() as session:
        recording = session.get_one(CallbackTask, task).messages[0].recording.id
    mia = desk("mia")
    assert desk("sven").post(f"/desk/recordings/{recording}/correct", data={"text": "x"}).status_code == 404
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/recordings/{recording}/correct", data={"text": "Der Strom wird abgestellt. <script>"})
    with database.reading() as session:
        words = session.scalars(select(Transcript)).one()
        assert (words.text, words.corrected_text) == (
            "der storm wird abgestellt",
            "Der Strom wird abgestellt. <script>",
        )
    page = mia.get(f"/desk/tasks/{task}").text
    assert "Der Strom wird abgestellt. &lt;script&gt;" in page
    assert codes(mia.get("/desk/?q=strom").text, [task]) == [task]
    drawn = mia.get(f"/desk/recordings/{recording}.svg")
    assert (drawn.status_code, drawn.mimetype) == (200, "image/svg+xml")
    assert desk("sven").get(f"/desk/recordings/{recording}.svg").status_code == 404


def test_earlier_tasks_of_the_number_are_shown_of_ones_own_teams_only(desk) -> None:
    number = "+4915112340000"
    earlier, foreign = change(a_task(number=number), state="closed"), a_task("under_25", number=number)
    task = a_task("rehab", number=number)
    change(task, team_id=the_task(earlier).team_id)
    mia = desk("mia")
    assert codes(mia.get(f"/desk/tasks/{task}").text, [earlier, foreign]) == [], "covered"
    mia.post(f"/desk/tasks/{task}/claim")
    assert codes(mia.get(f"/desk/tasks/{task}").text, [earlier, foreign]) == [earlier]


# -- many at once ----------------------------------------------------------------------------------------


def test_ticked_tasks_are_assigned_closed_and_exported(desk) -> None:
    tasks, foreign = [a_task() for _ in range(3)], a_task("under_25")
    nils = desk.people["nils"]
    desk("mia").post(f"/desk/tasks/{tasks[2]}/claim")
    chosen = [str(task) for task in (*tasks, foreign)]
    page = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": nils.id}, follow_redirects=True
    )
    assert "2 Aufträge zugewiesen." in page.text
    assert "1 Auftrag blieb, wie er ist" in page.text
    assert [the_task(task).claimed_by_id for task in tasks] == [nils.id, nils.id, desk.people["mia"].id]
    assert the_task(foreign).state == "open"
    page = desk("nils").post(
        "/desk/selected", data={"task": chosen, "action": "close", "outcome": "letter_sent"}, follow_redirects=True
    )
    assert "2 Aufträge abgeschlossen." in page.text
    exported = desk("mia").post("/desk/selected", data={"task": chosen, "action": "export"})
    rows = list(csv.DictReader(io.StringIO(exported.text.lstrip("\ufeff")), delimiter=";"))
    assert [row["receipt_code"] for row in rows] == [the_task(task).receipt_code for task in tasks]
    nothing = desk("mia").post("/desk/selected", data={"action": "assign"}, follow_redirects=True)
    assert "Bitte markieren Sie zuerst" in nothing.text
    stranger = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": desk.people["sven"].id}, follow_redirects=True
    )
    assert "Bitte wählen Sie jemanden." in stranger.text
    assert desk("mia").post("/desk/selected", data={"task": ["x", "1"], "action": "explode"}).status_code == 400


def test_nobody_is_given_a_task_they_cannot_see(desk) -> None:
    foreign = a_task("under_25")
    page = desk("lena").post(
        "/desk/selected",
        data={"task": [foreign], "action": "assign", "to": desk.people["mia"].id},
        follow_redirects=True,
    )
    assert "1 Auftrag blieb, wie er ist" in page.text
    assert the_task(foreign).state == "open"


def test_the_list_is_new_when_anything_in_it_is(desk) -> None:
    task, mia = a_task(), desk("mia")

    def version() -> str:
        return re.search(r"seen=(\w+)", mia.get("/desk/").text)[1]

    seen = version()
    assert mia.get(f"/desk/?seen={seen}").status_code in (200, 204)  # 200 where a minute has just begun
    for values in ({"caller_name": "Zoë"}, {"next_attempt_at": utc_now()}, {"language": "tr"}, {"concern": "work"}):
        before = version()
        change(task, **values)
        assert version() != before, values


# -- palette, alerts, help -----------------------------------------------------------------------------------


def test_the_palette_leads_to_tasks_views_and_pages(desk) -> None:
    task, foreign = a_task(), a_task("under_25")
    mia = desk("mia")

    def found(words: str) -> list[str]:
        return [one.get("url", one.get("action")) for one in mia.post("/desk/palette", data={"q": words}).json["found"]]

    assert found(the_task(task).receipt_code) == [f"/desk/tasks/{task}"]
    assert found(the_task(foreign).receipt_code) == []
    assert "/desk/?view=emergencies" in found("notf")
    assert "/desk/live/" in found("live")
    assert found("") != []


def test_alerts_name_tasks_by_their_code_only(desk) -> None:
    urgent = change(a_task(number="+4915112340001"), urgency="emergency")
    risky = change(a_task(), due_at=utc_now() + timedelta(hours=1))
    desk("mia").post(f"/desk/tasks/{risky}/claim")
    told = desk("mia").get("/desk/alerts").json
    assert [one["code"] for one in told["emergencies"]] == [the_task(urgent).receipt_code]
    assert [one["code"] for one in told["at_risk"]] == [the_task(risky).receipt_code]
    assert "4915112340001" not in json.dumps(told)
    assert desk("sven").get("/desk/alerts").json["emergencies"] == []
    assert desk().get("/desk/alerts").status_code == 302


def test_a_new_emergency_is_told_however_many_there_are(desk) -> None:
    old = [change(a_task(), urgency="emergency") for _ in range(25)]
    for task in old[:3]:
        desk("nils").post(f"/desk/tasks/{task}/claim")
    new = change(a_task(), urgency="emergency")
    told = [one["code"] for one in desk("mia").get("/desk/alerts").json["emergencies"]]
    assert told[0] == the_task(new).receipt_code
    assert the_task(old[0]).receipt_code not in told


def test_the_first_steps_have_their_page(desk) -> None:
    answer = desk("mia").get("/desk/help")
    assert "Erste Schritte" in answer.text
    assert csp_is_strict(answer)


def test_large_counts_are_not_counted_to_their_end(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 3)
    for _ in range(4):
        a_task()
    page = desk("mia").get("/desk/").text
    assert "(2+)" in page
    assert Filters.of(Filters.of({"q": "x"}).query()).q == "x"


# -- text messages, empty_database, posting -----------------------------------------------------------------------


def test_a_text_message_is_seen_before_it_is_sent_in_the_callers_language(desk) -> None:
    task = a_task(language="tr", number="+4915112340002")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    assert "Size ulaşamadık" not in mia.get(f"/desk/tasks/{task}").text
    page = mia.get(f"/desk/tasks/{task}?sms=sms_missed").text
    assert "Size ulaşamadık. Tekrar arayacağız." in page
    assert "Wir haben Sie nicht erreicht." in page, "and in German, for who sends it"
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Size ulaşamadık! <b>"})
    mia.post(f"/desk/tasks/{task}/text", data={"template": "sms_missed", "text": "Size ulaşamadık!"})
    with database.reading() as session:
        sent = session.scalars(select(TextMessage).order_by(TextMessage.id)).all()
        assert [(one.to_number, one.number, sms.body(one)) for one in sent] == [
            ("+4915112340002", 1, "Size ulaşamadık! <b>"),
            ("+4915112340002", 2, "Size ulaşamadık!"),
        ]
    assert "Size ulaşamadık! &lt;b&gt;" in mia.get(f"/desk/tasks/{task}").text
    for given in ({"template": "sms_missed", "text": " "}, {"template": "sms_nonsense", "text": "x"}):
        assert "Die SMS ist leer." in mia.post(f"/desk/tasks/{task}/text", data=given, follow_redirects=True).text
    landline = a_task(number="+49421361888")
    mia.post(f"/desk/tasks/{landline}/claim")
    assert 'id="sms"' not in mia.get(f"/desk/tasks/{landline}").text
    answer = mia.post(
        f"/desk/tasks/{landline}/text", data={"template": "sms_missed", "text": "x"}, follow_redirects=True
    )
    assert "kann keine SMS empfangen" in answer.text


def test_eight_texts_sent_at_once_are_eight_texts(desk) -> None:
    task, people = a_task(), desk.people

    def send(number: int) -> None:
        with database.writing() as session:
            found = session.get_one(CallbackTask, task)
            sms.send(session, found, people["mia"], "sms_missed", f"Text {number}", utc_now())

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(send, range(8)))
    with database.reading() as session:
        assert sorted(session.scalars(select(TextMessage.number))) == list(range(1, 9))


def test_every_template_is_discreet_and_there_in_every_language(desk) -> None:
    task = change(a_task("appointment", kind="appointment"), state="closed")
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.appointment_wish.appointment_at, found.appointment_wish.place = utc_now(), "Zimmer 12"
        for language in LANGUAGES:
            for template in sms.templates(found):
                text = sms.draft(found, template, language)
                assert "jobcenter" not in text.lower().replace("www.jobcenter.digital", "")
                assert "{" not in text
        assert "Zimmer 12" in sms.draft(found, "sms_appointment", "fa")


def test_an_appointment_has_a_room_and_forms_have_a_day(desk) -> None:
    wish, forms = a_task("appointment", kind="appointment"), a_task("forms", kind="postal_order")
    with database.writing() as session:
        session.get_one(CallbackTask, wish).appointment_wish.companion = "interpreter"
        for task in (wish, forms):
            session.get_one(CallbackTask, task).provisional = False
    boss = desk("lena")
    for task in (wish, forms):
        boss.post(f"/desk/tasks/{task}/claim")
    granted = {"answer": "granted", "appointment_at": "2026-12-01T10:30", "place": "Zimmer 3"}
    boss.post(f"/desk/tasks/{wish}/answer", data=granted)
    assert (the_task(wish).appointment_wish.room, the_task(wish).state) == ("large", "closed")
    assert "Zimmer 3 (großer Raum)" in boss.get(f"/desk/tasks/{wish}").text
    boss.post(f"/desk/tasks/{forms}/close", data={"outcome": "forms_sent", "posted_on": "2026-11-20"})
    assert "20.11.2026" in boss.get(f"/desk/tasks/{forms}").text


def test_five_hundred_tasks_of_one_number_and_a_long_message_hold_nobody_up(desk) -> None:
    with database.writing() as session:
        from ivr.callbacks.request import Request
        from ivr.calls import calls

        for number in range(500):
            call = calls.seen(session, f"CA{number:032d}", "+4915112349999", utc_now())
            task = intake._open(session, call, Request(concern="benefits"), utc_now(), False)
    page = desk("mia").get(f"/desk/tasks/{task.id}").text
    assert page.count("/desk/tasks/") < 60, "the ten latest of the number are shown"
    long = a_task(text=" ".join(f"Wort{number}" for number in range(1500)))
    assert desk("mia").get(f"/desk/tasks/{long}").status_code == 200
