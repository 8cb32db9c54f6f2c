"""The administrator's pages: people, programs, and the settings as they are. No callers' data."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import api_tokens, login_sessions, mfa, notices, second_factor_resets, users
from ivr.audit import access_log
from ivr.config.settings import Settings, settings
from ivr.contact_centre import agent_presence, offboarding
from ivr.domain.enums import AccessAction, AccountChange, Role
from ivr.domain.roles import ROLES
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import ApiToken, SecondFactorReset, Team, User
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Password, Tick, fixed, integer, line_of

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
        wishes = [(wish, second_factor_resets.may_confirm(session, wish, me(), utc_now()))
                  for wish in second_factor_resets.waiting(session, utc_now())]  # fmt: skip
        return render_template("people.html", people=everybody, teams=teams, roles=ROLES, second=second, wishes=wishes)


class PersonForm(forms.Form):
    """Somebody new."""

    problem = _("Please give a user name that is not taken, a name, and a password of at least 12 characters.")
    username: Annotated[str, line_of(80)]
    name: Annotated[str, line_of(120)]
    role: Annotated[str, fixed(ROLES)]
    password: Password
    team: tuple[str, ...] = ()


@administration.post("/people")
def add_person() -> AnyResponse:
    """Add a person."""
    page = url_for("administration.people")
    form, now = forms.read(PersonForm, page), utc_now()

    def change(session: Session) -> None:
        users.add(session, form.username, form.name, form.role, form.password, form.team, by=me().name)
        detail = f"made {form.username}, {form.role}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=detail)

    refusals: dict[type[Exception], str] = {ValueError: gettext(PersonForm.problem)}
    return act(change, page, form=form, done=gettext("The person is added."), refusals=refusals)


class ChangedPersonForm(forms.Form):
    """Another name, role and teams of a person; or that they no longer work here."""

    role: Annotated[str, fixed(ROLES)]
    name: Annotated[str, line_of(120)] = ""
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
        before = user.role, user.active, {team.id for team in user.scope}
        try:
            offboarding.change(
                session, user, name=name, role=Role(form.role), active=form.active, team_keys=form.team, now=now
            )
        except ValueError:
            abort(400)
        if (user.role, {team.id for team in user.scope}) != (before[0], before[2]):
            notices.tell(session, user, AccountChange.ROLE_CHANGED, me().name, now)
        if user.active != before[1]:
            notices.tell(session, user, AccountChange.ACTIVITY_CHANGED, me().name, now)
        what = f"{user.username}: {form.role}, {'active' if form.active else 'not active'}"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=what)

    return act(change, page, done=gettext("The person is changed."))


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
        made.append(api_tokens.new_token(session, form.name, now, days=form.days))
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, now, detail=f"made {form.name}")

    done = gettext("The token is made.")
    refused = act(change, page, form=form, done=done, refusals={ValueError: gettext(TokenForm.problem)})
    return _tokens_page(made=made[0], made_name=form.name) if made else refused


@administration.post("/programs/<int:token_id>/revoke")
def revoke_token(token_id: int) -> AnyResponse:
    """Make a token worthless."""

    def change(session: Session) -> None:
        token = session.get(ApiToken, token_id) or abort(404)
        api_tokens.revoke_token(session, token.name, utc_now())
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, utc_now(), detail=f"revoked {token.name}")

    return act(change, url_for("administration.tokens"), done=gettext("The token is revoked."))


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
