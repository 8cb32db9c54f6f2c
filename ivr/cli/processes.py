"""Commands that run the processes of the product, one or all, and prepare their database."""

from __future__ import annotations

import click

from ivr.cli.groups import HotlineCommand


def _mend_modes() -> None:
    """See that what is kept on this machine is readable for this user only, also where it was not before."""
    from ivr.config.settings import settings
    from ivr.platform import private_files

    private_files.mend(settings().var_dir, *settings().private_paths)


def _prepare() -> None:
    """What each process of the product sees to before it begins."""
    from ivr.accounts import demo_logins

    _mend_modes()
    demo_logins.check()


@click.command(cls=HotlineCommand)
def run() -> None:
    """Run everything on this machine until Ctrl-C."""
    from ivr.config.settings import settings
    from ivr.launcher.run import run as run_everything

    _mend_modes()
    settings()
    raise SystemExit(run_everything())


@click.command(cls=HotlineCommand)
def migrate() -> None:
    """Bring the database to the newest schema."""
    from ivr.operations.migrate import migrate as bring_up_to_date

    _mend_modes()
    bring_up_to_date()


@click.command("widen-ids", cls=HotlineCommand)
def widen_ids() -> None:
    """Widen the ids of a PostgreSQL database."""
    from ivr.operations import wide_ids
    from ivr.operations.table_copy import CannotCopy
    from ivr.platform.schema import StillMigrating

    try:
        wide_ids.widen(click.echo)
    except (CannotCopy, StillMigrating) as error:
        raise click.ClickException(str(error)) from None
    click.echo("All ids have 64 bits.")


@click.command(cls=HotlineCommand)
def worker() -> None:
    """Fetch recordings and transcribe them (Procfile: worker)."""
    from ivr.config.settings import settings
    from ivr.workers.worker_pool import Pool

    configured = settings()
    if configured.transcription_pools and not configured.transcription_pool:
        names = ", ".join(configured.transcription_pools)
        raise click.ClickException(f"transcription_pool must name the pool of this host: TRANSCRIPTION_POOL={names}")
    _prepare()
    Pool().run()


@click.command(cls=HotlineCommand)
def clock() -> None:
    """Watch deadlines, queue what was left (Procfile: clock)."""
    from ivr.config.settings import settings
    from ivr.domain.enums import DatabaseUser
    from ivr.platform import database
    from ivr.workers import scheduler

    settings()
    database.serve(DatabaseUser.SCHEDULER)
    _prepare()
    scheduler.run()


@click.command(cls=HotlineCommand)
def exchange() -> None:
    """Run the local carrier (Procfile: exchange).

    In local mode, or with `carrier = "local"`: it stands where the carrier would.
    """
    from ivr.config.settings import settings
    from ivr.launcher.run import check_port
    from ivr.platform import running

    configured = settings()
    if not configured.has_exchange:
        raise click.ClickException(
            "the local carrier runs in local mode only (MODE=local), or where there is no other (CARRIER=local)"
        )
    check_port(configured.exchange_port, "EXCHANGE_PORT", "python -m ivr exchange")
    _mend_modes()
    running.begin("exchange")
    from gunicorn.app.base import BaseApplication

    from ivr.local_carrier.app import create_app, create_switch
    from ivr.local_carrier.sip import connection, telling

    class Exchange(BaseApplication):
        """One process with many threads: the calls live in its memory."""

        sip: connection.Connection | None = None

        def load_config(self) -> None:
            self.cfg.set("bind", f"127.0.0.1:{configured.exchange_port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", 64)
            self.cfg.set("timeout", 0)
            self.cfg.set("graceful_timeout", 2)
            self.cfg.set("loglevel", "warning")
            self.cfg.set("control_socket_disable", True)
            self.cfg.set("worker_exit", self.hang_up)

        def hang_up(self, _server: object, _worker: object) -> None:
            """Give the telephones notice that the process ends."""
            if self.sip is not None:
                self.sip.stop()

        def load(self) -> object:
            switch = create_switch(configured)
            self.sip = connection.connect(configured, switch)
            app = create_app(configured, switch)
            telling.register(app, self.sip)
            return app

    Exchange().run()
