"""Team members with telephones, for stories of live calls."""

from __future__ import annotations

from sqlalchemy import select

from ivr.accounts import users
from ivr.contact_centre import agent_presence, call_distribution, conversations, wrap_up
from ivr.domain.enums import QueueEntryState, QueueExit
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Presence, QueueEntry
from ivr.platform import database
from tests.support import line_kinds
from tests.support.caller import Caller, Telephone
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually


class Team:
    """Members with their telephones."""

    def __init__(self, hotline: RunningHotline, team: str = "benefits") -> None:
        self.hotline = hotline
        self._team = team
        self.people: dict[str, tuple[User, Telephone]] = {}

    def member(self, name: str, *languages: str) -> Telephone:
        """Somebody of a team who has come to work."""
        with database.writing_alone() as session:
            user = session.scalar(select(User).where(User.username == name))
            if user is None:
                user = users.add(session, name, name.title(), "member", "x" * 12, [self._team])
                session.flush()
        phone = line_kinds.telephone(self.hotline.switch)
        self.people[name] = user, phone
        self.comes(name, *languages)
        return phone

    def comes(self, name: str, *languages: str) -> None:
        user, phone = self.people[name]
        with database.writing_alone() as session:
            agent_presence.start_answering(session, user, phone.number, ["de", *languages], utc_now())
            call_distribution.match(session, utc_now())

    def goes(self, name: str) -> None:
        with database.writing_alone() as session:
            agent_presence.stop_answering(session, self.people[name][0], utc_now(), for_good=True)

    def state(self, name: str) -> str:
        with database.reading() as session:
            return session.get_one(Presence, self.people[name][0].id).state

    def wraps_up(self, name: str, outcome: str = "settled") -> None:
        eventually(lambda: self.state(name) == "wrap_up")
        with database.writing_alone() as session:
            wrap_up.finish(session, self.people[name][0], outcome, "", utc_now())

    def goes_home(self) -> None:
        """The telephones stop ringing, the call queue is empty."""
        for _, phone in self.people.values():
            phone.gives_up()
        with database.writing_alone() as session:
            for here in session.scalars(select(Presence)):
                here.state, here.leg_id, here.afterwards = "offline", None, None
            for entry in session.scalars(select(QueueEntry).where(QueueEntry.state.in_(("waiting", "offered")))):
                entry.state, entry.reason = QueueEntryState.LEFT, QueueExit.HUNG_UP


def have_met(person: Caller) -> None:
    """Caller and member are talking, and the hotline knows it."""

    def known() -> bool:
        with database.reading() as session:
            leg = conversations.leg_of(session, person.call_sid)
            return leg is not None and leg.conversation.connected_at is not None

    person.is_talking()
    eventually(known)
