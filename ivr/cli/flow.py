"""Commands for the call script."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import OutputFile


@click.group(cls=HotlineGroup)
def flow() -> None:
    """The call script."""


@flow.command()
def check() -> None:
    """Check the script and its prompts.

    Every step and concern reachable, every end good, no circle; nothing promised before a row holds it; every prompt in
    every enabled language, every key named by its menu, every concern announced to members; no caller of any language
    listens for longer than allowed. Then the seconds and keys of each language.
    """
    from ivr.config.sections import ConfigurationError
    from ivr.domain.languages import LANGUAGES
    from ivr.flows import checker as checking
    from ivr.prompts import distances
    from ivr.prompts.script import missing_prompts, offered_languages, script, script_in, unfinished
    from ivr.prompts.spoken_keys import wrong_keys
    from ivr.telephony.agent_announcements import staff_prompts

    found = checking.problems(script())
    found += [f"{language} is unfinished: {lack}" for language in LANGUAGES for lack in unfinished(language)]
    found += [f"{language}: the prompt {prompt} is missing" for language, prompt in missing_prompts()]
    found += wrong_keys(script(), offered_languages())
    measured = [language for language in offered_languages() if language not in distances.ON_TRIAL]
    as_measured = script_in(measured)
    found += [problem for language in measured for problem in distances.problems(as_measured, language)]
    try:
        staff_prompts()
    except ConfigurationError as error:
        found.append(str(error))
    for problem in found:
        click.echo(problem)
    if found:
        raise click.ClickException(f"{len(found)} problems")
    longest = checking.longest_way(script())
    click.echo(f"{len(script().steps)} steps, every one reachable, every end good, no circle without input")
    click.echo("no way to a promise before the row that holds it")
    click.echo(f"every prompt present in {', '.join(offered_languages())}")
    click.echo(f"longest way to a human or a tone: {len(longest.keys)} keys")
    click.echo(f"  {checking.describe(longest)}")
    click.echo(f"most choices of a menu: {checking.most_choices(script())}")
    for name, longest_of in (("question", distances.longest_question), ("prompt", distances.longest_prompt)):
        seconds, prompt, language = max((*longest_of(as_measured, language), language) for language in measured)
        click.echo(f"longest {name}: {seconds:.1f} s ({prompt}, {language})")
    for row in distances.table(as_measured, measured):
        click.echo(row)


@flow.command()
@click.option("--output", type=OutputFile(), help="A file to write. Default: standard output.")
@click.option("--conversation", is_flag=True, help="Draw the rules of a conversation instead.")
def diagram(output: Path | None, *, conversation: bool) -> None:
    """Draw the script, or the rules of a conversation (SVG)."""
    from ivr.flows import conversation_diagram
    from ivr.flows import diagram as drawing
    from ivr.prompts.script import script

    drawn = conversation_diagram.svg() if conversation else drawing.svg(script())
    if output is None:
        click.echo(drawn)
    else:
        output.write_text(drawn, encoding="utf-8")
