"""Who is logged in, and for how long; and how long who guesses has to wait.

A log-in ends after 30 idle minutes, and when the person logs out, everywhere. The browser has a random token, the
database its hash: a copied cookie is worth nothing after that.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Connection, and_, case, delete, or_, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from ivr.config.settings import settings
from ivr.domain.networks import place_of
from ivr.domain.timestamps import CLOCKS_DIFFER
from ivr.models.accounts import LogIn, LogInDelay, User, team_members, team_supervisors
from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import is_keyed_hash, keyed_hash, keyed_hashes

IDLE = timedelta(minutes=30)
#: A log-in is written down as used at most so often.
_USED_EVERY = timedelta(seconds=30)
#: Failures after which one has to wait, the first wait, and the longest: for a name at one address (or a second
#: factor), and for a name wherever it is tried from.
_STRICT = (5, timedelta(seconds=30), timedelta(hours=1))
_LOOSE = (30, timedelta(seconds=30), timedelta(minutes=15))
#: Failures are forgotten after so long.
_FORGOTTEN = timedelta(hours=24)
#: What lies further in the future was written while a clock was wrong.
_CLOCK = CLOCKS_DIFFER
#: For so long an address from which somebody has logged in is known to be theirs; and ended log-ins are kept.
KEPT = timedelta(days=30)


def begin(session: Session, user: User, address: str, now: datetime) -> str:
    """Log somebody in; gives the token for the browser."""
    token = secrets.token_urlsafe(32)
    session.add(LogIn(user_id=user.id, token_hash=hash_of(token), address=address[:64], started_at=now, used_at=now))
    return token


@cache
def _with_teams() -> ORMOption:
    """One statement: every request of every open page asks for it."""
    return joinedload(LogIn.user).options(joinedload(User.teams), joinedload(User.supervised))


def find(session: Session, token: str, now: datetime) -> LogIn | None:
    """The log-in of a token, unless it has ended, was idle too long, or its user is not active."""
    lately = (LogIn.used_at > now - IDLE, LogIn.used_at <= now + _CLOCK)
    query = select(LogIn).where(LogIn.token_hash == hash_of(token), LogIn.ended_at.is_(None), *lately)
    found = session.scalars(query.options(_with_teams())).unique().one_or_none()
    if found is None or not found.user.active or (found.user.demo and not settings().local):
        return None
    return found


@dataclass(frozen=True)
class Standing:
    """A log-in that counts (the hash of its token), and what its user may see."""

    log_in: str
    user_id: int
    role: str
    teams: frozenset[int]


def standing(session: Session, log_ins: Collection[str], now: datetime) -> Sequence[Standing]:
    """Of log-ins, by the hashes of their tokens, those that :func:`find` would find."""
    lately = (LogIn.used_at > now - IDLE, LogIn.used_at <= now + _CLOCK)
    found = session.execute(
        select(LogIn.token_hash, User.id, User.role)
        .join(User, User.id == LogIn.user_id)
        .where(LogIn.token_hash.in_(log_ins), LogIn.ended_at.is_(None), *lately)
        .where(User.active.is_(True), *(() if settings().local else (User.demo.is_(False),)))
    ).all()
    teams: dict[int, set[int]] = {user_id: set() for _, user_id, _ in found}
    supervise = [user_id for _, user_id, role in found if role == "supervisor"]
    for table, users in ((team_members, list(teams)), (team_supervisors, supervise)):
        of_users = select(table.c.user_id, table.c.team_id).where(table.c.user_id.in_(users))
        for user_id, team_id in session.execute(of_users):
            teams[user_id].add(team_id)
    return [Standing(log_in, user_id, role, frozenset(teams[user_id])) for log_in, user_id, role in found]


def holder(session: Session, token: str) -> int | None:
    """The id of the user whose log-in a token is, or was; None for an unknown token."""
    return session.scalar(select(LogIn.user_id).where(LogIn.token_hash == hash_of(token))) if token else None


def wants_use(log_in: LogIn, now: datetime) -> bool:
    """Whether that it is used now has to be written down."""
    return log_in.used_at < now - _USED_EVERY


def used(session: Session | Connection, log_in_id: int, now: datetime) -> None:
    """The person has done something."""
    session.execute(
        update(LogIn).where(LogIn.id == log_in_id, LogIn.ended_at.is_(None), LogIn.used_at < now).values(used_at=now)
    )


def end_all(session: Session, user_id: int, now: datetime) -> None:
    """Log somebody out everywhere."""
    session.execute(update(LogIn).where(LogIn.user_id == user_id, LogIn.ended_at.is_(None)).values(ended_at=now))


def end(session: Session, token: str, now: datetime) -> None:
    """Log somebody out in one browser."""
    session.execute(
        update(LogIn).where(LogIn.token_hash == hash_of(token), LogIn.ended_at.is_(None)).values(ended_at=now)
    )


def forget(session: Session, now: datetime) -> None:
    """Delete log-ins and failures that mean nothing any more."""
    session.execute(delete(LogIn).where(LogIn.started_at < now - KEPT, LogIn.used_at < now - IDLE))
    session.execute(delete(LogInDelay).where(LogInDelay.failed_at < now - _FORGOTTEN))


# -- failures ---------------------------------------------------------------------------------------


class Delay:
    """Failures that are counted together; `strict` after five, otherwise after thirty."""

    def __init__(self, domain: str, *parts: str, strict: bool = True) -> None:
        # Lengths first: no two lists of parts read alike.
        what = "".join(f"{len(part)}:{part}" for part in (domain, *parts))
        self.keys = keyed_hashes(Purpose.LOG_INS, what)
        #: Failures are counted under this one; the others are of former secret keys.
        self.key = self.keys[0]
        self.limits = _STRICT if strict else _LOOSE


def of_log_in(session: Session, username: str, address: str, now: datetime, device: str = "") -> list[Delay]:
    """What a log-in is counted against.

    From a browser in which they have logged in before (`device`), the name and this browser alone: nobody can lock
    them out from elsewhere, nor from the next desk. Otherwise the name at this address; and the name from everywhere,
    unless its owner has been at this address before.
    """
    name = username.strip().casefold()[:80]
    return _counted(session, "log-in", name, User.username == username, address, now, device)


def of_second_factor(session: Session, user: User, address: str, now: datetime, device: str = "") -> list[Delay]:
    """What a second factor is counted against: as :func:`of_log_in`."""
    return _counted(session, "second factor", str(user.id), User.id == user.id, address, now, device)


def _counted(
    session: Session, what: str, name: str, who: ColumnElement[bool], address: str, now: datetime, device: str
) -> list[Delay]:
    if device:
        return [Delay(f"{what} in a known browser", name, device)]
    place, lately = place_of(address), (LogIn.started_at > now - KEPT, LogIn.started_at <= now + _CLOCK)
    known = session.scalars(select(LogIn.address).join(User, User.id == LogIn.user_id).where(who, *lately).distinct())
    delays = [Delay(what, name, place)]
    if place not in map(place_of, known):
        delays.append(Delay(f"{what} from everywhere", name, strict=False))
    return delays


def seconds_to_wait(session: Session, delays: Iterable[Delay], now: datetime) -> int:
    """For how long nothing is tried; 0 when it may be."""
    keys = [key for delay in delays for key in delay.keys]
    until = session.scalars(select(LogInDelay.until_at).where(LogInDelay.key_hash.in_(keys))).all()
    latest = now + _STRICT[2] + _CLOCK  # nobody waits for longer, whatever the clock was when it was written
    return max((int((one - now).total_seconds()) + 1 for one in until if now < one <= latest), default=0)


def attempt(session: Session, delays: Sequence[Delay], now: datetime) -> int:
    """Count a try before it is looked at, so that many at once are no way around.

    Gives the seconds to wait, and then it is not to be looked at. Call :func:`succeeded` when it was right.
    """
    if wait := seconds_to_wait(session, delays, now):
        return wait
    together = session.begin_nested()
    until = max((_count(session, delay, now) for delay in sorted(delays, key=lambda one: one.key)), default=now)
    if until > now:  # others have come first
        together.rollback()
        return int((until - now).total_seconds()) + 1
    together.commit()
    session.expire_all()
    return 0


def _count(session: Session, delay: Delay, now: datetime) -> datetime:
    """Count a try unless one has to wait; the row is held from then on. Gives until when one had to wait."""
    before = _take_over(session, delay, now)
    new = insert(session.get_bind().dialect, LogInDelay).values(
        key_hash=delay.key, failures=before + 1, failed_at=now, until_at=now
    )
    latest = now + _STRICT[2] + _CLOCK
    waits = and_(LogInDelay.until_at > now, LogInDelay.until_at <= latest)
    forgotten = or_(LogInDelay.failed_at <= now - _FORGOTTEN, LogInDelay.failed_at > now + _CLOCK)
    counted = new.on_conflict_do_update(
        index_elements=[LogInDelay.key_hash],
        set_={"failures": case((waits, LogInDelay.failures), (forgotten, before + 1),
                             else_=LogInDelay.failures + before + 1),
              "until_at": case((LogInDelay.until_at > latest, now), else_=LogInDelay.until_at),
              "failed_at": now},
    )  # fmt: skip
    failures, until = session.execute(counted.returning(LogInDelay.failures, LogInDelay.until_at)).one()
    free, first, longest = delay.limits
    if until <= now and failures >= free:
        later = now + min(first * 2 ** min(failures - free, 20), longest)
        mine = update(LogInDelay).where(LogInDelay.key_hash == delay.key)
        session.execute(mine.values(until_at=later).execution_options(synchronize_session=False))
    return until


def _take_over(session: Session, delay: Delay, now: datetime) -> int:
    """Failures counted under the keys of former secret keys, so that a change of the key is no new start.

    They count on under the present key.
    """
    former = LogInDelay.key_hash.in_(delay.keys[1:])
    counted = session.scalars(select(LogInDelay.failures).where(former, LogInDelay.failed_at > now - _FORGOTTEN)).all()
    if counted:
        session.execute(delete(LogInDelay).where(former).execution_options(synchronize_session=False))
    return max(counted, default=0)


def succeeded(session: Session, delays: Iterable[Delay]) -> None:
    """It was right: the failures before count no more."""
    keys = [key for delay in delays for key in delay.keys]
    session.execute(delete(LogInDelay).where(LogInDelay.key_hash.in_(keys)))


def fingerprint(user: User) -> str:
    """Changes with the password: what was begun with the old one is not finished with the new one."""
    return keyed_hash(Purpose.PASSWORD, user.password_hash)[:16]


def has_fingerprint(user: User, stated: str) -> bool:
    """Whether a fingerprint was made of somebody's present password."""
    return is_keyed_hash(Purpose.PASSWORD, user.password_hash, stated)


def hash_of(token: str) -> str:
    """What the database holds of a log-in's token."""
    return hashlib.sha256(token.encode()).hexdigest()
