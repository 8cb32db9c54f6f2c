"""A random walk over conversations, and the verdict on what became of everybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.callbacks.refused import Refused
from ivr.carrier.dialects import dialect
from ivr.contact_centre import agent_presence, browser_telephones, call_distribution, wrap_up
from ivr.contact_centre.agent_presence import NotNow
from ivr.domain import client_addresses
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
from ivr.notices import present
from ivr.platform import database
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import CallerHandset, Handset, MemberHandset, Window
from tests.support.simulated_watch import Watch
from tests.support.simulated_wishes import Wishes

#: Members, the languages they speak, and whether their telephone is a window of their browser.
_MEMBERS = (("mia", ["de"], False), ("nils", ["de", "tr"], False), ("ole", ["de"], True))
#: A walk that begins later would meet closing time.
_LAST_HOUR = 14


class Walk:
    """Three members, one of them in a browser, a supervisor, two interpreters, a companion, an office, and callers.

    Callers ring one after the other, often at the same time. Members hold, transfer, fetch somebody, call back and hang
    up as the dice say; the supervisor listens in.
    """

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier, self.dice = carrier, carrier.dice
        self.callers: list[SimulatedCall] = []
        #: Conversations in which caller and member could hear each other.
        self.met = 0
        self._members: list[User] = []
        self._phones: dict[int, MemberHandset] = {}
        with database.writing_alone() as session:
            for name, languages, has_window in _MEMBERS:
                in_browser = has_window and dialect().HAS_CLIENTS
                user = users.add(session, name, name.title(), "member", "x" * 12, ["benefits", "work"])
                session.flush()
                number = client_addresses.address_of(user.id) if in_browser else f"+4942198{user.id:05d}"
                self._phones[user.id] = (Window if in_browser else MemberHandset)(carrier, name, number)
                self._phones[user.id].languages = languages
                self._members.append(user)
                self._comes(session, user)
        Handset(carrier, "Aylin", "+4915700000001")
        Handset(carrier, "Dienst", "+4915700000002")
        self.wishes, self.watch = Wishes(carrier, self._members), Watch(carrier)
        carrier.clock.after(1.0, self._members_act)
        carrier.clock.after(10.0, self._windows_live)

    def walks(self, conversations: int) -> None:
        """So many callers; until all of it is over."""
        self._begins_in_the_morning()
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

    def _begins_in_the_morning(self) -> None:
        """Near closing time the next day of work begins, and everybody comes again."""
        morning = self.now
        while morning.hour >= _LAST_HOUR or not present.are_calls_placed(morning):
            morning = morning.replace(hour=8, minute=0) + timedelta(days=1)
        if morning > self.now:
            self.carrier.clock.skip_to(morning)
            with database.writing_alone() as session:
                for user in self._members:
                    self._comes(session, user)

    def _is_quiet(self) -> bool:
        """Whether nothing is going on any more and all is written down; lost events have been found then, too."""
        writes = select(Presence.user_id).where(Presence.state == PresenceState.WRAP_UP).limit(1)
        with database.reading() as session:
            over = all(call.is_over for call in self.carrier.calls.values()) and session.scalar(writes) is None
            return over and not any(self._stuck(session))

    def _comes(self, session: Session, user: User) -> None:
        phone = self._phones[user.id]
        with suppress(NotNow, Refused):
            if isinstance(phone, Window):
                phone.is_open = True
                browser_telephones.take(session, user, "window", phone.languages, self.now, from_another=True)
            else:
                agent_presence.start_answering(session, user, phone.number, phone.languages, self.now)
        call_distribution.match(session, self.now)

    def _members_act(self) -> None:
        """Members come, do what their pages offer, and write down what came of a conversation."""
        with database.reading() as session:
            states = {here.user_id: here.state for here in session.scalars(select(Presence))}
        for user in [*self._members, self.wishes.lena]:
            state = states[user.id]
            if state == PresenceState.WRAP_UP and self.dice.random() < 0.2:
                with suppress(Refused), database.writing_alone() as session:
                    self._wraps_up(session, session.get_one(User, user.id))
            elif (
                state in (PresenceState.OFFLINE, PresenceState.PAUSED)
                and user.id in self._phones
                and self.dice.random() < 0.2
            ):
                with database.writing_alone() as session:
                    self._comes(session, session.get_one(User, user.id))
        self.wishes.act(states)
        self.carrier.clock.after(2.0, self._members_act)

    def _windows_live(self) -> None:
        """Windows give signs of life, unless they are closed."""
        for user_id, phone in self._phones.items():
            if not isinstance(phone, Window):
                continue
            if self.dice.random() < 0.01:
                phone.closes()
            if phone.is_open:
                with database.writing(durable=False) as session:
                    browser_telephones.is_alive(session, user_id, "window", self.now)
        self.carrier.clock.after(10.0, self._windows_live)

    @property
    def now(self) -> datetime:
        """Simulated time."""
        return self.carrier.clock.now

    def _wraps_up(self, session: Session, user: User) -> None:
        conversation = agent_presence.unfinished(session, user.id)
        assert conversation is not None
        before = dict(self.wishes.written)
        try:
            text = self.wishes.writes(session, conversation, user)
            wrap_up.finish(session, user, self.dice.choice(list(ConversationOutcome)), text, self.now)
        except Refused:
            self.wishes.written = before
            raise

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
        for (conversation_id, user_id), text in self.wishes.written.items():
            one = session.get_one(Conversation, conversation_id)
            if text not in (one.note or ""):
                yield f"lost text of {user_id} in a conversation that was {one.outcome}: {text} not in {one.note}"
            word = select(ConversationWord.word).where(ConversationWord.conversation_id == one.id)
            if text.split()[-1] not in session.scalars(word).all():
                yield f"lost text, for who searches it: {text}"
            noted = select(TaskEvent.id).where(TaskEvent.task_id == one.task_id, TaskEvent.text.contains(text))
            if one.task_id is not None and session.scalar(noted.limit(1)) is None:
                yield f"lost text, on the task: {text}"
        self.wishes.written.clear()
