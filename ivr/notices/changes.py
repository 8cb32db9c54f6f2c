"""Notes a change of what callers hear in the access log; callers hear it once the session is committed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.domain.enums import AccessAction
from ivr.notices import present


def note(session: Session, detail: str, actor: Actor, now: datetime) -> None:
    """Note that an actor has changed what `detail` names; ids of new rows are given before it is called."""
    access_log.append(session, actor, AccessAction.NOTICE_CHANGED, now, detail=detail)
    present.forget_after(session)
