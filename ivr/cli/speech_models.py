"""Commands for the speech models."""

from __future__ import annotations

import click

from ivr.configuration import settings
from ivr.languages import LANGUAGES


@click.group()
def models() -> None:
    """Vosk models for the offline transcription."""


@models.command("list")
def list_models() -> None:
    """Which languages have a model here."""
    from ivr.workers.recognition import installed_languages

    installed = installed_languages()
    for code in sorted({*LANGUAGES, *installed}):
        name = LANGUAGES[code].english_name if code in LANGUAGES else code
        click.echo(f"{code}  {name:<12} {'installed' if code in installed else 'missing'}")
    click.echo(f"in {settings().model_dir.absolute()}")


@models.command("fetch")
@click.argument("languages", nargs=-1, required=True)
def fetch_models(languages: tuple[str, ...]) -> None:
    """Install the models of LANGUAGES (codes like de en ko); what is there is kept."""
    failed = [language for language in languages if not fetch_with_progress(language)]
    if failed:
        raise SystemExit(1)


def fetch_with_progress(language: str) -> bool:
    """Fetch one model, showing a bar; False (and one line why) if it could not be had."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from ivr.workers.vosk_models import FetchFailed, fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, transient=True) as bar:
            shown = bar.add_task(f"speech model {language}", total=None)
            path = fetch(language, lambda done, total: bar.update(shown, completed=done, total=total))
    except FetchFailed as error:
        click.echo(f"{language}: {error}", err=True)
        return False
    click.echo(f"{language}: installed in {path}")
    return True
