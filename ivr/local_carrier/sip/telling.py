"""What the exchange tells of itself and its calls over SIP: numbers that grow while it runs, and numbers of now."""

from __future__ import annotations

from flask import Flask, Response, jsonify

from ivr.local_carrier import rest_api
from ivr.local_carrier.sip.connection import Connection
from ivr.local_carrier.switch import Switch

#: Where it is told.
ADDRESS = "/sip"
_NEARLY_ALL = 0.999


def standing(connection: Connection) -> dict[str, object]:
    """Calls, audio ports, frames that were late, what was dropped, and where the hotline is registered."""
    station = connection.station
    return {
        "calls": len(station.calls),
        "audio_ports": len(station.ports),
        "taken": station.taken,
        "refused": station.refused,
        "dropped": dict(station.peers.dropped),
        "late_milliseconds": station.pulse.late_by(_NEARLY_ALL),
        "registered": {
            peer: one.state.value == "registered" for peer, one in dict(connection.trunk.registrations).items()
        },
    }


def register(app: Flask, connection: Connection | None, switch: Switch) -> None:
    """Tell it at an address of the exchange, to whoever logs in; 404 where it takes no calls over SIP."""
    authenticate = rest_api.authentication(switch)

    @app.get(ADDRESS)
    def sip() -> Response | tuple[Response, int]:
        if refused := authenticate():
            return refused
        itself = {"exchange": switch.exchange, "stopping": switch.is_stopping, "uri": ADDRESS}
        if connection is None:
            return jsonify(**itself, error="no calls are taken over SIP"), 404
        return jsonify(itself | standing(connection))
