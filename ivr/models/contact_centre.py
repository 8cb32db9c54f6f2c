"""The tables of live calls."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain.conversation_rules import Sentence
from ivr.domain.enums import (
    AgeGroup,
    Concern,
    ConversationKind,
    ConversationOutcome,
    ConversationState,
    EmergencyKind,
    InterpreterRequestState,
    LegEnding,
    LegRole,
    LegState,
    PresenceState,
    QueueEntryMode,
    QueueEntryState,
    QueueExit,
    TransferKind,
    TransferState,
    Urgency,
)
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of


class Presence(Base):
    """Whether a team member answers calls now, and at which telephone (Erreichbarkeit)."""

    __tablename__ = "presences"
    __table_args__ = (one_of("state", *PresenceState),)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[PresenceState] = mapped_column(Enumerated(PresenceState, 20), default=PresenceState.OFFLINE)
    #: Where they sit: E.164, or the address of their browser.
    number: Mapped[str | None] = mapped_column(String(32))
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: In this state since.
    since_at: Mapped[datetime]
    #: Since when they have had no call; the longest idle member is rung first.
    idle_since_at: Mapped[datetime]
    #: Calls in a row they did not answer.
    missed: Mapped[int] = mapped_column(default=0)
    #: The leg they are rung for or talk on, or whose wrap-up is due.
    leg_id: Mapped[Id | None]
    #: When they began to answer calls; after the next closing time, or a long day, it does not count any more.
    came_at: Mapped[datetime | None]
    #: When the browser in which they came last gave a sign of life; None: they came by telephone.
    seen_at: Mapped[datetime | None]
    #: The window that is their telephone, a random text; and when it last gave a sign of life. None: no browser is.
    window: Mapped[str | None] = mapped_column(String(32))
    window_seen_at: Mapped[datetime | None]
    #: Since when their browser was silent, where that has ended their availability; they are told when they return.
    lost_at: Mapped[datetime | None]
    #: When they were last to be asked by telephone at the start of a duty, how often for it, and when they were rung.
    duty_asked_at: Mapped[datetime | None]
    duty_calls: Mapped[int] = mapped_column(default=0, server_default="0")
    duty_rung_at: Mapped[datetime | None]
    #: The carrier's id of the call that asks them: a late event of another one is not theirs.
    duty_call_sid: Mapped[str | None] = mapped_column(String(64))
    #: What they asked for while they could not have it yet: paused or offline after this call.
    afterwards: Mapped[PresenceState | None] = mapped_column(Enumerated(PresenceState, 20))
    user: Mapped[User] = relationship()
    LIVE_QUIET = frozenset({"seen_at"})  # open desks are not told of it

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the member, and the boards of who is there."""
        return {f"person:{self.user_id}", "line"}


class Duty(Base):
    """A weekly duty of a team member (Dienst): who should answer when. Local times."""

    __tablename__ = "duties"
    id: Mapped[Id] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: 0 is Monday.
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    #: Helps out when nobody of the team is there.
    fallback: Mapped[bool] = mapped_column(Boolean, default=False)
    user: Mapped[User] = relationship(lazy="joined")


