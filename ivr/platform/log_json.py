"""Logs as JSON; loaded only where `log_format` is `json`."""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from ivr.platform.log_setup import Redacting, redacted


class Structured(Redacting, JsonFormatter):
    """One line of JSON for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written; its values were redacted before."""
        return JsonFormatter.format(self, record)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Redact every text."""
        return {name: redacted(value) if isinstance(value, str) else value for name, value in log_data.items()}


def structured() -> Structured:
    """The formatter."""
    fields = "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s"
    return Structured(fields, rename_fields={"asctime": "at", "levelname": "level"})
