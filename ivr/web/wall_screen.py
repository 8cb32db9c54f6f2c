"""The page for a screen on the wall: a few large figures of each of one's teams, and nobody's name.

A log-in ends after half an hour in which nobody does anything; a screen on the wall has to go on. Whoever sets one up
gives its browser a right of its own: a signed cookie for these figures and nothing else, while their own log-in there
ends. The screen shows the teams that its person has now, and ends when they lose their account or their password
changes, when somebody ends it on the screen, and after half a year.
"""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.accounts import login_sessions
from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.contact_centre import wallboard
from ivr.domain.enums import AccessAction
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import crypto, database, timed_signatures
from ivr.platform.crypto import Purpose
from ivr.web import forms
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Tick

wall = Blueprint("wall", __name__, url_prefix="/desk/wall")

_COOKIE, _PATH = "hotline-wall", "/desk/wall/screen"
#: Seconds for which a screen goes on.
_SECONDS = 180 * 24 * 3600


class WallAddress(forms.Form):
    """Whether only the figures are asked for, by the page itself."""

    part: Tick = False


@wall.get("")
def page() -> str:
    """The figures of now, for who is logged in; the page asks for them anew by itself."""
    with database.reading() as db:
        return _page(db, me(), "wall.page", is_screen=False)


def _page(db: Session, user: User, endpoint: str, *, is_screen: bool) -> str:
    now = utc_now()
    template = "_wall.html" if forms.query(WallAddress).part else "wall.html"
    boards = wallboard.of_teams(db, user.scope, now)
    return render_template(template, boards=boards, now=now, address=url_for(endpoint, part=1), is_screen=is_screen)


@wall.post("/screen")
def keep() -> Response:
    """Let this browser be a screen from now on; the log-in in it ends."""
    now, signed = utc_now(), _signer().dumps([me().id, login_sessions.fingerprint(me())])
    with database.writing() as db:
        access_log.append(db, actor(), AccessAction.LOG_IN, now, detail="a screen on the wall")
        login_sessions.end(db, str(current_user.get_id()), now)
    logout_user()
    session.clear()
    answer = redirect(url_for("wall.screen"))
    answer.set_cookie(
        _COOKIE, str(signed), max_age=_SECONDS, path=_PATH, httponly=True, samesite="Strict",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )  # fmt: skip
    return answer


@wall.get("/screen")
def screen() -> str | Response:
    """The figures of now, for a screen that was set up."""
    with database.reading() as db:
        user = _person(db)
        if user is not None:
            return _page(db, user, "wall.screen", is_screen=True)
    if forms.query(WallAddress).part:
        abort(401)
    return redirect(url_for("login.page", next=url_for("wall.page")))


@wall.post("/screen/end")
def end() -> Response:
    """This browser is no screen any more."""
    answer = redirect(url_for("login.page"))
    answer.delete_cookie(_COOKIE, path=_PATH)
    return answer


def _signer() -> URLSafeTimedSerializer:
    return timed_signatures.serializer(crypto.signing_keys(Purpose.WEB_SESSIONS)[::-1], "screen on the wall")


def _person(db: Session) -> User | None:
    """Who has set this screen up, if they may still see what it shows."""
    try:
        user_id, stated = _signer().loads(request.cookies.get(_COOKIE, ""), max_age=_SECONDS)
        user = db.get(User, int(user_id))
    except (BadSignature, TypeError, ValueError):
        return None
    if user is None or not user.active or user.role not in SERVING or (user.demo and not settings().local):
        return None
    return user if login_sessions.has_fingerprint(user, str(stated)) else None
