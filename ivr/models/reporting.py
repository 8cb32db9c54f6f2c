"""Tables of metrics and publications. They contain no personal data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.platform.orm import Base, Id


class DailyMetric(Base):
    """A metric of a local day: in total (`dimension` is empty), or for one team, office, language and so on."""

    __tablename__ = "daily_figures"
    dimension: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    #: The key of the team, the code of the language …; empty if unknown.
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[float]


class MetricDay(Base):
    """When a local day was last counted, and whether that is final."""

    __tablename__ = "figure_days"
    day: Mapped[date] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
    final: Mapped[bool] = mapped_column(Boolean, default=False)


class Publication(Base):
    """A report as it was published. A second publication does not change it."""

    __tablename__ = "publications"
    report: Mapped[str] = mapped_column(String(40), primary_key=True)
    #: First day of the month.
    month: Mapped[date] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime]


class FormerName(Base):
    """The name that a team or an office has from an instant on, until it gets another one."""

    __tablename__ = "former_names"
    #: "team" or "office".
    dimension: Mapped[str] = mapped_column(String(20), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))


class ReportSent(Base):
    """A monthly report for a recipient of e-mail, sent once."""

    __tablename__ = "reports_sent"
    __table_args__ = (UniqueConstraint("report", "recipient", "month"),)
    id: Mapped[Id] = mapped_column(primary_key=True)
    report: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    month: Mapped[date]
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
