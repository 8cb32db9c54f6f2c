"""The local carrier as a process of its own, with members, an interpreter and called persons.

python -m tests.soak.chaos.local_carrier
"""

from __future__ import annotations

from gunicorn.app.base import BaseApplication

from ivr.config.settings import settings
from ivr.local_carrier.app import create_app, create_switch
from ivr.local_carrier.call import Ringing
from ivr.local_carrier.lines import Line, ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from tests.soak.chaos.people import INTERPRETER, MEMBERS


def member(ringing: Ringing) -> Line | str:
    """Accepts, talks a moment, and puts the receiver down."""
    return ScriptedLine(ScriptedCaller(keys=["1"], hangs_up=True, talk_seconds=1.0))


def interpreter(ringing: Ringing) -> Line | str:
    """Accepts, and stays as long as the others do (within reason)."""
    return ScriptedLine(ScriptedCaller(keys=["1"], hangs_up=True, talk_seconds=5.0))


class _Server(BaseApplication):
    def load_config(self) -> None:
        self.cfg.set("bind", f"127.0.0.1:{settings().exchange_port}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 64)
        self.cfg.set("timeout", 0)
        self.cfg.set("loglevel", "warning")

    def load(self) -> object:
        switch = create_switch(settings())
        switch.telephones |= dict.fromkeys(MEMBERS, member) | {INTERPRETER: interpreter}
        return create_app(settings(), switch)


if __name__ == "__main__":
    _Server().run()
