"""Some other application behind the number, for what the local carrier does with any document."""

from __future__ import annotations

import threading

from flask import Flask, Response, request
from werkzeug.serving import make_server


class OtherApplication:
    """Some other application behind the number: answers each path with a prepared document."""

    def __init__(self) -> None:
        #: The document of each path, or several that are answered one after the other.
        self.documents: dict[str, str | list[str]] = {}
        self.statuses: dict[str, list[int]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        app = Flask("other")

        @app.post("/<path:path>")
        def answer(path: str) -> Response:
            self.asked.append((path, request.form.to_dict()))
            status = (self.statuses.get(path) or [200]).pop(0) if self.statuses.get(path) else 200
            return Response(f"<Response>{self._document(path)}</Response>", status, mimetype="text/xml")

        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _document(self, path: str) -> str:
        found = self.documents.get(path, "")
        if isinstance(found, str):
            return found
        return found.pop(0) if len(found) > 1 else found[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def form(self, path: str) -> dict[str, str]:
        return next(form for asked, form in self.asked if asked == path)
