"""What is covered, who has read what, and that nobody can change the log of it unseen."""

from __future__ import annotations

import json
import re
import runpy
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from ivr.audit import access_log, access_reports, anchors, break_glass, verification
from ivr.audit.access_log import Actor
from ivr.cli import hotline as command_line
from ivr.config import settings
from ivr.domain.timestamps import iso, utc_now
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import blob_storage, database
from ivr.privacy import erasure, subject_access
from ivr.web.app import create_app
from tests.support.people import a_task, the_task

ROOT = Path(__file__).parent.parent.parent


def lines(*actions: str) -> list[AccessLine]:
    with database.reading() as session:
        query = select(AccessLine).order_by(AccessLine.number)
        return [line for line in session.scalars(query) if not actions or line.action in actions]


SECRETS = ("4915112345678", "Demir", "Stromsperre", "Mittwoch")


def a_secret_task(number: str = "+4915112345678") -> int:
    """A task with everything a caller could be known by."""
    task_id = a_task(text="Mir droht eine Stromsperre", number=number)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        mia = session.scalar(select(User).where(User.username == "mia"))
        from ivr.callbacks import collaboration, events, workflow

        workflow.claim(session, task, mia, utc_now())
        collaboration.name_caller(session, task, mia, "Yıldız Demir", utc_now())
        events.note(session, task, mia, "Kommt am Mittwoch", utc_now())
        workflow.release(session, task, mia, utc_now())
    return task_id


def test_a_task_is_covered_until_somebody_claims_it(desk) -> None:
    task = a_secret_task()
    recording = _recording(task)
    nils = desk("nils")
    page = nils.get(f"/desk/tasks/{task}").text
    assert [secret for secret in SECRETS if secret in page] == []
    assert the_task(task).receipt_code in page
    assert nils.get(f"/desk/recordings/{recording}.wav").status_code == 403
    assert nils.get(f"/desk/recordings/{recording}.svg").status_code == 403
    for path, form in (("name", {"name": "X"}), ("text", {"template": "sms_missed", "text": "Hallo"})):
        nils.post(f"/desk/tasks/{task}/{path}", data=form)
    nils.post(f"/desk/recordings/{recording}/correct", data={"text": "anders"})
    assert the_task(task).caller_name == "Yıldız Demir"
    nils.post(f"/desk/tasks/{task}/claim")
    page = nils.get(f"/desk/tasks/{task}").text
    assert [secret for secret in SECRETS if secret not in page] == []
    assert nils.get(f"/desk/recordings/{recording}.wav").status_code == 200
    assert [secret for secret in SECRETS if secret in desk("mia").get(f"/desk/tasks/{task}").text] == []
    assert "Demir" not in desk("mia").get("/desk/?view=all").text
    assert "Demir" in nils.get("/desk/?view=all").text


def _recording(task: int) -> int:
    with database.reading() as session:
        return session.get_one(CallbackTask, task).messages[0].recording.id


def test_a_closed_task_is_covered_again_and_opened_with_a_reason(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "letter_sent"})
    assert "Demir" in mia.get(f"/desk/tasks/{task}").text, "what was just written can be looked at"
    with database.writing() as session:
        session.get_one(CallbackTask, task).closed_at = utc_now() - timedelta(minutes=61)
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    for reason in ({}, {"reason": "curious"}, {"reason": "other", "reason_text": " . "}):
        mia.post(f"/desk/tasks/{task}/open", data=reason)
        assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    mia.post(f"/desk/tasks/{task}/open", data={"reason": "complaint", "reason_text": "Widerspruch"})
    assert "Demir" in mia.get(f"/desk/tasks/{task}").text
    opened = lines("open")[-1]
    assert (opened.actor, opened.task_id, opened.reason) == ("Mia Mitglied", task, "complaint: Widerspruch")
    with database.writing() as session:
        session.execute(text("UPDATE openings SET until_at = opened_at"))
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text, "an hour is over"


def test_another_teams_task_is_opened_by_its_code_and_that_team_sees_it(desk) -> None:
    task, sven, mia = a_secret_task(), desk("sven"), desk("mia")
    code, recording = the_task(task).receipt_code, _recording(task)
    assert sven.get(f"/desk/tasks/{task}").status_code == 404
    assert sven.get(f"/desk/recordings/{recording}.wav").status_code == 404
    unreasoned = sven.post("/desk/open", data={"code": code})
    assert (unreasoned.status_code, "Demir" in unreasoned.text) == (400, False)
    assert sven.post("/desk/open", data={"code": "12345674", "reason": "caller_asks"}).status_code == 404
    page = sven.post("/desk/open", data={"code": f"{code[:4]} {code[4:]}", "reason": "caller_asks"})
    assert (page.status_code, "Demir" in page.text) == (200, True)
    assert sven.get(f"/desk/recordings/{recording}.wav").status_code == 200
    assert sven.post(f"/desk/tasks/{task}/claim").status_code == 404, "reading is all"
    seen = mia.get("/desk/readers").text
    assert "Sven Fremd" in seen
    assert code in seen
    assert "Sven Fremd" in mia.get(f"/desk/tasks/{task}/readers").text


