"""What `/api/v1/notices` sends and accepts, as models: days, announcements, and answers to frequent questions."""

from __future__ import annotations

from base64 import b64decode
from datetime import date, time
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from ivr.callbacks.changed_hours import in_words
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.languages import LANGUAGES
from ivr.domain.opening_hours import Span
from ivr.flows.own_texts import REPLACED
from ivr.models.notices import Announcement as AnnouncementRow
from ivr.models.notices import AnnouncementText, FurtherLanguage, NightAnswer, SpecialDay
from ivr.notices import emergency_number
from ivr.notices.announcements import lacking
from ivr.notices.present import span
from ivr.web.api_models import Answer, Asked, Instant


def _known_language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"one of {', '.join(LANGUAGES)}")
    return code


_Language = Annotated[str, AfterValidator(_known_language), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})]
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_Hours = Annotated[str, StringConstraints(pattern=f"^(closed|{_TIME}-({_TIME}|24:00))$")]
_Base64 = Annotated[str, StringConstraints(pattern="^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]
_Reason = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
_HOURS = "`closed`, or local time as in `08:00-12:00`; `24:00` is the end of the day"


class SpokenText(Answer):
    """A text in one language, as callers hear it."""

    language: _Language
    text: str
    seconds: Annotated[float, Field(ge=0, description="how long it lasts")]
    recorded: Annotated[bool, Field(description="somebody has spoken it; otherwise a voice of the carrier or ours")]

    @classmethod
    def of(cls, row: AnnouncementText | NightAnswer) -> SpokenText:
        """From the database."""
        return cls(language=row.language, text=row.text, seconds=row.seconds, recorded=row.recorded)


class TextBody(Asked):
    """A text in one language."""

    language: _Language
    text: Annotated[str, StringConstraints(max_length=2000)]
    recording: Annotated[
        _Base64 | None,
        Field(description="a WAV file of 16 bits in which somebody speaks the text, in base64"),
    ] = None

    def audio(self) -> bytes:
        """The recording; empty where there is none."""
        return b64decode(self.recording or "")


class OpeningDay(Answer):
    """Opening hours of a single day."""

    id: int
    day: date
    hours: Annotated[str, Field(description=_HOURS)]
    reason: str
    added_at: Instant

    @classmethod
    def of(cls, row: SpecialDay) -> OpeningDay:
        """From the database."""
        hours = in_words(span(row.opens, row.closes))
        return cls(id=row.id, day=row.day, hours=hours, reason=row.reason, added_at=row.added_at)


class OpeningDays(Answer):
    """The entries that count, from today on."""

    days: list[OpeningDay]


class DayBody(Asked):
    """Opening hours that a day is to have."""

    day: date
    hours: Annotated[_Hours, Field(description=_HOURS)]
    reason: Annotated[_Reason, Field(description="why, for colleagues; callers do not hear it")] = ""

    def span(self) -> Span | None:
        """The opening hours; None: closed."""
        if self.hours == "closed":
            return None
        opens, _, closes = self.hours.partition("-")
        return Span(opens=time.fromisoformat(opens), closes=None if closes == "24:00" else time.fromisoformat(closes))


class Announcement(Answer):
    """What callers hear before the main menu."""

    id: int
    begins_at: Instant
    ends_at: Instant
    published: Annotated[bool, Field(description="false: a draft of a page, which nobody hears")]
    texts: list[SpokenText]
    lacking: Annotated[list[str], Field(description="offered languages without a text, which hear the German one")]

    @classmethod
    def of(cls, row: AnnouncementRow) -> Announcement:
        """From the database."""
        return cls(
            id=row.id, begins_at=row.begins_at, ends_at=row.ends_at, published=row.published_at is not None,
            texts=[SpokenText.of(one) for one in row.texts], lacking=list(lacking(row)),
        )  # fmt: skip


class Announcements(Answer):
    """Announcements that are not over and not taken back."""

    announcements: list[Announcement]


class AnnouncementBody(Asked):
    """An announcement that callers are to hear. The German text must be among the texts."""

    begins_at: Annotated[AwareDatetime | None, Field(description="null: now")] = None
    ends_at: AwareDatetime
    texts: Annotated[list[TextBody], Field(min_length=1, max_length=len(LANGUAGES))]


class FrequentAnswer(Answer):
    """The authority's answer to a question in one language."""

    id: int
    question: Annotated[AnsweredQuestion, Field(description="help: told in emergencies; the others: at night")]
    spoken: SpokenText
    added_at: Instant
    warning: Annotated[str, Field(description="what callers miss in it: a text of help has to name 112; else empty")]

    @classmethod
    def of(cls, row: NightAnswer) -> FrequentAnswer:
        """From the database."""
        names_112 = row.question not in REPLACED.values() or emergency_number.is_named(row.text, row.language)
        warning = "" if names_112 else "the text does not name the emergency number 112"
        return cls(id=row.id, question=row.question, spoken=SpokenText.of(row), added_at=row.added_at, warning=warning)


class FrequentAnswers(Answer):
    """The answers that callers hear."""

    answers: list[FrequentAnswer]


class AnswerBody(TextBody):
    """What callers are to hear as the answer to a question in one language."""

    question: Annotated[AnsweredQuestion, Field(description="help: told in emergencies; the others: at night")]


class NamedLanguage(Answer):
    """A language beyond the menu."""

    id: int
    language: Annotated[str, Field(description="ISO 639 code")]
    key: Annotated[int, Field(ge=1, le=8)]
    name: Annotated[str, Field(description="as the German voice reads it, or the recording says it")]
    seconds: Annotated[float, Field(ge=0, description="how long it lasts")]
    recorded: bool
    added_at: Instant

    @classmethod
    def of(cls, row: FurtherLanguage) -> NamedLanguage:
        """From the database."""
        return cls(
            id=row.id, language=row.language, key=row.key, name=row.text, seconds=row.seconds, recorded=row.recorded,
            added_at=row.added_at,
        )  # fmt: skip


class NamedLanguages(Answer):
    """The languages beyond the menu that callers can choose."""

    languages: list[NamedLanguage]


class NameBody(Asked):
    """The name of a language beyond the menu."""

    language: Annotated[str, StringConstraints(max_length=8), Field(description="ISO 639 code")]
    name: Annotated[str, StringConstraints(max_length=100), Field(description="as the German voice is to read it")]
    recording: Annotated[_Base64 | None, Field(description="a WAV file of 16 bits that says it, in base64")] = None

    def audio(self) -> bytes:
        """The recording; empty where there is none."""
        return b64decode(self.recording or "")
