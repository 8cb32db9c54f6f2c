"""`ivr doctor`: everything that can be wrong, in one list, each with what mends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import WithoutSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr.domain.parts import Part


@click.command(cls=WithoutSettings)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--here", is_flag=True, help="Ask neither the carrier nor the public address.")
def doctor(as_json: bool, here: bool) -> None:
    """Look at everything that can be wrong; say what mends it.

    Exit status 1: something is wrong. What only has to be known (·) is not. Changes nothing.
    """
    parts = _parts(outside=not here)
    wrong = sum(part.is_wrong for part in parts)
    if as_json:
        described = [
            {"part": part.name, "level": _level(part), "state": part.state, "remedy": part.remedy} for part in parts
        ]
        click.echo(json.dumps({"healthy": not wrong, "parts": described}, ensure_ascii=False, indent=2))
    else:
        for part in parts:
            _show(part)
        click.echo(f"{wrong} things are wrong." if wrong > 1 else "1 thing is wrong." if wrong else "Nothing is wrong.")
    if wrong:
        raise SystemExit(1)


def _parts(*, outside: bool) -> Sequence[Part]:
    """Every line; without settings that can be used, that of the settings alone."""
    from ivr.config.sections import ConfigurationError
    from ivr.config.settings import settings
    from ivr.domain.parts import Part

    try:
        settings()
    except ConfigurationError as error:
        remedy = "Mend it, then look again: nothing else can be looked at. See docs/configuration.md."
        return [Part("settings", str(error), remedy)]
    from ivr.operations import doctor as the_doctor
    from ivr.platform import database
    from ivr.web import readiness

    with database.looking():
        return [Part("settings"), *readiness.parts(), *the_doctor.examine(outside=outside)]


def _level(part: Part) -> str:
    from ivr.domain.parts import OK

    return "ok" if part.state == OK else "note" if part.is_a_note else "wrong"


def _show(part: Part) -> None:
    mark, colour = {"ok": ("✓", "green"), "note": ("·", None), "wrong": ("✗", "red")}[_level(part)]
    click.secho(f"{mark} {part.name}: {part.state}", fg=colour)
    if part.remedy and part.state != "ok":
        click.echo(f"    {part.remedy}")
