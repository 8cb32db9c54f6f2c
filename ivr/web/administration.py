"""The administrator's pages: people, programs, and the settings as they are. No callers' data."""

from __future__ import annotations

import secrets
from typing import Annotated

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import api_tokens, login_sessions, mfa, notices, password_links, second_factor_resets, users
from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, offboarding
from ivr.domain.enums import AccessAction, AccountChange, Role
from ivr.domain.roles import ROLES
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import ApiToken, SecondFactorReset, Team, User
from ivr.platform import database
from ivr.web import forms, sent_once
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Mail, Password, Tick, fixed, integer, line_of

administration = Blueprint("administration", __name__, url_prefix="/administration")


@administration.get("/people")
def people() -> str:
    """Everybody with a log-in."""
    return _people_page()


def _people_page(link: str | None = None, name: str = "") -> str:
    """`link`: the token of the link that was made for `name`; "": it is on its way by e-mail."""
    with database.reading() as session:
        everybody = session.scalars(select(User).order_by(User.active.desc(), User.name)).all()
        teams = session.scalars(select(Team).order_by(Team.name)).all()
        second = {user.id: mfa.has_any(session, user) for user in everybody}
        wishes = [(wish, second_factor_resets.may_confirm(session, wish, me(), utc_now()))
                  for wish in second_factor_resets.waiting(session, utc_now())]  # fmt: skip
        return render_template(
            "people.html", people=everybody, teams=teams, roles=ROLES, second=second, wishes=wishes,
            invited=password_links.invited_until(session, utc_now()), link=link, linked=name,
            site=settings().base_url,
        )  # fmt: skip


class PersonForm(forms.Form):
    """Somebody new."""

    problem = _(
        "Please give a user name and an e-mail address that are not taken, a name, and a password of at least 12 "
        "characters or none."
    )
    username: Annotated[str, line_of(80)]
    name: Annotated[str, line_of(120)]
    role: Annotated[str, fixed(ROLES)]
    email: Mail = ""
    password: Password = ""
    team: tuple[str, ...] = ()


@administration.post("/people")
def add_person() -> str | AnyResponse:
    """Add a person, who chooses a password with a link unless a first one is given."""
    page = url_for("administration.people")
    form, now, tokens = forms.read(PersonForm, page), utc_now(), []

    def change(session: Session) -> None:
        first = form.password or secrets.token_urlsafe(32)
        user = users.add(session, form.username, form.name, form.role, first, form.team, by=me().name)
        users.set_mail(session, user, form.email, now)
        if not form.password:
            token = sent_once.secret()
            tokens.append(password_links.invite(session, user, me().name, now, by_mail=True, token=token))
        detail = f"made {form.username}, {form.role}{'' if form.password else ', with a link'}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=detail)

    refusals: dict[type[Exception], str] = {ValueError: gettext(PersonForm.problem)}
    done = gettext("The person is added.")
    try:
        answer = act(change, page, form=form, done=done, refusals=refusals)
    except sent_once.SentBefore as before:
        return _link_again(form.name) or sent_once.said(before)
    return _with_link(answer, tokens, form.name)


def _link_again(name: str) -> str | None:
    """The page with the link that the same form has made a moment ago, unless the link was used or replaced."""
    token, now = sent_once.secret(), utc_now()
    with database.reading() as session:
        link = password_links.find(session, token, now)
        shown = link is not None and sent_once.is_shown_again(link.made_at, now)
    return _people_page(link=token, name=name) if shown else None


def _with_link(answer: AnyResponse, tokens: list[str], name: str) -> str | AnyResponse:
    """The answer; where a link was made, a page that shows it or says that it is on its way."""
    return _people_page(link=tokens[0], name=name) if tokens and not g.get("not_saved") else answer


