"""The role for Ansible installs what the other deployments have, and keeps secrets to itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivr.config.settings import SECRET_FIELDS, Settings
from tests.support.environment import ROOT

FOLDER = ROOT / "deploy" / "ansible"
ROLE = FOLDER / "roles" / "hotline"
#: What judges the role in `make soak-night`, in an environment of its own: it has a hundred packages beneath it.
LINTER = "ansible-lint==26.10.1"


def read(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text())


def tasks() -> list[dict[str, Any]]:
    return [task for path in sorted((ROLE / "tasks").glob("*.yml")) for task in yaml.safe_load(path.read_text())]


def test_units_and_settings_exist() -> None:
    defaults = read("defaults/main.yml")
    for unit in (*defaults["hotline_units"], *defaults["hotline_timers"]):
        assert (ROOT / "deploy" / "systemd" / unit).is_file(), unit
    given = {name.lower() for name in defaults["hotline_environment"]}
    assert given <= set(Settings.model_fields)
    assert not given & set(SECRET_FIELDS)


def test_secrets_are_files_that_no_log_shows() -> None:
    (written,) = [task for task in tasks() if "hotline_secrets" in str(task)]
    assert written["no_log"] is True
    assert written["ansible.builtin.copy"]["mode"] == "0600"
    assert written["ansible.builtin.copy"]["owner"] == "root"
    assert written["ansible.builtin.copy"]["dest"].startswith("/etc/hotline/credentials/")


def test_one_host_after_the_other_serves_before_the_next_is_stopped() -> None:
    (play,) = yaml.safe_load((FOLDER / "playbook.yml").read_text())
    assert (play["serial"], play["max_fail_percentage"]) == (1, 0)
    last = read("tasks/processes.yml")[-1]
    assert last["ansible.builtin.uri"]["status_code"] == 200
    assert read("defaults/main.yml")["hotline_ready_url"].endswith("/readyz")


def test_every_file_that_a_task_installs_is_made_by_make_offline() -> None:
    """Its script, its models and where it is."""
    offline = (ROOT / "Makefile").read_text().partition("\noffline:")[2].partition("\nvendor:")[0]
    assert read("defaults/main.yml")["hotline_package"].endswith("dist/offline")
    assert "deploy/offline/install.sh" in offline
    assert "dist/offline/models" in offline


@pytest.mark.since("night")
def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    tools = tmp_path / "venv" / "bin"
    subprocess.run([tools / "pip", "install", "--quiet", LINTER], check=True, timeout=600)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    for command in (["ansible-lint", "--offline", "playbook.yml", "roles"],
                    ["ansible-playbook", "--syntax-check", "-i", "localhost,", "playbook.yml"]):  # fmt: skip
        done = subprocess.run([tools / command[0], *command[1:]], cwd=FOLDER, env=environment, capture_output=True,
                              text=True, timeout=300)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
