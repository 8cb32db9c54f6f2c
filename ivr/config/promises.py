"""Settings of callback promises, alerts and reports."""

from __future__ import annotations

from datetime import time

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.config.sections import ReportMail, Targets
from ivr.domain import alert_subscriptions
from ivr.domain.alert_subscriptions import AlertSettings
from ivr.domain.opening_hours import Hours, Span, Weekday
from ivr.domain.setting_types import has_host
from ivr.domain.sla_policies import SlaPolicy


class Promises(BaseModel):
    """What is promised, who is told when it is in danger, and what is reported."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    sla_policies: tuple[SlaPolicy, ...] = Field((), description="Promises beside the usual ones, each from a day on.")
    escalation_hours: float = Field(
        4.0, ge=0, le=720, description="Hours after a missed promise at which a task that is still open is escalated."
    )
    alerts: tuple[AlertSettings, ...] = Field(
        (), description="Recipients of alerts about emergencies and about promises at risk or missed."
    )
    alert_hours: Hours = Field(
        Hours(daily=Span(opens=time(7), closes=time(20))),
        description="When alerts may be sent. Emergencies are sent at any time.",
    )
    alert_collect_seconds: float = Field(
        60.0, ge=0, le=3600, description="Seconds over which alerts are collected into one message."
    )
    alert_pause_minutes: float = Field(
        15.0, ge=0, le=1440, description="Minutes between two messages to the same address."
    )
    webhook_secret: str = Field(
        "",
        description="Secret that signs alert webhooks (Standard Webhooks): `whsec_` and the base64 of 24 random "
        "bytes or more.",
    )
    smtp_url: str = Field(
        "",
        pattern=r"^(smtp|smtps|smtp\+starttls)://[^/?#]+$|^$",
        description="Mail server: `smtp://`, `smtps://` or `smtp+starttls://`, with `user:password@host:port`.",
    )
    mail_from: str = Field("hotline@localhost", description="Sender of e-mails.")
    targets: Targets = Field(Targets(), description="Targets of the dashboard.")
    office_weekdays: tuple[Weekday, ...] = Field(
        ("monday", "tuesday", "wednesday", "thursday", "friday"),
        min_length=1,
        description="Weekdays on which the offices see people, except on statutory holidays of Bremen: for the mean of "
        "consultations a day.",
    )
    service_rooms: int = Field(
        0, ge=0, le=1000, description="Rooms in which a third person can take part. 0: not known."
    )
    consultations_per_room: int = Field(
        0, ge=0, le=100, description="Consultations possible in each of these rooms a day. 0: not known."
    )
    report_mails: tuple[ReportMail, ...] = Field(
        (), description="Reports that are sent by e-mail as soon as a month is final."
    )

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: str) -> str:
        alert_subscriptions.check_secret(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, value: str) -> str:
        if value and not has_host(value):
            raise ValueError("this is no address (characters of a password are written %40): smtp://host:port")
        return value

    def check_mail(self) -> None:
        """See that reports can be sent.

        Raises:
            ValueError: naming what is missing.
        """
        if self.report_mails and not self.smtp_url:
            raise ValueError("report_mails: e-mail needs smtp_url")
