"""Open streams take no thread; who never reads, or opens too many, takes nothing from others."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.environment import ROOT
from tests.support.servers import free_port
from tests.support.waiting import eventually

#: An application whose streams are told what an address says; nothing of it asks a database.
APPLICATION = """
import json
from urllib.parse import parse_qs

from ivr.platform.live_feed import Heard
from ivr.web import held_streams

held_streams.SIGN_EVERY, held_streams.CHECK_EVERY, held_streams.MOST_OF_ONE = 0.5, 0.5, 5
LOST_WITHIN, TOLD_WITHIN = 7001, 7002
gone = set()

def check(readers):
    return {one.log_in: one for one in readers if one.user_id not in gone}

def application(environ, start_response):
    out, asked = environ["gunicorn.socket"], parse_qs(environ["QUERY_STRING"])
    streams, number = out.streams, int(asked.get("number", ["0"])[0])
    streams.check = check
    if environ["PATH_INFO"] == "/events":
        reader = held_streams.Reader(str(number), number, frozenset({number % 10}))
        held = streams.reserve(reader, chunked=environ["SERVER_PROTOCOL"] != "HTTP/1.0")
        if held is None:
            start_response("429 Too Many Requests", [("Content-Length", "0")])
            return [b""]
        out.held = held
        if number == LOST_WITHIN:
            streams._lost()
        if number == TOLD_WITHIN:
            streams.feed.last = (1, 0)
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return iter([streams.hello()])
    if environ["PATH_INFO"] == "/tell":
        for count in range(int(asked.get("times", ["1"])[0])):
            streams._heard(Heard((1, count), frozenset(asked["topic"])))
    if environ["PATH_INFO"] == "/lose":
        streams._lost()
    if environ["PATH_INFO"] == "/gone":
        gone.add(number)
    answer = json.dumps({"open": len(streams._open), "reserved": sum(streams._reserved.values()),
                         "connections": streams._worker.nr_conns}).encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""


