"""Answers to frequent questions, written or recorded by the authority: of the night, and to those who need help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.audit.access_log import Actor
from ivr.config.settings import settings
from ivr.domain.enums import AnsweredQuestion, NoticeProblem
from ivr.flows.own_texts import NIGHT_QUESTIONS
from ivr.models.accounts import User
from ivr.models.notices import NightAnswer
from ivr.notices import changes, texts
from ivr.notices.unusable import Unusable

#: Seconds that an answer may last.
LONGEST = 45.0


def add(
    session: Session, question: AnsweredQuestion, language: str, text: str, by: User | None, actor: Actor,
    now: datetime, recording: bytes = b"",
) -> NightAnswer:  # fmt: skip
    """Answer a question in a language from now on, in place of the answer before; the access log names the actor.

    `by`: None where a program or the operator acts, whom `actor` names.

    Raises:
        Unusable: `empty`, `seconds` or `audio`.
    """
    made = texts.made(text, language, LONGEST, recording)
    answer = NightAnswer(question=question, language=language, added_at=now, added_by_id=by.id if by else None)
    texts.put(answer, made)
    session.add(answer)
    _note(session, answer, texts.how_made(answer), actor, now)
    return answer


def undo(session: Session, number: int, by: User | None, actor: Actor, now: datetime) -> NightAnswer:
    """Take an answer back: the one before it is given again, if there is one.

    Raises:
        Unusable: `gone`: it is not given any more.
    """
    answer = session.get(NightAnswer, number)
    if answer is None or current(session).get((answer.question, answer.language)) is not answer:
        raise Unusable(NoticeProblem.GONE)
    answer.undone_at, answer.undone_by_id = now, by.id if by else None
    _note(session, answer, "taken back", actor, now)
    return answer


def _note(session: Session, answer: NightAnswer, how: str, actor: Actor, now: datetime) -> None:
    session.flush()
    changes.note(session, f"night answer {answer.question} in {answer.language}: {how}", actor, now)


def current(session: Session) -> Mapping[tuple[AnsweredQuestion, str], NightAnswer]:
    """The answer that is given to each question in each language."""
    rows = session.scalars(select(NightAnswer).where(NightAnswer.undone_at.is_(None)).order_by(NightAnswer.id))
    return {(one.question, one.language): one for one in rows}


def missing(session: Session) -> Sequence[tuple[AnsweredQuestion, str]]:
    """The questions of the night that have no answer in an offered language. Help at once is told all the same."""
    has = current(session)
    wanted = [(question, code) for code in settings().enabled_languages for question in NIGHT_QUESTIONS]
    return [one for one in wanted if one not in has]
