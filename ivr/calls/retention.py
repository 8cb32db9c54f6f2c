"""The period for which recordings are kept, as callers are told it."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.domain.enums import ProposalState, RetentionKind
from ivr.models.privacy import PeriodChange
from ivr.platform import database

log = logging.getLogger(__name__)

#: Days for which a recording is kept after its task is closed, unless another period has been confirmed.
AUDIO_DAYS = 30
_last_known = AUDIO_DAYS


def confirmed_days(session: Session, kind: str) -> int | None:
    """The period of a kind of data that an officer has confirmed, in days; None where there is none."""
    return session.scalar(
        select(PeriodChange.days)
        .where(PeriodChange.kind == kind, PeriodChange.state == ProposalState.CONFIRMED)
        .order_by(PeriodChange.decided_at.desc(), PeriodChange.id.desc())
        .limit(1)
    )


def audio_days() -> int:
    """The present period of recordings in days; the last one known where the database does not answer."""
    global _last_known
    try:
        with database.reading() as session:
            _last_known = confirmed_days(session, RetentionKind.AUDIO) or AUDIO_DAYS
    except SQLAlchemyError:
        log.warning("the period of recordings could not be read from the database")
    return _last_known
