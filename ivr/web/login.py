"""Log-in in one or two steps, log-out, and the language of the interface."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext, lazy_gettext, ngettext
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import login_sessions, mfa, notices, users
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence
from ivr.domain.enums import AccessAction
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import AccountNotice, User
from ivr.platform import database
from ivr.platform.crypto import CannotOpen
from ivr.web import forms, kept_forms, known_devices
from ivr.web.addresses import asked_by_the_page, own_address
from ivr.web.form_fields import OneTimeCode, Password, line_of

log = logging.getLogger(__name__)
login = Blueprint("login", __name__)
manager = LoginManager()
manager.login_view = "login.page"
manager.login_message = lazy_gettext("Please log in.")
manager.session_protection = "strong"

INTERFACE_LANGUAGES = ("de", "en")
#: Between the two steps of a log-in.
_PATIENCE = timedelta(minutes=5)


class Person(UserMixin):
    """The logged-in user, as Flask-Login wants it."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self._token = token

    def get_id(self) -> str:
        """What the session cookie remembers: the log-in's token."""
        return self._token


def _load(token: str) -> Person | None:
    now = utc_now()
    with database.reading() as db:
        found = login_sessions.find(db, token, now)
    if found is None:
        return None
    if login_sessions.wants_use(found, now) and not asked_by_the_page():
        with suppress(SQLAlchemyError), database.noting() as connection:  # the next click will do
            login_sessions.used(connection, found.id, now)
    return Person(found.user, token)


manager.user_loader(_load)


def know_nobody() -> None:
    """Do not ask the database again, in this request, who is logged in: it did not answer. Nobody is, as far as known.

    Every page asks for it, that of an error too.
    """
    if "_login_user" not in g:  # where Flask-Login keeps who it has found
        g._login_user = manager.anonymous_user()


def install(app: Flask) -> None:
    """Log-in for an application."""
    manager.init_app(app)


class LoginForm(forms.Form):
    """User name and password."""

    username: Annotated[str, line_of(200)]
    password: Password


class LoginAddress(forms.Form):
    """Where to go after the log-in."""

    next: str = ""


@login.route("/login", methods=["GET", "POST"])
def page() -> str | AnyResponse:
    """The log-in page."""
    if request.method == "GET":
        return _login_page()
    form = forms.read(LoginForm, request.full_path)
    now, address = utc_now(), request.remote_addr or ""
    username = form.username
    with database.writing() as db:
        named = db.query(User).filter_by(username=username).one_or_none()
        delays = login_sessions.of_log_in(db, username, address, now, known_devices.number_of(named))
        wait = login_sessions.attempt(db, delays, now)
    with database.reading() as db:
        user = users.authenticate(db, username, form.password) if not wait else None
        second = user is not None and mfa.has_any(db, user)
    if user is None:
        if not wait:
            _note_failure(username, now)
        flash(wait_sentence(wait) if wait else gettext("User name or password is wrong."), "danger")
        answer = make_response(_login_page(username), 429 if wait else 401)
        if wait:
            answer.headers["Retry-After"] = str(wait)
        return answer
    with database.writing() as db:
        login_sessions.succeeded(db, delays)
    if second:
        session["half"] = {"user": user.id, "at": now.timestamp(), "with": login_sessions.fingerprint(user)}
        return redirect(url_for("login.second_factor", next=own_address(forms.query(LoginAddress).next)))
    return let_in(user)


def _login_page(username: str = "") -> str:
    configured = settings()
    return render_template(
        "login.html", username=username, sso=bool(configured.sso_issuer), by_mail=bool(configured.smtp_url)
    )


def _note_failure(username: str, now: Any) -> None:
    with database.writing() as db:
        known = db.query(User).filter_by(username=username).one_or_none()
        # Of an unknown name too, which takes as long; the name itself may be a password.
        nobody = Actor("unknown", "nobody", None, request.remote_addr or "")
        access_log.append(db, as_actor(known) if known else nobody, AccessAction.LOG_IN_FAILED, now)


@login.route("/login/second-factor", methods=["GET", "POST"])
def second_factor() -> str | AnyResponse | tuple[str, int]:
    """The second step: a code of the app, a security key, or a recovery code."""
    user = _half_in()
    if user is None:
        return redirect(url_for("login.page"))
    now, status = utc_now(), 200
    if request.method == "POST":
        with database.writing() as db:
            device = known_devices.number_of(user)
            delays = login_sessions.of_second_factor(db, user, request.remote_addr or "", now, device)
            wait = login_sessions.attempt(db, delays, now)
        try:
            fits = not wait and _second_factor_fits(user, now)
        except CannotOpen as error:
            return _cannot_open(user, error)
        if fits:
            with database.writing() as db:
                login_sessions.succeeded(db, delays)
            return let_in(user)
        if not wait:
            with database.writing() as db:
                access_log.append(db, as_actor(user), AccessAction.LOG_IN_FAILED, now, detail="second factor")
        flash(wait_sentence(wait) if wait else gettext("This code or key is wrong, or was used already."), "danger")
        status = 429 if wait else 401
    return _second_factor_page(user), status


