"""The command line: `python -m ivr …`."""

from __future__ import annotations

import sys

import click

from ivr import software_logs
from ivr.cli.backups import backup, restore
from ivr.cli.call import call
from ivr.cli.carrier import carrier, reconcile, spool_retry
from ivr.cli.demo import demo
from ivr.cli.evaluation import transcribe_eval
from ivr.cli.flow import flow
from ivr.cli.keys import keys
from ivr.cli.people import tokens, users
from ivr.cli.planning import simulate
from ivr.cli.processes import clock, exchange, migrate, run, worker
from ivr.cli.promises import sla
from ivr.cli.prompts import prompts
from ivr.cli.protection import audit, papers, retention
from ivr.cli.speech_models import models
from ivr.configuration import ConfigurationError, settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def hotline() -> None:
    """The telephone hotline and voicebox of Jobcenter Bremen."""


for command in (
    run, migrate, worker, clock, exchange, call, carrier, reconcile, backup, restore, flow, prompts, models, keys,
    tokens, users, transcribe_eval, spool_retry, demo, simulate, sla, audit, retention,
    papers,
):  # fmt: skip
    hotline.add_command(command)


def main() -> None:
    """Run a command; a wrong configuration is one message, not a stack trace."""
    software_logs.set_up("text")
    try:
        software_logs.set_up(settings().log_format)
        hotline(prog_name="python -m ivr")
    except ConfigurationError as error:
        sys.exit(str(error))