def test_codes_cannot_be_guessed(desk) -> None:
    task, sven = a_secret_task(), desk("sven")
    for _ in range(6):
        sven.post("/desk/open", data={"code": "00000000", "reason": "caller_asks"})
    locked = sven.post("/desk/open", data={"code": the_task(task).receipt_code, "reason": "caller_asks"})
    assert (locked.status_code, "Demir" in locked.text) == (429, False)


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


def test_who_claims_reads_and_gives_back_is_seen(desk) -> None:
    read, called, kept = (a_secret_task(f"+49151123456{last}") for last in (11, 12, 13))
    for task in (read, called, kept):
        desk("nils").post(f"/desk/tasks/{task}/claim")
        desk("nils").get(f"/desk/tasks/{task}")
    desk("nils").post(f"/desk/tasks/{called}/attempt", data={"outcome": "no_answer"})
    for task in (read, called):
        desk("nils").post(f"/desk/tasks/{task}/release")
    with database.reading() as session:
        found = access_reports.unusual(session, utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1))
    assert [one.task_ids for one in found if one.kind == "no_call" and one.actor == "Nils Nebenan"] == [(read,)]


def test_what_is_handed_out_at_night_is_seen(desk) -> None:
    task = a_secret_task()
    night = utc_now().astimezone(settings.settings().hours.zone).replace(hour=23, minute=30)
    lena = Actor("Lena Leitung", "supervisor", desk.people["lena"].id)
    with database.writing() as session:
        access_log.append(
            session, lena, "download", night, task=session.get_one(CallbackTask, task), reason="request 1"
        )
    with database.reading() as session:
        found = access_reports.unusual(session, night - timedelta(hours=1), night + timedelta(hours=1))
    assert ("at_night", (task,)) in [(one.kind, one.task_ids) for one in found]


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


def test_a_reason_of_nothing_is_none(desk) -> None:
    task = a_secret_task()
    for nothing in (".....", "\u200b" * 6, "- - - - -", "x"):
        desk("nils").post(f"/desk/tasks/{task}/open", data={"reason": "other", "reason_text": nothing})
        assert "Demir" not in desk("nils").get(f"/desk/tasks/{task}").text


@pytest.mark.parametrize(
    ("reader", "caller", "is_own"),
    [
        ("Berta Müller-Schmidt", "Anna Mueller", True),
        ("Bert Müller-Schmidt", "Anna Müller-Schmidt", True),
        ("Nadia El-Sayed", "Ahmed El-Masri", False),  # many names begin so
        ("Yan Li", "Li Wei", True),
        ("Mia Mitglied", "Anna Mueller", False),
    ],
)
def test_names_of_two_parts_are_compared_part_by_part(desk, reader: str, caller: str, is_own: bool) -> None:
    task = a_task("benefits")
    with database.writing() as session:
        session.scalars(select(User).where(User.username == "mia")).one().name = reader
        session.get_one(CallbackTask, task).caller_name = caller
    desk("mia").post(f"/desk/tasks/{task}/claim")
    desk("mia").get(f"/desk/tasks/{task}")
    with database.reading() as session:
        found = access_reports.unusual(session, utc_now() - timedelta(hours=1), utc_now() + timedelta(hours=1))
    assert ("own_name" in {one.kind for one in found}) is is_own


def some_lines(count: int = 40) -> None:
    with database.writing() as session:
        for number in range(count):
            access_log.append(session, Actor(f"p{number % 3}", "member", 1), "view", utc_now(), detail=f"{number}")


def faults() -> list[str]:
    """What is wrong with the lines; who forges them takes the triggers away first, which is a fault of its own."""
    return [fault for fault in verification.faults_of_database()[1] if not fault.startswith("nothing refuses")]


def disarm() -> None:
    """What somebody with the database's own password can do."""
    with database.engine().execution_options(writing=True).begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE access_log DISABLE TRIGGER ALL"))


