"""Which settings and which database this process uses."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr.calls import call_counters, known_numbers
from ivr.config import settings as configuration
from ivr.platform import database, job_queue, live_events, spool_memory, write_behind

ROOT = Path(__file__).parent.parent.parent
#: What `use_environment` has replaced; None where there was nothing.
_before: dict[str, str | None] = {}


def forget_settings() -> None:
    """Forget the cached settings, and close the database connections that were opened with them."""
    for thread in threading.enumerate():
        if thread.name == "damage":  # it examines the file of these settings
            thread.join()
    write_behind.flush()
    spool_memory.forget()
    call_counters.forget_all()
    job_queue.forget_outage()
    known_numbers.forget()
    live_events.publish = None
    configuration.settings.cache_clear()
    database.close()  # last: a thread that asks meanwhile opens it by the settings that are read anew


def use_environment(values: dict[str, str]) -> configuration.Settings:
    """Make this process use the same settings and database as the processes that were started with `values`."""
    leave_environment()
    for key, value in values.items():
        _before[key] = os.environ.get(key)
        os.environ[key] = value
    forget_settings()  # a thread of the local carrier may have asked for them meanwhile
    return configuration.settings()


def leave_environment() -> None:
    """Take back what the last `use_environment` has set."""
    forget_settings()
    for key, value in _before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    _before.clear()
    forget_settings()


@contextmanager
def environment_kept() -> Iterator[None]:
    """Restore the environment variables afterwards."""
    before, values = dict(_before), dict(os.environ)
    try:
        yield
    finally:
        forget_settings()
        os.environ.clear()
        os.environ.update(values)
        _before.clear()
        _before.update(before)
