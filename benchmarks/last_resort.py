"""The documents of the last resort, while the call script, the database, Redis and the disk are away.

    python -m benchmarks.last_resort [--requests 300]

Requests are signed and go through the whole application in this process. Every file that is opened and every
connection fails.
"""

from __future__ import annotations

import argparse
import builtins
import io
import logging
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from flask.testing import FlaskClient

from benchmarks.report import Report
from ivr.config.settings import Settings
from ivr.flows.state import CallState
from ivr.operations.migrate import migrate
from ivr.platform import database, write_behind
from ivr.telephony import voice_webhooks
from ivr.telephony.state_token import seal
from ivr.web.app import create_app
from tests.support.environment import use_environment
from tests.support.signing import signed

#: Milliseconds that a document may take.
WANTED = 50.0
_CALL = "CA" + "0" * 32


@contextmanager
def everything_away() -> Iterator[None]:
    """Nothing can be opened, connected to, or asked."""
    places = [
        *[(voice_webhooks, name) for name in ("reply", "document", "state_of", "new_call")],
        (builtins, "open"),
        (io, "open"),
        (os, "open"),
        (socket.socket, "connect"),
        (database, "engine"),
    ]
    patches = [mock.patch.object(place, name, side_effect=OSError("away")) for place, name in places]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def milliseconds(client: FlaskClient, settings: Settings, path: str, count: int) -> list[float]:
    """Processor time of each of `count` requests, sorted: the machine may have other work."""
    form = {"CallSid": _CALL, "From": "+4915112345678", "Digits": "1"}
    request, taken = signed(settings, settings.calls_url + path, form), []
    for _ in range(count):
        began = time.thread_time()
        answer = client.post(path, **request)
        taken.append((time.thread_time() - began) * 1000)
        assert answer.status_code == 200
        assert "<Say" in answer.text
    return sorted(taken)


def main() -> None:
    """Measure, and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--requests", type=int, default=300)
    count = arguments.parse_args().requests
    report = Report("last resort")
    with tempfile.TemporaryDirectory() as folder:
        settings = use_environment({"VAR_DIR": str(Path(folder) / "var"), "DATABASE_URL": ""})
        logging.disable(logging.CRITICAL)
        migrate()
        client = create_app().test_client()
        token = seal(CallState("review", "tr"), _CALL)
        paths = {
            "apology, language unknown": "/voice/incoming",
            "apology, language known": f"/voice/answer?state={token}",
            "agreed": "/voice/last-resort/agreed",
            "thanks": "/voice/last-resort/thanks",
        }
        milliseconds(client, settings, "/voice/fallback", 1)  # what is loaded once, is loaded
        write_behind.flush()
        with everything_away():
            for name, path in paths.items():
                taken = milliseconds(client, settings, path, count)
                report.shown(f"{name}, median", statistics.median(taken), "ms")
                report.at_most(f"{name}, slowest of a hundred", taken[int(count * 0.99) - 1], WANTED, "ms")
    report.finish()


if __name__ == "__main__":
    main()
