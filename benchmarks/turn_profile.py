"""Where the time of a turn goes, in this process and without gunicorn: microseconds of each part, exclusive of others.

    python -m benchmarks.turn_profile [--calls 400]

Each part is a function that is wrapped with a timer; the median over all calls counts, in processor time of the thread.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from benchmarks.webhooks import ACCOUNT
from ivr.launcher.run import _start_redis
from tests.support.environment import use_environment

#: Name in the table, module, and the function (or the class's method) in it.
_PARTS = (
    ("signature", "ivr.telephony.voice_webhooks", "is_genuine"),
    ("form read", "ivr.telephony.carrier_request", "CarrierRequest.form"),
    ("telephone and its number read", "ivr.telephony.carrier_request", "CarrierRequest.caller"),
    ("call counter", "ivr.calls.screening", "too_often"),
    ("language and block of the number", "ivr.calls.known_numbers", "look_up"),
    ("state opened", "ivr.telephony.call_session", "unseal"),
    ("state sealed", "ivr.telephony.twiml", "seal"),
    ("script walked", "ivr.flows.engine", "_walk"),
    ("answer understood", "ivr.flows.engine", "answer"),
    ("prompts", "ivr.telephony.spoken_lines", "rendered"),
    ("document put together", "ivr.telephony.twiml", "render"),
    ("row handed over", "ivr.telephony.call_intake", "write_turn"),
    ("rest of the view", "ivr.web.application", "_Webhook.answer"),
)
_FLASK = "request, its context, answer (Flask)"


class Timer:
    """Exclusive processor time of nested parts."""

    def __init__(self) -> None:
        self.turns: list[dict[str, float]] = []
        self._stack: list[list[float]] = []

    def wrap(self, name: str, module: str, function: str) -> None:
        """Time a function from now on."""
        owner: Any = importlib.import_module(module)
        *classes, function = function.split(".")
        for class_ in classes:
            owner = getattr(owner, class_)
        original = getattr(owner, function)
        if isinstance(original, cached_property):
            self._wrap_property(owner, function, name, original.func)
            return

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return original(*arguments, **named)

        setattr(owner, function, timed)

    def _wrap_property(self, owner: Any, function: str, name: str, original: Callable[[Any], Any]) -> None:
        def timed(instance: Any) -> Any:
            with self.part(name):
                return original(instance)

        found = cached_property(timed)
        found.__set_name__(owner, function)
        setattr(owner, function, found)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done here, without the parts within."""
        self._stack.append([0.0])
        began = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - began
            (within,) = self._stack.pop()
            if self._stack:
                self._stack[-1][0] += spent
            self.turns[-1][name] = self.turns[-1].get(name, 0.0) + spent - within

    def turn(self, act: Callable[[], bytes]) -> bytes:
        """A whole turn."""
        self.turns.append({})
        with self.part(_FLASK):
            return act()


def environ_of(target: str, form: dict[str, str], token: str) -> dict[str, Any]:
    """A request as gunicorn hands it over."""
    body = urlencode(form).encode()
    path, _, query = target.partition("?")
    signature = RequestValidator(token).compute_signature(f"http://127.0.0.1:8000{target}", form)
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "QUERY_STRING": query, "RAW_URI": target, "SERVER_NAME": "x",
        "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_TWILIO_SIGNATURE": signature, "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }  # fmt: skip


def run(calls: int, token: str) -> None:
    """Ring and press keys; print a table for each turn."""
    from benchmarks.webhooks import Calls, target_of
    from ivr.web.app import serve

    app, timer = serve(), Timer()
    for part in _PARTS:
        timer.wrap(*part)

    def answered(target: str, form: dict[str, str]) -> bytes:
        environ, statuses = environ_of(target, form, token), list[str]()

        def start(status: str, *_: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _: None

        document = timer.turn(lambda: b"".join(app.wsgi_app(environ, start)))
        assert statuses == ["200 OK"], (statuses, document)
        return document

    for turn, key in (("an incoming call", ""), ("the language key", "1"), ("a key that writes nothing", "4")):
        if not key:
            ringing = Calls(calls + 50)
            documents = [answered("/voice/incoming", form) for form in ringing.forms]
        else:
            pressed = zip(ringing.forms, documents, strict=True)
            documents = [answered(target_of(said, 8000), {**form, "Digits": key}) for form, said in pressed]
        _print(turn, timer.turns[50:])  # the first ones warm up
        timer.turns.clear()


def _print(turn: str, turns: list[dict[str, float]]) -> None:
    medians = {
        name: statistics.median(parts.get(name, 0.0) for parts in turns) * 1e6
        for name in (_FLASK, *(part[0] for part in _PARTS))
    }
    whole = sum(medians.values())
    print(f"\n| {turn} | µs | share |\n|---|---:|---:|")
    for name, microseconds in sorted(medians.items(), key=lambda item: -item[1]):
        if microseconds >= 1:
            print(f"| {name} | {microseconds:.0f} | {microseconds / whole:.0%} |")
    print(f"| together | {whole:.0f} | |")


def main() -> None:
    """Set up a hotline of its own and run."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--calls", type=int, default=400)
    calls, token = arguments.parse_args().calls, secrets.token_hex(16)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = use_environment(
            {
                "VAR_DIR": folder, "DATABASE_URL": "", "REDIS_URL": f"unix://{folder}/redis.sock", "PORT": "8000",
                "SECRET_KEY": secrets.token_hex(32), "TWILIO_AUTH_TOKEN": token, "LANGUAGES": "[]",
                "TWILIO_ACCOUNT_SID": ACCOUNT,
            }
        )  # fmt: skip
        from ivr.operations.migrate import migrate

        Path(folder, "log").mkdir()
        redis = _start_redis(settings, dict(os.environ))
        try:
            migrate()
            run(calls, token)
        finally:
            redis.kill()


if __name__ == "__main__":
    main()
