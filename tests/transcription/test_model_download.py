"""Getting models: from a model site that breaks off, lies and is away; and from a package."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zipfile
from types import SimpleNamespace

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from ivr.config import settings as configuration
from ivr.transcription import model_download, vosk_engine

ACOUSTICS = os.urandom(500_000)


def archive(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr(f"{name}/am/final.mdl", ACOUSTICS)
        files.writestr(f"{name}/conf/mfcc.conf", "--sample-frequency=16000")
    return out.getvalue()


class Site:
    """A small model site, which can break off in the middle of a file."""

    def __init__(self) -> None:
        self.content = archive("vosk-model-small-de-0.15")
        self.large = archive("vosk-model-de-0.21")
        self.breaks_off_after: int | None = None
        self.md5 = hashlib.md5(self.content).hexdigest()
        self.ranges: list[str | None] = []
        app = Flask("site")

        @app.get("/models/model-list.json")
        def offers() -> Response:
            small = {"lang": "de", "name": "vosk-model-small-de-0.15", "type": "small", "obsolete": "false"}
            offer = {**small, "md5": self.md5, "size": len(self.content)}
            old = {**small, "name": "vosk-model-small-de-0.1", "obsolete": "true", "md5": "", "size": 1}
            large_md5 = hashlib.md5(self.large).hexdigest()
            big = {**small, "name": "vosk-model-de-0.21", "type": "big", "md5": large_md5, "size": len(self.large)}
            return Response(json.dumps([old, big, offer]), mimetype="application/json")

        @app.get("/models/vosk-model-de-0.21.zip")
        def download_large() -> Response:
            return Response(self.large)

        @app.get("/models/vosk-model-small-de-0.15.zip")
        def download() -> Response:
            self.ranges.append(request.headers.get("Range"))
            start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
            body = self.content[start:]
            if self.breaks_off_after is not None:
                cut, self.breaks_off_after = body[: self.breaks_off_after], None
                return Response(iter([cut]), 206 if start else 200, headers={"Content-Length": str(len(body))})
            return Response(body, 206 if start else 200)

        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/models"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site(empty_database, monkeypatch: pytest.MonkeyPatch):
    site = Site()
    settings = configuration.load(vosk_model_url=site.url)
    for module in (model_download, vosk_engine):
        monkeypatch.setattr(module, "settings", lambda: settings)
    yield site
    site.close()


def test_a_model_is_fetched_checked_and_put_in_its_place(site: Site) -> None:
    told = []
    path = model_download.fetch("de", lambda done, total: told.append((done, total)))
    assert (path / "am" / "final.mdl").read_bytes() == ACOUSTICS
    assert told[-1] == (len(site.content), len(site.content))
    assert vosk_engine.installed_languages() == ("de",)
    assert model_download.fetch("de") == path
    assert len(site.ranges) == 1, "what is there is not fetched again"


def test_a_large_model_replaces_a_small_one_where_memory_allows(site: Site, monkeypatch) -> None:
    model_download.fetch("de")
    assert (model_download.name_of("de"), model_download.is_large("de")) == ("vosk-model-small-de-0.15", False)
    with monkeypatch.context() as patched:
        patched.setattr(model_download.psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
        with pytest.raises(model_download.FetchFailed, match="MiB of memory"):
            model_download.fetch("de", large=True)
    assert vosk_engine.installed_languages() == ("de",)
    path = model_download.fetch("de", large=True)
    assert model_download.is_large("de")
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".downloads", "de"], "nothing is left over"
    assert model_download.fetch("de") == path
    assert model_download.is_large("de"), "a small model does not replace it"


def test_a_download_that_broke_off_goes_on_where_it_was(site: Site) -> None:
    site.breaks_off_after = 300_000
    with pytest.raises(model_download.FetchFailed):
        model_download.fetch("de")
    assert vosk_engine.installed_languages() == (), "half a model is no model"
    model_download.fetch("de")
    first, second = site.ranges
    assert first is None
    assert second, "the rest was asked for, not the whole"
    assert vosk_engine.installed_languages() == ("de",)


def test_a_wrong_checksum_is_thrown_away(site: Site) -> None:
    site.md5 = "0" * 32
    with pytest.raises(model_download.FetchFailed, match="wrong checksum"):
        model_download.fetch("de")
    assert vosk_engine.installed_languages() == ()
    site.md5 = hashlib.md5(site.content).hexdigest()
    model_download.fetch("de")


def test_a_language_the_site_does_not_have(site: Site) -> None:
    with pytest.raises(model_download.FetchFailed, match="no small model for xx"):
        model_download.fetch("xx")


def test_a_site_that_is_away_is_one_sentence(site: Site) -> None:
    site.close()
    with pytest.raises(model_download.FetchFailed, match="cannot be reached"):
        model_download.fetch("de")


def test_korean_comes_from_its_package(korean_model) -> None:
    assert (korean_model / "ko" / "am" / "final.mdl").stat().st_size > 10_000_000
