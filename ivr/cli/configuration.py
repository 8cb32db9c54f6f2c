"""Commands about the settings."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import OutputFile


@click.group(cls=HotlineGroup)
def settings() -> None:
    """The settings (ivr.toml and environment)."""


@settings.command()
def check() -> None:
    """Read the settings; a wrong key is named."""
    from ivr.config.settings import settings as configured
    from ivr.prompts.catalogue import catalogue
    from ivr.transcription.vosk_engine import installed_languages

    for language in configured().spoken_answers:
        if language not in installed_languages():
            raise click.ClickException(
                f"spoken_answers: there is no speech model of {language}: python -m ivr models fetch {language}"
            )
        if not catalogue(language).yes_no:
            raise click.ClickException(f"spoken_answers: voice_prompts/{language}.toml has no words for yes and no")
    click.echo(f"the settings are right ({configured().mode} mode)")


@settings.command()
@click.argument("file", type=OutputFile(), default=Path("docs/configuration.md"))
def docs(file: Path) -> None:
    """Write the tables of docs/configuration.md anew.

    From the settings' own descriptions; the text before the tables stays.
    """
    from ivr.config.reference import updated

    before = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        after = updated(before)
    except ValueError as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="FILE") from None
    file.write_text(after, encoding="utf-8")
