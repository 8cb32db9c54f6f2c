"""Searches among callers' data are written down: that, by whom and for what kind of thing, but not for whom."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.audit import access_log, access_reports
from ivr.domain.digits import is_digits
from ivr.domain.receipt_codes import is_code
from ivr.domain.search_terms import asked
from ivr.domain.text_folding import prepared
from ivr.platform import database
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash
from ivr.web.authorisation import actor, me

#: The same search again, as when a page refreshes itself, is not written down again for so long.
_AGAIN = timedelta(minutes=5)


def note(words: str, now: datetime) -> None:
    """Somebody searches.

    The words are kept as a keyed hash: the same search is known again, whose it was about is not.
    """
    digits = "".join(letter for letter in prepared(words) if is_digits(letter))
    kind = "code" if asked(words).is_number and is_code(digits) else "number" if len(digits) > 4 else "words"
    detail = f"{kind} {keyed_hash(Purpose.SEARCH_LOG, words.casefold())[:12]}"
    with database.reading() as session:
        if access_reports.searched_recently(session, me().id, detail, now - _AGAIN):
            return
    with database.writing() as session:
        append(session, detail, now)


def append(session: Session, detail: str, now: datetime) -> None:
    """Write a search down."""
    access_log.append(session, actor(), "search", now, detail=detail)
