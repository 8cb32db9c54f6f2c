"""Contacts: what each call has brought to a task, under a receipt code of its own."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    false,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ivr.domain import receipt_codes
from ivr.domain.enums import Availability, Concern, EmergencyKind, TaskKind, Urgency
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import NEVER_REUSED, Base, Id

if TYPE_CHECKING:
    from ivr.models.callbacks import CallbackTask
    from ivr.models.voicebox import VoiceboxMessage

_CHANGED = text("changed_number_from IS NOT NULL")


class Contact(Base):
    """One request of one call (Kontakt). A task has the contact that opened it, and perhaps further ones.

    The receipt code is spoken to this call alone, and changes or withdraws this contact alone.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("call_id", "kind", "concern"),
        # Few numbers are changed: an index of all would look useless to SQLite, which counts rows to a value.
        Index(
            "ix_contacts_changed_number_from", "changed_number_from", sqlite_where=_CHANGED, postgresql_where=_CHANGED
        ),
        NEVER_REUSED,
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: What the call wanted. The task may want something else, where a member has merged them.
    kind: Mapped[TaskKind] = mapped_column(Enumerated(TaskKind, 20), default=TaskKind.CALLBACK)
    concern: Mapped[Concern] = mapped_column(Enumerated(Concern, 40))
    urgency: Mapped[Urgency] = mapped_column(Enumerated(Urgency, 20), default=Urgency.NORMAL)
    emergency_kind: Mapped[EmergencyKind | None] = mapped_column(Enumerated(EmergencyKind, 20))
    receipt_code: Mapped[str] = mapped_column(String(receipt_codes.LENGTH), unique=True)
    #: E.164: what this call showed, or what its caller gave. A member calls back here.
    callback_number: Mapped[str | None] = mapped_column(String(32), index=True)
    language: Mapped[str] = mapped_column(String(8))
    availability: Mapped[Availability | None] = mapped_column(Enumerated(Availability, 20))
    #: All that was answered by key (see ivr.flows.request.to_record).
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The caller has asked for a text message to the number, so that one may be sent to it.
    agreed_to_texts: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: A member has kept a number of the caller from being told of a change: no later change is told either.
    never_told: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: When another number was given by receipt code, and the number before the first such change.
    number_changed_at: Mapped[datetime | None]
    changed_number_from: Mapped[str | None] = mapped_column(String(32))
    #: When it was withdrawn by receipt code.
    withdrawn_at: Mapped[datetime | None]
    #: When a member has confirmed what was changed or withdrawn by receipt code last, and who.
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    task: Mapped[CallbackTask] = relationship(back_populates="contacts")
    call: Mapped[Call] = relationship(back_populates="contacts")
    confirmed_by: Mapped[User | None] = relationship()
    messages: Mapped[list[VoiceboxMessage]] = relationship(back_populates="contact", order_by="VoiceboxMessage.id")
    later_calls: Mapped[list[LaterCall]] = relationship(
        back_populates="contact", order_by="LaterCall.at", cascade="all, delete-orphan"
    )

    LIVE_TOPIC = "team"

    def live_topics(self) -> set[str]:
        """What open desks are told when it changes: its task."""
        return self.task.live_topics()

    @property
    def is_unconfirmed(self) -> bool:
        """Whether a number or a withdrawal came by receipt code, and no member has confirmed it yet."""
        return (self.number_changed_at is not None or self.withdrawn_at is not None) and self.confirmed_at is None


def unconfirmed() -> ColumnElement[bool]:
    """The condition for contacts of which :attr:`Contact.is_unconfirmed` is true."""
    changed = or_(Contact.number_changed_at.is_not(None), Contact.withdrawn_at.is_not(None))
    return and_(changed, Contact.confirmed_at.is_(None))


class LaterCall(Base):
    """A later call in which the receipt code of a contact was keyed in, to change or withdraw it."""

    __tablename__ = "later_calls"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime]
    contact: Mapped[Contact] = relationship(back_populates="later_calls")
    call: Mapped[Call] = relationship()


#: Which call belongs to which task, since when: as a contact, or as a later call of one.
CALLS_OF_TASKS = union_all(
    select(Contact.task_id, Contact.call_id, Contact.at),
    select(Contact.task_id, LaterCall.call_id, LaterCall.at).join(LaterCall.contact),
).subquery("calls_of_tasks")
