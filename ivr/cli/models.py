"""Commands for the speech models."""

from __future__ import annotations

import re
from pathlib import Path

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
    from ivr.transcription import whisper_engine
    from ivr.transcription.model_download import name_of
    from ivr.transcription.vosk_engine import installed_languages

    installed = installed_languages()
    for code in sorted({*LANGUAGES, *installed}):
        name = LANGUAGES[code].english_name if code in LANGUAGES else code
        state = f"installed {name_of(code)}".strip() if code in installed else "missing"
        if code not in installed and whisper_engine.serves(code):
            state = "none of its own, served by whisper"
        click.echo(f"{code}  {name:<12} {state}")
    click.echo(f"in {settings().model_dir.absolute()}")


@models.command("fetch")
@click.argument("languages", nargs=-1, required=True, metavar="LANGUAGES...")
@click.option("--large", is_flag=True, help="The models for servers: more words right, some GB of memory each.")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The package of a translation."
)
@click.pass_context
def fetch_models(context: click.Context, languages: tuple[str, ...], large: bool, file: Path | None) -> None:
    """Install the models of LANGUAGES (codes like de en ko); what is there is kept.

    With --large a small model is replaced. Restart the worker afterwards. `fetch translate ar-de` installs a package of
    Argos that translates, from its index or a file (`--file`).
    """
    if languages[0] == "translate":
        if large:
            raise click.UsageError("--large is for models that hear speech, not for packages that translate")
        _fetch_translations(languages[1:], file)
        return
    if file is not None:
        raise click.UsageError("--file is for packages that translate: models fetch translate ar-de --file PACKAGE")
    for language in languages:
        LANGUAGE.convert(language, None, context)
    from ivr.transcription.download_progress import fetch_with_progress

    failed = [language for language in languages if not fetch_with_progress(language, large=large)]
    if failed:
        raise SystemExit(1)


def _fetch_translations(pairs: tuple[str, ...], file: Path | None) -> None:
    from ivr.transcription.model_download import FetchFailed
    from ivr.transcription.translation_packages import fetch

    if not pairs or not all(re.fullmatch(r"([a-z]{2,3})-(?!\1$)[a-z]{2,3}", pair) for pair in pairs):
        raise click.UsageError("name pairs of languages, such as ar-de")
    if file is not None and len(pairs) > 1:
        raise click.UsageError("a file holds one pair of languages")
    failed = False
    for pair in pairs:
        try:
            click.echo(f"{pair}: installed in {fetch(pair, file)}")
        except FetchFailed as error:
            click.echo(f"{pair}: {error}", err=True)
            failed = True
    if failed:
        raise SystemExit(1)
