"""The access log (Zugriffsprotokoll): who has read which data, when, why and from where.

The log is append-only, and each line contains the SHA-256 of the line before. A line cannot be changed, removed, moved
or repeated without changing all later hashes. Anchors outside the database (:mod:`ivr.audit.anchors`) detect that the
whole chain was written again, or that its end was cut off.

Old lines are deleted after a line (`trimmed`) that names the last deleted line and its hash. The database refuses every
other change (migration 0007). See docs/access-log.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from ivr.domain.digits import is_digits
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import iso
from ivr.models.audit import AccessHead, AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import is_keyed_hash, keyed_hash

#: The actions that are logged.
ACTIONS = tuple(AccessAction)
#: The beginning of the detail of a line about several tasks.
_TASKS = "tasks "
IS_ABOUT_SEVERAL = and_(AccessLine.action == AccessAction.EXPORT, AccessLine.detail.startswith(_TASKS))
#: The hash before the first line.
GENESIS = "0" * 64
#: The role of the product itself. The value is stored.
SYSTEM_ROLE = "house"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. `role` is a user's role, `program`, or :data:`SYSTEM_ROLE`."""

    name: str
    role: str
    user_id: int | None = None
    address: str = ""


SYSTEM = Actor("hotline", SYSTEM_ROLE)
#: Whoever has a shell on the machine.
OPERATOR = Actor("command line", "operator")


def append(
    session: Session, by: Actor, action: str, now: datetime, *, task: CallbackTask | None = None, reason: str = "",
    detail: str = "", trimmed_through: int | None = None,
) -> AccessLine:  # fmt: skip
    """Append a line. Other writers wait until the end of the transaction, so this should be its last statement.

    Raises:
        ValueError: the action is not in :data:`ACTIONS`.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not an action of the access log")
    held = update(AccessHead).values(number=AccessHead.number + 1).returning(AccessHead.number, AccessHead.hash)
    number, previous = session.execute(held.execution_options(synchronize_session=False)).one()
    line = AccessLine(
        number=number,
        at=now,
        action=action,
        user_id=by.user_id,
        actor=by.name[:120],
        role=by.role,
        task_id=task.id if task else None,
        team=task.team.key if task else None,
        reason=reason[:300],
        address=by.address[:64],
        detail=detail[:500],
        trimmed_through=trimmed_through,
        previous=previous,
        hash="",
    )
    line.hash = digest(written(line))
    session.add(line)
    session.flush()
    new_head = update(AccessHead).values(hash=line.hash).execution_options(synchronize_session=False)
    session.execute(new_head)
    return line


def written(line: AccessLine) -> dict[str, Any]:
    """The content of a line as it is hashed and exported, without its own hash."""
    return {
        "number": line.number,
        "at": iso(line.at),
        "action": line.action,
        "user_id": line.user_id,
        "actor": line.actor,
        "role": line.role,
        "task_id": line.task_id,
        "team": line.team,
        "reason": line.reason,
        "address": line.address,
        "detail": line.detail,
        "trimmed_through": line.trimmed_through,
        "previous": line.previous,
    }


def digest(content: dict[str, Any]) -> str:
    """The SHA-256 (hex) of a line's content: JSON in UTF-8, sorted keys, no spaces."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()


def ranges(task_ids: Sequence[int]) -> list[str]:
    """Ids of tasks as texts like `tasks 1-40,44`, each short enough for the detail of a line."""
    texts, found = [], []
    for _, run in groupby(enumerate(sorted(task_ids)), lambda pair: pair[1] - pair[0]):
        ids = [task_id for _, task_id in run]
        found.append(f"{ids[0]}-{ids[-1]}" if len(ids) > 1 else f"{ids[0]}")
    while found:
        count = len(found)
        while len(text := f"{_TASKS}{','.join(found[:count])}") > 450:
            count -= max(1, count // 10)
        texts.append(text)
        found = found[count:]
    return texts


def ranges_of(detail: str) -> list[range]:
    """Parse a detail that :func:`ranges` has made. Any other detail gives an empty list."""
    found = []
    for part in detail.removeprefix(_TASKS).split(",") if detail.startswith(_TASKS) else ():
        begin, _, end = part.partition("-")
        if is_digits(begin) and is_digits(end or begin):
            found.append(range(int(begin), int(end or begin) + 1))
    return found


def newest(session: Session) -> tuple[int, str]:
    """The number and the hash of the newest line; 0 and GENESIS for an empty log."""
    head = session.scalar(select(AccessHead).execution_options(populate_existing=True))
    return (head.number, head.hash) if head else (0, GENESIS)


def lines(session: Session, after: int = 0) -> Iterator[AccessLine]:
    """All lines after a number, in order. They are loaded in batches."""
    query = select(AccessLine).where(AccessLine.number > after).order_by(AccessLine.number)
    for line in session.scalars(query.execution_options(yield_per=500)):
        yield line
        session.expunge(line)


def trim(session: Session, before: datetime, now: datetime) -> int:
    """Delete the lines before a UTC instant, after a line that says so. Returns their number."""
    last = session.scalar(select(AccessLine).where(AccessLine.at < before).order_by(AccessLine.number.desc()).limit(1))
    if last is None or last.number == newest(session)[0]:
        return 0
    append(session, SYSTEM, AccessAction.TRIMMED, now, detail=last.hash, reason=seal_of_trim(last.number, last.hash),
           trimmed_through=last.number)  # fmt: skip
    gone = session.execute(delete(AccessLine).where(AccessLine.number <= last.number))
    session.expire_all()
    return int(gone.rowcount)  # type: ignore[attr-defined]


def seal_of_trim(through: int, last_hash: str) -> str:
    """What only this installation can put into a line that says that older ones were deleted."""
    return keyed_hash(Purpose.TRIMMED, f"{through} {last_hash}")


def is_seal_of_trim(through: int, last_hash: str, stated: str) -> bool:
    """Whether this installation has put it there, with the present secret key or a former one."""
    return is_keyed_hash(Purpose.TRIMMED, f"{through} {last_hash}", stated)


def count(session: Session) -> int:
    """The number of lines."""
    return session.scalar(select(func.count(AccessLine.number))) or 0
