"""Commands that run the house's processes, one or all."""

from __future__ import annotations

import click

from ivr.config.settings import settings


@click.command()
def run() -> None:
    """Run everything on this machine until Ctrl-C."""
    from ivr.launcher.run import run as run_house

    settings()
    raise SystemExit(run_house())


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from ivr.operations.migrate import migrate as bring_up_to_date

    bring_up_to_date()


@click.command()
def worker() -> None:
    """Fetch recordings and transcribe them (Procfile: worker)."""
    from ivr.workers.worker_pool import Pool

    configured = settings()
    if configured.transcription_pools and not configured.transcription_pool:
        raise click.ClickException("transcription_pool must name the pool of this host (TRANSCRIPTION_POOL=…)")
    Pool().run()


@click.command()
def clock() -> None:
    """Record missed promises and repair what was not enqueued (Procfile: clock)."""
    from ivr.workers import scheduler as the_clock

    settings()
    the_clock.run()


@click.command()
def exchange() -> None:
    """The local exchange (Procfile: exchange; local mode only)."""
    from gunicorn.app.base import BaseApplication

    from ivr.local_carrier.app import create_app

    configured = settings()
    if not configured.local:
        raise click.ClickException("the local exchange runs in local mode only")

    class Exchange(BaseApplication):
        """One process with many threads: the calls live in its memory."""

        def load_config(self) -> None:
            self.cfg.set("bind", f"127.0.0.1:{configured.exchange_port}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", 64)
            self.cfg.set("timeout", 0)
            self.cfg.set("graceful_timeout", 2)
            self.cfg.set("loglevel", "warning")

        def load(self) -> object:
            return create_app(configured)

    Exchange().run()
