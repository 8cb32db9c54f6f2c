"""Sets up the logs. Telephone numbers, addresses, codes, tokens and the carrier's ids are removed from every line.

The product's own messages contain ids of rows only. The removal is for messages of libraries and texts of exceptions.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from ivr.platform import private_files

#: Name of the environment variable in which the launcher says which file it lets a process write its log to.
FILE = "HOTLINE_LOG_FILE"
#: Longer lines are cut; in characters.
_LONGEST = 8000
#: Patterns and their replacements. Hexadecimal hashes and UUIDs are kept, because they identify nobody.
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [token]"),
    (re.compile(r"(?i)\b([a-z0-9_]*(?:password|passwd|secret|token|api_?key|master_keys?|authorization))(['\"]?\s*[=:]\s*)"
                r"(?!\[)['\"]?[^\s'\",;&]{4,}"), r"\1\2[secret]"),
    (re.compile(r"\b[A-Za-z0-9._-]{1,40}:[A-Za-z0-9+/]{43}="), "[master key]"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]{8,}"), "[secret]"),
    (re.compile(r"([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]{1,80}:[^\s/@]{1,120}@"), r"\1[secret]@"),
    (re.compile(r"([?&](?:[a-z_]*(?:state|token|q|code|number|digits|from|to|caller|name))=)[^&\s\"']+", re.IGNORECASE),
     r"\1[left out]"),
    (re.compile(r"\b(?:CA|RE|SM|MM|AC|CF|none-|made-)[0-9a-f]{32}\b"), "[carrier id]"),
    (re.compile(r"\bv[1-9](?::|%3A)[A-Za-z0-9_-]{20,60}", re.IGNORECASE), "[carrier id]"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"), "[e-mail]"),
    (re.compile(r"\bgAAAA[A-Za-z0-9_-]{20,}={0,2}"), "[sealed]"),
    # Numbers as people and machines write them: with country code, or seven and more digits in groups. Parts of
    # hexadecimal numbers, times and decimals do not match.
    (re.compile(r"(?:(?<!\w)\+|(?<!\w)(?<!\d[.:-])00)[1-9](?:[ ()/.-]{0,2}\d){6,14}(?!\w)"), "[number]"),
    (re.compile(r"%2B[1-9]\d{6,14}"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])0[1-9]\d{0,4}(?:[ ()/-]{1,2}\d{2,}){1,5}(?![\w])"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])0[1-9]\d{6,13}(?!\w|[.:-]\d)"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])\d{8}(?:\d\d)?(?!\w|[.:-]\d)"), "[code]"),
    (re.compile(r"\b\d{3}[A-Z]\d{6}\b"), "[customer number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])49[1-9]\d{7,12}(?!\w|[.:-]\d)"), "[number]"),
)  # fmt: skip


def redacted(text: str) -> str:
    """The text without personal data and secrets."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} … ({len(text)} characters)"
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class Redacting:
    """Redacts the whole line of a formatter, including the text of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The redacted line."""
        return redacted(super().format(record))  # type: ignore[misc]

    def formatException(self, info: Any) -> str:  # noqa: N802 - logging's name
        """The traceback without the statement and the values that a database error carries."""
        lines = super().formatException(info).splitlines()  # type: ignore[misc]
        return "\n".join(line for line in lines if not line.startswith(("[parameters:", "[SQL:", "DETAIL:")))


class Plain(Redacting, logging.Formatter):
    """Lines for people."""


class _Following(logging.StreamHandler[TextIO]):
    """Writes to standard error. A log that was moved away or removed (logrotate) is begun anew before the next line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        if path := os.environ.get(FILE):
            with suppress(OSError):  # then it is written to where the last one was
                _follow(path)
        super().emit(record)


def _follow(path: str) -> None:
    """Let standard error, and standard output where it is the same, lead to the file that has this name now."""
    written = os.fstat(2)
    with suppress(FileNotFoundError):
        if os.path.samestat(Path(path).stat(), written):
            return
    outputs = [number for number in (1, 2) if os.path.samestat(os.fstat(number), written)]
    private_files.make_directory(Path(path).parent)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for number in outputs:
            os.dup2(file, number)
    finally:
        os.close(file)


def set_up(log_format: str, level: int = logging.INFO) -> None:
    """Write the logs of this process to standard error, as `text` or `json`. Replaces every earlier set-up."""
    handler = _Following()
    if log_format == "json":
        from ivr.platform.log_json import structured

        handler.setFormatter(structured())
    else:
        handler.setFormatter(Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("gunicorn.error", "rq.worker"):  # these come with handlers of their own
        named = logging.getLogger(name)
        named.handlers.clear()
        named.propagate = True
    for name in ("alembic", "twilio", "urllib3", "werkzeug", "botocore", "authlib", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
