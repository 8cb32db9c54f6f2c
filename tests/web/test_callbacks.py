"""The desk, page by page, with the fixed cast."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ivr.callbacks import claims
from ivr.callbacks.refused import Refused
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.pages import csp_is_strict
from tests.support.people import CAST, a_task, the_task


@pytest.mark.parametrize("path", ["/desk/", "/desk/?view=mine", "/desk/?view=closed", "/desk/?view=all"])
def test_every_list_needs_a_log_in_and_has_its_headers(desk, path: str) -> None:
    assert desk().get(path).status_code == 302
    answer = desk("mia").get(path)
    assert answer.status_code == 200
    assert "Rückrufaufträge · Rückruf-Arbeitsplatz" in answer.text
    assert csp_is_strict(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_members_see_their_teams_and_supervisors_all(desk) -> None:
    benefits, youth = a_task("benefits"), a_task("under_25")
    seen = {name: desk(name) for name in CAST}
    assert seen["mia"].get(f"/desk/tasks/{benefits}").status_code == 200
    assert seen["mia"].get(f"/desk/tasks/{youth}").status_code == 404
    assert seen["sven"].get(f"/desk/tasks/{benefits}").status_code == 404
    assert seen["sven"].post(f"/desk/tasks/{benefits}/claim").status_code == 404
    assert seen["lena"].get(f"/desk/tasks/{youth}").status_code == 200
    assert the_task(benefits).receipt_code not in seen["sven"].get("/desk/").text


def test_the_queue_is_ordered_by_deadline(desk) -> None:
    newer, older = a_task(age=timedelta(hours=1)), a_task(age=timedelta(hours=22))
    page = desk("mia").get("/desk/").text
    assert page.index(the_task(older).receipt_code) < page.index(the_task(newer).receipt_code)
    assert "noch 1 Std. 59 Min." in page


def test_many_tasks_come_in_pages(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.callbacks.queries.PAGE", 2)
    codes = [the_task(a_task(age=timedelta(hours=5 - n))).receipt_code for n in range(5)]
    mia = desk("mia")
    pages = [mia.get(f"/desk/?page={number}").text for number in (1, 2, 3)]
    assert [[code for code in codes if code in page] for page in pages] == [codes[:2], codes[2:4], codes[4:]]
    assert "Seite 2 von 3" in pages[1]
    assert 'rel="next"' not in pages[2]
    assert mia.get("/desk/?page=0").status_code == 404


def test_a_refresh_without_a_change_is_empty(desk) -> None:
    browser = desk("mia")
    version = re.search(r'id="queue".*?seen=(\w+)', browser.get("/desk/").text)[1]
    assert browser.get(f"/desk/?view=open&seen={version}").status_code in (204, 200)  # a minute may just have struck
    version = re.search(r'id="queue".*?seen=(\w+)', browser.get("/desk/").text)[1]
    assert browser.get(f"/desk/?view=open&seen={version}").status_code == 204
    task = a_task()
    fragment = browser.get(f"/desk/?view=open&seen={version}")
    assert fragment.status_code == 200
    assert the_task(task).receipt_code in fragment.text
    assert "<html" not in fragment.text
    assert 'hx-trigger="live"' in fragment.text, "the fragment repeats its trigger"


def test_a_day_with_one_task(desk) -> None:
    task = a_task(text="Guten Tag, ich habe eine Frage zu meinem Bescheid.", number="+4915112345678")
    mia = desk("mia")
    assert "Bescheid." not in mia.get(f"/desk/tasks/{task}").text, "covered until somebody claims it"
    page = mia.post(f"/desk/tasks/{task}/claim", follow_redirects=True).text
    assert "Bescheid." in page
    assert "app-word--uncertain" in page
    assert 'href="tel:+4915112345678"' in page
    assert (the_task(task).state, the_task(task).claimed_by_id) == ("claimed", desk.people["mia"].id)
    mia.post(f"/desk/tasks/{task}/attempt", data={"outcome": "no_answer"})
    assert the_task(task).first_attempt_at is not None, "the promise is kept by the first real attempt"
    mia.post(f"/desk/tasks/{task}/note", data={"text": "Ruft ab 14 Uhr <b>wieder</b> an"})
    page = mia.get(f"/desk/tasks/{task}").text
    assert "&lt;b&gt;wieder&lt;/b&gt;" in page
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "reached", "text": "Bescheid erklärt"})
    closed = the_task(task)
    assert (closed.state, closed.outcome) == ("closed", "reached")
    kinds = [event.kind for event in closed.events]
    assert kinds == ["opened", "claimed", "attempted", "noted", "attempted", "noted", "closed"]
    assert the_task(task).receipt_code in mia.get("/desk/?view=closed").text
    mia.post(f"/desk/tasks/{task}/reopen")
    assert (the_task(task).state, the_task(task).due_at) == ("claimed", closed.due_at), "the clock never restarts"


def test_an_outcome_is_mandatory(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    for outcome in ("", "no_answer", "nonsense"):
        page = mia.post(f"/desk/tasks/{task}/close", data={"outcome": outcome}, follow_redirects=True).text
        assert "Bitte wählen Sie das Ergebnis." in page
    assert the_task(task).state == "claimed"
    assert the_task(task).attempts == []


def test_two_people_claim_at_once_and_one_is_told_who_has_it(desk) -> None:
    task, mia, nils = a_task(), desk("mia"), desk("nils")
    mia.post(f"/desk/tasks/{task}/claim")
    page = nils.post(f"/desk/tasks/{task}/claim", follow_redirects=True).text
    assert "Mia Mitglied hat diesen Auftrag übernommen." in page
    for action, data in (("close", {"outcome": "reached"}), ("release", {}), ("attempt", {"outcome": "busy"})):
        nils.post(f"/desk/tasks/{task}/{action}", data=data)
    assert (the_task(task).state, the_task(task).claimed_by_id) == ("claimed", desk.people["mia"].id)
    assert the_task(task).attempts == []
    desk("lena").post(f"/desk/tasks/{task}/release")
    assert the_task(task).state == "open", "a supervisor may release anybody's"


def test_twenty_people_claim_one_task_and_one_gets_it(desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    task = a_task()

    def claim(_: int) -> bool:
        try:
            with database.writing() as session:
                user = session.get_one(User, desk.people["mia"].id)
                claims.claim(session, session.get_one(CallbackTask, task), user, utc_now())
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(claim, range(20))) == 1


def test_the_recording_is_heard_in_ranges_and_never_cached(desk) -> None:
    task = a_task(text="Hallo")
    with database.reading() as session:
        recording = session.get_one(CallbackTask, task).messages[0].recording.id
    mia = desk("mia")
    post(mia, task, "claim")
    answer = mia.get(f"/desk/recordings/{recording}.wav", headers={"Range": "bytes=0-3"}, buffered=True)
    assert (answer.status_code, answer.data) == (206, b"RIFF")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert desk("sven").get(f"/desk/recordings/{recording}.wav").status_code == 404
    assert desk().get(f"/desk/recordings/{recording}.wav").status_code == 302


def test_a_missed_promise_is_said_in_words(desk) -> None:
    task = a_task(age=timedelta(hours=26))
    page = desk("mia").get("/desk/").text
    assert "Erster Versuch überfällig: 2 Std." in page and "Versuch 2 Std. 0 Min. überfällig" in page
    assert the_task(task).breached_at is None, "the clock records it, not the page"


def test_an_attempt_after_the_deadline_is_a_miss_even_before_the_clock_ticks(desk) -> None:
    tried, settled, mia = a_task(age=timedelta(hours=25)), a_task(age=timedelta(hours=25)), desk("mia")
    for task in (tried, settled):
        mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{tried}/attempt", data={"outcome": "no_answer"})
    mia.post(f"/desk/tasks/{settled}/close", data={"outcome": "settled_otherwise"})
    assert the_task(tried).breached_at is not None
    assert the_task(settled).breached_at is not None
    assert "verspätet versucht" in mia.get(f"/desk/tasks/{tried}").text


def test_the_interface_speaks_english_too(desk) -> None:
    mia = desk("mia")
    a_task()
    mia.post("/language", data={"language": "en", "next": "/desk/"})
    page = mia.get("/desk/").text
    assert '<html lang="en">' in page
    assert "Callback queue" in page
    mia.post("/language", data={"language": "xx"})
    assert '<html lang="en">' in mia.get("/desk/").text


def test_forms_without_our_token_are_refused(desk) -> None:
    task, mia = a_task(), desk("mia")
    desk.app.config["WTF_CSRF_ENABLED"] = True
    assert mia.post(f"/desk/tasks/{task}/claim").status_code == 400
    assert the_task(task).state == "open"


def test_pages_that_do_not_exist_say_so(desk) -> None:
    answer = desk("mia").get("/desk/tasks/999999")
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text
    assert desk("mia").get("/desk/?view=nonsense").status_code == 404


# -- forms, appointments, and the prompt studio ------------------------------------------------------------


def post(client, task: int, action: str, **form: str) -> None:
    assert client.post(f"/desk/tasks/{task}/{action}", data=form).status_code == 302


def test_forms_are_sent_and_the_task_is_closed(desk) -> None:
    task = a_task(concern="forms", kind="postal_order")
    lena = desk("lena")
    assert "Formulare per Post" in lena.get(f"/desk/tasks/{task}").text
    post(lena, task, "claim")
    post(lena, task, "close", outcome="forms_sent", text="Hauptantrag")
    assert (the_task(task).state, the_task(task).outcome) == ("closed", "forms_sent")


def test_an_appointment_is_granted_with_date_and_place(desk) -> None:
    task = a_task(concern="appointment", kind="appointment")
    lena = desk("lena")
    post(lena, task, "claim")
    post(lena, task, "answer", answer="granted", appointment_at="", place="Raum 3")
    assert the_task(task).state == "claimed", "not without a date"
    post(lena, task, "close", outcome="granted")
    assert the_task(task).state == "claimed", "nor by the back door"
    post(lena, task, "answer", answer="granted", appointment_at="2099-12-01T10:30", place="Geschäftsstelle 2, Raum 3")
    found = the_task(task)
    assert (found.state, found.outcome) == ("closed", "granted")
    assert found.appointment_wish.appointment_at.isoformat() == "2099-12-01T09:30:00+00:00"
    assert "Raum 3" not in desk("mia").get(f"/desk/tasks/{task}").text, "covered for others"
    assert "Raum 3" in lena.get(f"/desk/tasks/{task}").text


def test_a_refused_appointment_needs_a_reason_and_is_counted(desk) -> None:
    task = a_task(concern="appointment", kind="appointment")
    lena = desk("lena")
    post(lena, task, "claim")
    post(lena, task, "answer", answer="refused", refusal_reason="")
    assert the_task(task).state == "claimed"
    post(lena, task, "answer", answer="refused", refusal_reason="no_capacity", text="Im Januar wieder.")
    found = the_task(task)
    assert (found.outcome, found.appointment_wish.refusal_reason) == ("refused", "no_capacity")
    post(lena, task, "reopen")
    assert the_task(task).appointment_wish.refusal_reason is None


def test_emergencies_stand_on_top(desk) -> None:
    a_task(age=timedelta(hours=20))
    urgent = a_task(concern="emergency")
    queue = desk("lena").get("/desk/").text
    assert re.findall(r'id="task-(\d+)"', queue)[0] == str(urgent)
