"""`/metrics`: what Prometheus reads of this host, for whoever knows the token of the settings."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from ivr.config.settings import settings
from ivr.platform import monitoring
from ivr.reporting import exchange_gauges, monitoring_gauges

monitored = Blueprint("monitored", __name__)


class _Everything(Collector):
    """What the processes have counted, then what is there now."""

    def collect(self) -> list[Metric]:
        """All metrics."""
        return [*monitoring.counters(), *monitoring_gauges.gauges(), *exchange_gauges.gauges()]


@monitored.get("/metrics")
def metrics() -> Response:
    """The metrics of this host; 404 where the settings have no token, 401 without the right one."""
    token = settings().metrics_token
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), token.encode()):
        return Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
