"""Traces of webhooks, jobs and the carrier's answers by OpenTelemetry, where an operator wants them.

    tracing.begin("voice")                                  # once a process, after it was forked
    with tracing.span("webhook", endpoint="voice.step"): ...

Off unless `tracing_endpoint` is set: then nothing is imported, and a span costs less than a microsecond. A span has no
personal data: what it says is a name or a number of :data:`TOLD`, and of an error it keeps the name of its class.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ivr import __version__
from ivr.config.settings import settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger(__name__)

#: All that a span may tell: names of our code, and numbers.
TOLD = frozenset({"endpoint", "kind", "attempt", "method", "status", "language", "audio_seconds"})
_MISSING = "tracing_endpoint is set, but OpenTelemetry is not installed: pip install 'jobcenter-hotline[tracing]'"
_NOTHING = nullcontext()
#: Seconds for which a process that ends waits until its spans are sent.
_PATIENCE_MS = 2000
_provider: Any = None
_tracer: Any = None


def begin(process: str, exporter: SpanExporter | None = None) -> None:
    """Trace what this process does from now on, if the settings want it; tests name where spans go."""
    global _provider, _tracer
    endpoint = settings().tracing_endpoint
    if not endpoint and exporter is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError:
        log.warning(_MISSING)
        return
    about = Resource({"service.name": f"hotline-{process}", "service.version": __version__})
    _provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(settings().tracing_share)), resource=about)
    _provider.add_span_processor(
        SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))
    )
    _tracer = _provider.get_tracer("hotline", __version__)


def end() -> None:
    """Send what has not been sent, and trace nothing any more."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.force_flush(_PATIENCE_MS)
        provider.shutdown()


def span(name: str, /, **told: str | float) -> AbstractContextManager[Any]:
    """The time that a block takes, within the span around it. It may be told more with :func:`tell`."""
    return _NOTHING if _tracer is None else _span(name, told)


@contextmanager
def _span(name: str, told: dict[str, str | float]) -> Iterator[Any]:
    from opentelemetry.trace import Status, StatusCode

    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
        _tell(current, told)
        try:
            yield current
        except Exception as error:  # its text may name a person
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def tell(current: Any, **told: str | float) -> None:
    """Say more of a span; nothing where there is none."""
    if current is not None:
        _tell(current, told)


def _tell(current: Any, told: dict[str, str | float]) -> None:
    if unknown := set(told) - TOLD:
        raise ValueError(f"a span may not tell {', '.join(sorted(unknown))}")
    for name, value in told.items():
        current.set_attribute(f"hotline.{name}", value)
