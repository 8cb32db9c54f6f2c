"""Keeps the printable list of open promises on this host's disk, encrypted, for when everything else is down.

A list is a PDF that any viewer opens with the passphrase (AES-256): nothing of the hotline is needed to read it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain.enums import AccessAction
from ivr.platform import database, private_files
from ivr.reporting import export_files, promise_list
from ivr.reporting.tables import translator

#: How often the scheduler writes one, and after how long lists are removed; the newest one stays.
EVERY, KEPT = timedelta(hours=1), timedelta(hours=3)
_NAME = "promises-%Y%m%dT%H%M%SZ.pdf"
#: What the PDF library raises, beside errors of its own, where a file is damaged.
_DAMAGED = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, zlib.error,
)  # fmt: skip


class CannotOpen(Exception):
    """The passphrase is wrong, or the file is no such list."""


def made() -> Sequence[tuple[datetime, Path]]:
    """The lists of this host and when they were made, the newest last."""
    found = []
    for path in Path(settings().promise_list_dir).glob("promises-*.pdf"):
        with suppress(ValueError):
            found.append((datetime.strptime(path.name, _NAME).replace(tzinfo=UTC), path))
    return sorted(found)


def write_if_due(now: datetime) -> Path | None:
    """Write a list if the settings want lists and the newest one of this host is an hour old."""
    if not settings().promise_list_dir:
        return None
    there = made()
    # One from the future was made by a clock that was wrong.
    return None if there and now - EVERY < there[-1][0] <= now else write(now)


def write(now: datetime) -> Path:
    """Write a list of this instant, then remove old ones. The access log says so first.

    Raises:
        OSError: it cannot be written; no half of it is left under its name.
    """
    folder = Path(settings().promise_list_dir)
    with database.one_instant() as session:
        found = promise_list.report(session, now)
    count = sum(len(table.rows) for table in found.tables)
    document = _sealed(export_files.as_pdf(found, translator(found.language)))
    with database.writing() as session:
        detail = f"list of {count} open promises, sealed, on a host's disk"
        access_log.append(session, access_log.SYSTEM, AccessAction.EXPORT, now, detail=detail)
    private_files.make_directory(folder)
    target = folder / now.astimezone(UTC).strftime(_NAME)
    private_files.replace(target, document)
    for at, path in made():
        if path != target and not now - KEPT < at <= now:
            path.unlink(missing_ok=True)
    return target


def _sealed(document: bytes) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(document))
    writer.encrypt(settings().promise_list_password, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def opened(path: Path, password: str) -> bytes:
    """A list without its encryption, to print it where no viewer asks for a passphrase.

    Raises:
        CannotOpen: the passphrase is wrong, or the file is no such list.
        OSError: the file cannot be read.
    """
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(path.read_bytes()))
        if not reader.is_encrypted or not reader.decrypt(password):
            raise CannotOpen("the passphrase is wrong" if reader.is_encrypted else "it is not encrypted")
        out = io.BytesIO()
        PdfWriter(clone_from=reader).write(out)
    except (PyPdfError, *_DAMAGED) as error:
        raise CannotOpen(f"it is no list of promises, or damaged: {error}") from None
    return out.getvalue()
