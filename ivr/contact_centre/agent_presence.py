"""Presence of team members (Erreichbarkeit): who answers calls now, and at which telephone.

offline/paused → available → ringing → talking → wrap_up → available. Every step is a conditional update, so of two
things that happen to a member at once one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from ivr.domain import opening_hours
from ivr.domain.enums import PresenceState, Refusal
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, Leg, Presence
from ivr.notices import present
from ivr.platform.column_types import rows

#: States of a member who is there, but may be busy.
THERE = (PresenceState.AVAILABLE, PresenceState.RINGING, PresenceState.TALKING, PresenceState.WRAP_UP)
#: Unanswered calls in a row after which a member counts as away.
MOST_MISSED = 2


#: A member who wraps up for longer than this counts as away.
LONGEST_WRAP_UP = timedelta(minutes=30)
#: Nobody answers calls for longer without coming again; it matters where the hotline never closes.
LONGEST_DAY = timedelta(hours=14)
#: A browser that is silent for longer has been closed; and how often a sign of life is written down.
LONGEST_SILENCE = timedelta(seconds=150)
SEEN_EVERY = timedelta(seconds=20)
#: A window that is a telephone, and silent for longer, rings nobody: it has been closed, or has lost its connection.
LONGEST_SILENCE_OF_WINDOW = timedelta(seconds=35)


def is_there(now: datetime) -> ColumnElement[bool]:
    """The condition for members who answer now or after a wrap-up, which counts for 30 minutes at most.

    Who came before the last closing time, or more than a long day ago, or whose browser is silent, is not there.
    """
    wrapping = and_(
        Presence.state == PresenceState.WRAP_UP,
        Presence.afterwards.is_(None),
        Presence.since_at > now - LONGEST_WRAP_UP,
    )
    answers = or_(Presence.state.in_((PresenceState.AVAILABLE, PresenceState.RINGING, PresenceState.TALKING)), wrapping)
    return and_(answers, ~_is_stale(now))


def _is_stale(now: datetime) -> ColumnElement[bool]:
    """The condition for an availability that does not count any more, whatever its state says."""
    since = max(now - LONGEST_DAY, opening_hours.last_closing(present.hours(), now) or now - LONGEST_DAY)
    return or_(
        and_(Presence.came_at.is_not(None), Presence.came_at < since),
        and_(_is_silent(now), Presence.state != PresenceState.TALKING),
    )


def _is_silent(now: datetime) -> ColumnElement[bool]:
    """The condition for a browser that has been closed; the window counts where it is the telephone."""
    window = Presence.window_seen_at
    return or_(
        and_(Presence.seen_at.is_not(None), window.is_(None), Presence.seen_at < now - LONGEST_SILENCE),
        and_(window.is_not(None), window < now - LONGEST_SILENCE_OF_WINDOW),
    )


def is_window_silent(here: Presence, now: datetime) -> bool:
    """Whether the window that is a member's telephone has been closed, or has lost its connection."""
    return here.window_seen_at is None or here.window_seen_at < now - LONGEST_SILENCE_OF_WINDOW


def is_sign_due(session: Session, user_id: int, now: datetime) -> bool:
    """Whether a sign of life of a member's browser is to be written down: the last one is a while ago."""
    due = select(Presence.user_id).where(Presence.user_id == user_id, Presence.seen_at < now - SEEN_EVERY)
    return session.scalar(due) is not None


def seen(session: Session, user_id: int, now: datetime) -> None:
    """The browser of a member who answers calls has given a sign of life."""
    session.execute(
        update(Presence)
        .where(Presence.user_id == user_id, Presence.seen_at < now - SEEN_EVERY)
        .values(seen_at=now)
        .execution_options(synchronize_session=False, live=())
    )


def left_browser(session: Session, user: User, now: datetime) -> None:
    """A member has logged out: who came in the browser answers no calls any more."""
    here = session.get(Presence, user.id)
    if here is not None and here.seen_at is not None and here.state != PresenceState.OFFLINE:
        stop_answering(session, user, now, for_good=True)


def have_gone(session: Session, over: Collection[int], now: datetime) -> Sequence[Presence]:
    """Members whose availability does not count any more though it has not ended, and those in `over`."""
    here = (Presence.state != PresenceState.OFFLINE, Presence.afterwards.is_distinct_from(PresenceState.OFFLINE))
    return session.scalars(select(Presence).where(*here, or_(_is_stale(now), Presence.user_id.in_(over)))).all()


def end_stale(session: Session, over: Collection[int], now: datetime) -> None:
    """End the availability of members who have gone. Who is in a call, or has to wrap one up, goes after it."""
    silent = set(session.scalars(select(Presence.user_id).where(_is_silent(now))))
    for presence in have_gone(session, over, now):
        stop_answering(session, presence.user, now, for_good=True)
        if presence.user_id in silent:
            presence.lost_at = presence.window_seen_at or presence.seen_at


