"""Which members are asked by telephone, at the start of a duty, whether they answer calls.

Asked is who comes by telephone and not in the browser, has not come, and has a duty now: once, and once more if nobody
picks up. Nobody is rung outside opening and calling hours, or for a duty that began long ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.contact_centre import duty_roster
from ivr.domain.enums import PresenceState, WorkKind
from ivr.domain.roles import SERVING
from ivr.models.accounts import User
from ivr.models.contact_centre import Presence
from ivr.notices import present
from ivr.platform import outbox

#: Calls of one duty, and the pause between them.
MOST_CALLS = 2
AGAIN_AFTER = timedelta(minutes=5)
#: A duty that began longer ago, or calls that became possible longer ago, are not asked about any more.
_LATEST = timedelta(minutes=30)
#: A telephone that several members share is rung for one of them at a time.
_SHARED_AFTER = timedelta(minutes=2)
#: A call that has not been placed so long after it was planned comes too late.
_PLACED_WITHIN = timedelta(minutes=2)


def plan(session: Session, now: datetime) -> None:
    """Plan a call for each member who is to be asked now."""
    for here, began in to_ask(session, now):
        here.duty_calls = here.duty_calls + 1 if _is_asked_about(here, began) else 1
        here.duty_asked_at = now
        outbox.add(session, WorkKind.ASK_FOR_DUTY, here.user_id, urgent=True)


def to_ask(session: Session, now: datetime) -> Iterator[tuple[Presence, datetime]]:
    """The members who are to be asked now, and when their duty began."""
    if not present.are_calls_placed(now):
        return
    begun = {user_id: at for user_id, at in duty_roster.begun(session, now).items() if _is_recent(at, now)}
    if not begun:
        return
    gone = select(Presence).join(User).where(Presence.user_id.in_(begun), *_COMES_BY_TELEPHONE)
    shared = select(Presence.number).where(Presence.duty_asked_at > now - _SHARED_AFTER)
    rung = {*session.scalars(shared)}
    for here in session.scalars(gone.order_by(Presence.user_id)).all():
        began = begun[here.user_id]
        if here.number not in rung and not _has_come(here, began) and _may_be_asked(here, began, now):
            rung.add(here.number)
            yield here, began


#: Who has gone, and came by telephone last: the browser of the others gives signs of life.
_COMES_BY_TELEPHONE = (
    Presence.state == PresenceState.OFFLINE,
    Presence.number.is_not(None),
    Presence.seen_at.is_(None),
    User.active,
    User.role.in_(SERVING),
)


def is_still_wanted(session: Session, here: Presence, now: datetime) -> bool:
    """Whether a planned call may still be placed. The member may have come meanwhile."""
    asked_at = here.duty_asked_at
    if asked_at is None or now - asked_at > _PLACED_WITHIN or not present.are_calls_placed(now):
        return False
    return here.state == PresenceState.OFFLINE and here.user_id in duty_roster.begun(session, now)


def picked_up(here: Presence) -> None:
    """Somebody has picked up: whatever they answer, they are not rung again for this duty."""
    here.duty_calls = MOST_CALLS


def _is_recent(began: datetime, now: datetime) -> bool:
    """Whether it is early enough to ask: soon after the duty began, or after the first minute in which calls are."""
    earlier = now - _LATEST
    return began > earlier or not present.are_calls_placed(earlier)


def _has_come(here: Presence, began: datetime) -> bool:
    """Whether a member has come for this duty by themselves. If they have gone since then, they know."""
    return here.came_at is not None and here.came_at >= began


def _is_asked_about(here: Presence, began: datetime) -> bool:
    return here.duty_asked_at is not None and here.duty_asked_at >= began


def _may_be_asked(here: Presence, began: datetime, now: datetime) -> bool:
    if not _is_asked_about(here, began) or here.duty_asked_at is None:
        return True
    return here.duty_calls < MOST_CALLS and here.duty_asked_at <= now - AGAIN_AFTER
