"""The command line lives here: `python -m ivr …`, one module for each group of commands.

Commands parse, call one function of another package and print; what they do does not live here. A command imports what
it needs when it runs, so that the list of commands appears at once.
"""

from __future__ import annotations

import io
import logging
import sys

import click

from ivr import __version__
from ivr.cli.groups import Hotline

#: The commands by section, each with the module of this package that defines it.
_SECTIONS = {
    "Run": {"setup": "setup", "run": "processes", "migrate": "processes", "widen-ids": "processes",
            "worker": "processes", "clock": "processes", "exchange": "processes"},
    "Try": {"call": "call", "demo": "demo"},
    "Call script, prompts and speech": {"flow": "flow", "prompts": "prompts", "models": "models",
                                        "languages": "languages", "transcribe-eval": "evaluation"},
    "What callers are told today": {"announcements": "announcements", "hours": "opening_hours", "notices": "notices"},
    "Carrier": {"carrier": "carrier", "reconcile": "carrier", "spool-retry": "carrier"},
    "People and programs": {"users": "accounts", "tokens": "accounts"},
    "Promises and staff": {"sla": "sla", "promises": "promises", "simulate": "staffing"},
    "Data protection": {"audit": "privacy", "retention": "privacy", "papers": "privacy"},
    "Settings, keys and backups": {"doctor": "doctor", "settings": "configuration", "keys": "keys", "backup": "backups",
                                   "restore": "backups"},
}  # fmt: skip

hotline = Hotline(
    "hotline",
    sections=_SECTIONS,
    help="The telephone hotline and voicebox of Jobcenter Bremen.",
    epilog="Exit status: 0 done; 1 not done, or something is wrong; 2 wrong arguments. "
    "Settings: docs/configuration.md.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
click.version_option(__version__, prog_name="hotline")(hotline)


def main() -> None:
    """Run a command, with this process' logs written as the settings say."""
    from ivr.platform import log_setup, private_files

    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter stops no command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    private_files.begin()
    log_setup.set_up("text")
    if sys.argv[1:2] not in (["worker"], ["clock"]):  # a command says by itself why it cannot go on
        logging.getLogger("ivr.platform.database_damage").setLevel(logging.CRITICAL)
    hotline(prog_name="python -m ivr", obj=log_setup.set_up)