@administration.post("/people/<int:user_id>/link")
def make_link(user_id: int) -> str | AnyResponse:
    """Make a link with which a person chooses a new password. Their present one is good until then."""
    now, tokens, names, page = utc_now(), list[str](), list[str](), url_for("administration.people")

    def change(session: Session) -> None:
        user = session.get(User, user_id) or abort(404)
        if user.sso_subject is not None or not user.active:
            abort(404)
        names.append(user.name)
        tokens.append(password_links.invite(session, user, me().name, now, by_mail=True))
        if not tokens[0]:  # it is on its way by e-mail
            sent_once.require_first(session, page)
        detail = f"{user.username}: link for a new password"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=detail)

    answer = act(change, page, done=gettext("The link is made."), once=False)
    return _with_link(answer, tokens, names[0] if names else "")


class ChangedPersonForm(forms.Form):
    """Another name, role and teams of a person; or that they no longer work here."""

    role: Annotated[str, fixed(ROLES)]
    name: Annotated[str, line_of(120)] = ""
    email: Mail = ""
    active: Tick = False
    team: tuple[str, ...] = ()


@administration.post("/people/<int:user_id>")
def change_person(user_id: int) -> AnyResponse:
    """Change a person's name, role and teams, or that they are active."""
    page = url_for("administration.people")
    form, now = forms.read(ChangedPersonForm, page), utc_now()
    if user_id == me().id and (not form.active or form.role != me().role):
        flash(gettext("You cannot take your own role away; ask another administrator."), "warning")
        return redirect(page)

    def change(session: Session) -> None:
        user = session.get(User, user_id) or abort(404)
        name = form.name or user.name
        before = user.role, user.active, set(user.scope_ids)
        try:
            offboarding.change(
                session, user, name=name, role=Role(form.role), active=form.active, team_keys=form.team, now=now
            )
        except ValueError:
            abort(400)
        users.set_mail(session, user, form.email, now, by=me().name)
        if (user.role, set(user.scope_ids)) != (before[0], before[2]):
            notices.tell(session, user, AccountChange.ROLE_CHANGED, me().name, now)
        if user.active != before[1]:
            notices.tell(session, user, AccountChange.ACTIVITY_CHANGED, me().name, now)
        what = f"{user.username}: {form.role}, {'active' if form.active else 'not active'}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=what)

    refusals: dict[type[Exception], str] = {
        ValueError: gettext("This is the address of somebody else."),
        offboarding.OnlyForTrying: gettext(
            "This log-in was made for trying and stays inactive. Please add the person anew."
        ),
    }
    return act(change, page, form=form, done=gettext("The person is changed."), refusals=refusals)


class FirstPasswordForm(forms.Form):
    """A new first password; `second_factor`: it is lost as well, and another administrator is asked to remove it."""

    problem = _("A password has at least 12 characters.")
    password: Password
    second_factor: Tick = False


@administration.post("/people/<int:user_id>/password")
def reset_password(user_id: int) -> AnyResponse:
    """Set a new first password for a person who has forgotten theirs.

    The removal of a lost second factor is asked for, which another administrator has to confirm.
    """
    page = url_for("administration.people")
    form, now = forms.read(FirstPasswordForm, page), utc_now()

    def change(session: Session) -> None:
        user = session.get(User, user_id) or abort(404)
        if user.sso_subject is not None:
            abort(404)  # the provider vouches for them
        users.set_password(session, user, form.password, now, by=me().name)
        if form.second_factor:
            second_factor_resets.ask(session, user, me(), now)
        what = f"{user.username}: new password{', removal of second factor asked for' if form.second_factor else ''}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=what)

    done = gettext("The new first password is set.")
    return act(change, page, done=done, refusals={ValueError: gettext(FirstPasswordForm.problem)})


@administration.post("/people/resets/<int:wish_id>/confirm")
def confirm_reset(wish_id: int) -> AnyResponse:
    """Confirm that somebody's second factors are removed. Who has asked for it cannot confirm it."""
    return _decide(wish_id, confirmed=True)


