"""Commands for the prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import LANGUAGE
from ivr.domain.languages import LANGUAGES

if TYPE_CHECKING:
    from ivr.prompts.voices import Spoken


@click.group(cls=HotlineGroup)
def prompts() -> None:
    """What callers hear, in every language."""


@prompts.command()
@click.argument("languages", nargs=-1, type=LANGUAGE, metavar="[LANGUAGES]...")
def render(languages: tuple[str, ...]) -> None:
    """Make the audio of LANGUAGES from their texts (by default those the carrier has no voice for)."""
    from ivr.config.settings import settings
    from ivr.prompts import check, rendering
    from ivr.prompts.script import unfinished

    found = 0
    for language in languages or [code for code in LANGUAGES if settings().carrier_voice(code) is None]:
        if lacks := unfinished(language):
            found += len(lacks)
            _list(language, lacks)
            continue
        wanted = check.played_parts(language)
        missing = [part for part in wanted if not rendering.is_there(part)]
        for part in missing:
            rendering.audio_of(part)
        click.echo(f"{language}: {len(missing)} parts rendered, {len(wanted) - len(missing)} were up to date")
    if found:
        raise click.ClickException(f"{found} problems")


def _list(language: str, lacks: tuple[str, ...]) -> None:
    for lack in lacks:
        click.echo(f"{language} is unfinished: {lack}")


def _unanswered(language: str) -> str:
    """The questions of the night without an answer of the authority; they are not offered, and no error."""
    from ivr.flows.own_texts import NIGHT_QUESTIONS
    from ivr.notices import present

    missing = [question for question in NIGHT_QUESTIONS if present.answer(question, language) is None]
    return f"; no night answer to: {', '.join(missing)}" if missing else ""


def _voice(spoken: Spoken) -> str:
    """Who speaks a language."""
    whose = {
        "carrier": "the carrier's voice {}", "piper": "Piper, voice {}", "built-in": "the built-in synthetic voice ({})"
    }[spoken.voice.kind].format(spoken.voice.name)  # fmt: skip
    return f"{spoken.recorded} of {spoken.parts} parts are recorded; all else is spoken by {whose}"


def _warn(languages: Sequence[str]) -> None:
    """Say of which languages callers would hear the built-in voice in production."""
    from ivr.config.settings import settings
    from ivr.prompts import voices

    named = [one.language for one in voices.synthetic() if one.language in languages]
    if named and not settings().local:
        click.secho(f"\ncallers hear the built-in synthetic voice in {', '.join(named)}. {voices.REMEDY}", fg="yellow")


@prompts.command()
@click.argument("languages", nargs=-1, type=LANGUAGE, metavar="[LANGUAGES]...")
def check(languages: tuple[str, ...]) -> None:
    """List missing, stale, too long or clipped prompts of LANGUAGES (by default all); fail if there are any."""
    from ivr.operations.migrate import migrate
    from ivr.prompts import check as checking
    from ivr.prompts import voices
    from ivr.prompts.script import script, unfinished

    migrate()  # recordings are in the database, which may not be there yet
    found = 0
    finished = []
    for language in languages or LANGUAGES:
        if lacks := unfinished(language):
            found += len(lacks)
            _list(language, lacks)
            continue
        finished.append(language)
        for finding in checking.findings(language, script()):
            click.echo(f"{finding.language}  {finding.prompt}: {finding.problem}")
            found += 1
    click.echo("")
    for language in finished:
        count = checking.unreviewed(language)
        state = f"{count} not yet reviewed by a native speaker" if count else "reviewed"
        click.echo(f"{language}  {LANGUAGES[language].english_name:<10} {state}{_unanswered(language)}")
        click.echo(f"    {_voice(voices.spoken_in(language))}")
    _warn(finished)
    if found:
        raise click.ClickException(f"{found} problems")
    click.echo("\nno problems")


@prompts.command()
@click.argument("names", nargs=-1, metavar="[PROMPTS]...")
@click.option("--in", "languages", type=LANGUAGE, multiple=True, help="A language. Default: every language.")
@click.option("--all", "everything", is_flag=True, help="Every prompt of the language.")
def translated(names: tuple[str, ...], languages: tuple[str, ...], everything: bool) -> None:
    """Note that the translations of PROMPTS say what the German texts say now.

    A translation is stale from the moment the German text changes until it is named here.
    """
    from ivr.prompts import translation_notes

    if everything == bool(names):
        raise click.UsageError("name the prompts, or give --all")
    try:
        for language in languages or translation_notes.languages():
            count = translation_notes.confirm(language, None if everything else names)
            click.echo(f"{language}: {count} translations noted")
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
