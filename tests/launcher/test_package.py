"""The wheel alone, away from the clone: `ivr run` starts everything from it, and a call becomes a task."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from tests.support.environment import ROOT
from tests.support.servers import free_port
from tests.support.waiting import eventually


def wheel(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("jobcenter_hotline-*.whl")
    return built


@pytest.mark.since("ci")
def test_the_wheel_holds_everything_and_runs_a_call(tmp_path: Path) -> None:
    built = wheel(tmp_path)
    held = set(zipfile.ZipFile(built).namelist())
    listed = ["git", "ls-files", "ivr", "voice_prompts", "Procfile"]
    tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in tracked if name not in held and f"ivr/{name}" not in held] == []
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(built)]
    subprocess.run(install, check=True)
    port = free_port()
    environment = {
        **os.environ, "PYTHONPATH": str(site), "VAR_DIR": str(work / "var"), "PORT": str(port),
        "VOICE_PORT": str(free_port()),
        "EXCHANGE_PORT": str(free_port()), "VOSK_MODEL_DIR": str(work), "LANGUAGES": '["de","en"]',
    }  # fmt: skip
    ivr = [sys.executable, "-m", "ivr"]
    where = subprocess.run([sys.executable, "-c", "import ivr; print(ivr.__file__)"], cwd=work, env=environment,
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert where.stdout.startswith(str(site)), "not the clone"
    (work / ".tried").touch()
    with (work / "log").open("w") as log:
        running = subprocess.Popen([*ivr, "run"], cwd=work, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: "Stop with Ctrl-C" in (work / "log").read_text(), 150, 0.2)
        call = subprocess.run([*ivr, "call", "--press", "1,2,1", "--say", "Guten Tag, eine Frage", "--at", "closed"],
                              cwd=work, env=environment, capture_output=True, text=True, check=False)  # fmt: skip
        assert call.returncode == 0, call.stdout + call.stderr
        page = requests.get(f"http://127.0.0.1:{port}/login", timeout=10)
        assert "Anmelden" in page.text, "templates and the German catalogue are there"
    finally:
        running.terminate()
        running.wait(60)
