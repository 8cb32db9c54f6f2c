"""What somebody has typed into a form and could not send, because their log-in had ended.

It is sealed, belongs to the person whose page the form was on, and is offered to nobody else. It goes when the form is
sent again, when its owner discards it, or after some hours.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ivr.models.accounts import KeptForm
from ivr.platform import crypto
from ivr.platform.crypto import CannotOpen, Purpose

log = logging.getLogger(__name__)

#: It is offered for this long.
KEPT = timedelta(hours=12)
#: Forms of one person that are kept at most, and characters of one.
_MOST, _LONGEST = 20, 200_000


@dataclass(frozen=True)
class Form:
    """A form that was not sent: the address it goes to, the page it was on, and its fields."""

    id: int
    path: str
    page: str
    fields: Mapping[str, Sequence[str]]
    kept_at: datetime
    #: Fields in which a file came with it, and its name. The files are not kept.
    files: Mapping[str, str] = field(default_factory=dict)
    #: It cannot be opened: the secret key that it was sealed with is not here.
    is_lost: bool = False


def keep(
    session: Session, user_id: int, path: str, page: str, fields: Mapping[str, Sequence[str]], now: datetime,
    files: Mapping[str, str] | None = None,
) -> bool:  # fmt: skip
    """Keep a form for its owner; False if it is too long, or too many are kept. The same form is kept once."""
    typed = {name: list(values) for name, values in fields.items()}
    written = json.dumps({"fields": typed, "page": page, "files": dict(files or {})})
    if len(written) > _LONGEST:
        return False
    if any(one.path == path and one.fields == typed for one in of_user(session, user_id, now)):
        return True
    count = session.scalar(select(func.count()).select_from(KeptForm).where(KeptForm.user_id == user_id)) or 0
    if count >= _MOST:
        return False
    sealed = crypto.seal(Purpose.KEPT_FORMS, written)
    session.add(KeptForm(user_id=user_id, path=path[:500], sealed=sealed, kept_at=now))
    return True


def of_user(session: Session, user_id: int, now: datetime) -> list[Form]:
    """The forms that are kept for somebody, the oldest first. Of one that cannot be opened the error is logged."""
    query = select(KeptForm).where(KeptForm.user_id == user_id, KeptForm.kept_at > now - KEPT).order_by(KeptForm.id)
    return [_form(row) for row in session.scalars(query)]


def _form(row: KeptForm) -> Form:
    try:
        opened = json.loads(crypto.unseal(Purpose.KEPT_FORMS, row.sealed, what=f"the kept form {row.id}"))
    except CannotOpen as error:
        log.error("%s", error)
        return Form(row.id, row.path, "", {}, row.kept_at, is_lost=True)
    return Form(row.id, row.path, opened["page"], opened["fields"], row.kept_at, opened.get("files", {}))


def count(session: Session, user_id: int, now: datetime) -> int:
    """How many forms are kept for somebody."""
    query = select(func.count()).select_from(KeptForm)
    return session.scalar(query.where(KeptForm.user_id == user_id, KeptForm.kept_at > now - KEPT)) or 0


def drop(session: Session, user_id: int, form_id: int) -> None:
    """Delete a form of somebody: it was sent, or is no longer wanted."""
    session.execute(delete(KeptForm).where(KeptForm.id == form_id, KeptForm.user_id == user_id))


def forget(session: Session, now: datetime) -> None:
    """Delete forms that nobody has asked for in time."""
    session.execute(delete(KeptForm).where(KeptForm.kept_at < now - KEPT))
