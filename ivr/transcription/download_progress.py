"""Downloads a speech model and shows the progress on a terminal."""

from __future__ import annotations

import click


def fetch_with_progress(language: str, *, large: bool = False) -> bool:
    """Download a model with a progress bar. Returns False after printing the reason if that failed."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from ivr.transcription.model_download import FetchFailed, fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, transient=True) as bar:
            shown = bar.add_task(f"speech model {language}", total=None)
            path = fetch(language, lambda done, total: bar.update(shown, completed=done, total=total), large=large)
    except FetchFailed as error:
        click.echo(f"{language}: {error}", err=True)
        return False
    click.echo(f"{language}: installed in {path}")
    return True
