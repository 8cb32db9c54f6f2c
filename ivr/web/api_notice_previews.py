"""`/api/v1/notices/…/preview`: what callers would hear, and which deadlines would move. Nothing is changed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from flask import Response, g
from pydantic import BaseModel, ConfigDict, Field
from spectree import Response as Answers
from sqlalchemy.orm import Session

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.callbacks import changed_hours
from ivr.callbacks.changed_hours import Moved
from ivr.domain import opening_hours, words
from ivr.domain.enums import SlaMeasure, TokenScope
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.notices import announcements, further_languages, heard, night_answers, special_days
from ivr.notices.heard import Moment
from ivr.notices.present import with_day
from ivr.notices.texts import Made, made
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api import problem
from ivr.web.api_models import Error, Instant, NoQuery
from ivr.web.api_notice_models import AnnouncementBody, AnswerBody, DayBody, NameBody
from ivr.web.api_notices import api, usable_instants

__all__ = ["api"]
_M = TypeVar("_M", bound=BaseModel)


class _Seen(BaseModel):
    model_config = ConfigDict(defer_build=True)


class Heard(_Seen):
    """A text as callers would hear it."""

    language: str
    text: str
    seconds: Annotated[float, Field(ge=0, description="how long it lasts")]
    recorded: bool
    audio: Annotated[str, Field(description="a WAV file in base64; where the carrier's voice speaks, a similar one")]

    @classmethod
    def of(cls, text: Made, language: str) -> Heard:
        """From a text that can be spoken."""
        audio = text.audio or write_wav(speak(text.text, language))
        return cls(
            language=language, text=text.text, seconds=text.seconds, recorded=text.recorded,
            audio=b64encode(audio).decode(),
        )  # fmt: skip


class AnnouncementPreview(_Seen):
    """What callers would hear before the main menu."""

    texts: list[Heard]
    lacking: Annotated[list[str], Field(description="offered languages without a text, which hear the German one")]


class MovedDeadline(_Seen):
    """A deadline that would move."""

    receipt_code: str
    team: str
    measure: SlaMeasure
    due_at: Instant
    moves_to: Instant

    @classmethod
    def of(cls, moved: Moved) -> MovedDeadline:
        """From what the page shows."""
        return cls(
            receipt_code=moved.receipt_code, team=moved.team, measure=moved.measure, due_at=moved.due_at,
            moves_to=moved.moves_to,
        )  # fmt: skip


class MomentHeard(_Seen):
    """What somebody would hear who calls at an instant."""

    at: Instant
    texts: Annotated[Mapping[str, str], Field(description="by language; empty: the hotline is open")]

    @classmethod
    def of(cls, moment: Moment) -> MomentHeard:
        """From what the page shows."""
        return cls(at=moment.at, texts=moment.texts)


class DayPreview(_Seen):
    """What other opening hours of a day would change."""

    hours_before: Annotated[str, Field(description="the present opening hours of the day")]
    moved: Annotated[list[MovedDeadline], Field(description="deadlines in opening time, the earliest first")]
    stay: Annotated[int, Field(description="promises on the wall clock that fall due on the day if it is closed")]
    heard: list[MomentHeard]


@api.post("/notices/days/preview")
@openapi.spec.validate(
    resp=Answers(
        HTTP_200=(DayPreview, "what would change"), HTTP_400=(Error, "what was wrong"),
        HTTP_401=(Error, "what was wrong"), HTTP_403=(Error, "what was wrong"), HTTP_409=(Error, "why it cannot be"),
        HTTP_429=(Error, "what was wrong"),
    ),
    operation_id="previewOpeningDay",
)  # fmt: skip
def preview_day(query: NoQuery, json: DayBody) -> DayPreview | Response:
    """What callers would hear around a day with other opening hours, and which deadlines would move."""

    def look(session: Session) -> DayPreview:
        now, span = utc_now(), json.span()
        special_days.check(json.day, span, now)
        before = special_days.hours_in(session)
        after = with_day(before, json.day, span)
        return DayPreview(
            hours_before=changed_hours.in_words(opening_hours.span_on(before, json.day)),
            moved=[MovedDeadline.of(one) for one in changed_hours.preview(session, before, after, now)],
            stay=changed_hours.stay(session, after, json.day) if span is None else 0,
            heard=[MomentHeard.of(one) for one in heard.around(json.day, after, now)],
        )

    return _look(look)


def _texts_of(model: type[BaseModel]) -> Answers:
    wrong = (Error, "what was wrong")
    return Answers(
        HTTP_200=(model, "what callers would hear"), HTTP_400=wrong, HTTP_401=wrong, HTTP_403=wrong,
        HTTP_409=(Error, "why callers cannot be told this"), HTTP_413=wrong, HTTP_429=wrong,
    )  # fmt: skip


@api.post("/notices/announcements/preview")
@openapi.spec.validate(resp=_texts_of(AnnouncementPreview), operation_id="previewAnnouncement")
def preview_announcement(query: NoQuery, json: AnnouncementBody) -> AnnouncementPreview | Response:
    """What callers would hear of an announcement."""

    def look(session: Session) -> AnnouncementPreview:
        now = utc_now()
        begins_at, ends_at = usable_instants(json, now)
        texts = {one.language: one.text for one in json.texts}
        recordings = {one.language: one.audio() for one in json.texts}
        seen = announcements.preview(session, begins_at, ends_at, texts, recordings, now)
        spoken = [Heard.of(Made(one.text, one.seconds, one.audio, one.recorded), one.language) for one in seen.texts]
        return AnnouncementPreview(texts=spoken, lacking=list(announcements.lacking(seen)))

    return _look(look)


@api.post("/notices/answers/preview")
@openapi.spec.validate(resp=_texts_of(Heard), operation_id="previewAnswer")
def preview_answer(query: NoQuery, json: AnswerBody) -> Heard | Response:
    """What callers would hear as an answer."""
    longest = night_answers.LONGEST
    return _look(lambda _: Heard.of(made(json.text, json.language, longest, json.audio()), json.language))


@api.post("/notices/languages/preview")
@openapi.spec.validate(resp=_texts_of(Heard), operation_id="previewFurtherLanguage")
def preview_language(query: NoQuery, json: NameBody) -> Heard | Response:
    """What callers would hear as the name of a language."""
    longest = further_languages.LONGEST
    return _look(lambda _: Heard.of(made(json.name, DEFAULT_LANGUAGE, longest, json.audio()), DEFAULT_LANGUAGE))


def _look(look: Callable[[Session], _M]) -> _M | Response:
    if TokenScope.NOTICES not in g.token.scopes:
        return problem(403, "a token with the scope `notices` is needed")
    try:
        with database.reading() as session:
            return look(session)
    except Unusable as unusable:
        return problem(409, words.NOTICE_PROBLEMS[unusable.problem].replace("%(detail)s", unusable.detail))