@administration.post("/people/resets/<int:wish_id>/refuse")
def refuse_reset(wish_id: int) -> AnyResponse:
    """Somebody's second factors stay."""
    return _decide(wish_id, confirmed=False)


def _decide(wish_id: int, *, confirmed: bool) -> AnyResponse:
    now = utc_now()

    def change(session: Session) -> None:
        wish = session.get(SecondFactorReset, wish_id)
        if wish is None or wish not in second_factor_resets.waiting(session, now):
            abort(404)
        second_factor_resets.decide(session, wish, me(), confirmed, now)
        what = f"{wish.user.username}: removal of second factor {'confirmed' if confirmed else 'refused'}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=what)

    needs_another = gettext("Another administrator, whose log-in was not changed by others this week, must confirm it.")
    page = url_for("administration.people")
    done = gettext("The second factors are removed.") if confirmed else gettext("The second factors stay.")
    return act(change, page, done=done, refusals={second_factor_resets.NeedsAnother: needs_another})


@administration.post("/people/<int:user_id>/log-out")
def log_out(user_id: int) -> AnyResponse:
    """Log a person out everywhere, for example because a laptop was stolen."""

    def change(session: Session) -> None:
        user = session.get(User, user_id) or abort(404)
        login_sessions.end_all(session, user.id, utc_now())
        agent_presence.left_browser(session, user, utc_now())
        access_log.append(session, actor(), AccessAction.USER_CHANGED, utc_now(), detail=f"{user.username}: logged out")

    return act(change, url_for("administration.people"), done=gettext("The person is logged out everywhere."))


@administration.get("/programs")
def tokens() -> str:
    """Programs that read the API."""
    return _tokens_page()


def _tokens_page(**made: str) -> str:
    with database.reading() as session:
        known = api_tokens.tokens(session)
        return render_template("tokens.html", tokens=known, scopes=api_tokens.SCOPES, now=utc_now(), **made)


class TokenForm(forms.Form):
    """A new token: whose, and for how many days."""

    problem = _("A token needs a name that is not taken, and lasts 1 to 730 days.")
    name: Annotated[str, line_of(80)]
    days: Annotated[int, integer(1, api_tokens.MOST_TOKEN_DAYS)]


@administration.post("/programs")
def add_token() -> str | AnyResponse:
    """Make a token, shown once.

    Without callers' data, which an administrator does not see (the operator makes others by command).
    """
    page = url_for("administration.tokens")
    form, now, made = forms.read(TokenForm, page), utc_now(), []

    def change(session: Session) -> None:
        made.append(api_tokens.new_token(session, form.name, now, days=form.days, token=sent_once.secret()))
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, now, detail=f"made {form.name}")

    done = gettext("The token is made.")
    try:
        refused = act(change, page, form=form, done=done, refusals={ValueError: gettext(TokenForm.problem)})
    except sent_once.SentBefore as before:
        return _token_again(form.name) or sent_once.said(before)
    return _tokens_page(made=made[0], made_name=form.name) if made else refused


def _token_again(name: str) -> str | None:
    """The page with the token that the same form has made a moment ago, unless it was revoked."""
    token, now = sent_once.secret(), utc_now()
    with database.reading() as session:
        found = api_tokens.token_of(session, token, now)
        shown = found is not None and sent_once.is_shown_again(found.created_at, now)
    return _tokens_page(made=token, made_name=name) if shown else None


@administration.post("/programs/<int:token_id>/revoke")
def revoke_token(token_id: int) -> AnyResponse:
    """Make a token worthless."""

    def change(session: Session) -> None:
        token = session.get(ApiToken, token_id) or abort(404)
        api_tokens.revoke_token(session, token.name, utc_now())
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, utc_now(), detail=f"revoked {token.name}")

    return act(change, url_for("administration.tokens"), done=gettext("The token is revoked."))
