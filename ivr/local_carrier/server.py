"""The process `exchange`: serves the REST interface, takes calls over SIP, and stops without cutting calls off."""

from __future__ import annotations

import os
import signal
import threading
import time
from queue import Empty

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from ivr.config.settings import Settings
from ivr.local_carrier.app import create_app, create_switch
from ivr.local_carrier.sip import connection, telling
from ivr.local_carrier.switch import Switch

#: Tells the process that has the calls that it takes no new ones.
_TAKE_NO_MORE = signal.SIGUSR2
_LOOK = 0.1
#: Threads of an exchange of a whole house: each member whose browser is a telephone holds one or two, and waits.
_THREADS = 512
#: Seconds for which the last events of a call are delivered.
_LAST_EVENTS = 0.5


class _Master(Arbiter):
    """Watches the process that has the calls."""

    def handle_term(self) -> None:
        """Wait for the calls in progress, before what it usually does; a second signal ends the waiting."""
        until = time.monotonic() + self.app.settings.exchange_stops_within
        if time.monotonic() < until:
            self.kill_workers(_TAKE_NO_MORE)
        while self.WORKERS and time.monotonic() < until and not self._is_hurried():
            time.sleep(_LOOK)
            self.reap_workers()
        super().handle_term()

    def _is_hurried(self) -> bool:
        try:
            return self.SIG_QUEUE.get_nowait() in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
        except Empty:
            return False


class Exchange(BaseApplication):
    """One process with many threads, because the calls live in its memory; and one that watches it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.switch: Switch
        self.sip: connection.Connection | None = None
        super().__init__()

    def load_config(self) -> None:
        """Configure the server."""
        self.cfg.set("bind", self.settings.exchange_bind)
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 64 if self.settings.has_carrier else _THREADS)
        self.cfg.set("timeout", 0)
        self.cfg.set("graceful_timeout", 2)
        self.cfg.set("loglevel", "warning")
        self.cfg.set("control_socket_disable", True)
        self.cfg.set("post_worker_init", self.listen)
        self.cfg.set("worker_exit", self.hang_up)

    def load(self) -> object:
        """The application, and the telephones."""
        self.switch = create_switch(self.settings)
        self.sip = connection.connect(self.settings, self.switch)
        app = create_app(self.settings, self.switch)
        telling.register(app, self.sip, self.switch)
        threading.Thread(target=self.switch.tell_last_words, daemon=True, name="last words").start()
        return app

    def run(self) -> None:
        """Serve until a signal comes."""
        _Master(self).run()

    def listen(self, _worker: object) -> None:
        """Let a signal end the taking of new calls."""
        signal.signal(_TAKE_NO_MORE, lambda *_: self.take_no_more())

    def take_no_more(self) -> None:
        """Take no new calls, and end when those in progress are over."""
        self.switch.is_stopping = True
        if self.sip is not None:
            self.sip.take_no_more()
        threading.Thread(target=self._end_when_silent, daemon=True, name="stopping").start()

    def _end_when_silent(self) -> None:
        while self.switch.calls_now():
            time.sleep(_LOOK)
        time.sleep(_LAST_EVENTS)
        os.kill(os.getpid(), signal.SIGTERM)

    def hang_up(self, _server: object, _worker: object) -> None:
        """Give the telephones notice that the process ends."""
        if self.sip is not None:
            self.sip.stop()
