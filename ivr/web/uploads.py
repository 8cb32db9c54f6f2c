"""Files that come with a form."""

from __future__ import annotations

import hashlib

from flask import request

#: Stands for a file with nothing in it: a file all the same, and one that nobody can use.
_NOTHING = b"\0"


def recording() -> bytes:
    """The audio file of the form; empty where none was chosen."""
    file = request.files.get("audio")
    return (file.read() or _NOTHING) if file else b""


def names() -> dict[str, str]:
    """The files of the form: the name of each one's field, and the file's own name."""
    return {field: file.filename or field for field, file in request.files.items(multi=True) if file}


def marks() -> list[tuple[str, str]]:
    """What tells the files of the form from others; they can be read afterwards all the same."""
    found = []
    for field, file in request.files.items(multi=True):
        at = file.stream.tell()
        file.stream.seek(0)
        found.append((field, hashlib.file_digest(file.stream, "sha256").hexdigest()))  # type: ignore[arg-type]
        file.stream.seek(at)
    return found
