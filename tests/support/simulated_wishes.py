"""What members and a supervisor of a random walk do in conversations besides talking: whatever their pages offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import (
    agent_presence,
    companions,
    conversation_control,
    conversation_notes,
    conversation_wishes,
    conversations,
    directory,
    listening,
    outbound_callbacks,
)
from ivr.contact_centre.directory import Listed
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import DirectoryKind, PresenceState, Refusal, TaskState, TransferKind
from ivr.domain.opening_hours import WEEKDAYS
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from tests.support.simulated_people import CallerHandset, Handset, MemberHandset

if TYPE_CHECKING:
    from tests.support.simulated_carrier import SimulatedCarrier

#: A companion whom callers name, and an office of the directory.
FRIEND, OFFICE = "+4942112345", "+494215550199"
_LENA = Actor("Lena", "supervisor")
#: What is wished in a conversation, and how often of a hundred wishes.
_SHARES = {
    "hold": 14, "resume": 24, "transfer": 26, "hand_over": 10, "companion": 8, "listed": 4, "interpreter": 8,
    "cut_off": 2, "hang_up": 4,
}  # fmt: skip


class Office(Handset):
    """An office of the directory, where somebody takes callers over."""

    has_lines = True


class Wishes:
    """Acts for the members of a walk; what they have written is noted."""

    def __init__(self, carrier: SimulatedCarrier, members: list[User]) -> None:
        self.carrier, self.dice, self.members = carrier, carrier.dice, members
        #: The latest text of each member about each conversation.
        self.written: dict[tuple[int, int], str] = {}
        #: How often each wish was granted.
        self.granted: dict[str, int] = {}
        Office(carrier, "office", OFFICE)
        CallerHandset(carrier, "friend", FRIEND).KEYS = (("", (("1", 1),)),)
        with database.writing_alone() as session:
            self.lena = users.add(session, "lena", "Lena", "supervisor", "x" * 12, ["benefits", "work"])
            session.flush()
            listed = Listed(DirectoryKind.OFFICE, "Wohngeldstelle", OFFICE, dict.fromkeys(WEEKDAYS, "00:00-24:00"))
            self._office = directory.add(session, listed, members[0], _LENA, carrier.clock.now).id
            phone = MemberHandset(carrier, "lena", f"+4942198{self.lena.id:05d}")
            agent_presence.start_answering(session, self.lena, phone.number, ["de"], carrier.clock.now)
            agent_presence.stop_answering(session, self.lena, carrier.clock.now, for_good=False)

    def act(self, states: Mapping[int, PresenceState]) -> None:
        """Whoever talks wishes something now and then; the supervisor listens in; somebody calls back."""
        talking = [user for user in self.members if states[user.id] == PresenceState.TALKING]
        for user in talking:
            if self.dice.random() < 0.15:
                wish = self.dice.choices(list(_SHARES), list(_SHARES.values()))[0]
                self._grant(wish, user, getattr(self, f"_{wish}"))
        if talking and self.dice.random() < 0.04:
            self._grant("listen", self.lena, self._listen)
        for user in self.members:
            if states[user.id] == PresenceState.AVAILABLE and self.dice.random() < 0.01:
                self._grant("call_back", user, self._call_back)

    def _grant(self, wish: str, user: User, do: Callable[[Session, Conversation, User], None]) -> None:
        """Do it in a transaction of its own; what the pages would refuse is refused."""
        with suppress(Refused, companions.CannotBeRung), database.writing_alone() as session:
            by = session.get_one(User, user.id)
            theirs = conversations.of_user(session, user.id)
            if wish in ("listen", "call_back") or theirs is not None:
                do(session, theirs or Conversation(), by)
                self.granted[wish] = self.granted.get(wish, 0) + 1

    @property
    def _now(self):
        return self.carrier.clock.now

    def _hold(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_wishes.hold(session, talk, by, self._now)

    def _resume(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_wishes.resume(session, talk, by, self._now)

    def _transfer(self, session: Session, talk: Conversation, by: User) -> None:
        others = [Target(user_id=user.id) for user in [*self.members, self.lena]]
        number, name = companions.listed(session, self._office, self._now)
        to = self.dice.choice([*others, Target(team_id=talk.team_id), Target(number=number, name=name)])
        note = self._new_text() if self.dice.random() < 0.5 else ""
        kind = self.dice.choice(list(TransferKind))
        conversation_wishes.transfer(session, talk, to, kind, note, by, self._now)
        if note:
            self.written[talk.id, by.id] = note

    def _hand_over(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_wishes.hand_over(session, talk, by, self._now)

    def _companion(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_control.want_companion(session, talk, FRIEND, by, self._now)

    def _listed(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_control.want_listed(session, talk, self._office, by, self._now)

    def _interpreter(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_control.want_interpreter(session, talk, self._now, by=by, language=self.dice.choice(["tr", "ar"]))

    def _cut_off(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_wishes.cut_off(session, talk, by, self._now)

    def _hang_up(self, session: Session, talk: Conversation, by: User) -> None:
        conversation_wishes.hang_up(session, talk, by)

    def _listen(self, session: Session, _: Conversation, by: User) -> None:
        found = listening.going_on(session, by)
        if not found:
            raise Refused(Refusal.NOT_TALKING)
        listening.begin(session, self.dice.choice(found), by, _LENA, self._now)

    def _call_back(self, session: Session, _: Conversation, by: User) -> None:
        open_ones = select(CallbackTask).where(CallbackTask.state == TaskState.OPEN)
        found = session.scalars(open_ones.where(CallbackTask.callback_number.in_(self.carrier.handsets))).all()
        if not found:
            raise Refused(Refusal.NO_NUMBER)
        outbound_callbacks.begin(session, self.dice.choice(found), by, self._now, anyway=True)

    def _new_text(self) -> str:
        return f"agreed {self.dice.getrandbits(48):012x}"

    def writes(self, session: Session, talk: Conversation, by: User) -> str:
        """What a member sends with the wrap-up: their draft and more, something new, or nothing."""
        draft = conversation_notes.written_by(talk, by)
        text = self.dice.choice(["", self._new_text(), f"{draft} {self._new_text()}".strip()])
        if text:
            self.written[talk.id, by.id] = text
        return text
