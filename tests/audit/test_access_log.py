"""What is covered, who has read what, and that nobody can change the log of it unseen."""

from __future__ import annotations

import json
import threading
import time

from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from ivr.audit import access_log, access_reports, verification
from ivr.audit.access_log import Actor
from ivr.cli import hotline as command_line
from ivr.domain.timestamps import iso, utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import blob_storage, database
from ivr.privacy import erasure, subject_access
from ivr.web.app import create_app
from tests.support.access_lines import SECRETS, _recording, a_secret_task, faults, lines, some_lines
from tests.support.people import a_task, the_task


def test_every_reading_is_written_down(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    recording = _recording(task)
    mia.get(f"/desk/tasks/{task}")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.get(f"/desk/tasks/{task}")
    for piece in ("bytes=1-", "bytes=-500", "bytes=0-10"):
        mia.get(f"/desk/recordings/{recording}.wav", headers={"Range": piece})
    found = mia.post("/desk/search", data={"q": "Demir", "view": "all"})
    assert "Demir" not in found.headers["Location"], "no name in an address"
    assert the_task(task).receipt_code in mia.get(found.headers["Location"]).text
    mia.get("/desk/?view=all&q=nobody&seen=0123456789abcdef")
    mia.post("/desk/palette", data={"q": "+4915112345678"})
    mia.post("/desk/palette", data={"q": "nobody at all"})
    mia.post("/desk/selected", data={"action": "export", "task": [task]})
    told = [(line.action, line.task_id, line.detail.partition(" ")[0], line.reason) for line in lines()]
    assert told[-8:] == [
        ("view", task, "covered", ""),
        ("view", task, "", "claim"),
        ("listen", task, "recording", "claim"),
        ("search", None, "words", ""),
        ("search", None, "words", ""),
        ("search", None, "number", ""),
        ("search", None, "words", ""),
        ("export", task, "", ""),
    ]
    mine = [line for line in lines() if line.action in access_reports.READING]
    assert {line.actor for line in mine} == {"Mia Mitglied"}
    assert {line.address for line in mine} == {"127.0.0.1"}
    kept = json.dumps([access_log.written(line) for line in lines()])
    assert [secret for secret in (*SECRETS, the_task(task).receipt_code) if secret in kept] == []


def test_what_cannot_be_written_down_is_not_shown(desk, monkeypatch) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")

    def fails(*_: object, **__: object) -> None:
        raise DatabaseError("x", {}, Exception())

    monkeypatch.setattr(access_log, "append", fails)
    for path in (f"/desk/tasks/{task}", f"/desk/recordings/{_recording(task)}.wav"):
        answer = mia.get(path)
        assert (answer.status_code, "Demir" in answer.text) == (503, False)


def test_a_program_with_callers_data_is_written_down(desk, empty_database) -> None:
    from ivr.accounts.api_tokens import new_token

    task = a_secret_task()
    with database.writing() as session:
        bare = new_token(session, "dashboard", utc_now())
        whole = new_token(session, "archive", utc_now(), scopes=("tasks", "callers"))
    client = create_app().test_client()
    plain = client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {bare}"}).text
    assert [secret for secret in SECRETS if secret in plain] == []
    assert lines("export") == []
    assert "Stromsperre" in client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {whole}"}).text
    told = lines("export")[-1]
    assert (told.actor, told.role, told.task_id) == ("archive", "program", task)
    assert "archive" in desk("mia").get("/desk/readers").text


def test_who_reads_many_tasks_at_once_is_named_on_each(desk) -> None:
    from ivr.accounts.api_tokens import new_token

    tasks = [a_secret_task(), a_task("benefits"), a_task("under_25")]
    with database.writing() as session:
        whole = new_token(session, "archive", utc_now(), scopes=("tasks", "callers"))
    create_app().test_client().get("/api/v1/tasks", headers={"Authorization": f"Bearer {whole}"})
    (told,) = lines("export")
    assert told.detail == f"tasks {tasks[0]}-{tasks[-1]}"
    newer = a_task("benefits")
    for task in tasks[:2]:
        assert "archive" in desk("mia").get(f"/desk/tasks/{task}/readers").text
    assert "archive" not in desk("mia").get(f"/desk/tasks/{newer}/readers").text
    with database.reading() as session:
        task = session.get_one(CallbackTask, tasks[0])
        data = subject_access.collect(session, erasure.of_code(session, task.receipt_code))
    assert {"role": "program", "action": "export", "times": 1, "last_at": iso(told.at)} in data["readings"]


def test_a_log_is_whole_while_others_write_it(desk) -> None:
    some_lines(600)
    over = threading.Event()

    def writes() -> None:
        while not over.is_set():
            some_lines(1)
            time.sleep(0.01)

    writer = threading.Thread(target=writes)
    writer.start()
    try:
        assert [faults() for _ in range(5)] == [[]] * 5
    finally:
        over.set()
        writer.join()


def test_a_hold_tells_its_reason_to_who_may_know(desk) -> None:
    task = a_secret_task()
    desk("lena").post(f"/desk/tasks/{task}/hold", data={"reason": "Klage Olga Öztürk, S 12 AS 345/26"})
    assert "Klage Olga" in desk("lena").get(f"/desk/tasks/{task}").text
    covered = desk("nils").get(f"/desk/tasks/{task}").text
    assert "Löschsperre" in covered
    assert "Olga" not in covered
    desk("nils").post(f"/desk/tasks/{task}/claim")
    assert "Klage Olga" in desk("nils").get(f"/desk/tasks/{task}").text
    assert "Olga" not in "".join(map(str, (line.reason + line.detail for line in lines("hold_placed"))))


def test_every_recording_is_opened_on_demand(desk) -> None:
    whole, hurt = a_secret_task(), a_secret_task("+4915112345699")
    assert CliRunner().invoke(command_line, ["audit", "audio"]).exit_code == 0
    with database.reading() as session:
        sids = dict(session.execute(select(VoiceboxMessage.task_id, Recording.recording_sid).join(Recording)).all())
    (name,) = [name for name in blob_storage.store().names("audio/") if sids[hurt] in name]
    content = blob_storage.store().get(name)
    blob_storage.store().delete(name)
    blob_storage.store().put(name, content[:-1] + bytes([content[-1] ^ 1]))
    answer = CliRunner().invoke(command_line, ["audit", "audio"])
    assert (answer.exit_code, sids[hurt] in answer.output, sids[whole] in answer.output) == (1, True, False)


def test_two_who_write_at_once_write_one_chain(empty_database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        with database.writing() as session:
            access_log.append(session, Actor(f"p{number}", "member", number), "view", utc_now())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    assert verification.faults_of_database() == (60, [])
