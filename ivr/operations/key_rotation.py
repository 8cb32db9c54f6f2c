"""Seals everything again with the present keys, so that a former secret key or master key can be taken away.

Each row is changed by itself and only if nobody else has changed it meanwhile. What is sealed with the present key is
left alone, so a rotation that was cut off is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from ivr.accounts import mfa
from ivr.domain.enums import QueueEntryState
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.privacy import SubjectRequest
from ivr.platform import crypto, database, former_keys, spool
from ivr.platform.column_types import rows
from ivr.platform.crypto import CannotOpen, Purpose
from ivr.platform.work_models import FormerKey
from ivr.privacy import sealed_subjects
from ivr.telephony import state_token
from ivr.voicebox import audio_store


@dataclass
class Count:
    """What was done for a kind of sealed value.

    How many were sealed again, how many were so already, and what is wrong with those that cannot be opened.
    """

    kind: str
    done: int = 0
    kept: int = 0
    failures: list[str] = field(default_factory=list)


def rotate(now: datetime) -> list[Count]:
    """Seal everything again that is sealed with the secret key; and what master keys have wrapped.

    Raises:
        SQLAlchemyError, OSError: database, disk or audio store did not answer; run it again.
    """
    counts = [
        _former_keys(now), _subject_requests(), _waiting_calls(), Count("spool entries of this host", *spool.reseal()),
        _authenticator_apps(), _recordings(),
    ]  # fmt: skip
    former_keys.forget_read()
    return counts


def _former_keys(now: datetime) -> Count:
    """Keep what hashes and anchors need of the former secret keys, and seal what was kept before."""
    with database.reading() as session:
        sealed = session.execute(select(FormerKey.signer, FormerKey.sealed)).all()
    count = _reseal(
        "keys of former secret keys", FormerKey.signer, FormerKey.sealed, [(one, old) for one, old in sealed],
        lambda signer, old: _again(Purpose.FORMER_KEYS, old, f"former key {signer}"),
    )  # fmt: skip
    with database.writing() as session:
        count.done += former_keys.keep(session, now)
    return count


def _subject_requests() -> Count:
    def again(request_id: int, old: str) -> str | None:
        named = sealed_subjects.opened(request_id, old)
        return None if crypto.is_present(Purpose.SUBJECT_REQUEST, old) else sealed_subjects.seal(named)

    with database.reading() as session:
        sealed = session.execute(
            select(SubjectRequest.id, SubjectRequest.named).where(SubjectRequest.named != "")
        ).all()
    return _reseal(
        "open requests of data subjects", SubjectRequest.id, SubjectRequest.named, [(one, old) for one, old in sealed],
        again,
    )  # fmt: skip


def _waiting_calls() -> Count:
    def again(entry_id: int, old: str) -> str | None:
        return state_token.resealed(old, calls[entry_id], f"the state of queue entry {entry_id}")

    with database.reading() as session:
        going_on = select(QueueEntry.id, QueueEntry.resume, Call.call_sid).join(Call, QueueEntry.call_id == Call.id)
        still = or_(Call.state != "ended", QueueEntry.state.in_((QueueEntryState.WAITING, QueueEntryState.OFFERED)))
        sealed = session.execute(going_on.where(QueueEntry.resume != "", still)).all()
    calls = {entry_id: call_sid for entry_id, _, call_sid in sealed}
    return _reseal("calls in a queue", QueueEntry.id, QueueEntry.resume, [(one, old) for one, old, _ in sealed], again)


def _again(purpose: Purpose, old: str, what: str) -> str | None:
    return None if crypto.is_present(purpose, old) else crypto.reseal(purpose, old, what=what)


def _reseal(
    kind: str, key: InstrumentedAttribute[Any], column: InstrumentedAttribute[str], sealed: Iterable[tuple[Any, str]],
    again: Callable[[Any, str], str | None],
) -> Count:  # fmt: skip
    """Put a value that was sealed again into each row; `again` gives None where it need not be."""
    count = Count(kind)
    for row, old in sealed:
        try:
            new = again(row, old)
        except CannotOpen as error:
            count.failures.append(str(error))
            continue
        if new is None:
            count.kept += 1
            continue
        with database.writing() as session:
            same = update(column.class_).where(key == row, column == old).values({column: new})
            count.done += rows(session.execute(same.execution_options(synchronize_session=False)))
    return count


def _authenticator_apps() -> Count:
    count = Count("authenticator apps")
    with database.reading() as session:
        users = session.scalars(select(User.id).where(User.totp_secret.is_not(None)).order_by(User.id)).all()
    for user_id in users:
        try:
            with database.writing() as session:
                done = mfa.rewrap(session, session.get_one(User, user_id))
        except CannotOpen as error:
            count.failures.append(str(error))
        else:
            count.done, count.kept = count.done + done, count.kept + (not done)
    return count


def _recordings() -> Count:
    count = Count("recordings")
    for sid in list(audio_store.recordings()):
        try:
            done = audio_store.rotate(sid)
        except audio_store.Missing:
            continue  # deleted meanwhile
        except audio_store.Unreadable as error:
            count.failures.append(f"recording {sid}: {error}")
        else:
            count.done, count.kept = count.done + done, count.kept + (not done)
    return count
