"""How long call states of the version before are accepted: for four hours after the first start of this one.

The first start is a row of the database, so that all hosts agree on it and a restart does not begin the time anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.platform import clock_watch, database
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint

#: So long after the first start of this version calls of the version before can still be under way.
ACCEPTED_FOR = timedelta(hours=4)
#: Name of the row.
CHECKPOINT = "call states of version 1"
_process_began_at = utc_now()
_known: dict[str, datetime] = {}


def first_start(now: datetime) -> datetime:
    """When this version was first started, on any host. Written down if it was not yet.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    where = settings().database
    if where not in _known:
        with database.writing() as session:
            new = insert(session.get_bind().dialect, Checkpoint).values(name=CHECKPOINT, at=now)
            session.execute(new.on_conflict_do_nothing())
            _known[where] = session.scalars(select(Checkpoint.at).where(Checkpoint.name == CHECKPOINT)).one()
    return _known[where]


def is_accepted() -> bool:
    """Whether a call state of the version before is still accepted.

    While the database does not answer, the start of this process counts instead: a caller is not dropped for it.
    """
    now = utc_now()
    try:
        began_at = first_start(now)
    except SQLAlchemyError:
        began_at = _process_began_at
    return now < began_at + ACCEPTED_FOR and not clock_watch.is_in_future(began_at, now)
