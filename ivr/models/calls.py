"""Calls, the languages that numbers have chosen, and counters of receipt codes that were tried."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Boolean, Integer, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain import caller_ids
from ivr.domain.enums import CallEnding, CallRowState, Concern, ContactSource
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of

if TYPE_CHECKING:
    from ivr.models.contacts import Contact
    from ivr.models.voicebox import VoiceboxMessage


class Call(Base):
    """A call to the hotline (Anruf), from the carrier's first request to its last event."""

    __tablename__ = "calls"
    __table_args__ = (one_of("state", *CallRowState),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(64), unique=True)
    #: E.164, None where the caller withheld it.
    from_number: Mapped[str | None] = mapped_column(String(32), index=True)
    #: What the caller's telephone shows where that is no number that can be called.
    shown_as: Mapped[str] = mapped_column(String(caller_ids.LONGEST_SHOWN), default="", server_default="")
    language: Mapped[str | None] = mapped_column(String(8))
    concern: Mapped[Concern | None] = mapped_column(Enumerated(Concern, 40))
    #: The step of the flow at which something was last written down.
    step: Mapped[str | None] = mapped_column(String(60))
    #: How many answers the caller had given then. What was known after fewer answers changes nothing any more.
    answers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: How many of them when the concern was noted. It stays until there is another, so it may be older than the step.
    concern_answers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: How it ended for the caller: connected, promised, informed, changed, withdrawn, unserved, or hung_up.
    ending: Mapped[CallEnding | None] = mapped_column(Enumerated(CallEnding, 20))
    #: What was no call to the hotline has a row too, because every contact has one; it counts as no call.
    source: Mapped[ContactSource] = mapped_column(
        Enumerated(ContactSource, 20), default=ContactSource.CALL, server_default=ContactSource.CALL.value
    )
    state: Mapped[CallRowState] = mapped_column(Enumerated(CallRowState, 20), default=CallRowState.IN_PROGRESS)
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    #: The last request of a call whose id the carrier does not know; None for all others, of which it can be asked.
    last_request_at: Mapped[datetime | None]
    messages: Mapped[list[VoiceboxMessage]] = relationship(
        back_populates="call", order_by="VoiceboxMessage.recording_number"
    )
    contacts: Mapped[list[Contact]] = relationship(back_populates="call", order_by="Contact.id")


class KnownCaller(Base):
    """In which language a number was last served. The number itself is not kept, only a keyed hash of it."""

    __tablename__ = "known_callers"
    number_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    last_called_at: Mapped[datetime] = mapped_column(index=True)


class CodeTry(Base):
    """A wrong receipt code or PIN that was keyed in; counted so that none can be guessed."""

    __tablename__ = "code_tries"
    id: Mapped[Id] = mapped_column(primary_key=True)
    #: Keyed hash of the calling number; one and the same for all who withhold it.
    number_hash: Mapped[str] = mapped_column(String(64))
    #: Keyed hash of the carrier's id of the call.
    call_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    #: A PIN of a team member, and not a receipt code.
    of_member: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    tried_at: Mapped[datetime] = mapped_column(index=True)
