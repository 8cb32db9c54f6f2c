"""A member's browser as their telephone: one window has it, gives signs of life, and is rung.

The window is named by a random text that it keeps. All windows of a member have one identity at the carrier; who rings
is decided here, so that a second window neither rings nor cuts a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.carrier import client_tokens
from ivr.contact_centre import agent_presence, call_distribution, leg_events
from ivr.contact_centre.agent_presence import LONGEST_SILENCE_OF_WINDOW
from ivr.domain import client_addresses
from ivr.domain.enums import ConversationKind, LegEnding, LegRole, LegState, PresenceState, Refusal, WorkKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Leg, Presence
from ivr.platform import outbox
from ivr.platform.column_types import rows

#: A window that is being loaded anew has so long to come back before it counts as closed.
_LOADED_WITHIN = timedelta(seconds=6)
_BUSY = (PresenceState.RINGING, PresenceState.TALKING)


def take(
    session: Session, user: User, window: str, languages: Sequence[str], now: datetime, *, from_another: bool = False
) -> None:
    """A window becomes the member's telephone, and they answer calls there from now on.

    Raises:
        Refused: `no_clients` or `no_client_key` where no browser can be one; `other_window` if another window is, which
            gives way only `from_another`.
        NotNow: during a call, and before what came of it is written down.
    """
    if (reason := client_tokens.why_not()) is not None:
        raise Refused(reason)
    here = agent_presence.get_or_create(session, user.id, now)
    if here.window not in (None, window) and not agent_presence.is_window_silent(here, now) and not from_another:
        raise Refused(Refusal.OTHER_WINDOW)
    address = client_addresses.address_of(user.id)
    agent_presence.start_answering(session, user, address, languages, now, in_browser=True, window=window)
    call_distribution.match(session, now)


def is_alive(session: Session, user_id: int, window: str, now: datetime) -> bool:
    """A sign of life of a window. False if it is not the member's telephone (any more)."""
    noted = session.execute(
        update(Presence)
        .where(Presence.user_id == user_id, Presence.window == window)
        .values(window_seen_at=now, seen_at=now)
        .execution_options(synchronize_session=False)
    )
    return rows(noted) == 1


def closes(session: Session, user_id: int, window: str, now: datetime) -> None:
    """A window closes, or is loaded anew: unless it is back at once, it counts as closed."""
    session.execute(
        update(Presence)
        .where(Presence.user_id == user_id, Presence.window == window)
        .values(window_seen_at=now - LONGEST_SILENCE_OF_WINDOW + _LOADED_WITHIN)
        .execution_options(synchronize_session=False)
    )


def switch_off(session: Session, user: User, window: str, now: datetime) -> None:
    """A window is no telephone any more, and the member answers no calls.

    Raises:
        Refused: `on_the_phone` during a call.
    """
    here = agent_presence.get_or_create(session, user.id, now)
    if here.window != window:
        return
    if here.state in _BUSY:
        raise Refused(Refusal.ON_THE_PHONE)
    agent_presence.stop_answering(session, user, now, for_good=True)
    here.window = here.window_seen_at = None


def rung(session: Session, user_id: int) -> Leg | None:
    """The leg for which a member's browser rings, or in which it talks."""
    here = session.get(Presence, user_id)
    if here is None or here.leg_id is None or here.state not in _BUSY:
        return None
    leg = session.get(Leg, here.leg_id)
    return leg if leg is not None and leg.state != LegState.ENDED and client_addresses.is_one(leg.number) else None


def answers_by_itself(leg: Leg) -> bool:
    """Whether a call is one that the member has asked for a moment ago: nobody has to pick it up."""
    talk = leg.conversation
    first = min(one.id for one in talk.legs if one.role == LegRole.MEMBER)  # others join later, by a transfer
    return talk.kind == ConversationKind.CALLBACK and talk.entry_id is None and leg.id == first


def decline(session: Session, user: User, now: datetime, *, no_microphone: bool = False) -> bool:
    """The member does not take the call that rings; without a microphone they have a break. False if none rings."""
    leg = rung(session, user.id)
    if leg is None or leg.accepted_at is not None:
        return False
    if no_microphone:
        agent_presence.stop_answering(session, user, now, for_good=False)
        session.expire_all()
    leg_events.declined(session, leg, LegEnding.DECLINED, now)
    outbox.add(session, WorkKind.HANG_UP_LEG, leg.id, urgent=True)
    return True
