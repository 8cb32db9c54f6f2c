"""Settings that administrators have set in the page: versions in the database, which every process adopts.

Each version holds everything that the page has set, by the names of the settings and as the file writes it. The newest
counts, over file and environment. Web processes and the scheduler look for a new version every few seconds, workers
before a job; a process that the database does not answer goes on with what it has.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.platform.kept_reading import KeptReading
from ivr.platform.orm import Base, Id

log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 3.0


class SettingsVersion(Base):
    """What the page has set, from one change on until the next."""

    __tablename__ = "settings_store"
    #: Counts up from 1 without a gap: of two people who change the same version, one is told.
    id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    made_by_name: Mapped[str] = mapped_column(String(120))
    #: The name of the setting that was changed; empty where an earlier version was put back.
    changed: Mapped[str] = mapped_column(String(40))
    #: The version that was put back.
    put_back: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(300))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class Stored:
    """A version of what the page has set; 0: nothing yet."""

    version: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)


def newest(connection: Connection | Session) -> Stored:
    """The version that counts."""
    columns = SettingsVersion.id, SettingsVersion.settings
    found = connection.execute(select(*columns).order_by(SettingsVersion.id.desc()).limit(1)).one_or_none()
    return Stored(*found) if found is not None else Stored()


def _read(connection: Connection, before: Stored | None) -> Stored:
    latest = connection.scalar(select(SettingsVersion.id).order_by(SettingsVersion.id.desc()).limit(1))
    return before if before is not None and before.version == (latest or 0) else newest(connection)


_kept = KeptReading("settings of the page", _read, Stored(), LOOK_EVERY)
_refused: Stored | None = None
_adopting = threading.Lock()


def look() -> None:
    """Adopt the newest version, if this process has not yet. What does not fit file and environment is logged."""
    global _refused
    stored = _kept.value()
    if stored.version == settings.version or stored is _refused:
        return
    with _adopting:
        try:
            settings.adopt(stored.settings, stored.version)
            _refused = None
        except ConfigurationError as error:
            _refused = stored
            log.error("version %d of the settings of the page is not used: %s", stored.version, error)


def look_now() -> None:
    """Adopt what the database says now: for who is about to change it, or has just done so."""
    _kept.read_again()
    look()


def look_after(session: Session) -> None:
    """See that the next look finds what a session has changed, once it is committed."""
    _kept.read_again_after(session)


def is_refused() -> bool:
    """Whether what the page has set does not fit file and environment (any more), so that it is not used here."""
    return _refused is not None and _refused is _kept.value()


def begin() -> None:
    """Adopt what counts now, and look for new versions from now on, in a thread."""
    look()
    threading.Thread(target=_go_on_looking, name="settings", daemon=True).start()


def _go_on_looking() -> None:
    while True:
        time.sleep(LOOK_EVERY)
        try:
            look()
        except Exception as error:  # the database is away; what was adopted goes on to count
            log.warning("the settings of the page could not be looked for (%s)", type(error).__name__)
