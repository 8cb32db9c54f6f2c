"""The access log (Zugriffsprotokoll): who has read what of whom, when, why and from where.

Lines are only ever appended, and each holds the SHA-256 of the one before: nothing can be changed, left out, put
elsewhere or repeated in the middle without all later hashes being others. What could still be done, to make the whole
chain anew or to cut its end, is seen by the heads that are kept outside the database (:mod:`ivr.audit.anchors`).

Old lines go with a line that says so (`trimmed`): it names the last one that went and its hash, on which the first one
that stayed builds. The database refuses every other change (migration 0007). See docs/access-log.md.
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

#: What is written down.
ACTIONS = tuple(AccessAction)
#: So begins the detail of a line about several tasks.
_TASKS = "tasks "
IS_ABOUT_SEVERAL = and_(AccessLine.action == AccessAction.EXPORT, AccessLine.detail.startswith(_TASKS))
#: What the first line builds on.
GENESIS = "0" * 64
#: The house itself.
HOUSE = "house"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. `role` is a user's, `program`, or `house`."""

    name: str
    role: str
    user_id: int | None = None
    address: str = ""


THE_HOUSE = Actor("hotline", HOUSE)


def append(
    session: Session, by: Actor, action: str, now: datetime, *, task: CallbackTask | None = None, reason: str = "",
    detail: str = "", trimmed_through: int | None = None,
) -> AccessLine:  # fmt: skip
    """Write a line. Other writers wait from here to the end of the transaction: write it last.

    Raises:
        ValueError: an action that is none of :data:`ACTIONS`.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not written down")
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
    """A line as it is hashed and exported, without its own hash."""
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
    """SHA-256 (hex) of a line: of its JSON in UTF-8, keys sorted, no spaces."""
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()


def ranges(task_ids: Sequence[int]) -> list[str]:
    """Ids of tasks as `tasks 1-40,44`, in as many texts as a line's detail needs."""
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
    """The ids of tasks that :func:`ranges` has written down; none, where a line's detail is about something else."""
    found = []
    for part in detail.removeprefix(_TASKS).split(",") if detail.startswith(_TASKS) else ():
        begin, _, end = part.partition("-")
        if is_digits(begin) and is_digits(end or begin):
            found.append(range(int(begin), int(end or begin) + 1))
    return found


def newest(session: Session) -> tuple[int, str]:
    """Number and hash of the newest line; 0 and GENESIS before the first."""
    head = session.scalar(select(AccessHead).execution_options(populate_existing=True))
    return (head.number, head.hash) if head else (0, GENESIS)


def lines(session: Session, after: int = 0) -> Iterator[AccessLine]:
    """All lines after a number, in order, some hundred at a time."""
    query = select(AccessLine).where(AccessLine.number > after).order_by(AccessLine.number)
    for line in session.scalars(query.execution_options(yield_per=500)):
        yield line
        session.expunge(line)


def trim(session: Session, before: datetime, now: datetime) -> int:
    """Delete the lines from before an instant, leaving a line that says so; how many."""
    last = session.scalar(select(AccessLine).where(AccessLine.at < before).order_by(AccessLine.number.desc()).limit(1))
    if last is None or last.number == newest(session)[0]:
        return 0
    append(session, THE_HOUSE, AccessAction.TRIMMED, now, detail=last.hash, reason=seal_of_trim(last.number, last.hash),
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
    """How many lines there are."""
    return session.scalar(select(func.count(AccessLine.number))) or 0
