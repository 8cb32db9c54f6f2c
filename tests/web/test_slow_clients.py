"""Slow networks and half requests stop neither calls nor the desk."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.prompts import music
from ivr.web.http_arrival import Arrival, judge
from tests.support.environment import ROOT
from tests.support.servers import free_port
from tests.support.slow_clients import HALF_BODY, HALF_HEAD, LARGE_ANSWER, ONE_BYTE, slow_clients
from tests.support.speech import human_speech
from tests.support.voicebox_calls import leave_message
from tests.support.waiting import eventually

#: An application with two threads: three slow clients would be enough to stop it.
APPLICATION = """
import json

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    large = environ["PATH_INFO"] == "/large"
    answer = b"x" * 20_000_000 if large else json.dumps(
        {"path": environ["RAW_URI"], "body": len(body), "method": environ["REQUEST_METHOD"]}).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an application with two threads under the product's worker."""
    with serving(tmp_path_factory.mktemp("small"), processes=1) as port:
        yield port


@contextmanager
def serving(folder: Path, processes: int) -> Iterator[int]:
    """The port of the application; each process has two threads."""
    port = free_port()
    (folder / "small.py").write_text(APPLICATION)
    worker = "ivr.web.buffered_worker.BufferedWorker"
    command = [sys.executable, "-m", "gunicorn", "small:application", "--bind", f"127.0.0.1:{port}", "--threads", "2",
               "--worker-class", worker, "--worker-connections", "120", "--pythonpath", f"{folder},{ROOT}",
               "--workers", str(processes)]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log)
    assert eventually(lambda: process.poll() is not None or is_answering(port), 120)
    assert process.poll() is None, (folder / "log").read_text()
    yield port
    process.terminate()
    assert process.wait(40) == 0, (folder / "log").read_text()
    assert "Traceback" not in (folder / "log").read_text()


def is_answering(port: int) -> bool:
    try:
        return bool(answers(port))
    except OSError:
        return False


def answers(port: int, path: str = "/", data: bytes | None = None) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=data, timeout=5) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize("beginning", [b"", ONE_BYTE, HALF_HEAD, HALF_BODY], ids=["silent", "byte", "head", "body"])
def test_half_requests_take_no_thread(small_server: int, beginning: bytes) -> None:
    with slow_clients(small_server, beginning, times=60):
        for _ in range(5):
            assert answers(small_server, "/?a=%7E", b"12345") == {"path": "/?a=%7E", "body": 5, "method": "POST"}


