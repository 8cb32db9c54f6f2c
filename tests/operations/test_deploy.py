"""The files of deploy/ that no other test runs: rules of alerts, and what an operator copies."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ivr.config.settings import SECRET_FIELDS, Settings
from tests.support.environment import ROOT

DEPLOY = ROOT / "deploy"


def test_every_alert_says_what_is_wrong_and_what_mends_it() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "remedy"}, rule["alert"]


@pytest.mark.since("ci")
def test_the_rules_fire_when_they_should() -> None:
    """Prometheus' own tool says so."""
    for arguments in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        command = ["promtool", *arguments]
        done = subprocess.run(command, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


SYSTEMD = DEPLOY / "systemd"


def test_the_units_run_what_the_procfile_runs() -> None:
    """Each process has a unit, whose command is that of the Procfile with the package's own programs."""
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, command = line.split(": ", 1)
        (runs,) = re.findall(
            r"^ExecStart=/opt/hotline/bin/(.+)$", (SYSTEMD / f"hotline-{name}.service").read_text(), re.M
        )
        bound = re.sub(r"--bind \S+", "--bind x", command.replace("python -m ivr", "ivr").replace("${HOST:-", ""))
        bound = re.sub(r"--bind x.*?--worker-class", "--bind x --worker-class", bound)
        assert re.sub(r"--bind \S+", "--bind x", runs) == bound


@pytest.mark.since("ci")
def test_systemd_understands_the_units_and_finds_them_hardened(tmp_path: Path) -> None:
    analyze = "systemd-analyze"
    system = tmp_path / "etc" / "systemd" / "system"
    if Path("/usr/lib/systemd/system").is_dir():
        shutil.copytree("/usr/lib/systemd/system", system, symlinks=True, ignore_dangling_symlinks=True)
    shutil.copytree(SYSTEMD, system, dirs_exist_ok=True)
    for program in ("opt/hotline/bin/gunicorn", "opt/hotline/bin/ivr", "bin/kill"):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    units = sorted(path.name for path in SYSTEMD.glob("hotline*.*") if path.is_file())
    told = subprocess.run(
        [analyze, "verify", f"--root={tmp_path}", *units], capture_output=True, text=True, check=False
    )
    assert [line for line in told.stderr.splitlines() if "hotline" in line] == []
    services = [unit for unit in units if unit.endswith(".service")]
    limits = [analyze, "security", "--offline=true", "--threshold=20", f"--root={tmp_path}", *services]
    done = subprocess.run(limits, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "a unit is exposed: " + " ".join(re.findall(r"→.*", done.stdout))


def test_a_container_has_no_root_no_rights_and_no_secret_in_its_environment() -> None:
    services = yaml.safe_load((DEPLOY / "container" / "compose.yml").read_text())["services"]
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    given = services["hotline"]["environment"]
    secret = {name.upper() for name in SECRET_FIELDS if name != "redis_url"}
    assert not secret & set(given), "secrets are files"
    for name in given:
        field = name.removesuffix("_FILE").lower()
        assert field in Settings.model_fields, name
    last = (DEPLOY / "container" / "Containerfile").read_text().rpartition("\nFROM ")[2]
    assert "\nUSER 10001:10001\n" in last
