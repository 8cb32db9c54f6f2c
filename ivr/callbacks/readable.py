"""Reads lists of tasks past those that hold a value this version does not know.

A newer version may have written it, or somebody with a database client. One such task must not take its team's list
away; it is named instead, so that nobody misses it quietly.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
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
    """The tasks of a query (a select of tasks without options), with these options."""
    return of_ids(session, ids_of(session, query), options)


def ids_of(session: Session, query: Select[CallbackTask]) -> Sequence[int]:
    """The ids of the tasks of a query, in its order."""
    return session.scalars(query.with_only_columns(CallbackTask.id)).all()


def of_ids(session: Session, task_ids: Sequence[int], options: Iterable[ORMOption] = ()) -> Listed:
    """The tasks with these ids, in this order, with these options.

    They are found first and read then: whatever they were found by, they are read by the same statement, whose plan
    PostgreSQL keeps. Only if one of them cannot be read is each read by itself, and the log says why.
    """
    if not task_ids:
        return Listed([])
    options = tuple(options)
    try:
        found = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(task_ids)).options(*options)).all()
        by_id = {task.id: task for task in found}
        return Listed([by_id[task_id] for task_id in task_ids if task_id in by_id])
    except UnknownStoredValue:
        session.expunge_all()  # half of the list may have been read without its options
    tasks, unreadable = [], []
    for task_id in task_ids:
        try:
            if (task := session.get(CallbackTask, task_id, options=options)) is not None:
                tasks.append(task)
        except UnknownStoredValue as error:
            error.look_up(session.connection())
            log.error("task %d is left out of a list: %s", task_id, error)
            unreadable.append(task_id)
    return Listed(tasks, unreadable)
