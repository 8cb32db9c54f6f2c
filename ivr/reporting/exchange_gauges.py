"""What Prometheus is told of this host's own exchange: calls over SIP, without a carrier in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ivr.config.settings import settings

_SECONDS = 1.0


def gauges() -> Iterator[Metric]:
    """Nothing where this host has no exchange; only that it is away where it does not answer."""
    if not settings().has_exchange:
        return
    try:
        answer = requests.get(f"{settings().exchange_url}/sip", timeout=_SECONDS)
        told = answer.json() if answer.ok else {}
        is_up = True
    except (requests.RequestException, ValueError):
        told, is_up = {}, False
    yield GaugeMetricFamily("hotline_exchange_up", "Whether the exchange of this host answers", is_up)
    if told:
        yield from _of_sip(told)


def _of_sip(told: dict[str, Any]) -> Iterator[Metric]:
    yield GaugeMetricFamily("hotline_sip_calls_now", "Calls over SIP that go on", told["calls"])
    yield GaugeMetricFamily("hotline_sip_audio_ports", "Ports for audio in use", told["audio_ports"])
    yield GaugeMetricFamily(
        "hotline_sip_late_milliseconds", "Milliseconds by which 999 of 1,000 frames are late at most",
        told["late_milliseconds"],
    )  # fmt: skip
    came = CounterMetricFamily("hotline_sip_calls", "Calls that came since the exchange began", labels=("result",))
    for result in ("taken", "refused"):
        came.add_metric((result,), told[result])
    yield came
    dropped = CounterMetricFamily("hotline_sip_dropped", "Messages that got no answer, by reason", labels=("reason",))
    for reason, count in sorted(told["dropped"].items()):
        dropped.add_metric((reason,), count)
    yield dropped
    registered = GaugeMetricFamily("hotline_sip_registered", "Whether a peer has registered us", labels=("peer",))
    for peer, is_so in sorted(told["registered"].items()):
        registered.add_metric((peer,), is_so)
    yield registered
