"""What stands between the carrier and the hotline and makes trouble, from a seed."""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3
from urllib3.exceptions import HTTPError

#: Events may be late by so much (seconds), and so overtake each other.
_LATE = 2.5


class FaultInjection:
    """A proxy in each direction. Webhooks of the carrier come twice, late and out of order; its recordings are not
    there at first, or broken. It knows what the carrier has been asked to delete: what had been recorded."""

    def __init__(self, seed: int, hotline: str, carrier: str, ports: tuple[int, int]) -> None:
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(maxsize=64, retries=False, timeout=urllib3.Timeout(connect=2, read=15))
        self._asked: Counter[str] = Counter()
        #: What was done to how many requests.
        self.done: Counter[str] = Counter()
        self.deleted: set[str] = set()
        self.to_hotline = self._serve(ports[0], hotline, self._webhook)
        self.to_carrier = self._serve(ports[1], carrier, self._rest)

    def stop(self) -> None:
        """Make no more trouble, and serve nobody."""
        for server in (self.to_hotline, self.to_carrier):
            server.shutdown()
            server.server_close()

    def _chance(self) -> float:
        with self._lock:
            return self._dice.random()

    def _serve(self, port: int, target: str, treat) -> ThreadingHTTPServer:  # type: ignore[no-untyped-def]
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                try:
                    status, told, content = treat(self.command, target, self.path, headers, body)
                except HTTPError:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in told.items():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(content)
                self.close_connection = True

            do_GET = do_POST = do_DELETE = _handle

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        server = Server(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def _pass_on(self, method: str, target: str, path: str, headers: dict, body: bytes):  # type: ignore[no-untyped-def]
        answer = self._pool.request(
            method, target + path, body=body or None, headers={**headers, "Connection": "close"}, redirect=False,
            decode_content=False,
        )  # fmt: skip
        return answer.status, dict(answer.headers), answer.data

    def _webhook(self, method: str, target: str, path: str, headers: dict, body: bytes):  # type: ignore[no-untyped-def]
        """The carrier asks the hotline: an event is late, or comes twice; a document is asked for twice."""
        event = re.search(r"/(status|recording|conference|room)", path) is not None
        chance = self._chance()
        if event and chance < 0.4:
            self.done["late"] += 1
            time.sleep(self._chance() * _LATE)
        if self._chance() < 0.15:
            self.done["twice"] += 1
            if event:
                threading.Thread(target=self._quietly, args=(method, target, path, headers, body), daemon=True).start()
            else:
                self._quietly(method, target, path, headers, body)
        return self._pass_on(method, target, path, headers, body)

    def _quietly(self, *request: object) -> None:
        with contextlib.suppress(HTTPError):
            self._pass_on(*request)  # type: ignore[arg-type]

    def _rest(self, method: str, target: str, path: str, headers: dict, body: bytes):  # type: ignore[no-untyped-def]
        """The hotline asks the carrier: recordings are not there at first, or broken."""
        if method == "GET" and (found := re.search(r"/Recordings/(RE\w+)\.wav", path)):
            self._asked[found[1]] += 1
            chance = self._chance()
            if self._asked[found[1]] <= 2 and chance < 0.6:
                if chance < 0.2:
                    self.done["media 404"] += 1
                    return 404, {"Content-Type": "application/xml"}, b"<RestException/>"
                if chance < 0.4:
                    self.done["media 500"] += 1
                    return 500, {"Content-Type": "text/plain"}, b"oops"
                status, told, content = self._pass_on(method, target, path, headers, body)
                self.done["media truncated"] += 1
                return status, told, content[: len(content) // 2]
        answer = self._pass_on(method, target, path, headers, body)
        if method == "DELETE" and answer[0] == 204 and (found := re.search(r"/Recordings/(RE\w+)\.json", path)):
            self.deleted.add(found[1])
        return answer
