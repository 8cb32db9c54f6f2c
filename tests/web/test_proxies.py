"""The shipped nginx and HAProxy before the hotline: slow clients wait there, calls and pages have a server each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ivr.prompts import music
from tests.support.caller import Caller
from tests.support.databases import Databases
from tests.support.environment import leave_environment
from tests.support.proxies import DEPLOY, Proxy, certificate
from tests.support.running_hotline import RunningHotline
from tests.support.servers import free_port
from tests.support.slow_clients import HALF_BODY, HALF_HEAD, LARGE_ANSWER, ONE_BYTE, slow_clients
from tests.support.speech import human_speech
from tests.support.voicebox_calls import leave_message

pytestmark = [pytest.mark.xdist_group("proxies"), pytest.mark.since("ci")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def proxied_hotline(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, korean_model: Path, databases: Databases
) -> Iterator[RunningHotline]:
    """A hotline whose only public address is a proxy's."""
    patched = pytest.MonkeyPatch()
    trusted = str(certificate(folder))
    for key in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        patched.setenv(key, trusted)
    var = tmp_path_factory.mktemp("proxied")
    hotline = RunningHotline(
        var, korean_model, PUBLIC_BASE_URL=f"https://127.0.0.1:{free_port()}", TRUSTED_PROXIES="1",
        **databases.settings(),
    )  # fmt: skip
    yield hotline
    hotline.stop()
    leave_environment()
    patched.undo()


@pytest.fixture(params=["nginx", pytest.param("haproxy", marks=pytest.mark.since("ci"))])
def proxy(request: pytest.FixtureRequest, folder: Path, proxied_hotline: RunningHotline) -> Iterator[Proxy]:
    port = int(proxied_hotline.settings.public_base_url.rpartition(":")[2])
    proxy = Proxy(request.param, folder, port, proxied_hotline.settings)
    yield proxy
    proxy.stop()


@pytest.fixture
def ringing(proxied_hotline: RunningHotline) -> Iterator[object]:
    callers: list[Caller] = []

    def a_caller(**wishes: object) -> Caller:
        callers.append(Caller(proxied_hotline.switch, **wishes))  # type: ignore[arg-type]
        return callers[-1]

    yield a_caller
    for one in callers:
        one.gives_up()


def get(hotline: RunningHotline, path: str, **options: object) -> requests.Response:
    return requests.get(f"{hotline.settings.public_base_url}{path}", timeout=5, **options)  # type: ignore[arg-type]


def test_calls_and_pages_go_on_while_slow_clients_wait_at_the_proxy(proxied_hotline, proxy, ringing) -> None:
    port = int(proxied_hotline.settings.public_base_url.rpartition(":")[2])
    large = LARGE_ANSWER % music.version().encode()
    with (
        slow_clients(port, HALF_HEAD, HALF_BODY, large, times=40, tls=True),
        slow_clients(port, b"", ONE_BYTE, times=40),  # not even the handshake
    ):
        began = time.monotonic()
        leave_message(ringing, human_speech(3))
        assert get(proxied_hotline, "/login").ok
        assert time.monotonic() - began < 20


def test_while_the_server_for_calls_is_away_the_other_one_answers_them(proxied_hotline, proxy, ringing) -> None:
    proxied_hotline.kill("voice")
    try:
        if proxy.name == "haproxy":
            time.sleep(3)  # it asks each second
        leave_message(ringing, human_speech(3))
    finally:
        proxied_hotline.restart("voice")
        proxied_hotline.await_ready()


def test_pages_are_not_on_the_server_for_calls_and_addresses_are_the_clients(proxied_hotline, proxy) -> None:
    assert get(proxied_hotline, "/voice/nothing").status_code == 404
    assert "Strict-Transport-Security" in get(proxied_hotline, "/login").headers
    forged = get(proxied_hotline, "/login", headers={"X-Forwarded-For": "198.51.100.7"})
    assert forged.ok
    assert requests.post(f"{proxied_hotline.settings.public_base_url}/voice/incoming", timeout=5).status_code == 403


def test_a_request_that_is_too_large_ends_at_the_proxy(proxied_hotline, proxy) -> None:
    try:
        url = f"{proxied_hotline.settings.public_base_url}/login"
        assert requests.post(url, data=b"x" * 6_000_000, timeout=10, allow_redirects=False).status_code == 413
    except requests.ConnectionError:
        pass  # HAProxy hangs up on who goes on sending
    assert get(proxied_hotline, "/login").ok


def test_no_log_of_a_proxy_has_the_state_of_a_call(proxied_hotline, proxy, ringing, folder: Path) -> None:
    leave_message(ringing, human_speech(3))
    time.sleep(0.5)
    logs = "".join(file.read_text(errors="replace") for file in folder.glob("*.log"))
    assert "/voice/answer" in logs
    assert "state=" not in logs


def test_the_shipped_limits_fit_what_the_hotline_sends_and_takes() -> None:
    nginx, haproxy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "haproxy.cfg").read_text()
    assert "large_client_header_buffers 4 16k" in nginx, "a request line has 8,190 bytes at most"
    assert "tune.bufsize 65536" in haproxy
    assert "client_max_body_size 5m" in nginx
    assert "gt 5242880" in haproxy
