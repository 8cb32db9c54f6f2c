"""`python -m ivr transcribe-eval`: how well a model writes the operator's own audio down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import LANGUAGE

if TYPE_CHECKING:
    from ivr.transcription.evaluation import Evaluation


@click.command("transcribe-eval", cls=HotlineCommand)
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--language", required=True, type=LANGUAGE, help="Language of the audio.")
@click.option("--engine", type=click.Choice(["vosk", "whisper"]), help="Default: the one used for this language.")
@click.option(
    "--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A model's directory to be judged."
)
@click.option("--second", type=click.Choice(["vosk", "whisper"]), help="Judge a pair: this engine hears it, too.")
@click.option("--limit", type=click.IntRange(1), help="So many files at the most.")
@click.option("--worst", type=click.IntRange(0), default=0, help="Show the files with most mistakes.")
def transcribe_eval(
    directory: Path,
    language: str,
    engine: str | None,
    model: Path | None,
    second: str | None,
    limit: int | None,
    worst: int,
) -> None:
    """Measure the error rates of a speech model on your audio.

    Each NAME.wav in DIRECTORY is compared with the NAME.txt beside it, word by word and character by character.
    """
    import psutil

    from ivr.transcription import evaluation
    from ivr.transcription.result import NoModel

    try:
        other = evaluation.recogniser(language, second, None) if second else None
        found = evaluation.evaluate(directory, evaluation.recogniser(language, engine, model), limit, other)
    except NoModel:
        raise click.ClickException(f"there is no model for {language}: python -m ivr models fetch {language}") from None
    except evaluation.NothingToJudge as error:
        raise click.ClickException(str(error)) from None
    for name, reason in found.left_out:
        click.echo(f"left out: {name}: {reason}")
    for file in sorted(found.files, key=lambda file: -file.word_errors)[:worst]:
        click.echo(
            f"{file.name}: {file.word_errors} of {file.words} words\n"
            f"  text:  {file.expected}\n  heard: {file.result.text}"
        )
    _tell_rates(found)
    if second:
        _tell_agreement(found, language)
    click.echo(f"memory                {psutil.Process().memory_info().rss // 2**20} MiB")
    click.echo(f"real-time factor      {found.spent_seconds / max(found.sound_seconds, 0.001):.2f}")


def _tell_rates(found: Evaluation) -> None:
    from ivr.transcription import calibration

    words = sum(file.words for file in found.files)
    click.echo(f"engine                {found.files[0].result.engine}")
    click.echo(f"files                 {len(found.files)} ({words} words, {found.sound_seconds:.0f} s)")
    click.echo(f"word error rate       {found.word_error_rate}")
    click.echo(f"character error rate  {found.character_error_rate}")
    pairs = [mark for file in found.files for mark in calibration.marks(file.expected, file.result.words)]
    if (area := calibration.auc(pairs)) is not None:
        click.echo(f"confidence and errors {area:.2f} (AUC; 0.5: it tells nothing, 1: every wrong word is less sure)")
    for line in calibration.reliability(pairs):
        share = f"{line.right:.0%} right, {line.confidence:.0%} sure"
        click.echo(f"  {line.low:.1f} to {line.high:.1f}          {line.words} words, {share}")


def _tell_agreement(found: Evaluation, language: str) -> None:
    """How often the words are right that both engines heard, and those that one heard alone."""
    from ivr.transcription import calibration

    told = [
        mark
        for file in found.files
        if file.second is not None
        for mark in calibration.agreement_marks(language, file.expected, file.result.words, file.second.words)
    ]
    for both, name in ((True, "heard by both"), (False, "by the first alone")):
        right = [is_right for alike, is_right in told if alike is both]
        share = f", {sum(right) / len(right):.0%} right" if right else ""
        click.echo(f"{name:<22}{len(right)} words{share}")
