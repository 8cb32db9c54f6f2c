"""Saved views of the task list: filters under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.callbacks.filters import Filters
from ivr.callbacks.queries import VIEWS
from ivr.models.accounts import User
from ivr.models.desk import SavedView

#: Most views that one person may save.
_MOST = 20


def of_user(session: Session, user: User) -> Sequence[SavedView]:
    """A person's own views."""
    return session.scalars(select(SavedView).where(SavedView.user_id == user.id).order_by(SavedView.name)).all()


def keep(session: Session, user: User, name: str, given: Mapping[str, str]) -> None:
    """Keep a view under a name; one of the same name is replaced.

    A search term is not saved. It may be a caller's name, which would be kept beyond its retention period.

    Raises:
        ValueError: without a name, or when there are too many.
    """
    name = " ".join(name.split())[:60]
    known = session.scalar(select(SavedView).where(SavedView.user_id == user.id, SavedView.name == name))
    if not name or (known is None and len(of_user(session, user)) >= _MOST):
        raise ValueError
    view = given.get("view", "open")
    kept = {name: value for name, value in Filters.of(given).query().items() if name != "q"}
    query = urlencode({"view": view if view in VIEWS else "open", **kept})
    if known is not None:
        known.query = query
    else:
        session.add(SavedView(user_id=user.id, name=name, query=query))


def forget(session: Session, user: User, view_id: int) -> None:
    """Delete one of a person's own views."""
    session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.user_id == user.id))
