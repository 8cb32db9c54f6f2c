"""Reads lists of tasks past those that hold a value this version does not know.

A newer version may have written it, or somebody with a database client. One such task must not take its team's list
away; it is named instead, so that nobody misses it quietly.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select
from sqlalchemy.orm import Session
from sqlalchemy.orm.interfaces import ORMOption

from ivr.models.callbacks import CallbackTask
from ivr.platform.column_types import UnknownStoredValue

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listed:
    """Tasks in the order of their query, and the ids of those that could not be read."""

    tasks: Sequence[CallbackTask]
    unreadable: Sequence[int] = ()


def listed(session: Session, query: Select[CallbackTask], options: Iterable[ORMOption] = ()) -> Listed:
    """The tasks of a query (a select of tasks without options), with these options.

    All come by one statement. Only if one of them cannot be read is each read by itself, and the log says why.
    """
    options = tuple(options)
    try:
        return Listed(session.scalars(query.options(*options)).all())
    except UnknownStoredValue:
        session.expunge_all()  # half of the list may have been read without its options
    tasks, unreadable = [], []
    for task_id in session.scalars(query.with_only_columns(CallbackTask.id)).all():
        try:
            tasks.append(session.get_one(CallbackTask, task_id, options=options))
        except UnknownStoredValue as error:
            error.look_up(session.connection())
            log.error("task %d is left out of a list: %s", task_id, error)
            unreadable.append(task_id)
    return Listed(tasks, unreadable)
