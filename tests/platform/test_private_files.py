"""Who else has a log-in on the machine reads nothing of the hotline's."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.config.settings import settings
from ivr.platform import private_files
from tests.support.environment import ROOT, forget_settings


def readable_for_others(directory: Path) -> list[str]:
    found = [directory, *directory.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and path.lstat().st_mode & 0o077]


#: Each command begins as `python -m ivr` does, with the umask of who calls it; modules are imported once.
ONE_AFTER_THE_OTHER = """
import json, os, runpy, sys
umask, commands = int(sys.argv[1]), json.loads(sys.argv[2])
for command in commands:
    os.umask(umask)
    sys.argv = ["ivr", *command]
    try:
        runpy.run_module("ivr", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        print("exit status", ended.code or 0)
"""


@pytest.mark.since("ci")
@pytest.mark.parametrize(
    "umask", [*(pytest.param(one, marks=pytest.mark.since("ci")) for one in (0o022, 0o002)), 0o000]
)
def test_what_commands_write_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path / "deep" / "var"), "DATABASE_URL": ""}
    commands = (["migrate"], ["tokens", "add", "report"], ["demo", "seed", "--days", "1", "--calls-per-day", "5"],
                ["backup", str(tmp_path / "deep" / "one.backup")])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", ONE_AFTER_THE_OTHER, str(umask), json.dumps(commands)], cwd=ROOT,
                          env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("exit status 0") == len(commands), done.stderr
    assert (tmp_path / "deep" / "var" / "hotline.sqlite3").exists()
    assert readable_for_others(tmp_path / "deep") == []


@pytest.mark.since("ci")
def test_a_database_at_another_place_is_private_too(tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    environment = {**os.environ, "VAR_DIR": str(tmp_path / "var"), "DATABASE_URL": f"sqlite:///{place / 'own.sqlite3'}"}
    for modes in ({}, {"own.sqlite3": 0o644}):
        for name, mode in modes.items():
            (place / name).chmod(mode)
        done = subprocess.run([sys.executable, "-m", "ivr", "migrate"], cwd=ROOT, env=environment, umask=0o022,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert readable_for_others(place) == []


def test_modes_of_an_older_installation_are_mended_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    var = tmp_path / "var"
    (var / "audio" / "ab").mkdir(parents=True)
    for name in ("hotline.sqlite3", "hotline.sqlite3-wal", "audio/ab/one.sealed"):
        (var / name).write_text("data")
        (var / name).chmod(0o664)
    (tmp_path / "models").mkdir(mode=0o755)
    (var / "models").symlink_to(tmp_path / "models")
    with caplog.at_level(logging.WARNING):
        assert private_files.mend(var) == 6
    assert readable_for_others(var) == []
    assert (tmp_path / "models").stat().st_mode & 0o777 == 0o755, "what a link leads to is somebody else's business"
    assert "6 files or directories" in caplog.text
    caplog.clear()
    assert private_files.mend(var) == 0
    assert caplog.text == ""


@pytest.mark.parametrize("foreign", ["passwd", "lib", "README.md"])
def test_a_directory_that_is_not_ours_keeps_its_modes_whoever_names_it(tmp_path: Path, foreign: str) -> None:
    """`VAR_DIR=/etc` as root; a project; and the second start, when files of ours are in it."""
    place = tmp_path / "place"
    for name in (".git", "log", "spool"):
        (place / name).mkdir(parents=True, mode=0o755)
    (place / foreign).touch()
    for name in ("log/syslog", "spool/cron", "hotline.sqlite3", "run.lock"):
        (place / name).touch()
        (place / name).chmod(0o644)
    before = {path: path.stat().st_mode for path in (place, *place.rglob("*"))}
    assert private_files.mend(place) == 2, "our two files"
    changed = {path.name for path, mode in before.items() if path.stat().st_mode != mode}
    assert changed == {"hotline.sqlite3", "run.lock"}


def test_what_is_no_directory_and_a_device_keep_their_modes(tmp_path: Path) -> None:
    """`VAR_DIR=/etc/passwd`, `DATABASE_URL=sqlite:////dev/null`."""
    (tmp_path / "passwd").touch()
    (tmp_path / "passwd").chmod(0o644)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe").chmod(0o666)
    assert private_files.mend(tmp_path / "passwd", tmp_path / "pipe") == 0
    assert stat.S_IMODE((tmp_path / "passwd").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "pipe").stat().st_mode) == 0o666


def test_whatever_the_hotline_makes_in_its_directory_counts_as_its_own(tmp_path: Path) -> None:
    """Else the directory counts as somebody else's, and no mode in it is mended: so it was with PostgreSQL."""
    made: set[str] = set()
    for module in (ROOT / "ivr").rglob("*.py"):
        made.update(re.findall(r'var_dir / f?"([^"/]+)', module.read_text()))
    assert {"audio", "connections", "spool"} <= made
    for name in made:
        (tmp_path / name).touch()
    assert private_files.strangers(tmp_path) == []


def test_a_directory_of_everybody_is_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "somebodys").touch(mode=0o644)
    (shared / "somebodys").chmod(0o644)
    assert private_files.mend(shared) == 0
    assert (shared / "somebodys").stat().st_mode & 0o777 == 0o644
    assert private_files.mend(tmp_path / "missing") == 0


def test_a_directory_that_is_named_as_the_database_keeps_its_mode(tmp_path: Path) -> None:
    """`DATABASE_URL=sqlite:////tmp`: no program of another user could write there any more."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    assert list(private_files.open_to_others(tmp_path / "var", shared)) == []
    assert private_files.mend(tmp_path / "var", shared) == 0
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_a_directory_on_another_disk_to_which_a_link_leads_is_mended_too(tmp_path: Path) -> None:
    """`VAR_DIR` is a link that somebody has made because the disk was small."""
    disk, var = tmp_path / "disk", tmp_path / "var"
    (disk / "audio").mkdir(parents=True)
    for name in ("hotline.sqlite3", "audio/one.sealed"):
        (disk / name).touch()
        (disk / name).chmod(0o644)
    var.symlink_to(disk)
    assert len(list(private_files.open_to_others(var))) == 4
    assert private_files.mend(var) == 4
    assert readable_for_others(disk) == []
    (disk / "passwd").touch()
    (disk / "audio").chmod(0o755)
    assert private_files.mend(var) == 0, "a directory of somebody else stays as it is"


@pytest.mark.parametrize("linked", ["file", "directory"])
def test_a_database_to_which_a_link_leads_is_mended_too(tmp_path: Path, monkeypatch, linked: str) -> None:
    (tmp_path / "disk").mkdir()
    for name in ("own.sqlite3", "own.sqlite3-wal"):
        (tmp_path / "disk" / name).touch()
        (tmp_path / "disk" / name).chmod(0o644)
    link = tmp_path / "link" if linked == "directory" else tmp_path / "link.sqlite3"
    link.symlink_to(tmp_path / "disk" if linked == "directory" else tmp_path / "disk" / "own.sqlite3")
    database = link / "own.sqlite3" if linked == "directory" else link
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    forget_settings()
    private_files.mend(tmp_path / "var", *settings().private_paths)
    assert readable_for_others(tmp_path / "disk")[1:] == [], "the directory is not the hotline's"
