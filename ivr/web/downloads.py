"""Answers that a browser saves as a file."""

from __future__ import annotations

from flask import Response

from ivr.domain import file_names


def saved_as(answer: Response, title: str, *parts: object, ending: str) -> Response:
    """The answer, to be saved under a title in the reader's language, parts like a date, and an ending."""
    name = "-".join([file_names.plain(title), *(str(part) for part in parts)])
    answer.headers["Content-Disposition"] = f"attachment; filename={name}.{ending}"
    return answer
