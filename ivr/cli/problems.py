"""Turns what is wrong with a notice into the message of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def explained() -> Iterator[None]:
    """Say why a notice cannot be used, in the words of the pages, and end with status 1."""
    from ivr.domain import words
    from ivr.notices.unusable import Unusable

    try:
        yield
    except Unusable as unusable:
        sentence = words.NOTICE_PROBLEMS[unusable.problem].replace("%(detail)s", unusable.detail)
        raise click.ClickException(sentence) from None
