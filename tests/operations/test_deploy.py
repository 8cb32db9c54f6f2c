"""The files of deploy/ that no other test runs: rules of alerts, and what an operator copies."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import yaml

from tests.support.environment import ROOT

DEPLOY = ROOT / "deploy"


def test_every_alert_says_what_is_wrong_and_what_mends_it() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "remedy"}, rule["alert"]


@pytest.mark.since("ci")
def test_the_rules_fire_when_they_should() -> None:
    """With Prometheus' own tool (Debian: prometheus); without it the test above has to do."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [promtool, "test", "rules", "alerts_test.yml"], cwd=DEPLOY / "prometheus", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