def _second_factor_page(user: User) -> str:
    with database.reading() as db:
        keys = mfa.keys_of(db, user)
    return render_template("second_factor.html", totp=user.totp_confirmed_at is not None, keys=bool(keys))


def _cannot_open(user: User, error: CannotOpen) -> tuple[str, int]:
    log.error("%s", error)
    flash(
        gettext(
            "The secret of your authenticator app cannot be opened: a key is missing here. Please tell the operator "
            "(AUDIO_MASTER_KEYS), and use a security key or a recovery code until then."
        ),
        "danger",
    )
    return _second_factor_page(user), 503


class SecondFactorForm(forms.Form):
    """A second factor: what a security key has signed (JSON), a recovery code, or the code of an app."""

    key: Password = ""
    recovery_code: Password = ""
    code: OneTimeCode = ""


def _second_factor_fits(user: User, now: Any) -> bool:
    form = forms.read(SecondFactorForm)
    try:
        with database.writing() as db:
            known = db.get_one(User, user.id)
            if form.key:
                challenge = session.pop("challenge", "")
                mfa.check_key(db, known, form.key, challenge, *site_and_origin(), now)
            elif form.recovery_code:
                mfa.check_recovery_code(db, known, form.recovery_code)
            elif known.totp_confirmed_at is None:
                return False
            else:
                mfa.check_totp(db, known, form.code, now)
    except mfa.Wrong:
        return False
    return True


@login.post("/login/key")
def key_options() -> Response:
    """What the browser asks the security key for."""
    user = _half_in() or abort(404)
    with database.reading() as db:
        options, session["challenge"] = mfa.authentication(db, user, site_and_origin()[0])
    return jsonify(options)


def site_and_origin() -> tuple[str, str]:
    """The host name that security keys are for, and the origin they are used from."""
    base = settings().public_base_url or request.host_url
    parts = urlsplit(base)
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}"


def _half_in() -> User | None:
    half = session.get("half") or {}
    if not half or utc_now().timestamp() - half.get("at", 0) > _PATIENCE.total_seconds():
        return None
    with database.reading() as db:
        user = db.get(User, half.get("user"))
        return user if user and user.active and login_sessions.has_fingerprint(user, half.get("with", "")) else None


def as_actor(user: User) -> Actor:
    """A user, as the access log names them."""
    return Actor(user.name, user.role, user.id, request.remote_addr or "")


def let_in(user: User, how: str = "") -> AnyResponse:
    """Log a user in and send them on; `how` stands in the access log."""
    now, language_chosen = utc_now(), session.get("language")
    with database.writing() as db:
        token = login_sessions.begin(db, user, request.remote_addr or "", now)
        access_log.append(db, as_actor(user), AccessAction.LOG_IN, now, detail=how)
        news = notices.unread(db, user.id)
    target = own_address(session.pop("wanted", None) or forms.query(LoginAddress).next)
    kept_forms.remember_token()
    session.clear()
    if language_chosen:
        session["language"] = language_chosen
    login_user(Person(user, token))
    kept_forms.sign(user)
    for notice in news:
        flash(_told(notice), "warning")
    if kept_forms.waiting():
        target = url_for("kept.page")
    answer = redirect(target if kept_forms.can_be_opened(target) else first_page(user))
    known_devices.remember(answer, user)
    return answer


def _told(notice: AccountNotice) -> str:
    """What somebody else has changed about a log-in, as its owner is told."""
    from ivr.web import template_helpers, words

    sentence: str = gettext(
        "%(at)s, %(who)s: %(what)s. If you did not ask for this, tell your data protection officer.",
        at=template_helpers.moment(notice.at), who=notice.by_name, what=words.TABLES["account_changes"][notice.change],
    )  # fmt: skip
    return sentence


def wait_sentence(seconds: int) -> str:
    """For how long somebody has to wait who has tried too often."""
    minutes = -(-seconds // 60)
    return str(
        ngettext(
            "Too many attempts. Please try again in a minute.",
            "Too many attempts. Please try again in %(num)d minutes.",
            minutes,
        )
    )


@login.post("/logout")
def out() -> AnyResponse:
    """Log out, everywhere."""
    if current_user.is_authenticated:
        user, now = current_user.user, utc_now()
        with database.writing_alone() as db:
            login_sessions.end_all(db, user.id, now)
            agent_presence.left_browser(db, user, now)
            access_log.append(db, as_actor(user), AccessAction.LOG_OUT, now)
    logout_user()
    session.pop("half", None)
    return redirect(url_for("login.page"))


class LanguageForm(forms.Form):
    """The language of the interface, and the page to go back to."""

    language: str = ""
    next: str = ""


@login.post("/language")
def language() -> AnyResponse:
    """Choose the language of the interface."""
    form = forms.read(LanguageForm)
    if form.language in INTERFACE_LANGUAGES:
        session["language"] = form.language
    return redirect(own_address(form.next) or url_for("home"))


def chosen_language() -> str:
    """German, unless the person chose otherwise."""
    return str(session.get("language", "de"))


def first_page(user: User) -> str:
    """Where somebody's work begins."""
    if user.role in SERVING:
        return url_for("desk.queue")
    return url_for("administration.people" if user.role == "administrator" else "protection.page")