def test_who_takes_the_triggers_away_is_seen(desk) -> None:
    some_lines(3)
    disarm()
    assert faults() == []
    found = verification.faults_of_database()[1]
    assert found
    assert all("is missing" in fault for fault in found)


def test_an_emptied_log_is_seen_before_the_first_head_is_kept(desk) -> None:
    desk("mia")
    disarm()
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("DELETE FROM access_log"))
        connection.execute(text(f"UPDATE access_head SET number = 0, hash = '{access_log.GENESIS}'"))
    assert faults() == ["the log is empty, though somebody has logged in"]


FORGERIES = {
    "changed": "UPDATE access_log SET actor = 'somebody' WHERE number = 7",
    "a reason changed": "UPDATE access_log SET reason = 'claim' WHERE number = 7",
    "one left out": "DELETE FROM access_log WHERE number = 7",
    "the end cut": "DELETE FROM access_log WHERE number > 30",
    "the end cut, the head too": (
        "DELETE FROM access_log WHERE number > 30; "
        "UPDATE access_head SET number = 30, hash = (SELECT hash FROM access_log WHERE number = 30)"
    ),
    "the front cut": "DELETE FROM access_log WHERE number < 10",
    "emptied by a line that says so": (
        "INSERT INTO access_log SELECT 41, at, 'trimmed', NULL, 'hotline', 'hotline', NULL, NULL, '', '', hash, 40, "
        "hash, 'x' FROM access_log WHERE number = 40; DELETE FROM access_log WHERE number <= 40; "
        "UPDATE access_head SET number = 41, hash = 'x'"
    ),
    "all gone": f"DELETE FROM access_log; UPDATE access_head SET number = 0, hash = '{access_log.GENESIS}'",
    "re-ordered": (
        "UPDATE access_log SET number = 1000 WHERE number = 7; UPDATE access_log SET number = 7 WHERE number = 8; "
        "UPDATE access_log SET number = 8 WHERE number = 1000"
    ),
    "repeated": (
        "INSERT INTO access_log SELECT 41, at, action, user_id, actor, role, task_id, team, reason, address, detail, "
        "trimmed_through, previous, hash FROM access_log WHERE number = 40; UPDATE access_head SET number = 41"
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_log_is_found(empty_database, forgery: str) -> None:
    some_lines()
    assert anchors.keep(utc_now())
    assert faults() == []
    disarm()
    with database.engine().execution_options(writing=True).begin() as connection:
        for statement in FORGERIES[forgery].split("; "):
            connection.execute(text(statement))
    assert faults() != []
    answer = CliRunner().invoke(command_line, ["audit", "verify"])
    assert (answer.exit_code, "not whole" in answer.output, faults()[0] in answer.output) == (1, True, True)


def test_a_log_made_anew_from_the_start_is_found(empty_database) -> None:
    """Whoever can write the database can make a chain that fits: but not the heads that were kept elsewhere."""
    some_lines()
    anchors.keep(utc_now())
    disarm()
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(text("DELETE FROM access_log"))
        connection.execute(text(f"UPDATE access_head SET number = 0, hash = '{access_log.GENESIS}'"))
    some_lines()
    assert any("another than" in fault for fault in faults())
    later = utc_now() + timedelta(hours=2)
    assert not anchors.keep(later), "and no head is kept that would hide it"
    name = next(iter(blob_storage.store().names(anchors.PREFIX)))
    head = json.loads(blob_storage.store().get(name))
    with database.reading() as session:
        head["hash"] = session.get_one(AccessLine, head["number"]).hash
    blob_storage.store().put(name, json.dumps(head).encode())
    assert any("was changed" in fault for fault in faults())


def test_the_database_itself_refuses(empty_database) -> None:
    some_lines(5)
    for statement in (
        "UPDATE access_log SET actor = 'x' WHERE number = 2", "DELETE FROM access_log WHERE number = 2",
        "INSERT INTO access_log SELECT * FROM access_log WHERE number = 2",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), database.writing() as session:
            session.execute(text(statement))
    if database.engine().dialect.name == "sqlite":
        with pytest.raises(DatabaseError), database.writing() as session:
            session.execute(text("INSERT OR REPLACE INTO access_log SELECT * FROM access_log WHERE number = 2"))
    else:
        with pytest.raises(DatabaseError), database.writing() as session:
            session.execute(text("TRUNCATE access_log"))
    assert faults() == []


def test_old_lines_go_and_the_chain_stays_whole(empty_database) -> None:
    some_lines(10)
    with database.reading() as session:
        boundary = session.get_one(AccessLine, 6).at
    with database.writing() as session:
        assert access_log.trim(session, boundary, utc_now()) == 5
    some_lines(3)
    assert faults() == []
    assert [line.number for line in lines()][:2] == [6, 7]
    file = empty_database.var_dir / "trimmed.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(verification.export(utc_now())), encoding="utf-8")
    assert verification.faults_of_file(file) == (9, [])
    without = [line for line in file.read_text().splitlines() if '"trimmed"' not in line]
    file.write_text("\n".join(without) + "\n")
    assert verification.faults_of_file(file)[1] != []


@pytest.fixture
def exported(empty_database, tmp_path) -> Path:
    some_lines(30)
    path = tmp_path / "log.jsonl"
    answer = CliRunner().invoke(command_line, ["audit", "export", str(path)])
    assert answer.exit_code == 0, answer.output
    return path


SPOILED = {
    "a line changed": lambda rows: [*rows[:4], rows[4].replace('"p', '"q'), *rows[5:]],
    "a line left out": lambda rows: [*rows[:4], *rows[5:]],
    "the front cut": lambda rows: rows[4:],
    "the end cut": lambda rows: rows[:-5],
    "the end cut, an end put there": lambda rows: [*rows[:-5], rows[-1]],
    "re-ordered": lambda rows: [*rows[:3], rows[4], rows[3], *rows[5:]],
    "repeated": lambda rows: [*rows[:4], rows[3], *rows[4:]],
    "no end": lambda rows: rows[:-1],
    "something after the end": lambda rows: [*rows, rows[3]],
    "a name twice": lambda rows: [*rows[:3], rows[3].replace("{", '{"actor": "Mallory", ', 1), *rows[4:]],
    "nonsense": lambda rows: [*rows[:3], "{", *rows[3:]],
    "nonsense, deeply nested": lambda rows: [*rows[:3], "[" * 200_000, *rows[3:]],
    "empty": lambda rows: [],
}


@pytest.mark.parametrize("spoiling", SPOILED)
def test_a_spoiled_file_is_found_by_who_has_only_the_file(exported, spoiling: str) -> None:
    assert verification.faults_of_file(exported, alone=True)[1] == []
    rows = exported.read_text(encoding="utf-8").splitlines()
    exported.write_text("\n".join(SPOILED[spoiling](rows)) + "\n", encoding="utf-8")
    assert verification.faults_of_file(exported, alone=True)[1] != []
    assert CliRunner().invoke(command_line, ["audit", "verify", "--alone", str(exported)]).exit_code == 1


def test_the_programme_in_the_docs_checks_a_file_with_nothing_of_ours(exported, tmp_path) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "access-log.md").read_text(encoding="utf-8"), re.S)[1]
    script = tmp_path / "check.py"
    script.write_text(code, encoding="utf-8")
    import sys

    sys.argv = ["check.py", str(exported)]
    runpy.run_path(str(script))
    rows = exported.read_text(encoding="utf-8").splitlines()
    exported.write_text("\n".join([*rows[:4], *rows[5:]]) + "\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        runpy.run_path(str(script))


def test_an_old_export_is_an_old_export(exported, monkeypatch) -> None:
    """A file from before is whole; that there is more by now is said."""
    some_lines(7)
    answer = CliRunner().invoke(command_line, ["audit", "verify", str(exported)])
    assert (answer.exit_code, "has got 7 lines since" in answer.output) == (0, True), answer.output
    forged = exported.with_name("forged.jsonl")
    rows = [json.loads(row) for row in exported.read_text(encoding="utf-8").splitlines()]
    previous = access_log.GENESIS
    for row in rows[:-1]:  # a chain that fits, of other lines
        row.pop("hash")
        row["actor"], row["previous"] = "nobody", previous
        row["hash"] = previous = access_log.digest(row)
    rows[-1]["hash"] = previous
    forged.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    assert verification.faults_of_file(forged, alone=True)[1] != [], "its end's seal does not fit"
    monkeypatch.setenv("SECRET_KEY", "somebody else's")
    settings.settings.cache_clear()
    end = {name: value for name, value in rows[-1].items() if name not in ("key", "seal")}
    forged.write_text("\n".join(json.dumps(row) for row in [*rows[:-1], anchors.sign(end)]) + "\n")
    theirs = anchors.public_key()
    monkeypatch.delenv("SECRET_KEY")
    settings.settings.cache_clear()
    assert verification.faults_of_file(forged, alone=True)[1] == []
    assert verification.key_of_file(forged) == theirs != anchors.public_key(), "the key tells"
    assert theirs in CliRunner().invoke(command_line, ["audit", "verify", "--alone", str(forged)]).output
    assert anchors.public_key() in CliRunner().invoke(command_line, ["audit", "head"]).output
    assert CliRunner().invoke(command_line, ["audit", "verify", str(forged)]).exit_code == 1


def test_two_who_write_at_once_write_one_chain(empty_database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def write(number: int) -> None:
        with database.writing() as session:
            access_log.append(session, Actor(f"p{number}", "member", number), "view", utc_now())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    assert verification.faults_of_database() == (60, [])


def test_unusual_reading(desk, monkeypatch) -> None:
    monkeypatch.setattr(access_reports, "MANY_TASKS", 2)
    monkeypatch.setattr(access_reports, "MANY_SEARCHES", 2)
    monkeypatch.setattr(access_reports, "MANY_EXPORTED", 1)
    tasks = [a_secret_task(f"+491511234567{number}") for number in range(3)]
    people, now = desk.people, utc_now()
    night = now.astimezone().replace(hour=23, minute=30)
    with database.writing() as session:
        session.get_one(CallbackTask, tasks[0]).caller_name = "Ayşe Mitglied"
        by = Actor("Mia Mitglied", "member", people["mia"].id)
        for task_id in tasks:
            task = session.get_one(CallbackTask, task_id)
            access_log.append(session, by, "open", now, task=task, reason="other: neugierig")
            access_log.append(session, by, "view", now, task=task, reason="other: neugierig")
        access_log.append(session, by, "view", night, task=task, reason="claim")
        for number in range(3):
            access_log.append(session, by, "search", now, detail=f"words {number}")
        access_log.append(session, by, "export", now, detail="tasks 1-5,9")
    page = desk("dora").get("/protection/unusual")
    assert page.status_code == 200
    with database.reading() as session:
        found = access_reports.unusual(session, now - timedelta(days=2), now + timedelta(days=2))
    kinds = {one.kind: one for one in found}
    assert set(kinds) >= {"many_tasks", "many_searches", "many_exported", "at_night", "own_name", "no_call"}
    assert (kinds["many_tasks"].count, kinds["many_exported"].count) == (3, 6)
    assert kinds["own_name"].task_ids == (tasks[0],)
    assert "Demir" not in page.text


def test_the_officer_reads_filters_verifies_and_exports(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.get(f"/desk/tasks/{task}")
    dora = desk("dora")
    assert "Mia Mitglied" in dora.get("/protection/?actor=Mia Mitglied&action=view").text
    assert "vollständig" in dora.post("/protection/verify", follow_redirects=True).text
    exported = dora.get("/protection/access-log.jsonl")
    rows = [json.loads(row) for row in exported.text.splitlines()]
    assert rows[-1]["end"]
    assert rows[-1]["lines"] == len(rows) - 1
    assert [line.action for line in lines()][-2:] == ["read_log", "export_log"]


def test_a_restricted_task_is_opened_by_nobody(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    with database.writing() as session:
        session.get_one(CallbackTask, task).restricted_at = utc_now()
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    mia.post(f"/desk/tasks/{task}/open", data={"reason": "complaint"})
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    with database.reading() as session:
        assert (
            break_glass.reason_for(session, session.get_one(CallbackTask, task), desk.people["mia"], utc_now()) is None
        )
        assert session.scalar(select(Recording.state)) == "stored"


def test_heads_are_thinned_to_one_a_day_and_none_that_disagrees_goes(empty_database) -> None:
    now = utc_now().replace(hour=12, minute=0)
    for hours in range(240, 0, -1):
        some_lines(1)
        assert anchors.keep(now - timedelta(hours=hours))
        assert not anchors.keep(now - timedelta(hours=hours) + timedelta(minutes=5)), "once an hour"
    names = anchors._names()
    days = [name[11:19] for name in names]
    assert days.count(days[0]) == 1
    assert len(names) < 7 * 24 + 10
    assert faults() == []


def test_the_log_cannot_be_emptied_by_a_line_that_says_so(empty_database) -> None:
    """Well chained, by somebody who can write into the database, triggers and all; but not sealed by the hotline."""
    some_lines()
    anchors.keep(utc_now())
    with database.writing() as session:
        last = session.get_one(AccessLine, 40)
        access_log.append(
            session, access_log.THE_HOUSE, "trimmed", utc_now(), detail=last.hash, reason="x", trimmed_through=40
        )
        session.execute(text("DELETE FROM access_log WHERE number <= 40"))
    assert faults() == ["the line that says that lines up to 40 were deleted is not of this hotline"]