class NotNow(Exception):
    """The member's state does not allow this; `reason` is a key of the interface's messages."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


def read_presence(session: Session, user_id: int, now: datetime) -> Presence:
    """A member's presence, for showing. Where there is none yet, an offline one, which is not stored."""
    unknown = Presence(user_id=user_id, state=PresenceState.OFFLINE, languages=["de"], since_at=now, idle_since_at=now)
    return session.get(Presence, user_id) or unknown


def get_or_create(session: Session, user_id: int, now: datetime) -> Presence:
    """A member's presence. Stored where there is none yet."""
    presence = read_presence(session, user_id, now)
    session.add(presence)
    session.flush()
    return presence


def move(
    session: Session, user_id: int, came_from: Sequence[str], to: str, now: datetime, *, leg: int | None = None,
    **values: Any,
) -> bool:  # fmt: skip
    """Change a member's state if it is one of `came_from` (and, where `leg` is given, because of that leg)."""
    where = [Presence.user_id == user_id, Presence.state.in_(came_from)]
    if leg is not None:
        where.append(Presence.leg_id == leg)
    moved = session.execute(
        update(Presence)
        .where(*where)
        .values(state=to, since_at=now, **values)
        .execution_options(synchronize_session="fetch", live=(f"person:{user_id}", "line"))
    )
    return rows(moved) == 1


def start_answering(
    session: Session, user: User, number: str, languages: Sequence[str], now: datetime, *, in_browser: bool = False,
    window: str | None = None,
) -> None:  # fmt: skip
    """A member answers calls from now on, at this number (E.164, or a browser's address), in these languages.

    Who comes `in_browser` is there as long as the browser gives signs of life; where a `window` of it is the telephone,
    as long as the window does.

    Raises:
        NotNow: `wrap_up` while a conversation has no outcome yet; `on_the_phone` while they talk.
    """
    here = get_or_create(session, user.id, now)
    here.number, here.languages, here.afterwards = number, sorted({"de", *languages}), None
    here.came_at, here.seen_at = now, now if in_browser else None
    here.window, here.window_seen_at, here.lost_at = window, now if window else None, None
    session.flush()
    if here.state == PresenceState.AVAILABLE:
        return
    if not move(
        session,
        user.id,
        (PresenceState.OFFLINE, PresenceState.PAUSED),
        PresenceState.AVAILABLE,
        now,
        idle_since_at=now,
        missed=0,
        leg_id=None,
    ):
        raise NotNow(Refusal.WRAP_UP if here.state == PresenceState.WRAP_UP else Refusal.ON_THE_PHONE)


def stop_answering(session: Session, user: User, now: datetime, *, for_good: bool) -> None:
    """A member pauses, or ends work (`for_good`). During a call the change takes effect after it."""
    to = PresenceState.OFFLINE if for_good else PresenceState.PAUSED
    get_or_create(session, user.id, now)
    if not move(
        session,
        user.id,
        (PresenceState.AVAILABLE, PresenceState.OFFLINE, PresenceState.PAUSED),
        to,
        now,
        leg_id=None,
        afterwards=None,
    ):
        later = update(Presence).where(Presence.user_id == user.id).values(afterwards=to)
        session.execute(later.execution_options(live=(f"person:{user.id}",)))


def free(session: Session, user_id: int, came_from: Sequence[str], now: datetime, *, leg: int | None = None,
         **values: Any) -> bool:  # fmt: skip
    """A member's call is over: available again, or the state that was requested during the call."""
    here = get_or_create(session, user_id, now)
    to = here.afterwards or PresenceState.AVAILABLE
    return move(session, user_id, came_from, to, now, leg=leg, leg_id=None, afterwards=None, **values)


def missed_call(session: Session, user_id: int, leg: int, now: datetime) -> None:
    """A member did not answer: that member is rung last from now on, and counts as away after repeated misses."""
    here = get_or_create(session, user_id, now)
    missed = here.missed + 1
    if missed >= MOST_MISSED:
        here.afterwards = here.afterwards or PresenceState.PAUSED
        session.flush()
    free(session, user_id, (PresenceState.RINGING,), now, leg=leg, idle_since_at=now, missed=missed)


def hung_up(session: Session, user_id: int, leg: int, now: datetime) -> None:
    """A member's conversation is over: the outcome must be recorded before the next call."""
    move(session, user_id, (PresenceState.RINGING, PresenceState.TALKING), PresenceState.WRAP_UP, now, leg=leg)


def unfinished(session: Session, user_id: int) -> Conversation | None:
    """The conversation whose outcome a member has to record."""
    here = session.get(Presence, user_id)
    if here is None or here.state != PresenceState.WRAP_UP or here.leg_id is None:
        return None
    return session.scalar(select(Conversation).join(Leg).where(Leg.id == here.leg_id))
