"""Choosing a password with a link, and asking for one when the password is forgotten."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import login_sessions, password_links, users
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.config.settings import settings
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.web import forms, login
from ivr.web.form_fields import Mail, Password

links = Blueprint("links", __name__)


class ForgottenForm(forms.Form):
    """The address to which a link is sent."""

    email: Mail


@links.get("/login/forgotten")
def forgotten() -> str:
    """The page on which somebody says that they have forgotten their password."""
    if not settings().smtp_url:
        abort(404)
    return render_template("forgotten.html")


@links.post("/login/forgotten")
def send_link() -> str | AnyResponse:
    """Send a link, if the address is somebody's. The answer is the same if it is nobody's."""
    if not settings().smtp_url:
        abort(404)
    form, now, address = forms.read(ForgottenForm, url_for("links.forgotten")), utc_now(), request.remote_addr or ""
    delays = [
        login_sessions.Delay("forgotten password", form.email),
        login_sessions.Delay("forgotten password from", address, strict=False),
    ]
    with database.writing() as session:
        wait = login_sessions.attempt(session, delays, now)
        if not wait:
            user = password_links.forgotten(session, form.email, now)
            who = login.as_actor(user) if user else Actor("unknown", "nobody", None, address)
            access_log.append(session, who, AccessAction.USER_CHANGED, now, detail="asked for a link: password")
    if wait:
        flash(login.wait_sentence(wait), "danger")
        answer = make_response(render_template("forgotten.html"), 429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    flash(
        gettext(
            "If this address belongs to a log-in, a link is on its way to it. It can be used for 30 minutes. If no "
            "e-mail comes, please ask your administrator."
        ),
        "success",
    )
    return redirect(url_for("login.page"))


class ChosenForm(forms.Form):
    """The password that somebody has chosen."""

    new: Password


@links.get("/login/link/<token>")
def page(token: str) -> AnyResponse:
    """The page on which somebody chooses a password. Looking at it does not use the link."""
    with database.reading() as session:
        link = password_links.find(session, token, utc_now())
    return _not_passed_on(render_template("password_link.html", link=link, token=token), 200 if link else 410)


@links.post("/login/link/<token>")
def choose(token: str) -> AnyResponse:
    """Set the password that somebody has chosen, once. Logging in with it needs the second factor as before."""
    here = url_for("links.page", token=token)
    form, now = forms.read(ChosenForm, here), utc_now()
    try:
        with database.writing() as session:
            user = password_links.use(session, token, form.new, now)
            detail = "own password, with a link"
            access_log.append(session, login.as_actor(user), AccessAction.USER_CHANGED, now, detail=detail)
    except password_links.NoLink:
        return redirect(here)
    except ValueError:
        flash(
            ngettext("A password has at least %(num)d character.", "A password has at least %(num)d characters.",
                     users.SHORTEST_PASSWORD), "warning",
        )  # fmt: skip
        return redirect(here)
    flash(gettext("The password is set. Please log in with it."), "success")
    return redirect(url_for("login.page"))


def _not_passed_on(page: str, status: int) -> AnyResponse:
    """An answer whose address no other page is told."""
    answer = make_response(page, status)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
