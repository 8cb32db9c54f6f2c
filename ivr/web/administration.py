"""The administrator's pages: people, programs, and the settings as they are. No callers' data."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import api_tokens, login_sessions, mfa, users
from ivr.audit import access_log
from ivr.config.settings import Settings, settings
from ivr.contact_centre import offboarding
from ivr.domain.roles import ROLES
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import ApiToken, Team, User
from ivr.platform import database
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import whole

administration = Blueprint("administration", __name__, url_prefix="/administration")

#: Settings that are secrets, or hold one: shown as set or not.
_SECRET = ("secret", "token", "key", "password", "url", "smtp")


@administration.get("/people")
def people() -> str:
    """Everybody with a log-in."""
    with database.reading() as session:
        everybody = session.scalars(select(User).order_by(User.active.desc(), User.name)).all()
        teams = session.scalars(select(Team).order_by(Team.name)).all()
        second = {user.id: mfa.has_any(session, user) for user in everybody}
        return render_template("people.html", people=everybody, teams=teams, roles=ROLES, second=second)


@administration.post("/people")
def add_person() -> AnyResponse:
    """Somebody new."""
    form, now = request.form, utc_now()
    username, name, role = form.get("username", "").strip()[:80], form.get("name", "").strip()[:120], _role()
    try:
        if not username or not name:
            raise ValueError
        with database.writing() as session:
            users.add(session, username, name, role, form.get("password", ""), form.getlist("team"))
            access_log.append(session, actor(), "user_changed", now, detail=f"made {username}, {role}")
    except ValueError:
        flash(
            gettext("Please give a user name that is not taken, a name, and a password of at least 12 characters."),
            "warning",
        )
    else:
        flash(gettext("Saved."), "success")
    return redirect(url_for("administration.people"))


def _role() -> str:
    role = request.form.get("role", "")
    return role if role in ROLES else abort(400)


@administration.post("/people/<int(max=2147483647):user_id>")
def change_person(user_id: int) -> AnyResponse:
    """Another name, role, teams; or no longer active."""
    form, now, role = request.form, utc_now(), _role()
    active = form.get("active") == "1"
    if user_id == me().id and (not active or role != me().role):
        flash(gettext("You cannot take your own role away; ask another administrator."), "warning")
        return redirect(url_for("administration.people"))
    try:
        with database.writing() as session:
            user = session.get(User, user_id) or abort(404)
            name = form.get("name", "").strip()[:120] or user.name
            offboarding.change(
                session, user, name=name, role=role, active=active, team_keys=form.getlist("team"), now=now
            )
            what = f"{user.username}: {role}, {'active' if active else 'not active'}"
            access_log.append(session, actor(), "user_changed", now, detail=what)
    except ValueError:
        abort(400)
    flash(gettext("Saved."), "success")
    return redirect(url_for("administration.people"))


@administration.post("/people/<int(max=2147483647):user_id>/password")
def reset_password(user_id: int) -> AnyResponse:
    """A new first password for somebody who has forgotten theirs; a lost second factor may go with it."""
    now = utc_now()
    try:
        with database.writing() as session:
            user = session.get(User, user_id) or abort(404)
            if user.sso_subject is not None:
                abort(404)  # the provider vouches for them
            users.set_password(session, user, request.form.get("password", ""), now)
            lost = request.form.get("second_factor") == "1"
            if lost:
                mfa.remove_all(session, user)
            what = f"{user.username}: new password{', second factor removed' if lost else ''}"
            access_log.append(session, actor(), "user_changed", now, detail=what)
    except ValueError:
        flash(gettext("A password has at least 12 characters."), "warning")
    else:
        flash(gettext("Saved."), "success")
    return redirect(url_for("administration.people"))


@administration.post("/people/<int(max=2147483647):user_id>/log-out")
def log_out(user_id: int) -> AnyResponse:
    """Log somebody out everywhere, for example because a laptop was stolen."""
    with database.writing() as session:
        user = session.get(User, user_id) or abort(404)
        login_sessions.end_all(session, user.id, utc_now())
        access_log.append(session, actor(), "user_changed", utc_now(), detail=f"{user.username}: logged out")
    flash(gettext("Saved."), "success")
    return redirect(url_for("administration.people"))


@administration.get("/programs")
def tokens() -> str:
    """Programs that read the interface."""
    with database.reading() as session:
        return render_template(
            "tokens.html", tokens=api_tokens.tokens(session), scopes=api_tokens.SCOPES, now=utc_now()
        )


@administration.post("/programs")
def add_token() -> str | AnyResponse:
    """A new token, shown once; without callers' data, which an administrator does not see (the operator makes others by
    command)."""
    form, now = request.form, utc_now()
    name = form.get("name", "").strip()
    try:
        with database.writing() as session:
            token = api_tokens.new_token(session, name, now, days=form.get("days", 0, whole))
            access_log.append(session, actor(), "token_changed", now, detail=f"made {name}")
    except ValueError:
        flash(gettext("A token needs a name that is not taken, and lasts 1 to 730 days."), "warning")
        return redirect(url_for("administration.tokens"))
    with database.reading() as session:
        return render_template(
            "tokens.html",
            tokens=api_tokens.tokens(session),
            scopes=api_tokens.SCOPES,
            now=now,
            made=token,
            made_name=name,
        )


@administration.post("/programs/<int(max=2147483647):token_id>/revoke")
def revoke_token(token_id: int) -> AnyResponse:
    """Make a token worthless."""
    with database.writing() as session:
        token = session.get(ApiToken, token_id) or abort(404)
        api_tokens.revoke_token(session, token.name, utc_now())
        access_log.append(session, actor(), "token_changed", utc_now(), detail=f"revoked {token.name}")
    flash(gettext("Saved."), "success")
    return redirect(url_for("administration.tokens"))


@administration.get("/settings")
def configuration() -> str:
    """The settings as this process has read them; of secrets only whether they are set."""
    shown = [(name, _shown(name)) for name in Settings.model_fields]
    return render_template("settings.html", shown=shown)


def _shown(name: str) -> str:
    value: Any = getattr(settings(), name)
    if any(part in name for part in _SECRET) and isinstance(value, str):
        return str(gettext("set") if value else gettext("not set"))
    if name in ("alerts", "interpreters", "report_mails"):  # hold addresses of people
        return str(len(value))
    return "–" if value in (None, "") else str(value)
