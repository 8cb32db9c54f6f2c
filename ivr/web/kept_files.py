"""What the processes of a server read from files, in their parent: `ivr.toml`, and the texts of the prompts.

A process that has died is replaced by one that inherits what the others use. Reading for itself, it met the file as it
is now: one that somebody had damaged days ago ended the whole server, and all calls. A reload (SIGHUP) reads everything
again; what is wrong then is logged, and what was read before goes on to count.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.prompts import script
from ivr.telephony import agent_announcements

log = logging.getLogger(__name__)
_is_read = False


def read() -> None:
    """Read the files, or read them again. At the start each process itself says what is wrong."""
    global _is_read
    if not _is_read:
        with suppress(ConfigurationError, OSError, ValueError):
            settings()
            script.offered_languages()
            agent_announcements.staff_prompts()
            _is_read = True
        return
    try:
        settings.read_again()
    except ConfigurationError as error:
        log.error("the settings as they are now are not used: %s", error)
    if problems := [*script.read_again(), *agent_announcements.read_again()]:
        log.error("the prompts as they are now are not used: %s", "; ".join(problems))
