"""`python -m ivr notices`: answers for the night, and where there is help at once in an emergency."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.announcements import SpokenText, one_each
from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import ROW
from ivr.cli.problems import explained
from ivr.domain.enums import AnsweredQuestion

#: The questions, as the database calls them.
_QUESTIONS = tuple(one.value for one in AnsweredQuestion)


@click.group(cls=HotlineGroup)
def notices() -> None:
    """Answers for the night, and help in an emergency."""


@notices.command("list")
def list_answers() -> None:
    """List the answers that callers hear, each with its number, and what is missing in offered languages."""
    from ivr.notices import night_answers
    from ivr.platform import database

    with database.reading() as session:
        for (question, language), one in sorted(night_answers.current(session).items()):
            form = "recorded" if one.recorded else "written"
            click.echo(f"{one.id:>4}  {question}  {language}  {form}, {one.seconds:.0f} s  {one.text}")
        lacking: dict[str, list[str]] = {}
        for asked, language in night_answers.missing(session):
            lacking.setdefault(asked, []).append(language)
    for name, languages in lacking.items():
        click.echo(f"{name}: not offered in {', '.join(languages)}")


@notices.command("add")
@click.argument("question", type=click.Choice(_QUESTIONS), metavar="|".join(_QUESTIONS))
@click.argument("texts", nargs=-1, required=True, type=SpokenText(), metavar="LANGUAGE=TEXT...")
@click.option(
    "--recording",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="A WAV file in which somebody speaks TEXT; for one LANGUAGE at a time.",
)
@click.option("--preview", is_flag=True, help="Say how long each TEXT lasts; change nothing.")
def add(question: str, texts: tuple[tuple[str, str], ...], recording: Path | None, preview: bool) -> None:
    """Answer a question in each LANGUAGE from the next call on. `help` is told in emergencies, the others at night."""
    from ivr.audit import access_log
    from ivr.domain.timestamps import utc_now
    from ivr.flows.own_texts import REPLACED
    from ivr.notices import emergency_number, night_answers
    from ivr.notices.texts import made
    from ivr.platform import database

    if recording is not None and len(texts) > 1:
        raise click.UsageError("a recording is in one language: give one text with it")
    said = one_each(texts).items()
    audio, now = recording.read_bytes() if recording else b"", utc_now()
    if preview:
        with explained():
            for language, text in said:
                seconds = made(text, language, night_answers.LONGEST, audio).seconds
                click.echo(f"{question}  {language}  {seconds:.0f} s  {text}")
        return
    with explained(), database.writing() as session:
        for language, text in said:
            asked = AnsweredQuestion(question)
            number = night_answers.add(session, asked, language, text, None, access_log.OPERATOR, now, audio).id
            click.echo(f"{question} in {language} is heard from now on. Take it back with: notices undo {number}")
            if asked in REPLACED.values() and not emergency_number.is_named(text, language):
                click.echo(f"warning: the text in {language} does not name the emergency number 112", err=True)


@notices.command("undo")
@click.argument("number", type=ROW)
def undo(number: int) -> None:
    """Take the answer NUMBER of the list back: the one before it counts again, or the built-in text of `help`."""
    from ivr.audit import access_log
    from ivr.domain.timestamps import utc_now
    from ivr.notices import night_answers
    from ivr.platform import database

    with explained(), database.writing() as session:
        answer = night_answers.undo(session, number, None, access_log.OPERATOR, utc_now())
        click.echo(f"{answer.question} in {answer.language}: taken back")
