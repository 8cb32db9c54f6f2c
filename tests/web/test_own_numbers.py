"""The hotline's own numbers are nobody's: it would call itself, whatever page somebody enters one in."""

from __future__ import annotations

from datetime import datetime

import pytest

from ivr.callbacks import further_attempts, request_status
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.contact_centre import outbound_callbacks
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.support.people import a_task, the_task
from tests.web.test_message_facts import a_message_that_says

SAID = "ich habe schon dreimal die null vier zwei eins eins sieben acht zwei sechs sechs sechs angerufen"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("0421 178-2666", "Nummer der Hotline selbst"),
        ("+1 212 736 5000", "ruft in diesem Land nicht an"),
        ("110", "kann nicht angerufen werden"),
    ],
)
def test_a_member_answers_no_calls_at_a_telephone_that_is_not_rung(desk, number: str, why: str) -> None:
    mia = desk("mia")
    answer = mia.post("/desk/live/come", data={"number": number}, follow_redirects=True)
    assert why in answer.text
    with database.reading() as session:
        assert session.get(Presence, desk.people["mia"].id) is None


def test_a_caller_who_names_the_hotlines_number_is_not_called_back_there(desk) -> None:
    task_id, recording_id = a_message_that_says(SAID)
    shown = the_task(task_id).callback_number
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task_id}/claim")
    assert "nicht die Nummer für den Rückruf" not in mia.get(f"/desk/tasks/{task_id}").text
    fact = {"kind": "phone", "value": settings().hotline_number}
    assert mia.post(f"/desk/recordings/{recording_id}/fact", data=fact).status_code == 404
    assert the_task(task_id).callback_number == shown


def test_a_task_with_the_hotlines_number_waits_for_another_one(desk) -> None:
    task_id = a_task(number=settings().hotline_number)
    now: datetime = utc_now()
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        with pytest.raises(Refused, match="no_number"):
            outbound_callbacks.check_may_dial(task, now)
        assert not further_attempts.follows(task, now)
        assert not request_status.has_number(task.contacts[0])
