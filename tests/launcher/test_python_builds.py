"""Which Python the environment is made with, where a machine has several builds of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ivr.launcher import bootstrap, python_builds

NAME = "python{}.{}".format(*sys.version_info[:2])


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Other builds on this machine: programs that do what a shell script says."""
    monkeypatch.setattr(python_builds, "_others", lambda: [str(path / NAME) for path in sorted(tmp_path.iterdir())])

    def add(name: str, does: str) -> str:
        path = tmp_path / name / NAME
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)
        return str(path)

    return add


def test_the_quickest_of_several_builds_is_taken(builds) -> None:
    builds("a", "echo 0.002")
    quick = builds("b", "echo 0.0001")
    assert python_builds.quickest() == quick


@pytest.mark.parametrize("does", ["echo 1000", "exit 1", "echo hello", "kill -9 $$", "exec nothing-of-this-name"])
def test_a_build_that_is_slower_or_cannot_be_used_is_not(builds, does: str) -> None:
    builds("other", does)
    assert python_builds.quickest() == sys.executable


def test_a_little_quicker_is_chance(builds, monkeypatch: pytest.MonkeyPatch) -> None:
    other = builds("other", "echo nothing")
    seconds = {sys.executable: 1.1, other: 1.0}
    monkeypatch.setattr(python_builds, "_seconds", seconds.get)
    assert python_builds.quickest() == sys.executable


def test_the_same_file_by_another_name_is_not_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).symlink_to(os.path.realpath(sys.executable))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.pathsep}/no/such/place")
    assert str(tmp_path / NAME) not in python_builds._others()


@pytest.mark.parametrize(("named", "taken"), [("", "quick"), ("1", sys.executable)])
def test_who_names_an_interpreter_gets_that_one(monkeypatch: pytest.MonkeyPatch, named: str, taken: str) -> None:
    commands: list[list[str]] = []

    class Done:
        returncode = 0

    def run(command: list[str], **_: object) -> Done:
        commands.append(command)
        return Done()

    monkeypatch.setattr(python_builds, "quickest", lambda: "quick")
    monkeypatch.setattr(bootstrap.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    monkeypatch.setenv("PYTHON_NAMED", named)
    bootstrap._make_venv()
    assert [command[0] for command in commands] == [taken]


def test_what_the_first_start_says_fits_every_terminal() -> None:
    """Nothing is set up yet that could replace a letter which a terminal lacks."""
    for module in (bootstrap, python_builds):
        assert Path(module.__file__ or "").read_text(encoding="utf-8").isascii(), module.__name__
