"""Which members are asked by telephone, at the start of a duty, whether they answer calls.

Asked is who comes by telephone and not in the browser, has not come, and has a duty now: once, and once more if nobody
picks up. Nobody is rung outside opening and calling hours, or for a duty that began long ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.contact_centre import duty_roster, engaged_numbers
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
#: A call lasts no longer: it rings, a sentence is said twice, a key is pressed.
_LONGEST = timedelta(minutes=5)


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
    rung = {*session.scalars(shared), *engaged_numbers.of_members(session, now)}
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
    """Whether a planned call may still be placed. The member may have come meanwhile, or it was placed before."""
    asked_at = here.duty_asked_at
    if here.duty_call_sid is not None and here.duty_rung_at is not None and here.duty_rung_at >= (asked_at or now):
        return False
    if asked_at is None or now - asked_at > _PLACED_WITHIN or not present.are_calls_placed(now):
        return False
    return here.state == PresenceState.OFFLINE and here.user_id in duty_roster.begun(session, now)


def rings(here: Presence, now: datetime) -> str:
    """The member is rung now. Gives the mark of this call, by which its first event is known."""
    here.duty_rung_at, here.duty_call_sid = now, None
    return _mark(now)


def placed(here: Presence, mark: str, call_sid: str) -> None:
    """The carrier has placed the call of a mark. Its first event may have come before."""
    if here.duty_call_sid is None and _is_marked(here, mark):
        here.duty_call_sid = call_sid


def picked_up(here: Presence, mark: str, call_sid: str, now: datetime) -> bool:
    """Somebody has picked up: whatever they answer, they are not rung again for this duty. False: another call has."""
    placed(here, mark, call_sid)
    if not asks(here, call_sid, now):
        return False
    here.duty_calls = MOST_CALLS
    return True


def asks(here: Presence, call_sid: str, now: datetime) -> bool:
    """Whether a call is the one that asks a member now: the last one for which they were rung, and not long ago."""
    if here.duty_rung_at is None or not call_sid:
        return False
    return here.duty_call_sid == call_sid and now - here.duty_rung_at <= _LONGEST


def has_come_since(here: Presence) -> bool:
    """Whether a member has come since they were rung: the key of that call is old, or came twice."""
    return here.came_at is not None and here.duty_rung_at is not None and here.came_at >= here.duty_rung_at


def _mark(rung_at: datetime) -> str:
    return str(int(rung_at.timestamp() * 1000))


def _is_marked(here: Presence, mark: str) -> bool:
    return here.duty_rung_at is not None and _mark(here.duty_rung_at) == mark


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
