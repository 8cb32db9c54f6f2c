"""`python -m ivr announcements`: what callers hear before the main menu."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import ROW, TooFar, local_instant
from ivr.cli.problems import explained
from ivr.domain.languages import LANGUAGES

if TYPE_CHECKING:
    from ivr.models.notices import Announcement


class LocalInstant(click.ParamType[datetime]):
    """A local instant, like `2026-12-01T08:00`."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, aware of its time zone."""
        if isinstance(value, datetime):
            return value
        try:
            found = local_instant(str(value))
        except TooFar:
            self.fail(f"{value!r}: choose a year of this century", param, ctx)
        except ValueError:
            self.fail(f"{value!r} is no instant like 2026-12-01T08:00", param, ctx)
        if found.astimezone(UTC).astimezone(found.tzinfo).replace(tzinfo=None) != found.replace(tzinfo=None):
            self.fail(f"{value!r} does not exist: the clocks are put forward in that night", param, ctx)
        return found


class SpokenText(click.ParamType[tuple[str, str]]):
    """A text with its language before it: `de=Guten Tag`."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Language and text."""
        language, equals, text = str(value).partition("=")
        if not equals or language not in LANGUAGES or not text.strip():
            self.fail(f"{value!r} is no text like de=Guten Tag.; the languages are {', '.join(LANGUAGES)}", param, ctx)
        return language, text


def one_each(texts: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The text of each language.

    Raises:
        click.UsageError: a language has two.
    """
    found: dict[str, str] = {}
    for language, text in texts:
        if language in found:
            raise click.UsageError(f"{language} has two texts: give one for each language")
        found[language] = text
    return found


@click.group(cls=HotlineGroup)
def announcements() -> None:
    """What callers hear before the main menu."""


@announcements.command("list")
def list_announcements() -> None:
    """List the announcements that are not over, each with its number and the languages that lack a text."""
    from ivr.config.settings import settings
    from ivr.domain.timestamps import utc_now
    from ivr.notices import announcements as service
    from ivr.platform import database

    with database.reading() as session:
        for one in service.coming(session, utc_now()):
            runs = [f"{at.astimezone(settings().hours.zone):%d.%m.%Y %H:%M}" for at in (one.begins_at, one.ends_at)]
            lacking = ", ".join(service.lacking(one)) or "none"
            state = "published" if one.published_at else "draft"
            click.echo(f"{one.id:>4}  {' - '.join(runs)}  {state}; lacking: {lacking}")
            _say(one)


def _say(announcement: Announcement) -> None:
    for text in announcement.texts:
        click.echo(f"      {text.language}  {text.seconds:.0f} s  {text.text}")


@announcements.command("add")
@click.argument("texts", nargs=-1, required=True, type=SpokenText(), metavar="LANGUAGE=TEXT...")
@click.option("--from", "begins", type=LocalInstant(), help="Local time. Default: now.")
@click.option("--until", "ends", type=LocalInstant(), required=True, help="Local time at which it ends by itself.")
@click.option("--preview", is_flag=True, help="Say how long each TEXT lasts, and who hears German; change nothing.")
def add(texts: tuple[tuple[str, str], ...], begins: datetime | None, ends: datetime, *, preview: bool) -> None:
    """Let callers hear TEXT in each LANGUAGE; where one is missing they hear the German text."""
    from ivr.audit import access_log
    from ivr.domain.timestamps import utc_now
    from ivr.notices import announcements as service
    from ivr.platform import database

    now, said = utc_now(), one_each(texts)
    if preview:
        with explained(), database.reading() as session:
            seen = service.preview(session, begins or now, ends, said, {}, now)
            click.echo(f"lacking, so that callers hear the German text: {', '.join(service.lacking(seen)) or 'none'}")
            _say(seen)
        return
    with explained(), database.writing() as session:
        number = service.draft(session, begins or now, ends, said, None, now).id
        service.publish(session, number, access_log.OPERATOR, now)
    click.echo(f"announcement {number} is published. Take it back with: announcements undo {number}")


@announcements.command("undo")
@click.argument("number", type=ROW)
def undo(number: int) -> None:
    """Take the announcement NUMBER of the list back."""
    from ivr.audit import access_log
    from ivr.domain.timestamps import utc_now
    from ivr.notices import announcements as service
    from ivr.platform import database

    with explained(), database.writing() as session:
        service.undo(session, number, None, access_log.OPERATOR, utc_now())
    click.echo(f"announcement {number}: taken back")
