"""Checks permissions before every request of the web process (the table is :mod:`ivr.domain.permissions`)."""

from __future__ import annotations

from flask import Flask, abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ivr.accounts import mfa, users
from ivr.audit.access_log import Actor
from ivr.domain.permissions import ANYBODY, CARRIER, PROGRAM, permission_of
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import addresses, forms, kept_forms, login

#: What somebody may do whose password was set by somebody else: change it.
_WITH_ANOTHERS_PASSWORD = ("account.page", "account.password")


def me() -> User:
    """The user who is logged in."""
    user: User = current_user.user
    return user


def actor() -> Actor:
    """The user who is logged in, as the access log names them."""
    return login.as_actor(me())


def install_guard(app: Flask) -> None:
    """Guard every route of an application.

    Endpoints of the carrier and of API clients are guarded in their own blueprints.
    """

    @app.before_request
    def guard() -> Response | None:
        if request.endpoint is None:
            return None  # there is no such page, or not with this verb
        permission = permission_of(request.endpoint)
        if permission is None:
            abort(404)
        if CARRIER in permission.who:
            return None
        if not forms.has_only_printable_input():
            abort(400)
        if "\0" in request.path:
            abort(404)
        if permission.who & {ANYBODY, PROGRAM}:
            return None
        if not current_user.is_authenticated:
            if request.method == "GET" and addresses.asked_by_the_page():
                return Response(status=401)  # the page says so; what stands in it stays
            if request.method != "GET":  # the form is sent again after the log-in; its address shows no page
                return redirect(url_for("login.page", next=kept_forms.keep() or None))
            answer: Response = login.manager.unauthorized()
            return answer
        if me().role not in permission.who:
            abort(404)
        if request.endpoint not in _WITH_ANOTHERS_PASSWORD and users.must_change_password(me()):
            kept_forms.keep()
            return redirect(url_for("account.page"))
        if not request.endpoint.startswith("account.") and _lacks_second_factor():
            kept_forms.keep()
            return redirect(url_for("account.page"))
        return None


def _lacks_second_factor() -> bool:
    if not mfa.required_of(me()) or me().totp_confirmed_at is not None:
        return False
    with database.reading() as session:
        return not mfa.has_any(session, me())
