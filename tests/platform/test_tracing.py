"""Traces tell what took how long, and nothing of a person; without the setting there are none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select

from ivr.domain.enums import WorkKind
from ivr.platform import database, outbox, tracing
from ivr.platform.work_models import Work
from ivr.workers import runner
from tests.support.people import a_task
from tests.support.webhook_caller import WebhookCaller

NUMBER = "+4917612345678"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.begin("test", exporter)
    yield exporter
    tracing.end()


def told(span: ReadableSpan) -> dict[str, object]:
    return {name.removeprefix("hotline."): value for name, value in (span.attributes or {}).items()}


def everything(exporter: InMemorySpanExporter) -> str:
    return "\n".join(span.to_json() for span in exporter.get_finished_spans())


def test_each_webhook_is_a_span_that_says_nothing_of_its_caller(webhooks, spans) -> None:
    caller = WebhookCaller(webhooks, NUMBER).dials()
    caller.presses("1", "2", "2", "1")
    found = [span for span in spans.get_finished_spans() if span.name == "webhook"]
    assert len(found) == 5
    assert all(told(span)["status"] == 200 and str(told(span)["endpoint"]).startswith("voice.") for span in found)
    for personal in (NUMBER, NUMBER[1:], NUMBER[-8:], caller.sid):
        assert personal not in everything(spans)


def test_a_job_that_fails_is_told_by_the_class_of_its_error(empty_database, spans, monkeypatch) -> None:
    def fails(_subject: int) -> None:
        raise ValueError(f"Frau Öztürk, {NUMBER}, does not answer")

    monkeypatch.setitem(runner.HANDLERS, WorkKind.SEND_ALERT, fails)
    task_id = a_task()
    with database.writing() as session:
        outbox.add(session, WorkKind.SEND_ALERT, task_id)
    runner.run(_only_work())
    (span,) = [span for span in spans.get_finished_spans() if span.name == "job"]
    assert told(span)["kind"] == "send_alert"
    assert (span.status.is_ok, span.status.description, list(span.events)) == (False, "ValueError", [])
    assert "Frau" not in everything(spans) and NUMBER not in everything(spans)


def _only_work() -> int:
    with database.reading() as session:
        return session.scalars(select(Work.id).where(Work.kind == "send_alert")).one()


def test_a_span_refuses_what_it_may_not_tell(spans) -> None:
    with pytest.raises(ValueError, match="caller"), tracing.span("webhook", caller=NUMBER):
        pass


def test_a_span_stands_in_the_one_around_it(spans) -> None:
    with tracing.span("job", kind="ring_leg"), tracing.span("carrier", method="POST") as inner:
        tracing.tell(inner, status=201)
    inside, around = spans.get_finished_spans()
    assert inside.parent is not None and inside.parent.span_id == around.context.span_id
    assert told(inside) == {"method": "POST", "status": 201}


def test_nothing_is_traced_or_imported_without_the_setting(empty_database) -> None:
    tracing.begin("web")
    with tracing.span("webhook", caller=NUMBER) as none:
        tracing.tell(none, caller=NUMBER)
    code = (
        "import sys; from ivr.platform import tracing; tracing.begin('web')\n"
        "with tracing.span('x'): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
