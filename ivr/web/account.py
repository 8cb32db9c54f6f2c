"""One's own log-in: password, second factors, recovery codes."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, session, url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import login_sessions, mfa, notices, users
from ivr.audit import access_log
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Id, Mail, OneTimeCode, Password, line_of, one_of
from ivr.web.login import site_and_origin

account = Blueprint("account", __name__, url_prefix="/account")


@account.get("/")
def page() -> str:
    """What protects my log-in."""
    with database.reading() as db:
        user = db.get_one(User, me().id)
        return render_template(
            "account.html", user=user, keys=mfa.keys_of(db, user), wanted=mfa.required_of(user)
            and not mfa.has_any(db, user), codes_left=mfa.recovery_codes_left(db, user),
            must_change=users.must_change_password(user), notices=notices.latest(db, user.id),
        )  # fmt: skip


class PresentPasswordForm(forms.Form):
    """The present password, which is asked for again before a log-in is changed."""

    present: Password = ""


class PasswordForm(PresentPasswordForm):
    """The present password and a new one."""

    new: Password = ""


@account.post("/password")
def password() -> AnyResponse:
    """A new password; I am logged out everywhere."""
    form, now = forms.read(PasswordForm), utc_now()
    delay = login_sessions.Delay("own password", str(me().id))
    with database.writing() as db:
        wait = login_sessions.attempt(db, [delay], now)
    if wait or not users.password_fits(me(), form.present):
        flash(gettext("The present password is wrong, or was wrong too often."), "danger")
        return redirect(url_for("account.page"))
    try:
        with database.writing() as db:
            login_sessions.succeeded(db, [delay])
            user = db.get_one(User, me().id)
            users.set_password(db, user, form.new, now)
            access_log.append(db, actor(), AccessAction.USER_CHANGED, now, detail="own password")
    except ValueError:
        flash(
            ngettext("A password has at least %(num)d character.", "A password has at least %(num)d characters.",
                     users.SHORTEST_PASSWORD), "warning",
        )  # fmt: skip
        return redirect(url_for("account.page"))
    flash(gettext("Saved. Please log in with the new password."), "success")
    return redirect(url_for("login.page"))


class ChoicesForm(forms.Form):
    """What one chooses for one's desk, in all browsers: sound and notification, and keys of single letters."""

    alerts: Annotated[str, one_of(("", "on", "off"))] = ""
    single_keys: Annotated[str, one_of(("", "on", "off"))] = ""


@account.post("/choices")
def choices() -> Response:
    """Keep what I have chosen; sent by the switches themselves."""
    form = forms.read(ChoicesForm, url_for("account.page"))
    with database.writing() as db:
        user = db.get_one(User, me().id)
        user.alerts = form.alerts == "on" if form.alerts else user.alerts
        user.single_keys = form.single_keys == "on" if form.single_keys else user.single_keys
    return Response(status=204)


class ReadForm(forms.Form):
    """The newest notice that was on the page."""

    last: Id


@account.post("/notices")
def read_notices() -> AnyResponse:
    """I have read what others have changed about my log-in."""
    form = forms.read(ReadForm, url_for("account.page"))
    with database.writing() as db:
        notices.read(db, me().id, form.last, utc_now())
    return redirect(url_for("account.page"))


class MailForm(PresentPasswordForm):
    """Another e-mail address, or none."""

    email: Mail = ""


@account.post("/mail")
def change_mail() -> AnyResponse:
    """Another e-mail address of mine."""
    page, now = url_for("account.page"), utc_now()
    form = forms.read(MailForm, page)
    if not _knows_password():
        return redirect(page)

    def change(db: Session) -> None:
        users.set_mail(db, db.get_one(User, me().id), form.email, now)
        access_log.append(db, actor(), AccessAction.USER_CHANGED, now, detail="own e-mail address")

    taken = gettext("This is the address of somebody else.")
    return act(change, page, form=form, done=gettext("The e-mail address is changed."), refusals={ValueError: taken})


class PinForm(PresentPasswordForm):
    """A new PIN for the number for team members."""

    problem = _("A PIN has 4 to 8 digits.")
    pin: Annotated[str, line_of(8)] = ""


@account.post("/pin")
def change_pin() -> AnyResponse:
    """A PIN of my own, for the personal number that I have."""
    page = url_for("account.page")
    form = forms.read(PinForm, page)
    if me().personal_number is None or not _knows_password():
        return redirect(page)

    def change(db: Session) -> None:
        users.check_pin(form.pin)
        users.set_pin(db, me().username, me().personal_number or "", form.pin)
        access_log.append(db, actor(), AccessAction.USER_CHANGED, utc_now(), detail="own PIN")

    return act(change, page, done=gettext("The new PIN is saved."), refusals={ValueError: gettext(PinForm.problem)})


