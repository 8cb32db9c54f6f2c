"""The tables of what supervisors tell callers at once: special days, announcements, night answers, further languages.

Rows are never changed but to take them back, so the tables are their own history.
"""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from ivr.domain.enums import AnsweredQuestion
from ivr.models.accounts import User
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id, one_of


class Revocable:
    """Who has entered a row, and who has taken it back."""

    added_at: Mapped[datetime]
    #: None where the operator has acted at the command line, or a program through the API.
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    @declared_attr
    @classmethod
    def added_by(cls) -> Mapped[User | None]:
        """Who has entered it."""
        return relationship(foreign_keys=[cls.added_by_id])

    @declared_attr
    @classmethod
    def undone_by(cls) -> Mapped[User | None]:
        """Who has taken it back."""
        return relationship(foreign_keys=[cls.undone_by_id])


class Spoken:
    """A text that callers hear."""

    text: Mapped[str] = mapped_column(Text)
    #: WAV, 16-bit mono 8 kHz: a recording of the text, or what a synthesiser has made of it. None: the carrier speaks.
    audio: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    seconds: Mapped[float]
    #: Somebody has spoken it.
    recorded: Mapped[bool]


class SpecialDay(Revocable, Base):
    """Opening hours of one local day. Of several rows for a day the newest counts that is not taken back."""

    __tablename__ = "special_days"
    id: Mapped[Id] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(index=True)
    #: None: closed all day.
    opens: Mapped[time | None]
    #: None, where `opens` is given: midnight at the end of the day.
    closes: Mapped[time | None]
    #: Why, for colleagues.
    reason: Mapped[str] = mapped_column(String(300))


class Announcement(Revocable, Base):
    """What callers hear before the main menu, from one instant until another. A draft until it is published."""

    __tablename__ = "announcements"
    __table_args__ = NEVER_REUSED
    id: Mapped[Id] = mapped_column(primary_key=True)
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
    #: None: a draft that nobody hears.
    published_at: Mapped[datetime | None]
    texts: Mapped[list[AnnouncementText]] = relationship(
        back_populates="announcement", order_by="AnnouncementText.id", cascade="all, delete-orphan"
    )


class AnnouncementText(Spoken, Base):
    """An announcement in one language."""

    __tablename__ = "announcement_texts"
    __table_args__ = (Index("ix_announcement_texts_language", "announcement_id", "language", unique=True), NEVER_REUSED)
    id: Mapped[Id] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(8))
    announcement: Mapped[Announcement] = relationship(back_populates="texts")


class NightAnswer(Spoken, Revocable, Base):
    """The authority's answer to a frequent question in one language: for the night, or where there is help at once."""

    __tablename__ = "night_answers"
    __table_args__ = (
        one_of("question", *AnsweredQuestion),
        Index("ix_night_answers_question", "question", "language"),
        NEVER_REUSED,
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    question: Mapped[AnsweredQuestion] = mapped_column(Enumerated(AnsweredQuestion, 20))
    language: Mapped[str] = mapped_column(String(8))


class FurtherLanguage(Spoken, Revocable, Base):
    """The spoken name of a language that is not in the menu, and its key on the page of the other languages.

    Without a recording the German voice reads it.

    Of several rows of a language the newest counts that is not taken back; all of them have the same key.
    """

    __tablename__ = "further_languages"
    __table_args__ = (NEVER_REUSED,)
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: ISO 639.
    language: Mapped[str] = mapped_column(String(8), index=True)
    #: 1 to 8.
    key: Mapped[int]
