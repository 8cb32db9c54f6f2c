"""A forged, shortened or spoiled access log is found."""

from __future__ import annotations

import json
import re
import runpy
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from ivr.audit import access_log, anchors, verification
from ivr.cli import hotline as command_line
from ivr.config import settings
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.platform import blob_storage, database
from tests.support.access_lines import faults, lines, some_lines
from tests.support.volume import volume

ROOT = Path(__file__).parent.parent.parent


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


#: Between two heads that are kept; a head is kept every hour.
HOURS_APART = volume(test=4, ci=1, soak=1)


def test_heads_are_thinned_to_one_a_day_and_none_that_disagrees_goes(empty_database) -> None:
    now = utc_now().replace(hour=12, minute=0)
    for hours in range(240, 0, -HOURS_APART):
        some_lines(1)
        assert anchors.keep(now - timedelta(hours=hours))
        assert not anchors.keep(now - timedelta(hours=hours) + timedelta(minutes=5)), "once an hour"
    names = anchors._names()
    days = [name[11:19] for name in names]
    assert days.count(days[0]) == 1
    assert len(names) < 7 * 24 // HOURS_APART + 10
    assert faults() == []


def test_the_log_cannot_be_emptied_by_a_line_that_says_so(empty_database) -> None:
    """Well chained, by somebody who can write into the database, triggers and all; but not sealed by the hotline."""
    some_lines()
    anchors.keep(utc_now())
    with database.writing() as session:
        last = session.get_one(AccessLine, 40)
        access_log.append(
            session, access_log.SYSTEM, "trimmed", utc_now(), detail=last.hash, reason="x", trimmed_through=40
        )
        session.execute(text("DELETE FROM access_log WHERE number <= 40"))
    assert faults() == ["the line that says that lines up to 40 were deleted is not of this hotline"]
