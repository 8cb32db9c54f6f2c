"""The software's own logs say nothing of callers: whatever is written, numbers, addresses, codes, tokens and the
carrier's ids are taken out before it leaves the process.

Our own messages name ids of rows. This is for what libraries write, and for what is in an exception.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

#: Longer lines are cut: no library has anything to say that needs more.
_LONGEST = 8000
#: What is taken out, and what is written instead. Hexadecimal of hashes and UUIDs stays: it is nobody's.
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [token]"),
    (re.compile(r"(?i)\b([a-z0-9_]*(?:password|passwd|secret|token|api_?key|master_keys?|authorization))(['\"]?\s*[=:]\s*)"
                r"(?!\[)['\"]?[^\s'\",;&]{4,}"), r"\1\2[secret]"),
    (re.compile(r"\b[A-Za-z0-9._-]{1,40}:[A-Za-z0-9+/]{43}="), "[master key]"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]{8,}"), "[secret]"),
    (re.compile(r"([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]{1,80}:[^\s/@]{1,120}@"), r"\1[secret]@"),
    (re.compile(r"([?&](?:[a-z_]*(?:state|token|q|code|number|digits|from|to|caller|name))=)[^&\s\"']+", re.IGNORECASE),
     r"\1[left out]"),
    (re.compile(r"\b(?:CA|RE|SM|MM|AC|CF)[0-9a-f]{32}\b"), "[carrier id]"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"), "[e-mail]"),
    (re.compile(r"\bgAAAA[A-Za-z0-9_-]{20,}={0,2}"), "[sealed]"),
    # Numbers as people and machines write them: with country code, or seven digits and more in groups; not parts of
    # hexadecimal, times, or decimals (before and behind whose sign a digit stands).
    (re.compile(r"(?:(?<!\w)\+|(?<!\w)(?<!\d[.:-])00)[1-9](?:[ ()/.-]{0,2}\d){6,14}(?!\w)"), "[number]"),
    (re.compile(r"%2B[1-9]\d{6,14}"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])0[1-9]\d{0,4}(?:[ ()/-]{1,2}\d{2,}){1,5}(?![\w])"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])0[1-9]\d{6,13}(?!\w|[.:-]\d)"), "[number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])\d{8}(?!\w|[.:-]\d)"), "[code]"),
    (re.compile(r"\b\d{3}[A-Z]\d{6}\b"), "[customer number]"),
    (re.compile(r"(?<!\w)(?<!\d[.:-])49[1-9]\d{7,12}(?!\w|[.:-]\d)"), "[number]"),
)  # fmt: skip


def redacted(text: str) -> str:
    """A text without what could be a caller's, or a secret."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} … ({len(text)} characters)"
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class _Redacting:
    """Takes out what a formatter has put together, the exception's text included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        return redacted(super().format(record))  # type: ignore[misc]

    def formatException(self, info: Any) -> str:  # noqa: N802 - logging's name
        """Where something broke, and of which kind; a database's error tells the values of its statement, so of the
        text of an error only the first line is kept."""
        lines = super().formatException(info).splitlines()  # type: ignore[misc]
        return "\n".join(line for line in lines if not line.startswith(("[parameters:", "[SQL:", "DETAIL:")))


class Plain(_Redacting, logging.Formatter):
    """Lines to be read."""


class Structured(_Redacting, JsonFormatter):
    """A line of JSON each."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written; its values were cleaned before."""
        return JsonFormatter.format(self, record)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Clean every text."""
        return {name: redacted(value) if isinstance(value, str) else value for name, value in log_data.items()}


def set_up(log_format: str, level: int = logging.INFO) -> None:
    """Let this process write its logs so, to standard error, whatever was set up before."""
    handler = logging.StreamHandler()
    fields = "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s"
    if log_format == "json":
        handler.setFormatter(Structured(fields, rename_fields={"asctime": "at", "levelname": "level"}))
    else:
        handler.setFormatter(Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("gunicorn.error", "rq.worker"):  # these bring handlers of their own
        named = logging.getLogger(name)
        named.handlers.clear()
        named.propagate = True
    for name in ("alembic", "twilio", "urllib3", "werkzeug", "botocore", "authlib", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
