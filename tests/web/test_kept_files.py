"""A file of settings or prompts that is damaged or gone while the hotline runs ends nothing, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ivr.config import settings as configuration
from ivr.config.settings import Settings
from ivr.prompts import script
from ivr.prompts.catalogue import catalogue
from tests.support.environment import ROOT
from tests.support.servers import free_port
from tests.support.waiting import eventually

#: Tells what its process has read.
APPLICATION = """
import json, os
from ivr.config.settings import settings

settings()

def application(environ, start_response):
    start_response("200 OK", [])
    return [json.dumps({"seconds": settings().message_seconds, "process": os.getpid()}).encode()]
"""


class Server:
    """Two processes of gunicorn, as the Procfile starts them, with a file of settings."""

    def __init__(self, folder: Path) -> None:
        self.file, self._log = folder / "ivr.toml", folder / "log"
        self.file.write_text("message_seconds = 60\n")
        (folder / "small.py").write_text(APPLICATION)
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/"
        given = f"--bind 127.0.0.1:{port} --workers 2 --threads 2 --no-control-socket --pythonpath {folder},{ROOT}"
        command = [sys.executable, "-m", "gunicorn", "small:application", *given.split()]
        command += ["--worker-class", "ivr.web.buffered_worker.BufferedWorker"]
        environment = {**os.environ, "IVR_CONFIG": str(self.file), "VAR_DIR": str(folder / "var")}
        with self._log.open("w") as log:
            self.parent = subprocess.Popen(command, cwd=folder, env=environment, stderr=log)
        eventually(lambda: self.told() is not None and len(self.processes()) == 2, 60)

    def told(self) -> dict[str, int] | None:
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:
                return json.loads(answer.read())
        except OSError:
            return None

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.parent.pid).children()

    def stop(self) -> None:
        self.parent.terminate()
        assert self.parent.wait(40) == 0, self._log.read_text()

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    yield found
    found.stop()


@pytest.mark.parametrize("damage", ["torn", "gone", "wrong"])
def test_a_process_that_dies_is_replaced_though_the_settings_cannot_be_read_any_more(
    server: Server, damage: str
) -> None:
    """Before, the one that came in its place ended the other one, too: nobody answered calls any more."""
    if damage == "gone":
        server.file.unlink()
    else:
        server.file.write_text("message_seconds = [" if damage == "torn" else "message_seconds = -1\n")
    before = server.processes()
    before[0].kill()
    eventually(lambda: len(server.processes()) == 2 and before[0] not in server.processes(), 30)
    time.sleep(1.0)
    assert server.parent.poll() is None, server.log()
    server.parent.send_signal(signal.SIGHUP)
    eventually(lambda: before[1] not in server.processes() and len(server.processes()) == 2, 60)
    eventually(lambda: (server.told() or {}).get("seconds") == 60, 10)
    assert "the settings as they are now are not used" in server.log()
    server.file.write_text("message_seconds = 90\n")
    server.parent.send_signal(signal.SIGHUP)
    eventually(lambda: (server.told() or {}).get("seconds") == 90, 60)


def test_settings_that_cannot_be_read_again_stay_as_they_were(
    empty_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, kept = tmp_path / "ivr.toml", configuration.Kept()
    monkeypatch.setenv("IVR_CONFIG", str(file))
    file.write_text("message_seconds = 60\n")
    assert kept().message_seconds == 60
    file.write_text("message_seconds = []\n")
    with pytest.raises(configuration.ConfigurationError):
        kept.read_again()
    assert kept().message_seconds == 60
    file.write_text("message_seconds = 90\n")
    kept.read_again()
    assert kept().message_seconds == 90


def test_prompts_that_cannot_be_read_again_stay_as_they_were(
    empty_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "en" in script.offered_languages()
    texts = sys.modules[catalogue.__module__]
    words, real = catalogue("en"), texts.file_of
    damaged = tmp_path / "en.toml"
    damaged.write_text('[prompts]\nwelcome = "')
    monkeypatch.setattr(texts, "file_of", lambda language: damaged if language == "en" else real(language))
    (problem,) = script.read_again()
    assert problem.startswith("en: ")
    assert catalogue("en") is words
    assert "en" in script.offered_languages()
    monkeypatch.undo()
    assert script.read_again() == []
    assert catalogue("en") is not words
