"""Languages that are not in the menu, by their spoken names: who presses "another language" chooses among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.audit.access_log import Actor
from ivr.domain.enums import NoticeProblem
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES, UNKNOWN_LANGUAGE, name_in
from ivr.flows.own_texts import FURTHER_KEYS
from ivr.flows.request import RequestAnswers
from ivr.models.accounts import User
from ivr.models.notices import FurtherLanguage
from ivr.notices import changes, present, texts
from ivr.notices.unusable import Unusable

#: Seconds that a name may last.
LONGEST = 3.0


def add(
    session: Session, language: str, text: str, by: User | None, actor: Actor, now: datetime, recording: bytes = b""
) -> FurtherLanguage:
    """Name a language from now on, in place of the name before; the access log names the actor.

    `text` is read by the German voice where there is no recording.

    Raises:
        Unusable: `language`: it is in the menu, or none; `full`: every key is taken; `empty`, `seconds` or `audio`.
    """
    if not is_further(language):
        raise Unusable(NoticeProblem.LANGUAGE)
    made = texts.made(text, DEFAULT_LANGUAGE, LONGEST, recording)
    named = FurtherLanguage(
        language=language, key=_key_for(session, language), added_at=now, added_by_id=by.id if by else None
    )
    texts.put(named, made)
    session.add(named)
    _note(session, named, texts.how_made(named), actor, now)
    return named


def undo(session: Session, number: int, by: User | None, actor: Actor, now: datetime) -> FurtherLanguage:
    """Take a name back: the one before it counts again, if there is one; otherwise the language is offered no more.

    Raises:
        Unusable: `gone`: it does not count any more.
    """
    named = session.get(FurtherLanguage, number)
    if named is None or named not in current(session).values():
        raise Unusable(NoticeProblem.GONE)
    named.undone_at, named.undone_by_id = now, by.id if by else None
    _note(session, named, "taken back", actor, now)
    return named


def current(session: Session) -> Mapping[int, FurtherLanguage]:
    """The name that counts behind each key, in the order of the keys."""
    rows = session.scalars(
        select(FurtherLanguage).where(FurtherLanguage.undone_at.is_(None)).order_by(FurtherLanguage.id)
    )
    by_key = {one.key: one for one in rows}
    return {key: by_key[key] for key in sorted(by_key)}


def codes() -> list[str]:
    """The languages that are named now, in the order of their keys."""
    return [one.language for _, one in sorted(present.notices().languages.items())]


def is_further(language: str) -> bool:
    """Whether a code stands for a language that is not the hotline's own."""
    return language not in LANGUAGES and language != UNKNOWN_LANGUAGE and name_in(language, "en") != language


def behind(session: Session, key: str, called_at: datetime) -> str:
    """The language behind a key for a call that began at an instant, whatever has become of it; else unknown."""
    if key not in FURTHER_KEYS:
        return UNKNOWN_LANGUAGE
    known = or_(FurtherLanguage.undone_at.is_(None), FurtherLanguage.undone_at > called_at)
    found = select(FurtherLanguage.language).where(FurtherLanguage.key == int(key), known)
    return session.scalar(found.order_by(FurtherLanguage.id.desc()).limit(1)) or UNKNOWN_LANGUAGE


def spoken_by(session: Session, request: RequestAnswers, language: str, called_at: datetime) -> str:
    """The language that a caller speaks: the one of the call, or where it has no texts for them the one beyond it."""
    return behind(session, request.further_key, called_at) if request.unlisted_language else language


def _key_for(session: Session, language: str) -> int:
    taken = current(session)
    own = next((key for key, one in taken.items() if one.language == language), None)
    free = (int(key) for key in FURTHER_KEYS if int(key) not in taken)
    key = own or next(free, None)
    if key is None:
        raise Unusable(NoticeProblem.FULL)
    return key


def _note(session: Session, named: FurtherLanguage, how: str, actor: Actor, now: datetime) -> None:
    session.flush()
    changes.note(session, f"further language {named.language}, key {named.key}: {how}", actor, now)
