"""Who may open which door: before every request of a blueprint."""

from __future__ import annotations

from flask import abort, request
from flask_login import current_user
from werkzeug.wrappers import Response

from ivr.models import User
from ivr.web import login


def me() -> User:
    """Who is logged in."""
    user: User = current_user.user
    return user


def people_only() -> Response | None:
    """Whoever has not logged in does so first. No keyboard has the character NUL, and PostgreSQL keeps none."""
    if any("\0" in value for _, value in request.values.items(multi=True)):
        abort(400)
    if current_user.is_authenticated:
        return None
    answer: Response = login.manager.unauthorized()
    return answer


def supervisors_only() -> Response | None:
    """For members there is nothing here."""
    if (answer := people_only()) is not None:
        return answer
    if me().role != "supervisor":
        abort(404)
    return None
