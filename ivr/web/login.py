"""Log-in, log-out and the language of the interface."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext, lazy_gettext
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from ivr import database, users
from ivr.models import User

login = Blueprint("login", __name__)
manager = LoginManager()
manager.login_view = "login.page"
manager.login_message = lazy_gettext("Please log in.")
manager.session_protection = "strong"

INTERFACE_LANGUAGES = ("de", "en")


class Person(UserMixin):
    """The logged-in user, as Flask-Login wants it."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """What the session cookie remembers."""
        return str(self.user.id)


def _load(user_id: str) -> Person | None:
    with database.reading() as db:
        user = db.get(User, int(user_id)) if user_id.isdigit() else None
    return Person(user) if user and user.active else None


manager.user_loader(_load)


class LoginForm(FlaskForm):
    """User name and password."""

    username = StringField(lazy_gettext("User name"), validators=[DataRequired()])
    password = PasswordField(lazy_gettext("Password"), validators=[DataRequired()])


@login.route("/login", methods=["GET", "POST"])
def page() -> str | Response | tuple[str, int]:
    """The log-in page."""
    form = LoginForm()
    if form.validate_on_submit():
        with database.reading() as db:
            user = users.authenticate(db, form.username.data, form.password.data)
        if user:
            login_user(Person(user))
            return redirect(_own_page(request.args.get("next")))
        flash(gettext("User name or password is wrong."), "danger")
        return render_template("login.html", form=form), 401
    return render_template("login.html", form=form)


@login.post("/logout")
def out() -> Response:
    """Log out."""
    logout_user()
    return redirect(url_for("login.page"))


@login.post("/language")
def language() -> Response:
    """Choose the language of the interface."""
    if request.form.get("language") in INTERFACE_LANGUAGES:
        session["language"] = request.form["language"]
    return redirect(_own_page(request.form.get("next")))


def chosen_language() -> str:
    """German, unless the person chose otherwise."""
    return str(session.get("language", "de"))


def _own_page(target: str | None) -> str:
    # Never redirect to another site.
    if target and target.startswith("/") and not target.startswith("//") and "\\" not in target:
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("desk.queue")
