"""Tells open desks what has changed: topics are collected in a session, and published on Redis after its commit.

A topic is a kind and an id, such as `team:3` or `task:17`; without an id it means all of its kind. Nothing else is
told: who hears a topic asks the web process, which checks what they may see. A mapped class names its topics itself
(`live_topics`); of a statement that changes many rows all of its class are told (`LIVE_TOPIC`), unless the statement
has the execution option `live` with the topics. See docs/decisions (the live channel).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from ivr.platform.background_queue import BackgroundQueue

log = logging.getLogger(__name__)

#: Redis' stream of events, and how many of them it keeps for readers that come back.
STREAM = "hotline:live"
_KEPT = 1000
#: More topics than this in one transaction are told by their kinds alone.
_MOST = 40
#: Seconds in which changes are gathered into one event, and for which Redis is left alone after an error.
_GATHER, _PAUSE = 0.05, 2.0

#: Publishes topics; processes whose changes matter to open desks set it. It may raise: desks ask by themselves too.
publish: Callable[[Collection[str]], None] | None = None
#: Is told before all others of what this process itself has changed. It must not raise.
changed_here: Callable[[Collection[str]], None] | None = None


def are_published() -> bool:
    """Whether this process tells anybody."""
    return publish is not None


def tell(session: Session, *topics: str) -> None:
    """Publish these topics when the session has committed."""
    if publish is not None and topics:
        session.info.setdefault("live_topics", set()).update(topics)


def dispatch(session: Session) -> None:
    """Publish what a committed session has changed. Never raises: nobody's work depends on it."""
    topics = session.info.pop("live_topics", None)
    if not topics or publish is None:
        return
    if changed_here is not None:
        changed_here(topics)
    try:
        publish(fewer(topics))
    except Exception as error:  # whatever the error, desks ask by themselves
        log.warning("open desks could not be told of a change (%s)", type(error).__name__)


def fewer(topics: Collection[str]) -> Collection[str]:
    """The same topics; of very many only their kinds."""
    return topics if len(topics) <= _MOST else {topic.partition(":")[0] for topic in topics}


# -- what a session changes ---------------------------------------------------------------------------------


@event.listens_for(Session, "after_flush")
def _rows_changed(session: Session, _context: object) -> None:
    if publish is None:
        return
    session.info["live_new"] = [row for row in session.new if hasattr(row, "live_topics")]
    for row in session.deleted:
        tell(session, *filter(None, [getattr(row, "LIVE_TOPIC", "")]))
    for row in session.dirty:
        if hasattr(row, "live_topics") and _is_told(row):
            tell(session, *row.live_topics())


@event.listens_for(Session, "after_flush_postexec")
def _rows_added(session: Session, _context: object) -> None:
    """A new row finds its task only when it is in the database."""
    for row in session.info.pop("live_new", ()):
        tell(session, *row.live_topics())


def _is_told(row: Any) -> bool:
    """Whether something has changed that a page shows."""
    changed = {one.key for one in inspect(row).attrs if one.history.has_changes()}
    return bool(changed - getattr(row, "LIVE_QUIET", frozenset()))


@event.listens_for(Session, "do_orm_execute")
def _statement_changes(state: ORMExecuteState) -> None:
    if publish is None or state.is_select or not (state.is_update or state.is_delete):
        return
    topics: Iterable[str] | None = state.execution_options.get("live")
    if topics is None:
        mapper = state.bind_mapper
        broad = getattr(mapper.class_, "LIVE_TOPIC", "") if mapper is not None else ""
        topics = (broad,) if broad else ()
    tell(state.session, *topics)


# -- Redis --------------------------------------------------------------------------------------------------


def publish_now(topics: Collection[str]) -> None:
    """Write one event into the stream.

    Raises:
        RedisError: Redis does not answer.
    """
    from ivr.platform import job_queue  # Redis and RQ are not loaded by whoever only asks the database

    fields: dict[Any, Any] = {"topics": " ".join(sorted(topics))}
    job_queue.impatient().xadd(STREAM, fields, maxlen=_KEPT, approximate=True)


def _publish_gathered(first: Collection[str]) -> None:
    time.sleep(_GATHER)
    try:
        publish_now(fewer(set(first).union(*_soon.more())))
    except Exception as error:  # open desks ask by themselves meanwhile
        log.warning("open desks could not be told of a change (%s)", type(error).__name__)
        time.sleep(_PAUSE)


_soon = BackgroundQueue("live events", _publish_gathered)


def publish_soon(topics: Collection[str]) -> None:
    """:func:`publish_now` in a thread, so that nobody waits for Redis; changes at one time become one event."""
    _soon.put(topics)
