"""Prometheus asks a host: every process has counted, nothing is lost by a restart, nobody is named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ivr.callbacks import carrier_faults
from ivr.carrier.refusals import Refusal
from ivr.config.settings import Settings
from ivr.domain.enums import CarrierFault, Medium, TranscriptState
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Recording, Transcript
from ivr.operations import backup
from ivr.platform import database, monitoring
from ivr.reporting import exchange_gauges, monitoring_gauges
from ivr.web.app import create_app
from tests.support.environment import ROOT, forget_settings
from tests.support.people import a_task, hire

TOKEN = "a-token-of-prometheus"


@pytest.fixture
def counting(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    forget_settings()
    monitoring.begin("web")
    yield
    monitoring.stop()


def asked() -> dict[tuple[str, ...], float]:
    """Name and values of labels of each sample."""
    answer = create_app().test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_nobody_reads_it_without_the_token(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app().test_client()
    assert client.get("/metrics").status_code == 404
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    forget_settings()
    for given in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer ä"}):
        assert client.get("/metrics", headers=given).status_code == 401


def test_what_has_happened_and_what_is_there(counting: None, tmp_path: Path) -> None:
    hire()
    a_task(text="Guten Tag", number="+4942112345")
    waiting = a_task(number="+4942112346", text="Hallo")
    with database.writing() as session:
        transcript = session.query(Transcript).order_by(Transcript.id.desc()).first()
        transcript.state = TranscriptState.PENDING
        seconds = session.get_one(Recording, transcript.recording_id).recorded_seconds
        carrier_faults.note(session, Refusal(CarrierFault.LOGIN_REFUSED, 20003), Medium.CALL, "", utc_now())
    backup.back_up(tmp_path / "b.tar", utc_now())
    monitoring.observe("webhook_seconds", 0.03, "voice.begin")
    monitoring.count("calls_ended", 1, "promised")
    found = asked()
    assert waiting
    assert found["hotline_tasks", "open", "normal"] == 2
    assert found["hotline_promises", "tried", "on_track"] == 2
    assert found["hotline_promises", "reached", "missed"] == 0
    assert found["hotline_transcription_backlog_seconds", "de"] == seconds
    assert found["hotline_carrier_errors_total", "20003", "login_refused"] == 1
    assert found["hotline_calls_ended_total", "promised"] == 1
    assert found["hotline_webhook_seconds_bucket", "0.05", "voice.begin"] == 1
    assert found["hotline_webhook_seconds_bucket", "0.02", "voice.begin"] == 0
    assert found["hotline_backup_age_seconds",] < 60
    assert found["hotline_database_up",] == 1
    assert found["hotline_redis_up",] == 0
    assert found["hotline_processes", "web"] == 1
    assert found["hotline_process_memory_bytes", "web"] > 1 << 20


COUNTS = "from ivr.platform import monitoring; monitoring.begin('clock'); monitoring.count('calls_ended', 2, 'hung_up')"


def test_processes_that_are_gone_still_count_and_leave_no_files(counting: None) -> None:
    subprocess.run([sys.executable, "-c", COUNTS], cwd=ROOT, check=True)
    monitoring.count("calls_ended", 1, "hung_up")
    assert asked()["hotline_calls_ended_total", "hung_up"] == 3
    assert asked()["hotline_calls_ended_total", "hung_up"] == 3, "they are added up once"
    left = {path.name for path in monitoring.directory_of_host().glob("*_*")}
    mine = {f"counter_{os.getpid()}.db", f"histogram_{os.getpid()}.db", f"process_web_{os.getpid()}"}
    assert left == {"counter_0.db", "histogram_0.db", *mine}


def test_webhooks_are_counted_by_the_application_itself(counting: None) -> None:
    client = create_app().test_client()
    assert client.post("/voice/incoming", data={}).status_code == 403, "nobody has signed it"
    found = asked()
    assert found["hotline_document_seconds_count",] == 1
    assert sum(value for key, value in found.items() if key[0] == "hotline_webhook_seconds_count") == 1


def test_without_the_database_the_rest_is_told(counting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "reading", away)
    found = asked()
    assert found["hotline_database_up",] == 0
    assert found["hotline_disk_free_bytes",] > 0
    assert not [key for key in found if key[0] == "hotline_tasks"]


def test_no_room_on_the_disk_takes_the_counters_and_nothing_else(
    counting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    for path in monitoring.directory_of_host().glob("*.db"):
        path.unlink()
    monitoring.begin("web")
    monitoring.count("calls_ended", 1, "promised")
    assert ("hotline_calls_ended_total", "promised") not in asked()


def test_no_label_names_a_person() -> None:
    """Labels take values of enumerations, names of our own code, languages and numbers of errors."""
    allowed = {"webhook", "ending", "result", "event", "measure", "kind", "language", "code", "fault", "channel"}
    assert {label for kind in monitoring.KINDS.values() for label in kind.labels} == allowed


def test_dashboard_and_alerts_ask_for_what_there_is(counting: None) -> None:
    """Names in deploy/prometheus are those that a host tells."""
    told = {family.name for part in (monitoring_gauges, exchange_gauges) for family in part.gauges()}
    told |= {"hotline_sip_registered"}  # where an exchange registers
    for name, kind in monitoring.KINDS.items():
        ends = ("_bucket", "_count", "_sum") if kind.buckets else ("_total",)
        told |= {f"hotline_{name}{end}" for end in ends}
    told |= {f"hotline_{name}" for name in ("scheduler_silent_seconds", "backup_age_seconds", "deletion_age_seconds",
                                            "workers")}  # fmt: skip
    for file in ("alerts.yml", "dashboard.json"):
        used = set(re.findall(r"\bhotline_\w+", (ROOT / "deploy" / "prometheus" / file).read_text()))
        assert used, file
        assert used <= told, used - told
