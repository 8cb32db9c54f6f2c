"""Log-in by telephone: personal number and PIN, and the authenticator app's code at a telephone nobody knows.

Each personal number has a growing delay of its own, one for telephones that are known and one for all others: who
guesses at one person's PIN holds up nobody else, and a stranger not even that person at their own telephone.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.accounts import login_sessions, mfa, staff_telephones, users
from ivr.accounts.login_sessions import Delay
from ivr.models.accounts import User


class Later(Exception):
    """Too many wrong PINs were tried for this personal number; `seconds` until one is looked at again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


def log_in(
    session: Session,
    personal_number: str,
    pin: str,
    app_code: str,
    number: str | None,
    now: datetime,
    *,
    again: bool = False,
) -> User | None:
    """The active member of a personal number and PIN, who calls from `number` (E.164); None where they do not fit.

    At a telephone that is not known `app_code` has to fit as well. `again`: the carrier delivers the request of a
    log-in that was right; the code, which counts once, is not looked at.

    Raises:
        Later: whether they fit is not looked at.
        CannotOpen: the secret of the member's app cannot be opened here.
    """
    if again:
        return users.by_pin(session, personal_number, pin)
    is_known = number is not None and staff_telephones.is_known(session, personal_number, number)
    delay = Delay("telephone", personal_number) if is_known else Delay("unknown telephone", personal_number)
    if seconds := login_sessions.attempt(session, [delay], now):
        raise Later(seconds)
    user = users.by_pin(session, personal_number, pin)
    if user is None or not (is_known or _app_agrees(session, user, app_code, now)):
        return None
    login_sessions.succeeded(session, [delay])
    return user


def _app_agrees(session: Session, user: User, app_code: str, now: datetime) -> bool:
    if user.totp_confirmed_at is None:
        return False
    try:
        mfa.check_totp(session, user, app_code, now)
    except mfa.Wrong:
        return False
    return True