class DutyException(Base):
    """A day on which a member's duties are others: none (absent), or these hours."""

    __tablename__ = "duty_exceptions"
    __table_args__ = (UniqueConstraint("user_id", "day"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    day: Mapped[date]
    starts: Mapped[time | None]
    ends: Mapped[time | None]
    user: Mapped[User] = relationship(lazy="joined")


class QueueEntry(Base):
    """A place in a team's call queue (Warteschlange): of a waiting caller, or of one who will be called back."""

    __tablename__ = "line_entries"  # former name of the call queue, kept for existing databases
    __table_args__ = (
        UniqueConstraint("call_id", "turn"),
        # waiting: also between two members who are rung; offered: a member is rung; answered; left: see `reason`
        one_of("state", *QueueEntryState),
        # live: the caller is on the telephone; callback: the caller has hung up and keeps the place
        one_of("mode", *QueueEntryMode),
        Index(
            "ix_line_entries_line",
            "joined_at",
            sqlite_where=text("state IN ('waiting', 'offered')"),
            postgresql_where=text("state IN ('waiting', 'offered')"),
        ),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    #: How many times this call has joined a call queue, from 1; 0: it wanted to, and could not wait. The column has its
    #: former name.
    queue_visit: Mapped[int] = mapped_column("turn", default=0)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    language: Mapped[str] = mapped_column(String(8))
    concern: Mapped[Concern] = mapped_column(Enumerated(Concern, 40))
    urgency: Mapped[Urgency] = mapped_column(Enumerated(Urgency, 20))
    emergency_kind: Mapped[EmergencyKind | None] = mapped_column(Enumerated(EmergencyKind, 20))
    age_group: Mapped[AgeGroup | None] = mapped_column(Enumerated(AgeGroup, 20))
    office: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[QueueEntryState] = mapped_column(Enumerated(QueueEntryState, 20), default=QueueEntryState.WAITING)
    mode: Mapped[QueueEntryMode] = mapped_column(Enumerated(QueueEntryMode, 20), default=QueueEntryMode.LIVE)
    #: Decides the place; a caller who comes back after a broken connection keeps it.
    joined_at: Mapped[datetime]
    #: The kept place with which this caller goes on; it is given up when they are served.
    continues_id: Mapped[Id | None]
    #: When they really began to wait.
    entered_at: Mapped[datetime] = mapped_column(index=True)
    #: The call's state, so that it can be sent on at any moment.
    resume: Mapped[str] = mapped_column(Text)
    #: The leg of the member who is rung.
    offered_leg_id: Mapped[Id | None]
    answered_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    #: Why they left: callback, message, emergency, closed, nobody, full, hung_up, withdrawn.
    reason: Mapped[QueueExit | None] = mapped_column(Enumerated(QueueExit, 20))
    #: The promise behind a place that is kept.
    task_id: Mapped[int | None] = mapped_column(ForeignKey("callback_tasks.id", ondelete="SET NULL"))
    call: Mapped[Call] = relationship()
    team: Mapped[Team] = relationship()
    LIVE_TOPIC = "line"

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the board of its team."""
        return {f"line:{self.team_id}"}


class Conversation(Base):
    """People who talk, or are being brought together (Gespräch): a caller, a member, who interprets."""

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("kind", *ConversationKind),
        one_of("state", *ConversationState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: Name of the carrier's conference.
    room: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[ConversationKind] = mapped_column(Enumerated(ConversationKind, 20))
    state: Mapped[ConversationState] = mapped_column(
        Enumerated(ConversationState, 20), default=ConversationState.PREPARING
    )
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("line_entries.id", ondelete="SET NULL"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("callback_tasks.id", ondelete="SET NULL"), index=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    language: Mapped[str] = mapped_column(String(8))
    concern: Mapped[Concern] = mapped_column(Enumerated(Concern, 40))
    urgency: Mapped[Urgency] = mapped_column(Enumerated(Urgency, 20))
    started_at: Mapped[datetime]
    #: When caller and member could hear each other.
    connected_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    #: The member has chosen to call back without an interpreter although they share no language.
    without_interpreter: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Who is in the call as well, because the person has threatened somebody before.
    second_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    #: The caller has been told that nobody interprets.
    caller_asked: Mapped[bool] = mapped_column(Boolean, default=False)
    #: How it ended, as the member says at wrap-up.
    outcome: Mapped[ConversationOutcome | None] = mapped_column(Enumerated(ConversationOutcome, 40))
    #: What was agreed, as the member wrote it at wrap-up.
    note: Mapped[str | None] = mapped_column(Text)
    legs: Mapped[list[Leg]] = relationship(back_populates="conversation", order_by="Leg.id")
    entry: Mapped[QueueEntry | None] = relationship()
    task: Mapped[CallbackTask | None] = relationship()
    team: Mapped[Team] = relationship()

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: its members, and the board of its team."""
        return {f"line:{self.team_id}", *(f"person:{leg.user_id}" for leg in self.legs if leg.user_id is not None)}


class ConversationWord(Base):
    """A word by which a conversation is found, see :mod:`ivr.contact_centre.conversation_notes`."""

    __tablename__ = "conversation_words"
    word: Mapped[str] = mapped_column(
        String(60).with_variant(String(60, collation="C"), "postgresql"), primary_key=True
    )
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Leg(Base):
    """A telephone that belongs to a conversation (Teilstrecke): the caller's, or one that the hotline rings."""

    __tablename__ = "legs"
    __table_args__ = (
        UniqueConstraint("conversation_id", "call_sid"),
        one_of("role", *LegRole),
        # wanted: to be rung; ringing; answered: hears who it is; joined: in the room; ended: see `ending`
        one_of("state", *LegState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[LegRole] = mapped_column(Enumerated(LegRole, 20))
    state: Mapped[LegState] = mapped_column(Enumerated(LegState, 20), default=LegState.WANTED)
    number: Mapped[str | None] = mapped_column(String(32))
    #: The carrier's id; a caller who is answered twice in a call has two legs with the same one.
    call_sid: Mapped[str | None] = mapped_column(String(64), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter_requests.id", ondelete="SET NULL"))
    #: The interpreter's name, as the settings or the directory have it; of a companion: an entry of the directory.
    name: Mapped[str | None] = mapped_column(String(120))
    #: The carrier's number of the last event that was taken in, and the conference that it is about: each counts anew.
    sequence: Mapped[int] = mapped_column(default=0)
    conference_sid: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    #: When the carrier was asked to ring the telephone: from then on it counts as rung.
    dialled_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    #: When the person pressed the key that joins the conversation.
    accepted_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: Since when they hear music, out of the room, until somebody comes back to them; None: they do not.
    held_at: Mapped[datetime | None]
    #: When they were let go while the conversation goes on with somebody else; their call ends by itself.
    released_at: Mapped[datetime | None]
    #: The leg of the listener of whom they have been told, to the end of the announcement.
    heard_of_id: Mapped[Id | None]
    #: For whose transfer this telephone is rung.
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("transfers.id", ondelete="SET NULL"))
    #: What this member has written down about the conversation.
    note: Mapped[str | None] = mapped_column(Text)
    #: The sentence they are to hear next, out of the room; None: nothing is to be said.
    to_hear: Mapped[Sentence | None] = mapped_column(Enumerated(Sentence, 40))
    #: What they are to hear after it, in this order.
    to_hear_then: Mapped[list[str] | None] = mapped_column(JSON)
    #: completed, no_answer, busy, failed, declined and so on: see :class:`LegEnding`.
    ending: Mapped[LegEnding | None] = mapped_column(Enumerated(LegEnding, 20))
    conversation: Mapped[Conversation] = relationship(back_populates="legs")
    user: Mapped[User | None] = relationship()
    request: Mapped[InterpreterRequest | None] = relationship()
    transfer: Mapped[Transfer | None] = relationship()
    LIVE_QUIET = frozenset({"note", "sequence"})

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the members of its conversation."""
        return self.conversation.live_topics()


class Transfer(Base):
    """A caller is transferred (Weiterleitung): to a team, a member of one, or an entry of the directory."""

    __tablename__ = "transfers"
    __table_args__ = (one_of("kind", *TransferKind), one_of("state", *TransferState))
    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    kind: Mapped[TransferKind] = mapped_column(Enumerated(TransferKind, 20))
    state: Mapped[TransferState] = mapped_column(Enumerated(TransferState, 20), default=TransferState.LOOKING)
    #: Who transfers; to them the caller goes back if nobody comes.
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    #: To whom: any member of a team, one member, or a number of the directory with its name.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    number: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str | None] = mapped_column(String(120))
    wanted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by: Mapped[User] = relationship(foreign_keys=[by_id])
    team: Mapped[Team | None] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: who transfers, and the member to whom."""
        return {f"person:{one}" for one in (self.by_id, self.user_id) if one is not None}


class InterpreterRequest(Base):
    """Somebody is wanted in a conversation to interpret: of the pool, or a companion of the caller's choice."""

    __tablename__ = "interpreter_requests"
    __table_args__ = (
        one_of("role", "interpreter", "companion"),
        one_of("state", *InterpreterRequestState),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    role: Mapped[LegRole] = mapped_column(Enumerated(LegRole, 20), default=LegRole.INTERPRETER)
    state: Mapped[InterpreterRequestState] = mapped_column(
        Enumerated(InterpreterRequestState, 20), default=InterpreterRequestState.LOOKING
    )
    language: Mapped[str] = mapped_column(String(8))
    #: Companion: the number the caller names.
    number: Mapped[str | None] = mapped_column(String(32))
    #: None: because caller and member share no language.
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_at: Mapped[datetime] = mapped_column(index=True)
    joined_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    conversation: Mapped[Conversation] = relationship(viewonly=True)

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: the members of its conversation."""
        return self.conversation.live_topics()
