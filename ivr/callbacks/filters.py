"""Filters of the task list. They are part of the address, so that they can be saved and shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks import promises, search_index
from ivr.config.settings import settings
from ivr.domain import search_terms
from ivr.domain.digits import whole_number
from ivr.domain.enums import (
    Companion,
    MessageState,
    PriorityGroup,
    ReplyBy,
    SlaMeasure,
    TaskKind,
    TaskState,
    TranscriptState,
    Urgency,
)
from ivr.domain.routing import CONCERNS
from ivr.models.accounts import Team
from ivr.models.callbacks import AppointmentWish, CallbackTask
from ivr.models.team_tools import task_tags
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform import sealed_query

_VALUES = {
    "kind": tuple(TaskKind),
    "concern": CONCERNS,
    "urgency": tuple(Urgency),
    "state": tuple(TaskState),
    "group": tuple(PriorityGroup),
    "reply_by": tuple(ReplyBy),
    "listen": ("1",),
    "missed": tuple(SlaMeasure),
    "sort": ("promise", "due", "arrival", "language", "team"),
    "order": ("asc", "desc"),
}
_GROUPS = {
    PriorityGroup.LANGUAGE: AppointmentWish.companion == Companion.INTERPRETER,
    PriorityGroup.IMPAIRMENT: AppointmentWish.impairment.is_(True),
    PriorityGroup.UNDER_25_TRAINING: AppointmentWish.seeks_training.is_(True),
}


@dataclass(frozen=True)
class Filters:
    """An empty field does not filter."""

    q: str = ""
    team: str = ""
    office: str = ""
    language: str = ""
    concern: str = ""
    kind: str = ""
    urgency: str = ""
    state: str = ""
    #: A priority group (see AppointmentWish).
    group: str = ""
    #: How the caller wants the answer.
    reply_by: str = ""
    #: Somebody has to listen: there is no transcript to rely on.
    listen: str = ""
    #: A promise of this measure is missed and still open.
    missed: str = ""
    #: The id of a tag.
    tag: str = ""
    #: First contact: from this day to this one (YYYY-MM-DD, local), both counted.
    since: str = ""
    until: str = ""
    sort: str = ""
    order: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Filters:
        """Read from an address; what has no meaning is left out."""
        known = {}
        for field in fields(cls):
            value = given.get(field.name, "").strip()
            value = sealed_query.unseal(value)[:200] if field.name == "q" else value[:200]
            if field.name in _VALUES and value not in _VALUES[field.name]:
                value = ""
            if field.name in ("since", "until") and _day(value) is None:
                value = ""
            if field.name == "tag" and whole_number(value) is None:
                value = ""
            known[field.name] = value
        return cls(**known)

    def query(self) -> dict[str, str]:
        """The filters as parameters of an address. The search term is sealed."""
        found = {name: value for name, value in vars(self).items() if value}
        return {**found, "q": sealed_query.seal(self.q)} if self.q else found

    def __bool__(self) -> bool:
        """Whether anything is filtered, not only sorted."""
        return any(value for name, value in vars(self).items() if name not in ("sort", "order"))

    @property
    def is_number(self) -> bool:
        """Whether a whole receipt code or telephone number is looked for: it is found wherever one may look."""
        return bool(self.q) and search_terms.asked(self.q).is_number

    def conditions(self, session: Session) -> list[ColumnElement[bool]]:
        """The conditions for tasks. What is looked for by words is looked up."""
        found: list[ColumnElement[bool]] = [
            getattr(CallbackTask, name) == value
            for name in ("office", "language", "concern", "kind", "urgency", "state", "reply_by")
            if (value := getattr(self, name))
        ]
        if self.team:
            found.append(CallbackTask.team_id.in_(select(Team.id).where(Team.key == self.team)))
        if self.tag:
            found.append(CallbackTask.id.in_(select(task_tags.c.task_id).where(task_tags.c.tag_id == int(self.tag))))
        if self.group:
            found.append(CallbackTask.id.in_(select(AppointmentWish.task_id).where(_GROUPS[PriorityGroup(self.group)])))
        if self.missed:
            found.append(promises.missed_and_open(SlaMeasure(self.missed)))
        if self.listen:
            found.append(CallbackTask.id.in_(_to_be_listened_to()))
        if self.q:
            found.append(CallbackTask.id.in_(search_index.find(session, self.q)))
            found.append(CallbackTask.restricted_at.is_(None))  # their data is not used (Art. 18 GDPR)
        since, until = _day(self.since), _day(self.until)
        if since is not None:
            found.append(CallbackTask.first_contact_at >= _begin(since))
        if until is not None:
            found.append(CallbackTask.first_contact_at < _begin(until + timedelta(days=1)))
        return found


def _to_be_listened_to() -> Select[int | None]:
    unsure = and_(Transcript.state == TranscriptState.PLEASE_LISTEN, Transcript.corrected_text.is_(None))
    return (
        select(VoiceboxMessage.task_id)
        .join(Recording)
        .outerjoin(Transcript)
        .where(
            VoiceboxMessage.state == MessageState.LEFT,
            VoiceboxMessage.task_id.is_not(None),
            or_(Transcript.id.is_(None), unsure),
        )
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and 2000 < found.year < 9000 else None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(0), settings().hours.zone)
