"""All processes of the product, started as `make run` starts them, with settings and a database of their own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests
from werkzeug.serving import make_server

from ivr.domain.enums import CarrierName
from ivr.domain.languages import LANGUAGES
from ivr.launcher.process_supervisor import Child, stop_all, tail
from ivr.launcher.run import _NEEDED, _environment, _procfile, _start_redis
from ivr.platform import database, live_events
from tests.support import conformance
from tests.support.environment import forget_settings, use_environment
from tests.support.servers import QuietRequestHandler, free_port


class RunningHotline:
    """All processes of the product, as the Procfile names them, and the local carrier beside them: in this process, or
    by a command of its own."""

    def __init__(self, var_dir: Path, models: Path, local_carrier: str = "", **extra: str) -> None:
        self.environment = {
            "VAR_DIR": str(var_dir),
            "PORT": str(free_port()),
            "EXCHANGE_PORT": str(free_port()),
            "VOICE_PORT": str(free_port()),
            "VOSK_MODEL_DIR": str(models),
            "TRANSCRIBERS": "1",
            "LEASE_SECONDS": "6",
            "LOW_CONFIDENCE": "0",  # English speech is decoded with the Korean model, so confidence is low
            "DATABASE_URL": "",
            "SPOKEN_ANSWERS": '["ko"]',
            "LANGUAGES": json.dumps(list(dict.fromkeys(["de", "en", "ko", *LANGUAGES]))),
            **extra,
        }
        self._is_stopped = self._rests = False
        self.settings = use_environment(self.environment)
        live_events.publish = live_events.publish_soon  # open desks are told of what a test changes itself
        self.settings.var_dir.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.settings.port}"
        if not local_carrier:
            self._connect()
        environment = _environment(self.settings)
        if "PYTHONPATH" in extra:
            environment["PYTHONPATH"] = os.pathsep.join([extra["PYTHONPATH"], environment["PYTHONPATH"]])
        self.redis = _start_redis(self.settings, environment)
        from ivr.operations.migrate import migrate

        migrate()
        self.children = {
            name: Child(name, command, environment, self.settings.var_dir / "log" / f"{name}.log")
            for name, command in _procfile(self.settings)
            if name != "exchange"
        }
        if local_carrier:
            self.children["exchange"] = Child(
                "exchange", local_carrier, environment, self.settings.var_dir / "log" / "exchange.log"
            )
        for child in self.children.values():
            child.start()
        try:
            self.await_ready()
        except BaseException:
            self.stop()  # no process is left behind for the next test
            raise

    def _connect(self) -> None:
        from ivr.local_carrier.app import create_app, create_switch

        self.switch = create_switch(self.settings)
        carrier = create_app(self.settings, self.switch)
        if self.settings.manner == CarrierName.TWILIO:
            conformance.watch(carrier)
        self._server = make_server(
            "127.0.0.1",
            self.settings.exchange_port,
            carrier,
            threaded=True,
            request_handler=QuietRequestHandler,
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def enter(self) -> None:
        """Make this process use the settings and the database of this hotline."""
        self._signal(signal.SIGCONT)
        use_environment(self.environment)
        live_events.publish = live_events.publish_soon

    def rest(self) -> None:
        """Halt its processes until it is entered again or stopped."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        if (number == signal.SIGSTOP) != self._rests:
            for child in self.children.values():
                if child.running:
                    os.killpg(child.pid, number)
        self._rests = number == signal.SIGSTOP

    def kill(self, *names: str) -> None:
        """SIGKILL; `redis` is one of them."""
        for name in names:
            (self.redis if name == "redis" else self.children[name]).kill()

    def restart(self, *names: str) -> None:
        """Start what was killed."""
        for name in names:
            if name == "redis":
                self.settings.var_dir.joinpath("redis.sock").unlink(missing_ok=True)
            (self.redis if name == "redis" else self.children[name]).start()

    def await_ready(self, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        state = "no answer"
        while time.monotonic() < deadline:
            try:
                answer = requests.get(f"{self.url}/readyz", timeout=5)
                state = answer.text
                calls = f"http://127.0.0.1:{self.settings.calls_port}"
                there = all(answer.json().get(part) == "ok" for part in _NEEDED)
                if there and requests.get(f"{calls}/healthz", timeout=5).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        logs = "\n".join(tail(child.log) for child in self.children.values())
        raise AssertionError(f"not ready: {state}\n{logs}")

    def stop(self) -> None:
        """Stop all processes; a second time does nothing."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._signal(signal.SIGCONT)
        forget_settings()
        stop_all([*self.children.values(), self.redis])
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._server.server_close()

    def token(self) -> str:
        from ivr.accounts.api_tokens import new_token
        from ivr.domain.timestamps import utc_now

        with database.writing() as session:
            return new_token(session, secrets.token_hex(4), utc_now(), scopes=("tasks", "callers"))


def reader(hotline: RunningHotline) -> Callable[..., dict]:
    """Reads the API as another program would."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {hotline.token()}"

    def get(path: str, **query: object) -> dict:
        answer = session.get(f"{hotline.url}/api/v1{path}", params=query, timeout=10)
        while answer.status_code == 429:  # a test that waits asks very often
            time.sleep(int(answer.headers.get("Retry-After", 1)))
            answer = session.get(f"{hotline.url}/api/v1{path}", params=query, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get
