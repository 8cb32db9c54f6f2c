"""Telephones the administrator knows: members log in from them by telephone with personal number and PIN alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from ivr.accounts import users
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.models.accounts import StaffTelephone, User

#: Digits that the beginning of a block of numbers has at least.
_SHORTEST_BLOCK = 7


def add(session: Session, number: str, username: str, place: str, now: datetime) -> StaffTelephone:
    """Add the telephone of a user, or of everybody (`username` is empty). A `*` behind it stands for a whole block.

    Raises:
        ValueError: it is no number, is one of the house, is known already, or there is no such user.
    """
    written = checked(number)
    owner = users.named(session, username) if username else None
    same = StaffTelephone.user_id == owner.id if owner else StaffTelephone.user_id.is_(None)
    if session.scalar(select(StaffTelephone.id).where(StaffTelephone.number == written, same)):
        raise ValueError(f"{written} is known already")
    telephone = StaffTelephone(number=written, user=owner, place=" ".join(place.split())[:120], added_at=now)
    session.add(telephone)
    return telephone


def checked(text: str) -> str:
    """A number in E.164, or a block of numbers with its `*`.

    Raises:
        ValueError: it is neither, or one of the house.
    """
    is_block, digits = text.strip().endswith("*"), text.strip().removesuffix("*")
    if is_block:
        plain = phone_numbers.plain(digits)
        if plain.startswith("0"):
            plain = f"+{plain[2:]}" if plain.startswith("00") else f"+{phone_numbers.HOME_COUNTRY}{plain[1:]}"
        if not plain.startswith("+") or len(plain) < _SHORTEST_BLOCK:
            raise ValueError(f"{text!r} is no block of numbers like +49421361*")
        return f"{plain}*"
    number = phone_numbers.dialable(digits)
    if number is None:
        raise ValueError(f"{text!r} is no telephone number that can be called")
    if settings().is_house_number(number):
        raise ValueError(f"{number} is shown for everybody, or is the hotline's own: nobody is known by it")
    return number


def remove(session: Session, telephone_id: int) -> StaffTelephone | None:
    """Forget a telephone; the one that was forgotten, if there was one."""
    telephone = session.get(StaffTelephone, telephone_id)
    if telephone is not None:
        session.delete(telephone)
    return telephone


def known(session: Session) -> Sequence[StaffTelephone]:
    """All telephones that are known, by number."""
    return session.scalars(select(StaffTelephone).order_by(StaffTelephone.number, StaffTelephone.id)).all()


def is_known(session: Session, personal_number: str, number: str) -> bool:
    """Whether a telephone (E.164) is everybody's, or that of the member with a personal number."""
    owner = select(User.id).where(User.personal_number == personal_number)
    whose = or_(StaffTelephone.user_id.is_(None), StaffTelephone.user_id == owner.scalar_subquery())
    return session.scalar(_with_number(number).where(whose)) is not None


def is_one(session: Session, number: str) -> bool:
    """Whether a number (E.164) is that of a telephone that is known, whosever it is."""
    return session.scalar(_with_number(number)) is not None


def _with_number(number: str) -> Select[int]:
    blocks = [f"{number[:length]}*" for length in range(_SHORTEST_BLOCK, len(number) + 1)]
    return select(StaffTelephone.id).where(StaffTelephone.number.in_([number, *blocks])).limit(1)
