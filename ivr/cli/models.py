"""Commands for the speech models."""

from __future__ import annotations

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import LANGUAGE


@click.group(cls=HotlineGroup)
def models() -> None:
    """Vosk models for the offline transcription."""


@models.command("list")
def list_models() -> None:
    """Show which languages have a model here."""
    from ivr.config.settings import settings
    from ivr.domain.languages import LANGUAGES
    from ivr.transcription.model_download import name_of
    from ivr.transcription.vosk_engine import installed_languages

    installed = installed_languages()
    for code in sorted({*LANGUAGES, *installed}):
        name = LANGUAGES[code].english_name if code in LANGUAGES else code
        state = f"installed {name_of(code)}".strip() if code in installed else "missing"
        click.echo(f"{code}  {name:<12} {state}")
    click.echo(f"in {settings().model_dir.absolute()}")


@models.command("fetch")
@click.argument("languages", nargs=-1, required=True, type=LANGUAGE, metavar="LANGUAGES...")
@click.option("--large", is_flag=True, help="The models for servers: more words right, some GB of memory each.")
def fetch_models(languages: tuple[str, ...], large: bool) -> None:
    """Install the models of LANGUAGES (codes like de en ko); what is there is kept.

    With --large a small model is replaced. Restart the worker afterwards.
    """
    from ivr.transcription.download_progress import fetch_with_progress

    failed = [language for language in languages if not fetch_with_progress(language, large=large)]
    if failed:
        raise SystemExit(1)
