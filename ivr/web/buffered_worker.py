"""The worker of gunicorn for the web process and for calls: no thread ever waits for somebody's slow network.

gunicorn's own worker gives a connection a thread as soon as its first byte is there, so as many half requests as there
are threads stop everything. This one collects a request in its event loop, gives it a thread when it is whole, and
sends what the reader does not take at once from the loop as well. See docs/decisions (calls have their own server).
"""

from __future__ import annotations

import errno
import importlib
import resource
import selectors
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from ivr.web import held_streams
from ivr.web.held_streams import HeldStreams
from ivr.web.http_arrival import REFUSALS, Arrival, judge
from ivr.web.outgoing import Outgoing

#: Seconds in which a request must be whole (longer where much of it has come, by so many bytes a second), and in which
#: a reader must take a megabyte of an answer.
REQUEST_SECONDS, _SLOWEST, READER_SECONDS = 20.0, 32_000, 30.0
#: Seconds for which a connection is kept open after our last word, so that the other side can read it.
_LINGER = 2.0
#: Bytes that are read at once, and bytes of unfinished requests that one worker keeps in memory.
_PIECE, _MEMORY = 65_536, 128 * 1024 * 1024
#: Open files that are not connections of clients: database, Redis, recordings, modules.
_OTHER_FILES = 256
_MEGABYTE = 1_000_000


class Connection(TConn):
    """A connection: what has arrived of a request, and what is still to be sent."""

    def __init__(
        self, cfg: Any, sock: socket.socket, client: Any, server: Any, streams: HeldStreams | None = None
    ) -> None:
        super().__init__(cfg, sock, client, server)
        self.parser: Any = None
        self.network = sock
        self.sock = Outgoing(sock, streams)
        self.received = bytearray()
        self.began = self.deadline = 0.0
        #: Nothing more is answered; what still comes is thrown away.
        self.leaving = False

    def init(self) -> None:
        """Prepare the parser. A request is whole by now, so it never reads from the network."""
        self.initialized = True
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self.sock, self.client)


