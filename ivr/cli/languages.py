"""`python -m ivr languages`: what each language has, and what it lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import HotlineCommand

if TYPE_CHECKING:
    from ivr.operations.language_states import LanguageState


@click.command(cls=HotlineCommand)
@click.argument("codes", nargs=-1, metavar="[LANGUAGES]...")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def languages(codes: tuple[str, ...], as_json: bool) -> None:
    """Show what each language has and what it lacks.

    LANGUAGES: codes like de kmr; by default all.
    """
    from ivr.operations.language_states import all_languages
    from ivr.operations.migrate import migrate

    migrate()  # recordings and further languages are in the database, which may not be there yet
    known = all_languages()
    if unknown := [code for code in codes if code not in {state.code for state in known}]:
        raise click.UsageError(
            f"there is no language {unknown[0]!r}; the languages are {', '.join(state.code for state in known)}"
        )
    shown = [state for state in known if not codes or state.code in codes]
    if as_json:
        click.echo(json.dumps([asdict(state) for state in shown], ensure_ascii=False, indent=2))
        return
    for state in shown:
        click.echo("\n".join(_described(state)))


def _described(state: LanguageState) -> Iterator[str]:
    yield f"{state.code:<4} {state.name:<12} {_offered(state)}"
    if state.level == "further":
        how = "recorded" if state.recorded else "read by the German voice"
        yield f"     spoken name: {how}; no texts; {_model(state)}"
        return
    if state.prompts:
        voice = state.voice or "none, prompts are played"
        menu = "yes" if state.has_menu_line else "no"
        numerals = "yes" if state.has_numerals else "the voice reads them" if state.voice else "no"
        yield f"     menu line: {menu}; numerals: {numerals}; voice: {voice}; {_model(state)}"
        yield f"     prompts: {state.prompts}, {_counted(state)}"
    for lack in state.lacks:
        yield f"     {lack}"
    for problem, prompts in (("missing", state.missing), ("stale", state.stale)):
        if prompts:
            yield f"     {problem}: {', '.join(prompts)}"


def _offered(state: LanguageState) -> str:
    if state.level == "further":
        return f"offered beyond the menu, key {state.keys}"
    if state.keys:
        return f"offered, key{'s' if len(state.keys) > 1 else ''} {' '.join(state.keys)}"
    return "unfinished" if state.is_unfinished else "not offered"


def _counted(state: LanguageState) -> str:
    counts = [f"{len(state.missing)} missing", f"{len(state.stale)} stale", f"{state.recorded} recorded"]
    if state.outdated:
        counts.append(f"{state.outdated} recorded with a former text")
    if state.to_render:
        counts.append(f"{state.rendered} of {state.to_render} parts rendered")
    return ", ".join(counts)


def _model(state: LanguageState) -> str:
    return {"installed": "model installed", "second engine": "second engine", "none": "no model"}[state.model]
