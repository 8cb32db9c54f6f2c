"""Callers who wanted a team in opening hours: one row a call, and how it ended for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select

from ivr.contact_centre.service_level import GOAL
from ivr.domain.enums import QueueEntryMode, QueueEntryState, QueueExit
from ivr.models.accounts import Team
from ivr.models.contact_centre import QueueEntry

#: Who hangs up within this time has hardly waited: a wrong number, or a change of mind. They are counted apart.
EARLY = timedelta(seconds=5)
#: Why the hotline could not serve a caller who wanted a team; all other reasons are the caller's.
_UNSERVED = (QueueExit.NOBODY, QueueExit.FULL, QueueExit.CLOSED, QueueExit.CARRIER)

# One row a call: its first entry says when, and for which team, its last one how it ended.
# Aliases of the table, not of the class: an alias of a class maps all models while this module is imported.
_LAST_ROW = QueueEntry.__table__.alias()
_LAST, _ANY = _LAST_ROW.c, QueueEntry.__table__.alias().c
_OF_CALL = _ANY.call_id == QueueEntry.call_id
_VISITS = select(func.min(_ANY.turn)).where(_OF_CALL), select(func.max(_ANY.turn)).where(_OF_CALL)
_FIRST_VISIT, _LAST_VISIT = (visit.correlate(QueueEntry).scalar_subquery() for visit in _VISITS)
_ANSWERED_AT = select(func.min(_ANY.answered_at)).where(
    _OF_CALL, _ANY.state == QueueEntryState.ANSWERED, _ANY.mode == QueueEntryMode.LIVE
)
_KEPT_PLACES = select(func.count(_ANY.id)).where(_OF_CALL, _ANY.mode == QueueEntryMode.CALLBACK)
ROWS = select(
    QueueEntry.entered_at.label("at"), _LAST.state, _LAST.left_at, _LAST.reason.label("reason_left"), _LAST.task_id,
    _ANSWERED_AT.correlate(QueueEntry).scalar_subquery().label("answered_at"),
    _KEPT_PLACES.correlate(QueueEntry).scalar_subquery().label("kept_places"), Team.key.label("team"),
    QueueEntry.office, QueueEntry.language, QueueEntry.concern, QueueEntry.age_group,
).select_from(QueueEntry).join(Team).join(
    _LAST_ROW, and_(_LAST.call_id == QueueEntry.call_id, _LAST.turn == _LAST_VISIT)
).where(QueueEntry.queue_visit == _FIRST_VISIT)  # fmt: skip


def count(row: Row[Any]) -> Mapping[str, float]:
    """A caller who wanted a team, however often they have waited in this call."""
    answered, kept, left = row.answered_at is not None, bool(row.kept_places), row.state == QueueEntryState.LEFT
    wait = row.answered_at - row.at if answered else timedelta(0)
    unserved = left and row.reason_left in _UNSERVED
    gave_up = left and not kept and not answered and row.reason_left == QueueExit.HUNG_UP
    early = gave_up and row.left_at - row.at < EARLY
    return {
        "waited": 1,
        "answered": answered,
        "answered_in_time": answered and wait <= GOAL,
        "answered_seconds": wait.total_seconds(),
        "abandoned": gave_up and not early,
        "abandoned_early": early,
        "to_task": not answered and (kept or (left and not unserved and not gave_up)),
        "unserved": not answered and not kept and unserved,
    }
