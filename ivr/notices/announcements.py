"""Announcements: drafted in the languages one has, looked at, published, taken back. They end by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from ivr.audit.access_log import Actor
from ivr.config.settings import settings
from ivr.domain.enums import NoticeProblem
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.models.accounts import User
from ivr.models.notices import Announcement, AnnouncementText
from ivr.notices import changes, texts
from ivr.notices.unusable import Unusable

#: Seconds that an announcement may last in each language: every caller hears it before the main menu.
LONGEST = 15.0
#: An announcement runs no longer than this without being looked at again.
LONGEST_RUN = timedelta(days=31)


def draft(
    session: Session, begins_at: datetime, ends_at: datetime, by_language: Mapping[str, str], by: User | None,
    now: datetime,
) -> Announcement:  # fmt: skip
    """Make an announcement that nobody hears yet. Empty texts are left out.

    Raises:
        Unusable: the times or a text cannot be used.
    """
    begins_at, ends_at = _checked(begins_at, ends_at, now)
    announcement = Announcement(
        begins_at=begins_at, ends_at=ends_at, added_at=now, added_by_id=by.id if by else None, texts=[]
    )
    session.add(announcement)
    _write(announcement, by_language)
    session.flush()
    return announcement


def change(
    session: Session, number: int, begins_at: datetime, ends_at: datetime, by_language: Mapping[str, str],
    now: datetime,
) -> Announcement:  # fmt: skip
    """Change a draft. A text that stays the same keeps its recording.

    Raises:
        Unusable: as :func:`draft`; `gone`: it is published, or taken back.
    """
    announcement = _draft_of(session, number)
    announcement.begins_at, announcement.ends_at = _checked(begins_at, ends_at, now)
    _write(announcement, by_language)
    session.flush()
    return announcement


def record(session: Session, number: int, language: str, recording: bytes) -> None:
    """Play a recording (WAV) in place of a voice, in one language of a draft, whose text must be there.

    Raises:
        Unusable: `audio` or `seconds`; `empty`: there is no text; `gone`: it is no draft.
    """
    announcement = _draft_of(session, number)
    kept = next((one for one in announcement.texts if one.language == language), None)
    made = texts.made(kept.text if kept else "", language, LONGEST, recording)
    if kept is not None:
        texts.put(kept, made)
    session.flush()


def publish(session: Session, number: int, actor: Actor, now: datetime) -> Announcement:
    """Let callers hear a draft from its beginning until its end; the access log names the actor.

    Raises:
        Unusable: `german` is missing, `overlap` with another one, `past`, or `gone`.
    """
    announcement = _draft_of(session, number)
    _checked(announcement.begins_at, announcement.ends_at, now)
    _require_publishable(session, announcement)
    announcement.published_at = now
    _heard_from_now(session, announcement, "published", actor, now)
    return announcement


def preview(
    session: Session, begins_at: datetime, ends_at: datetime, by_language: Mapping[str, str],
    recordings: Mapping[str, bytes], now: datetime,
) -> Announcement:  # fmt: skip
    """An announcement as it would be published; nothing is kept.

    Raises:
        Unusable: as :func:`draft`, :func:`record` and :func:`publish`.
    """
    begins_at, ends_at = _checked(begins_at, ends_at, now)
    seen = Announcement(begins_at=begins_at, ends_at=ends_at, texts=[])
    _write(seen, by_language)
    for one in seen.texts:
        if recording := recordings.get(one.language):
            texts.put(one, texts.made(one.text, one.language, LONGEST, recording))
    _require_publishable(session, seen)
    return seen


def _require_publishable(session: Session, announcement: Announcement) -> None:
    """Raises `german` or `overlap`."""
    if DEFAULT_LANGUAGE not in {one.language for one in announcement.texts}:
        raise Unusable(NoticeProblem.GERMAN)
    if other := _overlapping(session, announcement):
        zone = settings().hours.zone
        run = [at.astimezone(zone).strftime("%d.%m.%Y %H:%M") for at in (other.begins_at, other.ends_at)]
        raise Unusable(NoticeProblem.OVERLAP, " – ".join(run))


def undo(session: Session, number: int, by: User | None, actor: Actor, now: datetime) -> Announcement:
    """Take an announcement back, or discard a draft; the access log names the actor.

    Raises:
        Unusable: `gone`: it is taken back already, or over.
    """
    announcement = session.get(Announcement, number)
    if announcement is None or announcement.undone_at is not None or announcement.ends_at <= now:
        raise Unusable(NoticeProblem.GONE)
    announcement.undone_at, announcement.undone_by_id = now, by.id if by else None
    _heard_from_now(session, announcement, "taken back", actor, now)
    return announcement


def _heard_from_now(session: Session, announcement: Announcement, how: str, actor: Actor, now: datetime) -> None:
    session.flush()
    changes.note(session, f"announcement {announcement.id}: {how}", actor, now)


def lacking(announcement: Announcement) -> tuple[str, ...]:
    """The offered languages in which it has no text; their callers hear it in German."""
    has = {one.language for one in announcement.texts}
    return tuple(code for code in settings().enabled_languages if code not in has)


def one(session: Session, number: int) -> Announcement | None:
    """An announcement with its texts, whatever has become of it."""
    query = select(Announcement).where(Announcement.id == number).options(selectinload(Announcement.texts))
    return session.scalar(query)


def coming(session: Session, now: datetime) -> Sequence[Announcement]:
    """Announcements that are not over and not taken back, drafts as well, by their beginning."""
    counts = Announcement.undone_at.is_(None), Announcement.ends_at > now
    query = select(Announcement).where(*counts).order_by(Announcement.begins_at, Announcement.id)
    return session.scalars(query.options(selectinload(Announcement.texts))).all()


def past(session: Session, now: datetime) -> Sequence[Announcement]:
    """Announcements that are over or taken back, the latest first, a hundred at most; they are the log."""
    over = or_(Announcement.undone_at.is_not(None), Announcement.ends_at <= now)
    query = select(Announcement).where(over).order_by(Announcement.id.desc()).limit(100)
    return session.scalars(query.options(selectinload(Announcement.texts))).all()


def _draft_of(session: Session, number: int) -> Announcement:
    announcement = one(session, number)
    if announcement is None or announcement.published_at is not None or announcement.undone_at is not None:
        raise Unusable(NoticeProblem.GONE)
    return announcement


def _checked(begins_at: datetime, ends_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The times in UTC: local ones would be compared by the clock on the wall, which strikes two twice in autumn."""
    begins_at, ends_at = begins_at.astimezone(UTC), ends_at.astimezone(UTC)
    if ends_at <= begins_at:
        raise Unusable(NoticeProblem.ORDER)
    if ends_at <= now:
        raise Unusable(NoticeProblem.PAST)
    if ends_at - max(begins_at, now) > LONGEST_RUN:
        raise Unusable(NoticeProblem.LONG)
    return begins_at, ends_at


def _overlapping(session: Session, announcement: Announcement) -> Announcement | None:
    published = Announcement.published_at.is_not(None), Announcement.undone_at.is_(None)
    at_once = Announcement.begins_at < announcement.ends_at, Announcement.ends_at > announcement.begins_at
    return session.scalar(select(Announcement).where(*published, *at_once).limit(1))


def _write(announcement: Announcement, by_language: Mapping[str, str]) -> None:
    kept = {one.language: one for one in announcement.texts}
    for language in (code for code in LANGUAGES if code in by_language):
        words = " ".join(by_language[language].split())
        before = kept.get(language)
        if before is not None and before.text == words:
            continue
        if not words:
            if before is not None:
                announcement.texts.remove(before)
            continue
        if before is None:
            before = AnnouncementText(language=language)
            announcement.texts.append(before)
        texts.put(before, texts.made(words, language, LONGEST))
