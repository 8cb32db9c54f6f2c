"""What Prometheus is told of the exchanges: calls over SIP, without a carrier in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ivr.carrier import tokens
from ivr.config.settings import settings

_SECONDS = 1.0
#: An exchange by its number, and what it tells of its calls over SIP.
_Told = tuple[str, dict[str, Any]]
#: What is one number: its name there, that of the metric, and what it means.
_GAUGES = (
    ("stopping", "exchange_stopping", "Whether an exchange takes no new calls, because it is about to stop"),
    ("calls", "sip_calls_now", "Calls over SIP that go on"),
    ("audio_ports", "sip_audio_ports", "Ports for audio in use"),
    ("late_milliseconds", "sip_late_milliseconds", "Milliseconds by which 999 of 1,000 frames are late at most"),
)


def gauges() -> Iterator[Metric]:
    """Nothing where there is no exchange; only that it is away of one that does not answer."""
    configured = settings()
    if not configured.has_exchange:
        return
    places = configured.exchanges or {configured.exchange_number: configured.exchange_url}
    with ThreadPoolExecutor(len(places)) as at_once:  # one that is away delays none of the others
        told = list(zip(map(str, places), at_once.map(_asked, places.values()), strict=True))
    up = GaugeMetricFamily("hotline_exchange_up", "Whether an exchange answers", labels=("exchange",))
    for number, answer in told:
        up.add_metric((number,), answer is not None)
    yield up
    yield from _of_sip([(number, answer) for number, answer in told if answer])


def _asked(url: str) -> dict[str, Any] | None:
    """What an exchange tells; None where it does not answer."""
    try:
        for token in tokens.in_order():
            answer = requests.get(f"{url}/sip", auth=(settings().account_sid, token), timeout=_SECONDS)
            if answer.status_code != 401:
                break
        found = answer.json() if answer.ok else {}
    except (requests.RequestException, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _of_sip(told: Sequence[_Told]) -> Iterator[Metric]:
    if not told:
        return
    for key, name, meaning in _GAUGES:
        gauge = GaugeMetricFamily(f"hotline_{name}", meaning, labels=("exchange",))
        for number, answer in told:
            gauge.add_metric((number,), answer[key])
        yield gauge
    came = CounterMetricFamily(
        "hotline_sip_calls", "Calls that came since the exchange began", labels=("exchange", "result")
    )
    dropped = CounterMetricFamily(
        "hotline_sip_dropped", "Messages that got no answer, by reason", labels=("exchange", "reason")
    )
    registered = GaugeMetricFamily(
        "hotline_sip_registered", "Whether a peer has registered us", labels=("exchange", "peer")
    )
    for number, answer in told:
        for result in ("taken", "refused"):
            came.add_metric((number, result), answer[result])
        for reason, count in sorted(answer["dropped"].items()):
            dropped.add_metric((number, reason), count)
        for peer, is_so in sorted(answer["registered"].items()):
            registered.add_metric((number, peer), is_so)
    yield from (came, dropped, registered)