class BufferedWorker(ThreadWorker):
    """gunicorn's thread worker, with a loop that collects requests and delivers answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Connections of which the loop waits for something, the one that has waited longest first.
        self._waiting: dict[Connection, None] = {}
        self._held = 0
        self._looked = 0.0
        self._most = int(self.cfg.worker_connections)
        self.streams = HeldStreams(self)
        self.worker_connections = 1 << 30  # who is new is always taken, see `accept`

    @classmethod
    def setup(cls) -> None:
        """Import the application before gunicorn starts its processes: they share what is imported, and its memory.

        Importing takes seconds of processor time. The application itself is made in each process, with its threads.
        What it reads from files is read here too, and again at a reload (:mod:`ivr.web.kept_files`).
        """
        importlib.import_module("ivr.web.app")
        importlib.import_module("ivr.web.kept_files").read()

    def init_process(self) -> None:
        """Let this process have as many connections open as the system allows it, then begin."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self._most + held_streams.MOST + _OTHER_FILES
        if soft != resource.RLIM_INFINITY and soft < wanted:
            soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            self._most = max(64, min(self._most, soft - _OTHER_FILES))
        super().init_process()

    def init_signals(self) -> None:
        """Leave SIGHUP to the parent, which replaces its processes one after the other: it may be sent to all."""
        super().init_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    # -- the loop: every method below runs in it -----------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection. If there are too many, the one that has been unfinished for longest is closed."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED):
                raise
            return  # another process has taken the connection, or its client has gone away
        self.nr_conns += 1
        if self.nr_conns > self._most:
            self._make_room()
        self._await(Connection(self.cfg, client, address, listener.getsockname(), self.streams), REQUEST_SECONDS)

    def _make_room(self) -> None:
        for oldest in self._waiting:
            self._drop(oldest)
            return

    def _await(self, conn: Connection, seconds: float, events: int = selectors.EVENT_READ) -> None:
        conn.deadline = time.monotonic() + seconds
        self._waiting[conn] = None
        step: Callable[[Connection, Any], None] = self._arrives if events == selectors.EVENT_READ else self._departs
        self.poller.register(conn.network, events, partial(step, conn))

    def _no_longer_awaited(self, conn: Connection) -> None:
        if self._waiting.pop(conn, conn) is None:
            self.poller.unregister(conn.network)

    def _drop(self, conn: Connection) -> None:
        self._no_longer_awaited(conn)
        self._held -= len(conn.received)
        conn.received = bytearray()
        self.nr_conns -= 1
        conn.network.close()

    def _arrives(self, conn: Connection, _network: Any) -> None:
        try:
            piece = conn.network.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._drop(conn)
        elif not conn.leaving:
            conn.began = conn.began if conn.received else time.monotonic()
            conn.received += piece
            conn.deadline = conn.began + REQUEST_SECONDS + len(conn.received) / _SLOWEST
            self._held += len(piece)
            self._look_at(conn)

    def _look_at(self, conn: Connection) -> None:
        """Give a request a thread if it is whole; refuse what can never become one."""
        arrival = judge(conn.received, conn.sock)
        if arrival == Arrival.UNFINISHED:
            if self._held > _MEMORY:
                self._drop(max(self._waiting, key=lambda one: len(one.received)))
            return
        self._no_longer_awaited(conn)
        request, conn.received = bytes(conn.received), bytearray()
        self._held -= len(request)
        if arrival == Arrival.WHOLE:
            conn.init()
            conn.sock.whole_at = time.monotonic()
            conn.parser.unreader.unread(request)
            self.enqueue_req(conn)
        else:
            self._say_last(conn, REFUSALS[arrival])

    def _say_last(self, conn: Connection, answer: bytes) -> None:
        with suppress(OSError):
            conn.sock.sendall(answer)
        self._after_answer(conn, goes_on=False)

    def finish_request(self, conn: Connection, done: Future[Any]) -> None:
        """A thread has answered: deliver the answer, then take the next request or part."""
        goes_on = not done.cancelled() and done.exception() is None and done.result() is True
        held, conn.sock.held = conn.sock.held, None
        if held is None:
            self._after_answer(conn, goes_on=goes_on)
        elif not done.cancelled() and done.exception() is None:
            self.nr_conns -= 1
            self.streams.hold(held, conn)
        else:
            self.streams.release(held)
            self._after_answer(conn, goes_on=False)

    def _after_answer(self, conn: Connection, *, goes_on: bool) -> None:
        conn.leaving = not goes_on
        if conn.sock.pending:
            self._await(conn, READER_SECONDS * (1 + conn.sock.pending // _MEGABYTE), selectors.EVENT_WRITE)
        elif not goes_on:
            self._part(conn)
        else:
            ahead = conn.parser.unreader.take_buffered()
            conn.received += ahead
            self._held += len(ahead)
            seconds = REQUEST_SECONDS if ahead else self.cfg.keepalive
            self._await(conn, seconds if self.alive else min(seconds, _LINGER))
            if ahead:
                self._look_at(conn)

    def _departs(self, conn: Connection, _network: Any) -> None:
        try:
            conn.sock.flush()
        except OSError:
            self._drop(conn)
            return
        if not conn.sock.pending:
            self._no_longer_awaited(conn)
            self._after_answer(conn, goes_on=not conn.leaving)

    def _part(self, conn: Connection) -> None:
        """Say that nothing more comes, and wait a moment for the other side to have read everything."""
        try:
            conn.network.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.network.close()
            return
        self._await(conn, _LINGER)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close what has waited too long (or all that waits, if forced)."""
        self.streams.tend(alive=self.alive and not force)
        now = time.monotonic()
        if now - self._looked < 0.5 and not force:
            return
        self._looked = now
        for conn in [one for one in self._waiting if force or one.deadline < now]:
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self._waiting:
            if not conn.received and not conn.sock.pending:
                conn.deadline = min(conn.deadline, deadline)
