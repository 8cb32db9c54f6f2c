"""What the side bar and the top bar of the desk tell: how many tasks each view holds, and one's own state."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import queries
from ivr.contact_centre import agent_presence
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms
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
        count = self.counts[view]
        return str(count) if count < queries.MOST_COUNTED else f"{queries.MOST_COUNTED - 1}+"

    @property
    def version(self) -> str:
        """Changes with everything that is told."""
        return "-".join((self.presence, *(str(count) for count in self.counts.values())))


def told(user: User) -> Told:
    """What the bars tell a person who serves tasks; some seconds old at the most."""
    found = _kept().get(user.id)
    if found is not None and time.monotonic() - found[0] < _FRESH and request.method == "GET":
        return found[1]
    with database.reading() as session:
        now = utc_now()
        made = Told(queries.counts(session, user, now), agent_presence.read_presence(session, user.id, now).state)
    keep(user, made)
    return made


def keep(user: User, made: Told) -> None:
    """Tell this for the next seconds."""
    if len(_kept()) > _MOST:
        _kept().clear()
    _kept()[user.id] = (time.monotonic(), made)


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
    if told(me()).version == forms.query(SideAddress).seen:
        return Response(status=204)
    return render_template("_views.html")


def _of_this_page() -> Told | None:
    """For the templates: nothing for who is not logged in or serves no tasks."""
    if not current_user.is_authenticated or current_user.user.role not in SERVING:
        return None
    return told(current_user.user)


def install(app: Flask) -> None:
    """Let the templates ask."""
    app.extensions["side_bar"] = {}
    app.after_request(_forget)
    app.jinja_env.globals.update(bars=_of_this_page)
