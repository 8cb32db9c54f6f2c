"""What the side bar and the top bar of the desk tell: how many tasks each view holds, and one's own state."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import queries
from ivr.contact_centre import agent_presence
from ivr.domain.enums import PresenceState
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms, shared_views
from ivr.web.addresses import asked_by_the_page
from ivr.web.authorisation import me
from ivr.web.form_fields import Line

side_bar = Blueprint("side_bar", __name__, url_prefix="/desk")

#: Seconds for which the counts of one person are told again: many pages ask, and counting reads an index.
_FRESH = 2.0
#: People whose counts are kept.
_MOST = 1000


@dataclass(frozen=True)
class Told:
    """What the bars tell one person: tasks by view, the state of their presence, and a mark of both."""

    counts: dict[str, int]
    presence: str

    def number(self, view: str) -> str:
        """How many tasks a view holds; of very many only that they are more."""
        count = self.counts.get(view)
        if count is None:
            return "–"
        return str(count) if count < queries.MOST_COUNTED else f"{queries.MOST_COUNTED - 1}+"

    @property
    def version(self) -> str:
        """Changes with everything that is told."""
        return "-".join((self.presence, *(str(count) for count in self.counts.values())))


#: Where nothing could be counted.
_NOTHING = Told({}, PresenceState.OFFLINE)


def count(session: Session, user: User) -> Told:
    """Count, and keep what was counted for the next seconds."""
    return _told(session, user, queries.counts(session, user, utc_now()))


def _told(session: Session, user: User, counts: dict[str, int]) -> Told:
    made = Told(counts, agent_presence.read_presence(session, user.id, utc_now()).state)
    if len(_kept()) > _MOST:
        _kept().clear()
    _kept()[user.id] = (time.monotonic(), made)
    return made


def _counted_before_the_view() -> None:
    """Count before a page's view opens its session: a page holds one connection at a time.

    A list counts in its own session. What cannot be counted is not shown; a page that says so has bars too.
    """
    if request.method != "GET" or asked_by_the_page() or request.endpoint == "desk.queue" or not _serves():
        return
    with suppress(SQLAlchemyError):
        _fresh(current_user.user)


def _fresh(user: User) -> Told:
    """What was counted; some seconds old at the most."""
    found = _kept().get(user.id)
    if found is not None and time.monotonic() - found[0] < _FRESH:
        return found[1]
    alike = shared_views.of_teams("counts", user, ["team"], lambda: _count_alike(user))
    with database.reading() as session:
        own = queries.counts(session, user, utc_now(), queries.OF_ONE_PERSON)
        return _told(session, user, {view: {**alike, **own}[view] for view in queries.VIEWS})


def _count_alike(user: User) -> dict[str, int]:
    """What the views hold that are the same for all who see these teams."""
    views = [view for view in queries.VIEWS if view not in queries.OF_ONE_PERSON]
    with database.reading() as session:
        return queries.counts(session, user, utc_now(), views)


def _forget(answer: Response) -> Response:
    """Whoever has sent a form has perhaps changed a count."""
    if request.method == "POST" and current_user.is_authenticated:
        _kept().pop(current_user.user.id, None)
    return answer


def _kept() -> dict[int, tuple[float, Told]]:
    found: dict[int, tuple[float, Told]] = current_app.extensions["side_bar"]
    return found


class SideAddress(forms.Form):
    """The version of the bar that a page shows already."""

    seen: Line = ""


@side_bar.get("/side")
def views() -> str | AnyResponse:
    """The views with their counts, asked for by every open page; 204 while they would look the same."""
    if _fresh(me()).version == forms.query(SideAddress).seen:
        return Response(status=204)
    return render_template("_views.html")


def _serves() -> bool:
    return current_user.is_authenticated and current_user.user.role in SERVING


def _of_this_page() -> Told:
    """For the templates, of somebody who serves tasks: what was counted last. Nothing is asked of the database here."""
    found = _kept().get(current_user.user.id)
    return found[1] if found is not None else _NOTHING


def install(app: Flask) -> None:
    """Let the templates ask."""
    app.extensions["side_bar"] = {}
    app.before_request(_counted_before_the_view)
    app.after_request(_forget)
    app.jinja_env.globals.update(bars=_of_this_page)