def test_who_reads_slowly_takes_no_thread(small_server: int) -> None:
    with slow_clients(small_server, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", times=5) as readers:
        time.sleep(0.5)
        for _ in range(5):
            answers(small_server)
        got = 0
        readers[0].settimeout(10)
        while got < 20_000_000:
            got += len(readers[0].recv(1 << 20)) or pytest.fail("cut off")


def test_more_connections_than_there_is_room_for_push_the_slowest_out(small_server: int) -> None:
    with slow_clients(small_server, HALF_HEAD, times=300) as clients:
        assert answers(small_server)["path"] == "/"
        assert clients[0].recv(10) == b"", "the oldest half request is closed"


@pytest.mark.since("ci")
def test_a_connection_that_another_process_has_taken_pushes_nobody_out(tmp_path: Path) -> None:
    """Both processes are told of a new connection; one of them comes too late, and has no reason to make room."""
    with serving(tmp_path, processes=2) as port, slow_clients(port, HALF_BODY, times=20) as waiting:
        with ThreadPoolExecutor(8) as clients:
            assert len(list(clients.map(lambda _: answers(port), range(300)))) == 300
        for client in waiting:
            client.setblocking(False)
            with pytest.raises(BlockingIOError):  # still open; nothing has been said
                client.recv(10)


def test_a_request_in_pieces_and_several_at_once_are_answered(small_server: int) -> None:
    with socket.create_connection(("127.0.0.1", small_server), timeout=5) as client:
        for byte in b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab":
            client.sendall(bytes([byte]))
        time.sleep(0.1)
        client.sendall(b"c" + b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := client.recv(65536):
            said += piece
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert b'"path": "/slow", "body": 3' in said
    assert b'"path": "/next"' in said


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000, b"431"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", b"100"),
    ],
)
def test_what_can_never_become_a_request_is_refused_at_once(small_server: int, request_: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", small_server), timeout=5) as client:
        client.sendall(request_)
        assert client.recv(20).split(b" ")[1] == status
    assert answers(small_server)["path"] == "/"


def test_a_body_is_awaited_however_its_length_is_written() -> None:
    """What is left of it would be read as the next request."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"0" * 40 + b"5\r\n\r\n"
    assert judge(bytearray(head + b"1"), None) == Arrival.UNFINISHED
    assert judge(bytearray(head + b"12345"), None) == Arrival.WHOLE
    assert judge(bytearray(head.replace(b"5\r", b"\r")), None) == Arrival.WHOLE


def test_who_sends_a_byte_now_and_then_takes_no_thread(small_server: int) -> None:
    with slow_clients(small_server, ONE_BYTE, HALF_HEAD, HALF_BODY, times=25) as clients:
        for _ in range(4):
            for client in clients:
                client.sendall(b"x")
            assert answers(small_server)["path"] == "/"


def test_who_breaks_off_in_the_middle_of_a_request_or_of_an_answer_takes_nothing(small_server: int) -> None:
    """The connection is reset, not closed: the server's next word to it fails."""
    reset = struct.pack("ii", 1, 0)
    for _ in range(3):
        with slow_clients(small_server, HALF_BODY, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n", times=8) as clients:
            for client in clients:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        assert answers(small_server)["path"] == "/"


@pytest.mark.parametrize(
    "said",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 443\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x05\x01\x00",
        b"SSH-2.0-client\r\n",
        bytes(200) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\r\n" * 100,
    ],
    ids=["http2", "tls", "proxy", "socks", "ssh", "zeros", "plus", "space", "newlines", "empty"],
)
def test_who_speaks_another_protocol_takes_no_thread(small_server: int, said: bytes) -> None:
    """A scanner, a proxy set up wrongly, a client of something else: refused, or left until the time is over."""
    with slow_clients(small_server, said, times=30):
        for _ in range(3):
            assert answers(small_server, "/?a=1", b"12345")["body"] == 5


def test_many_requests_on_one_connection_keep_no_other_client_waiting(small_server: int) -> None:
    with socket.create_connection(("127.0.0.1", small_server), timeout=20) as greedy:
        greedy.sendall(b"GET /many HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
        for _ in range(5):
            assert answers(small_server)["path"] == "/"
        said = b""
        while said.count(b'"path": "/many"') < 400:
            said += greedy.recv(65536) or pytest.fail("cut off")


def test_who_says_that_nothing_more_comes_is_answered(small_server: int) -> None:
    with socket.create_connection(("127.0.0.1", small_server), timeout=5) as client:
        client.sendall(b"POST /last HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        client.shutdown(socket.SHUT_WR)
        said = b""
        while piece := client.recv(65536):
            said += piece
    assert b'"path": "/last", "body": 3' in said


def test_calls_go_on_while_half_requests_wait_at_every_door(hotline, caller) -> None:
    large = LARGE_ANSWER % music.version().encode()
    doors = (hotline.settings.port, hotline.settings.calls_port)
    with (
        slow_clients(doors[0], b"", ONE_BYTE, HALF_HEAD, HALF_BODY, large, times=40),
        slow_clients(doors[1], b"", ONE_BYTE, HALF_HEAD, HALF_BODY, large, times=40),
    ):
        began = time.monotonic()
        for _ in range(3):
            leave_message(caller, human_speech(3))
        assert time.monotonic() - began < 30
        for port in doors:
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200
        assert urllib.request.urlopen(f"http://127.0.0.1:{doors[0]}/login", timeout=5).status == 200


def test_a_process_for_calls_has_no_pages(hotline) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{hotline.settings.calls_port}/login", timeout=5)


def test_every_listed_server_uses_the_worker_that_waits_for_whole_requests() -> None:
    listed = [line for line in Path(ROOT / "Procfile").read_text().splitlines() if "gunicorn" in line]
    assert len(listed) == 2
    assert all("ivr.web.buffered_worker.BufferedWorker" in line for line in listed)
