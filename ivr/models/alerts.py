"""The tables of alerts, and of the carrier's faults, which are told as alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.enums import AlertEvent, CarrierFault, DeliveryState, Medium
from ivr.platform.column_types import Enumerated
from ivr.platform.orm import Base, Id, one_of

_UNTOLD = text("message_id IS NULL")


class AlertItem(Base):
    """Something a subscription wants to know of a task; told with others in one message."""

    __tablename__ = "alert_items"
    __table_args__ = (
        UniqueConstraint("subscription", "kind", "task_id"),
        one_of("kind", *AlertEvent),
        Index("ix_alert_items_untold", "subscription", "kind", "at", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
    )
    id: Mapped[Id] = mapped_column(primary_key=True)
    subscription: Mapped[str] = mapped_column(String(60))
    kind: Mapped[AlertEvent] = mapped_column(Enumerated(AlertEvent, 20))
    task_id: Mapped[int] = mapped_column(ForeignKey("callback_tasks.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("alert_messages.id", ondelete="CASCADE"), index=True)


class AlertMessage(Base):
    """What a subscription is told at once, be it one task or a hundred thousand."""

    __tablename__ = "alert_messages"
    __table_args__ = (one_of("state", *DeliveryState), Index(None, "subscription", "created_at"))
    id: Mapped[Id] = mapped_column(primary_key=True)
    subscription: Mapped[str] = mapped_column(String(60))
    urgent: Mapped[bool] = mapped_column(Boolean)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    #: How many tasks of each kind it is about, and the receipt codes it names: {"kinds": {…}, "codes": […]}.
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[DeliveryState] = mapped_column(Enumerated(DeliveryState, 10), default=DeliveryState.QUEUED)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


#: What is about no task.
_OF_THE_HOUSE = (
    AlertEvent.GUESSING,
    AlertEvent.TEXT_CAP,
    AlertEvent.CLOCK,
    AlertEvent.CALL_CAP,
    AlertEvent.CAP_NEAR,
    AlertEvent.SYNTHETIC_CALL,
    AlertEvent.CALL_WITHOUT_ID,
)


class HouseAlarm(Base):
    """Something that the whole house is told of: since when, how often, and when it was told last."""

    __tablename__ = "house_alarms"
    __table_args__ = (one_of("event", *_OF_THE_HOUSE),)
    event: Mapped[AlertEvent] = mapped_column(Enumerated(AlertEvent, 20), primary_key=True)
    #: The name of the cap that it is about; empty where it is about none.
    cap: Mapped[str] = mapped_column(String(40), primary_key=True, default="", server_default="")
    #: How often since it began.
    count: Mapped[int]
    since_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    #: When an alert told of it.
    alerted_at: Mapped[datetime]


class CarrierFaultRow(Base):
    """A fault of the carrier, until a call or a text message shows that it is mended. No number stands in it."""

    __tablename__ = "carrier_faults"
    fault: Mapped[CarrierFault] = mapped_column(Enumerated(CarrierFault, 30), primary_key=True)
    medium: Mapped[Medium] = mapped_column(Enumerated(Medium, 10), primary_key=True)
    #: Where a fault is about one country: its code of two letters. Empty: about all.
    region: Mapped[str] = mapped_column(String(3), primary_key=True)
    #: The carrier's number of the error; 0 where it gave none.
    code: Mapped[int]
    #: How often it was seen since it began.
    count: Mapped[int]
    since_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    #: When an alert told of it.
    alerted_at: Mapped[datetime | None]
    mended_at: Mapped[datetime | None]
