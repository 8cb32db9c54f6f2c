"""A random walk over conversations, and the verdict on what became of everybody."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.callbacks.refused import Refused
from ivr.contact_centre import agent_presence, call_distribution, wrap_up
from ivr.domain.enums import (
    ConversationKind,
    ConversationOutcome,
    ConversationState,
    PresenceState,
    QueueEntryMode,
    QueueEntryState,
)
from ivr.models.accounts import User
from ivr.models.callbacks import TaskEvent
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, ConversationWord, Leg, Presence, QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import CallerHandset, Handset, MemberHandset


class Walk:
    """Two members, two interpreters, and callers one after the other, often at the same time."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier, self.dice = carrier, carrier.dice
        self.callers: list[SimulatedCall] = []
        #: Conversations in which caller and member could hear each other.
        self.met = 0
        self._members: list[User] = []
        #: Conversations and what was written down of them.
        self._written: list[tuple[int, str]] = []
        with database.writing_alone() as session:
            for name, languages in (("mia", ["de"]), ("nils", ["de", "tr"])):
                self._members.append(users.add(session, name, name.title(), "member", "x" * 12, ["benefits", "work"]))
                session.flush()
                phone = MemberHandset(carrier, name, f"+4942198{self._members[-1].id:05d}")
                phone.languages = languages
                agent_presence.start_answering(session, self._members[-1], phone.number, languages, self.now)
        Handset(carrier, "Aylin", "+4915700000001")
        Handset(carrier, "Dienst", "+4915700000002")
        carrier.clock.after(1.0, self._members_act)

    def walks(self, conversations: int) -> None:
        """So many callers; until all of it is over."""
        self.callers = []
        for _ in range(conversations):
            number = f"+4917{self.dice.randrange(10**8, 10**9)}"
            handset = CallerHandset(self.carrier, "caller", number)
            self.callers.append(self.carrier.dials_in(handset))
            self.carrier.clock.run(self.dice.expovariate(1 / 20))
        for _ in range(60):
            self.carrier.clock.run(30)
            if self._is_quiet():
                break

    def _is_quiet(self) -> bool:
        """Whether nothing is going on any more; events that were lost have been found then, too."""
        with database.reading() as session:
            return all(call.is_over for call in self.carrier.calls.values()) and not any(self._stuck(session))

    def _members_act(self) -> None:
        """Members come, and write down what came of a conversation."""
        with database.reading() as session:
            states = {user.id: agent_presence.read_presence(session, user.id, self.now).state for user in self._members}
        for user in self._members:
            state = states[user.id]
            if state == PresenceState.WRAP_UP and self.dice.random() < 0.2:
                with suppress(Refused), database.writing_alone() as session:
                    self._wraps_up(session, user)
            elif state in (PresenceState.OFFLINE, PresenceState.PAUSED) and self.dice.random() < 0.2:
                phone = next(one for one in self.carrier.handsets.values() if one.name == user.username)
                with database.writing_alone() as session:
                    agent_presence.start_answering(session, user, phone.number, phone.languages, self.now)
                    call_distribution.match(session, self.now)
        self.carrier.clock.after(2.0, self._members_act)

    @property
    def now(self) -> datetime:
        """Simulated time."""
        return self.carrier.clock.now

    def _wraps_up(self, session: Session, user: User) -> None:
        text = f"agreed {secrets.token_hex(6)}"
        conversation = agent_presence.unfinished(session, user.id)
        wrap_up.finish(session, user, self.dice.choice(list(ConversationOutcome)), text, self.now)
        assert conversation is not None
        self._written.append((conversation.id, text))

    # -- the verdict ----------------------------------------------------------------------------

    def verdict(self) -> list[str]:
        """Everything that must not have happened in the walk, in words."""
        found, self.carrier.faults[:] = list(self.carrier.faults), []
        found += [f"still on the line: {call.handset.name}" for call in self.carrier.calls.values() if not call.is_over]
        found += [f"a room with {len(room.calls)} people is left" for room in self.carrier.rooms.values()]
        with database.reading() as session:
            found += self._stuck(session)
            for call in self.callers:
                found += self._unserved(session, call)
            found += self._lost_texts(session)
        self.carrier.calls.clear()
        return found

    def _stuck(self, session: Session) -> Iterator[str]:
        busy = select(Presence).where(Presence.state.in_((PresenceState.RINGING, PresenceState.TALKING)))
        for here in session.scalars(busy):
            yield f"{here.user.username} counts as {here.state} though nothing is on the line"
        held = select(QueueEntry).where(
            QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED)),
            QueueEntry.mode == QueueEntryMode.LIVE,
        )
        for entry in session.scalars(held):
            yield f"the place of {entry.call.call_sid} is held though the call is over"
        for one in session.scalars(select(Conversation).where(Conversation.state != ConversationState.ENDED)):
            if one.kind == ConversationKind.ANSWERED:
                yield f"conversation {one.id} is {one.state} though everybody is gone"

    def _unserved(self, session: Session, call: SimulatedCall) -> Iterator[str]:
        legs = session.scalars(select(Leg).join(Conversation).where(Leg.call_sid == call.sid)).all()
        served = any(leg.conversation.connected_at for leg in legs)
        self.met += served
        row = session.scalar(select(Call).where(Call.call_sid == call.sid))
        if row is None:
            yield f"nothing is known of {call.sid}"
            return
        tasked = session.scalar(select(Contact.id).where(Contact.call_id == row.id)) is not None
        told = call.ended_by == "person" or bool(call.handset.prompts)
        if not (served or tasked or told):
            yield f"{call.sid} was neither served nor told: {call.said[-3:]}"

    def _lost_texts(self, session: Session) -> Iterator[str]:
        """Whatever came of a conversation, its text is kept with it, found by its words, and on its task."""
        for conversation_id, text in self._written:
            one = session.get_one(Conversation, conversation_id)
            if text not in (one.note or ""):
                yield f"lost text of a conversation that was {one.outcome}: {text}"
            word = select(ConversationWord.word).where(ConversationWord.conversation_id == one.id)
            if text.split()[-1] not in session.scalars(word).all():
                yield f"lost text, for who searches it: {text}"
            noted = select(TaskEvent.id).where(TaskEvent.task_id == one.task_id, TaskEvent.text.contains(text))
            if one.task_id is not None and session.scalar(noted.limit(1)) is None:
                yield f"lost text, on the task: {text}"
        self._written.clear()
