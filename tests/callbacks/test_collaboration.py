"""Several members at one task: notices, drafts and corrections."""

from __future__ import annotations

from sqlalchemy import func, select

from ivr.models.callbacks import CallbackTask
from ivr.models.desk import Draft
from ivr.models.voicebox import Transcript
from ivr.platform import database
from tests.support.desk import codes
from tests.support.people import a_task

BIDI = "\u202e"


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
