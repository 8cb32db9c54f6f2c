"""The table of the directory: telephone numbers that are fetched into conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import DirectoryKind
from ivr.models.accounts import User
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of


class DirectoryEntry(Base):
    """A number of an office, a partner or an interpreter (Verzeichnis). An entry that ends is deleted."""

    __tablename__ = "directory_entries"
    __table_args__ = (one_of("kind", *DirectoryKind), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[DirectoryKind] = mapped_column(Enumerated(DirectoryKind, 20))
    name: Mapped[str] = mapped_column(String(120))
    #: E.164.
    number: Mapped[str] = mapped_column(String(32), index=True)
    #: Interpreters: what they interpret (ISO 639; und: also where nobody knows the language yet).
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Weekday (`monday` …) -> hours like `08:00-16:00`, local times; a weekday that is not named is closed.
    weekdays: Mapped[dict[str, Any]]
    #: Closed on statutory holidays.
    closed_on_holidays: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Interpreters: price in cents a minute; the cheapest are rung first.
    cents_per_minute: Mapped[int] = mapped_column(default=0)
    #: For members, such as an extension to ask for.
    hint: Mapped[str] = mapped_column(String(200), default="")
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    changed_by: Mapped[User | None] = relationship()
