"""Looks every few seconds of a walk whether somebody is left in a room, or on hold, to whom nobody can come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from ivr.domain.enums import ConversationKind, ConversationState, LegRole, LegState
from ivr.models.contact_centre import Leg
from ivr.platform import database

if TYPE_CHECKING:
    from tests.support.simulated_carrier import SimulatedCarrier

_EVERY = 4.0
#: So long somebody may be alone: they hear a last sentence. Where events are lost, the rounds of the scheduler, every
#: 30 seconds, find out what has happened.
_LONGEST, _LONGEST_LOST = 25.0, 100.0


class Watch:
    """Notes a fault of the carrier for each who is left over."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier = carrier
        #: Since when each leg is left over.
        self._since: dict[int, datetime] = {}
        #: So often somebody was looked at.
        self.looked = 0
        carrier.clock.after(_EVERY, self._look)

    def _look(self) -> None:
        self.carrier.clock.after(_EVERY, self._look)
        there = {sid: call for sid, call in self.carrier.calls.items() if not call.is_over}
        if not there:
            self._since.clear()
            return
        with database.reading() as session:
            found = session.scalars(
                select(Leg).where(Leg.call_sid.in_(there) | ((Leg.state == LegState.WANTED) & Leg.call_sid.is_(None)))
            )
            theirs: dict[int, list[Leg]] = defaultdict(list)
            for leg in found:
                theirs[leg.conversation_id].append(leg)
            left = {leg.id: why for legs in theirs.values() for leg, why in self._left_over(legs)}
        now, longest = self.carrier.clock.now, _LONGEST_LOST if self.carrier.loses else _LONGEST
        self._since = {leg: self._since.get(leg, now) for leg in left}
        for leg, why in left.items():
            if 0 <= (now - self._since[leg]).total_seconds() - longest < _EVERY:
                self.carrier.fault(f"orphan: {why}")

    def _left_over(self, legs: Sequence[Leg]) -> Iterator[tuple[Leg, str]]:
        """The legs of a conversation that are in its room or on hold, and should not be."""
        present = [leg for leg in legs if self._is_present(leg)]
        self.looked += len(present)
        counts = [leg for leg in legs if leg.state != LegState.ENDED and leg.released_at is None]
        serves = any(leg.role in (LegRole.MEMBER, LegRole.SUCCESSOR) for leg in counts)
        served = any(leg.role == LegRole.CALLER for leg in counts) or _is_prepared(legs, present)
        for leg in present:
            talk = leg.conversation
            if talk.state == ConversationState.ENDED or leg not in counts or not (serves and served):
                name = self.carrier.calls[leg.call_sid or ""].handset.name
                story = self.carrier.calls[leg.call_sid or ""].story[-6:]
                yield leg, f"{name}, {leg.role} of conversation {talk.id} ({talk.state}), left after {story}"

    def _is_present(self, leg: Leg) -> bool:
        call = self.carrier.calls.get(leg.call_sid or "")
        if call is None or call.is_over:
            return False
        held = leg.held_at is not None and leg.conversation.state != ConversationState.ENDED
        # Who was answered twice in one call has a leg in each conversation, and is in the room of the later one.
        return call.room == leg.conversation.room or (held and leg.state != LegState.ENDED)


def _is_prepared(legs: Sequence[Leg], present: Sequence[Leg]) -> bool:
    """Whether a caller may still come: who waits in the queue is fetched, who is called back is dialled later."""
    talk = legs[0].conversation
    if any(leg.role == LegRole.CALLER for leg in talk.legs):
        return False
    return talk.kind == ConversationKind.ANSWERED or len(legs) > len(present)
