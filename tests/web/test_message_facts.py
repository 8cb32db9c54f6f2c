"""Key facts of a message on its task's page: lit, offered, never taken over without a button."""

from __future__ import annotations

from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Recording
from ivr.platform import database
from tests.support.people import a_task, the_task

SAID = (
    "mein name ist eva stein meine nummer ist null eins sieben sechs zwei drei vier fünf sechs sieben acht neun "
    "ich habe einen brief vom zwölften märz"
)


def a_message_that_says(said: str, language: str = "de") -> tuple[int, int]:
    """A task with this transcript, and its recording."""
    task_id = a_task(text="x", language=language)
    with database.writing() as session:
        recording = session.scalars(select(Recording)).one()
        transcript = recording.transcript
        transcript.text, transcript.confidence, transcript.transcribed_at = said, 0.9, utc_now()
        transcript.engine, transcript.state = "test", "done"
        transcript.words = [
            {"word": word, "start": at, "end": at + 1, "confidence": 0.9} for at, word in enumerate(said.split())
        ]
        return task_id, recording.id


def test_facts_are_offered_and_taken_over_by_a_button_alone(desk) -> None:
    task_id, recording_id = a_message_that_says(SAID)
    shown = the_task(task_id).callback_number
    member = desk("mia")
    assert "Eva Stein" not in member.get(f"/desk/tasks/{task_id}").text, "covered"
    refused = {"kind": "name", "value": "Eva Stein"}
    member.post(f"/desk/recordings/{recording_id}/fact", data=refused)
    assert the_task(task_id).caller_name is None, "covered"
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}").text
    assert "Eva Stein" in page
    assert "0176 23456789" in page
    assert "nicht die Nummer für den Rückruf" in page
    assert page.count("app-word--fact") == 2 + 12 + 2
    task = the_task(task_id)
    assert (task.caller_name, task.callback_number) == (None, shown), "nothing is taken over by itself"
    for kind, value in (("name", "Eva Stein"), ("phone", "+4917623456789"), ("date", "--03-12")):
        member.post(f"/desk/recordings/{recording_id}/fact", data={"kind": kind, "value": value})
    task = the_task(task_id)
    assert (task.caller_name, task.callback_number) == ("Eva Stein", "+4917623456789")
    assert task.contacts[0].callback_number == "+4917623456789"
    assert [event.text for event in task.events if event.kind == "noted"] == ["Datum: 12.03."]
    assert [event.user_id for event in task.events if event.kind == "number_given"] == [desk.people["mia"].id]
    assert "nicht die Nummer für den Rückruf" not in member.get(f"/desk/tasks/{task_id}").text


def test_what_the_message_does_not_say_is_not_taken_over(desk) -> None:
    task_id, recording_id = a_message_that_says(SAID)
    desk("mia").post(f"/desk/tasks/{task_id}/claim")
    for kind, value, status in (("phone", "+4917699999999", 404), ("amount", "5", 302), ("", "", 302)):
        answer = desk("mia").post(f"/desk/recordings/{recording_id}/fact", data={"kind": kind, "value": value})
        assert answer.status_code in (status, 400)
    assert (
        desk("sven")
        .post(f"/desk/recordings/{recording_id}/fact", data={"kind": "name", "value": "Eva Stein"})
        .status_code
        == 404
    )
    assert the_task(task_id).caller_name is None
