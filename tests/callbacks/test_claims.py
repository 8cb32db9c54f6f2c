"""Who works on a task: the next one is taken, and claims end."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from ivr.accounts import users
from ivr.callbacks import claims, collaboration
from ivr.callbacks.refused import Refused
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.platform import database
from tests.support.desk import change
from tests.support.people import PASSWORD, a_task, the_task
from tests.support.volume import volume


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
    count = volume(test=80, ci=200, soak=2000)
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


def test_a_claim_nobody_uses_is_offered_back_and_never_taken_silently(desk) -> None:
    task = a_task()
    desk("nils").post(f"/desk/tasks/{task}/claim")
    mia, nils = desk("mia"), desk("nils")
    assert "Nils Nebenan hat diesen Auftrag" in mia.post(f"/desk/tasks/{task}/take-over", follow_redirects=True).text
    change(task, claim_used_at=utc_now() - timedelta(minutes=31))
    assert "Ich arbeite noch daran" in nils.get(f"/desk/tasks/{task}").text
    assert "nicht bearbeitet" in mia.get("/desk/").text
    nils.post(f"/desk/tasks/{task}/keep")
    assert "Übernehmen" not in mia.get(f"/desk/tasks/{task}").text.partition("Verlauf")[0]
    change(task, claim_used_at=utc_now() - timedelta(minutes=31))
    mia.post(f"/desk/tasks/{task}/take-over")
    found = the_task(task)
    assert found.claimed_by_id == desk.people["mia"].id
    assert (
        'Übernommen, weil nicht daran gearbeitet wurde; vorher</strong>: <bdi class="said">Nils Nebenan'
        in mia.get(f"/desk/tasks/{task}").text
    )


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
