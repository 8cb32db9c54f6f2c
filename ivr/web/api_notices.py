"""`/api/v1/notices`: what callers are told today, and how a program changes it.

Opening hours of single days, announcements, and answers to frequent questions: as on the pages of supervisors, heard in
the next call, taken back by number, in the access log.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import Response, g, request
from pydantic import BaseModel
from spectree import Response as Answers
from sqlalchemy.orm import Session

from ivr.audit.access_log import Actor
from ivr.callbacks import changed_hours
from ivr.domain import words
from ivr.domain.enums import NoticeProblem, TokenScope
from ivr.domain.timestamps import utc_now
from ivr.models.notices import Announcement as AnnouncementRow
from ivr.notices import announcements, further_languages, night_answers, special_days
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.web import openapi
from ivr.web.api import problem
from ivr.web.api_changes import api
from ivr.web.api_models import Error, NoQuery
from ivr.web.api_notice_models import (
    Announcement,
    AnnouncementBody,
    Announcements,
    AnswerBody,
    DayBody,
    FrequentAnswer,
    FrequentAnswers,
    NameBody,
    NamedLanguage,
    NamedLanguages,
    OpeningDay,
    OpeningDays,
)

__all__ = ["api"]
_ID = "<int(min=1, max=9007199254740991):id>"
#: Years that an announcement may name: others have instants that are none in UTC.
_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_WRONG = (Error, "what was wrong")
_M = TypeVar("_M", bound=BaseModel)


def _read(model: type[BaseModel], what: str) -> Answers:
    return Answers(HTTP_200=(model, what), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_429=_WRONG)


def _changed(model: type[BaseModel], what: str) -> Answers:
    refused = (Error, "why callers cannot be told this, or why it cannot be taken back")
    return Answers(
        HTTP_200=(model, what), HTTP_400=_WRONG, HTTP_401=_WRONG, HTTP_403=_WRONG, HTTP_404=_WRONG, HTTP_409=refused,
        HTTP_413=_WRONG, HTTP_429=_WRONG,
    )  # fmt: skip


@api.get("/notices/days")
@openapi.spec.validate(resp=_read(OpeningDays, "the days"), operation_id="listOpeningDays")
def list_days(query: NoQuery) -> OpeningDays:
    """Days from today on that have their own opening hours."""
    with database.reading() as session:
        return OpeningDays(days=[OpeningDay.of(one) for one in special_days.coming(session, utc_now())])


@api.post("/notices/days")
@openapi.spec.validate(resp=_changed(OpeningDay, "the day"), operation_id="enterOpeningDay")
def enter_day(query: NoQuery, json: DayBody) -> OpeningDay | Response:
    """Give a day other opening hours; deadlines in opening time move."""

    def change(session: Session, by: Actor) -> OpeningDay:
        return OpeningDay.of(changed_hours.enter(session, json.day, json.span(), json.reason, None, by, utc_now()))

    return _change(change)


@api.post(f"/notices/days/{_ID}/undo")
@openapi.spec.validate(resp=_changed(OpeningDay, "what was taken back"), operation_id="undoOpeningDay")
def undo_day(id: int, query: NoQuery) -> OpeningDay | Response:
    """Take the opening hours of a day back: what counted before counts again."""
    return _change(lambda session, by: OpeningDay.of(changed_hours.take_back(session, id, None, by, utc_now())))


@api.get("/notices/announcements")
@openapi.spec.validate(resp=_read(Announcements, "the announcements"), operation_id="listAnnouncements")
def list_announcements(query: NoQuery) -> Announcements:
    """Announcements that are not over and not taken back."""
    with database.reading() as session:
        return Announcements(announcements=[Announcement.of(one) for one in announcements.coming(session, utc_now())])


@api.post("/notices/announcements")
@openapi.spec.validate(resp=_changed(Announcement, "the announcement"), operation_id="publishAnnouncement")
def publish_announcement(query: NoQuery, json: AnnouncementBody) -> Announcement | Response:
    """Let callers hear an announcement from its beginning until its end."""

    def change(session: Session, by: Actor) -> Announcement:
        now = utc_now()
        begins_at, ends_at = usable_instants(json, now)
        texts = {one.language: one.text for one in json.texts}
        number = announcements.draft(session, begins_at, ends_at, texts, None, now).id
        for one in json.texts:
            if recording := one.audio():
                announcements.record(session, number, one.language, recording)
        announcements.publish(session, number, by, now)
        return _announcement(session, number)

    return _change(change)


def usable_instants(body: AnnouncementBody, now: datetime) -> tuple[datetime, datetime]:
    """From when until when an announcement is to run.

    Raises:
        Unusable: `long`: it names a year that is no instant in UTC.
    """
    if any(at and not _FIRST_YEAR <= at.year <= _LAST_YEAR for at in (body.begins_at, body.ends_at)):
        raise Unusable(NoticeProblem.LONG)
    return body.begins_at or now, body.ends_at


@api.post(f"/notices/announcements/{_ID}/undo")
@openapi.spec.validate(resp=_changed(Announcement, "what was taken back"), operation_id="undoAnnouncement")
def undo_announcement(id: int, query: NoQuery) -> Announcement | Response:
    """Take an announcement back, or discard a draft."""

    def change(session: Session, by: Actor) -> Announcement:
        announcements.undo(session, id, None, by, utc_now())
        return _announcement(session, id)

    return _change(change)


@api.get("/notices/answers")
@openapi.spec.validate(resp=_read(FrequentAnswers, "the answers"), operation_id="listAnswers")
def list_answers(query: NoQuery) -> FrequentAnswers:
    """Answers that callers hear at night, and where there is help in an emergency."""
    with database.reading() as session:
        found = night_answers.current(session).values()
        return FrequentAnswers(answers=[FrequentAnswer.of(one) for one in sorted(found, key=lambda one: one.id)])


@api.post("/notices/answers")
@openapi.spec.validate(resp=_changed(FrequentAnswer, "the answer"), operation_id="addAnswer")
def add_answer(query: NoQuery, json: AnswerBody) -> FrequentAnswer | Response:
    """Answer a question in a language from the next call on, in place of the answer before."""

    def change(session: Session, by: Actor) -> FrequentAnswer:
        answer, now = (json.question, json.language, json.text), utc_now()
        return FrequentAnswer.of(night_answers.add(session, *answer, None, by, now, json.audio()))

    return _change(change)


@api.post(f"/notices/answers/{_ID}/undo")
@openapi.spec.validate(resp=_changed(FrequentAnswer, "what was taken back"), operation_id="undoAnswer")
def undo_answer(id: int, query: NoQuery) -> FrequentAnswer | Response:
    """Take an answer back: the one before it counts again; of `help`, the built-in text if there is none."""
    return _change(lambda session, by: FrequentAnswer.of(night_answers.undo(session, id, None, by, utc_now())))


@api.get("/notices/languages")
@openapi.spec.validate(resp=_read(NamedLanguages, "the languages"), operation_id="listFurtherLanguages")
def list_languages(query: NoQuery) -> NamedLanguages:
    """Languages beyond the menu that callers can choose."""
    with database.reading() as session:
        return NamedLanguages(languages=[NamedLanguage.of(one) for one in further_languages.current(session).values()])


@api.post("/notices/languages")
@openapi.spec.validate(resp=_changed(NamedLanguage, "the language"), operation_id="nameFurtherLanguage")
def name_language(query: NoQuery, json: NameBody) -> NamedLanguage | Response:
    """Name a language from the next call on, in place of the name before."""

    def change(session: Session, by: Actor) -> NamedLanguage:
        named = (json.language, json.name, None, by, utc_now(), json.audio())
        return NamedLanguage.of(further_languages.add(session, *named))

    return _change(change)


@api.post(f"/notices/languages/{_ID}/undo")
@openapi.spec.validate(resp=_changed(NamedLanguage, "what was taken back"), operation_id="undoFurtherLanguage")
def undo_language(id: int, query: NoQuery) -> NamedLanguage | Response:
    """Take a name back: the one before it counts again, or the language is offered no more."""
    return _change(lambda session, by: NamedLanguage.of(further_languages.undo(session, id, None, by, utc_now())))


def _announcement(session: Session, number: int) -> Announcement:
    row: AnnouncementRow | None = announcements.one(session, number)
    if row is None:
        raise Unusable(NoticeProblem.GONE)
    return Announcement.of(row)


def _change(change: Callable[[Session, Actor], _M]) -> _M | Response:
    """Change what callers are told in one transaction, whose line in the access log names the program."""
    if TokenScope.NOTICES not in g.token.scopes:
        return problem(403, "a token with the scope `notices` is needed")
    by = Actor(g.token.name, "program", None, request.remote_addr or "")
    try:
        with database.writing() as session:
            return change(session, by)
    except Unusable as unusable:
        return problem(409, words.NOTICE_PROBLEMS[unusable.problem].replace("%(detail)s", unusable.detail))
