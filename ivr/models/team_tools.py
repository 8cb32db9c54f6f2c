"""What a team keeps for its work at the desk: text modules, macros and tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.enums import TextModuleUse
from ivr.models.accounts import Team, User
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of


class TextModule(Base):
    """A text that a team uses again and again (Textbaustein), in German and perhaps in other languages."""

    __tablename__ = "text_modules"
    __table_args__ = (UniqueConstraint("team_id", "name"), one_of("use", *TextModuleUse), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    #: note, text_message
    use: Mapped[TextModuleUse] = mapped_column(Enumerated(TextModuleUse, 20))
    #: The text by language (ISO 639), with placeholders (see ivr.domain.placeholders). German is always there.
    texts: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    team: Mapped[Team] = relationship()
    changed_by: Mapped[User] = relationship()


class Macro(Base):
    """Steps that a team applies to a task with one key (Makro)."""

    __tablename__ = "macros"
    __table_args__ = (UniqueConstraint("team_id", "name"), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    #: In their order: `{"kind": …, "value": …}` (see ivr.callbacks.macros).
    steps: Mapped[list[dict[str, Any]]]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    team: Mapped[Team] = relationship()
    changed_by: Mapped[User] = relationship()


class Tag(Base):
    """A word by which a team sorts its tasks (Schlagwort)."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("team_id", "name"), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    team: Mapped[Team] = relationship()


task_tags = Table(
    "task_tags",
    Base.metadata,
    Column("task_id", ForeignKey("callback_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)
