"""`python -m ivr hours`: the opening hours of single days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import ROW, Day, Text
from ivr.cli.problems import explained

if TYPE_CHECKING:
    from ivr.domain.opening_hours import Span


class DayHours(click.ParamType["Span | None"]):
    """Opening hours of a day: `closed`, or a span like `08:00-12:00`."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span | None:
        """The span; None: closed."""
        from pydantic import TypeAdapter, ValidationError

        from ivr.domain.opening_hours import DaySpan

        try:
            found: Span | None = TypeAdapter(DaySpan).validate_python(str(value))
        except ValidationError as error:
            self.fail(error.errors()[0]["msg"].removeprefix("Value error, "), param, ctx)
        return found


@click.group(cls=HotlineGroup)
def hours() -> None:
    """Opening hours of single days."""


@hours.command("list")
def list_days() -> None:
    """List the days from today on that have their own opening hours, each with its number."""
    from ivr.callbacks.changed_hours import in_words
    from ivr.domain.timestamps import utc_now
    from ivr.notices import special_days
    from ivr.notices.present import span
    from ivr.platform import database

    with database.reading() as session:
        for one in special_days.coming(session, utc_now()):
            click.echo(f"{one.id:>4}  {one.day:%a %d.%m.%Y}  {in_words(span(one.opens, one.closes))}  {one.reason}")


@hours.command("set")
@click.argument("day", type=Day())
@click.argument("span", type=DayHours(), metavar="closed|HH:MM-HH:MM")
@click.option("--reason", type=Text(300), help="Why, for colleagues. Callers do not hear it.")
@click.option("--preview", is_flag=True, help="Say what callers will hear and which deadlines move; change nothing.")
def set_day(day: date, span: Span | None, reason: str | None, preview: bool) -> None:
    """Give DAY other opening hours. The next call hears it."""
    from ivr.audit.access_log import OPERATOR
    from ivr.callbacks import changed_hours
    from ivr.domain.timestamps import utc_now
    from ivr.platform import database

    now = utc_now()
    with explained(), database.writing() as session:
        if preview:
            _preview(session, day, span)
            return
        entered = changed_hours.enter(session, day, span, reason or "", None, OPERATOR, now)
        click.echo(f"{day:%a %d.%m.%Y}: {changed_hours.in_words(span)}. Take it back with: hours undo {entered.id}")


def _preview(session: Any, day: date, span: Span | None) -> None:
    from ivr.callbacks import changed_hours
    from ivr.domain.timestamps import utc_now
    from ivr.notices import heard, special_days
    from ivr.notices.present import with_day

    now = utc_now()
    special_days.check(day, span, now)
    before = special_days.hours_in(session)
    after = with_day(before, day, span)
    for moved in changed_hours.preview(session, before, after, now):
        local = [at.astimezone(after.zone) for at in (moved.due_at, moved.moves_to)]
        click.echo(f"{moved.receipt_code} {moved.measure}: due {local[0]:%d.%m. %H:%M}, then {local[1]:%d.%m. %H:%M}")
    for moment in heard.around(day, after, now):
        click.echo(f"{moment.at:%a %d.%m.%Y %H:%M}: {'closed' if moment.texts else 'open'}")
        for language, text in moment.texts.items():
            click.echo(f"  {language}  {text}")


@hours.command("undo")
@click.argument("number", type=ROW)
def undo(number: int) -> None:
    """Take the entry NUMBER of the list back: what its day had before counts again."""
    from ivr.audit.access_log import OPERATOR
    from ivr.callbacks import changed_hours
    from ivr.domain.timestamps import utc_now
    from ivr.platform import database

    with explained(), database.writing() as session:
        entered = changed_hours.take_back(session, number, None, OPERATOR, utc_now())
        click.echo(f"{entered.day:%a %d.%m.%Y}: taken back")