class Reader:
    """Somebody who has opened a stream."""

    def __init__(self, port: int, number: int = 1, version: str = "1.1", headers: str = "") -> None:
        self.network = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.network.sendall(f"GET /events?number={number} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode())
        self.got = b""

    def reads(self, text: str, seconds: float = 30) -> str:
        """Read until this was said."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.got:
            assert time.monotonic() < deadline, self.got
            piece = self.network.recv(65536)
            assert piece, f"closed after {self.got!r}"
            self.got += piece
        return self.got.decode()

    def is_closed(self) -> bool:
        """Read until the end."""
        while piece := self.network.recv(65536):
            self.got += piece
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("streams")
    port = free_port()
    (folder / "small.py").write_text(APPLICATION)
    command = [sys.executable, "-m", "gunicorn", "small:application", "--bind", f"127.0.0.1:{port}", "--threads", "2",
               "--worker-class", "ivr.web.buffered_worker.BufferedWorker", "--worker-connections", "40",
               "--pythonpath", f"{folder},{ROOT}"]  # fmt: skip
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log)
    eventually(lambda: _answers(port), 30)
    yield port
    process.terminate()
    assert process.wait(20) == 0, (folder / "log").read_text()
    assert "Traceback" not in (folder / "log").read_text()


def _answers(port: int) -> bool:
    try:
        ask(port, "/")
    except OSError:
        return False
    return True


def ask(port: int, path: str) -> dict:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        said = b""
        while piece := client.recv(65536):
            said += piece
    return json.loads(said.partition(b"\r\n\r\n")[2])


def are_held(server: int, count: int) -> None:
    """The first event is sent before the loop holds a stream; what is told in between is told by a second `hello`."""
    eventually(lambda: ask(server, "/")["open"] == count)


@pytest.fixture
def reader(server: int) -> Iterator[Callable[..., Reader]]:
    """Somebody opens a stream; at the end all close theirs."""
    with ExitStack() as all_open:

        def opens(*arguments: object, **named: object) -> Reader:
            one = Reader(server, *arguments, **named)
            all_open.callback(one.network.close)
            one.reads("HTTP/1.")
            return one

        yield opens
    ask(server, "/lose")
    eventually(lambda: ask(server, "/")["reserved"] == 0)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_each_reader_is_told_what_is_theirs(server: int, reader, version: str) -> None:
    """HTTP/1.0: as some proxies ask."""
    of_three, of_four = reader(3, version), reader(4, version)
    of_three.reads("event: hello")
    assert ("chunked" in of_three.got.decode().lower()) == (version == "1.1")
    of_four.reads("event: hello")
    are_held(server, 2)
    ask(server, "/tell?topic=team:3&topic=task:17")
    assert "team:3" in of_three.reads("task:17")
    ask(server, "/tell?topic=look:3&topic=task:18")
    of_three.reads("look:3 task:18")
    ask(server, "/tell?topic=person:4")
    assert "task:1" not in of_four.reads("person:4")
    ask(server, "/tell?topic=team")
    for one in (of_three, of_four):
        one.reads(" team\n")
        one.reads("event: sign")


def test_many_streams_take_no_thread_and_push_nobody_out(server: int, reader) -> None:
    readers = [reader(number) for number in range(100)]
    are_held(server, 100)
    assert ask(server, "/")["connections"] < 5, "two threads, room for 40 connections"
    ask(server, "/tell?topic=team")
    for one in readers:
        one.reads(" team\n")
        one.network.close()
    are_held(server, 0), "who closes is forgotten"


def test_who_never_reads_is_dropped(server: int, reader) -> None:
    silent, reads = reader(1), reader(2)
    silent.network.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    reads.reads("event: hello")
    for _ in range(400):
        ask(server, "/tell?topic=person:1&topic=person:2&times=500")
        reads.network.setblocking(False)
        with suppress(BlockingIOError):
            reads.network.recv(1 << 22)
        if ask(server, "/")["reserved"] < 2:
            break
    assert ask(server, "/")["reserved"] == 1


def test_one_person_has_a_few_streams_and_others_have_theirs(server: int, reader) -> None:
    mine = [reader(7) for _ in range(5)]
    for one in mine:
        one.reads("event: hello")
    reader(7).reads("429 Too Many")
    reader(8).reads("event: hello")
    mine[0].network.close()
    are_held(server, 5)
    reader(7).reads("event: hello")


def test_a_log_in_that_has_ended_ends_its_streams_alone(server: int, reader) -> None:
    out, stays = reader(21), reader(22)
    out.reads("event: hello")
    stays.reads("event: hello")
    are_held(server, 2)
    ask(server, "/gone?number=21")
    assert "log-in" in out.reads("event: end")
    assert out.is_closed()
    ask(server, "/tell?topic=person:22")
    stays.reads("person:22")


def test_a_lost_feed_ends_all_streams(server: int, reader) -> None:
    readers = [reader(number) for number in (1, 2)]
    for one in readers:
        one.reads("event: hello")
    ask(server, "/lose")
    for one in readers:
        assert "away" in one.reads("event: end") and one.is_closed()


def test_a_feed_that_is_lost_while_a_stream_begins_ends_it_as_well(reader) -> None:
    one = reader(7001)
    assert "away" in one.reads("event: end") and one.is_closed()


def test_what_is_told_while_a_stream_begins_is_not_missed(reader) -> None:
    one = reader(7002)
    one.reads("event: sign")
    assert one.got.count(b"event: hello") == 2, "everything may have changed since the first"


@pytest.mark.parametrize("said", [b"x", b"GET / HTTP/1.1\r\n\r\n" * 500], ids=["a byte", "requests"])
def test_what_a_reader_says_is_thrown_away(server: int, reader, said: bytes) -> None:
    one = reader(5, headers="Last-Event-ID: ☃-nonsense\r\n".encode().decode("latin-1"))
    one.reads("event: hello")
    are_held(server, 1)
    one.network.sendall(said)
    ask(server, "/tell?topic=person:5")
    one.reads("person:5")
