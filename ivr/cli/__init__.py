"""The command line: `python -m ivr …`."""

from __future__ import annotations

import sys

import click

from ivr.cli.accounts import tokens, users
from ivr.cli.backups import backup, restore
from ivr.cli.call import call
from ivr.cli.carrier import carrier, reconcile, spool_retry
from ivr.cli.demo import demo
from ivr.cli.evaluation import transcribe_eval
from ivr.cli.flow import flow
from ivr.cli.keys import keys
from ivr.cli.models import models
from ivr.cli.privacy import audit, papers, retention
from ivr.cli.processes import clock, exchange, migrate, run, worker
from ivr.cli.prompts import prompts
from ivr.cli.sla import sla
from ivr.cli.staffing import simulate
from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.platform import log_setup


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
    log_setup.set_up("text")
    try:
        log_setup.set_up(settings().log_format)
        hotline(prog_name="python -m ivr")
    except ConfigurationError as error:
        sys.exit(str(error))