def _knows_password() -> bool:
    """A second factor is changed only by who knows the password: an unattended browser is not enough."""
    if me().sso_subject is not None:
        return True
    now, delay = utc_now(), login_sessions.Delay("own password", str(me().id))
    with database.writing() as db:
        wait = login_sessions.attempt(db, [delay], now)
    if not wait and users.password_fits(me(), forms.read(PresentPasswordForm).present):
        with database.writing() as db:
            login_sessions.succeeded(db, [delay])
        return True
    flash(gettext("Please type your present password to change this."), "warning")
    return False


@account.post("/app")
def propose_app() -> str | AnyResponse:
    """An authenticator app: show what it has to scan."""
    if not _knows_password():
        return redirect(url_for("account.page"))
    with database.writing() as db:
        user = db.get_one(User, me().id)
        if user.totp_confirmed_at is not None:
            return redirect(url_for("account.page"))
        secret = mfa.propose_totp(user)
    return render_template("second_factor_app.html", secret=secret, qr=mfa.qr_code(mfa.totp_uri(me(), secret)))


class CodeForm(forms.Form):
    """The code that an authenticator app shows."""

    code: OneTimeCode = ""


@account.post("/app/confirm")
def confirm_app() -> str | AnyResponse:
    """The app works: show the recovery codes, once."""
    delay, now = login_sessions.Delay("second factor", str(me().id)), utc_now()
    try:
        with database.writing() as db:
            wait = login_sessions.attempt(db, [delay], now)
        with database.writing() as db:
            user = db.get_one(User, me().id)
            if user.totp_confirmed_at is not None or wait:
                if not wait:  # a double click: the codes stood in the answer that nobody has seen
                    flash(
                        gettext("The app is set up. If you have not seen your recovery codes, make new ones."), "info"
                    )
                return redirect(url_for("account.page"))
            login_sessions.succeeded(db, [delay])
            codes = mfa.confirm_totp(db, user, forms.read(CodeForm).code, now)
            access_log.append(db, actor(), AccessAction.USER_CHANGED, now, detail="own second factor: app")
    except mfa.Wrong:
        flash(gettext("The code does not fit. Please scan again and type the new code."), "danger")
        return redirect(url_for("account.page"))
    return render_template("recovery_codes.html", codes=codes)


@account.post("/app/remove")
def remove_app() -> AnyResponse:
    """The app counts no more."""
    if _knows_password():
        with database.writing() as db:
            mfa.remove_totp(db.get_one(User, me().id))
            access_log.append(
                db, actor(), AccessAction.USER_CHANGED, utc_now(), detail="own second factor: app removed"
            )
    return redirect(url_for("account.page"))


@account.post("/codes")
def new_codes() -> str | AnyResponse:
    """New recovery codes."""
    if not _knows_password():
        return redirect(url_for("account.page"))
    with database.writing() as db:
        codes = mfa.new_recovery_codes(db, db.get_one(User, me().id), utc_now())
        access_log.append(db, actor(), AccessAction.USER_CHANGED, utc_now(), detail="own recovery codes")
    return render_template("recovery_codes.html", codes=codes)


@account.post("/key/options")
def key_options() -> Response:
    """What the browser asks a new security key for."""
    with database.reading() as db:
        options, session["challenge"] = mfa.registration(db, me(), site_and_origin()[0])
    return jsonify(options)


class KeyForm(forms.Form):
    """A security key: its name, and what the browser has made of the challenge (JSON)."""

    name: Annotated[str, line_of(60)] = ""
    key: Password = ""


@account.post("/key")
def add_key() -> str | AnyResponse:
    """A new security key."""
    form, now = forms.read(KeyForm, url_for("account.page")), utc_now()
    challenge = session.pop("challenge", "")
    if not _knows_password():
        return redirect(url_for("account.page"))
    try:
        with database.writing() as db:
            user = db.get_one(User, me().id)
            first = not mfa.recovery_codes_left(db, user)
            mfa.register(db, user, form.name, form.key, challenge, *site_and_origin(), now)
            codes = mfa.new_recovery_codes(db, user, now) if first else []
            access_log.append(db, actor(), AccessAction.USER_CHANGED, now, detail="own second factor: security key")
    except mfa.Wrong:
        flash(gettext("The security key could not be added. Please try again."), "danger")
        return redirect(url_for("account.page"))
    if codes:
        return render_template("recovery_codes.html", codes=codes)
    flash(gettext("The security key is added."), "success")
    return redirect(url_for("account.page"))


@account.post("/key/<int:key_id>/remove")
def remove_key(key_id: int) -> AnyResponse:
    """A security key counts no more."""
    if _knows_password():
        with database.writing() as db:
            mfa.remove_key(db, me(), key_id)
            access_log.append(
                db, actor(), AccessAction.USER_CHANGED, utc_now(), detail="own second factor: security key removed"
            )
    return redirect(url_for("account.page"))
