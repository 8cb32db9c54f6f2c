"""Log-in by the single sign-on of a provider (OpenID Connect).

Its libraries are imported where a provider is set only: they take a quarter of the time of all imports.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import oidc
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.config.settings import settings
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.web import forms
from ivr.web.addresses import own_address
from ivr.web.login import LoginAddress, let_in, login


def install(app: Flask) -> None:
    """Single sign-on for an application, where the settings name a provider."""
    configured = settings()
    if configured.sso_issuer:
        from authlib.integrations.flask_client import OAuth

        OAuth(app).register(
            "sso",
            server_metadata_url=f"{configured.sso_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=configured.sso_client_id,
            client_secret=configured.sso_client_secret,
            client_kwargs={"scope": configured.sso_scope, "code_challenge_method": "S256", "timeout": 10},
        )


@login.get("/login/sso")
def sso() -> AnyResponse:
    """To the provider of the single sign-on."""
    if not settings().sso_issuer:
        abort(404)
    from authlib.integrations.base_client import OAuthError
    from requests import RequestException

    session["wanted"] = own_address(forms.query(LoginAddress).next)
    try:
        answer: AnyResponse = _provider().authorize_redirect(f"{settings().base_url}{url_for('login.sso_back')}")
    except (RequestException, OAuthError, json.JSONDecodeError):
        flash(gettext("The single sign-on does not answer. Please try again, or log in with a password."), "warning")
        return redirect(url_for("login.page"))
    return answer


@login.get("/login/sso/back")
def sso_back() -> AnyResponse:
    """From the provider: who it is."""
    if not settings().sso_issuer:
        abort(404)
    try:
        token = _provider().authorize_access_token()
        claims = dict(token.get("userinfo") or {})
        if settings().sso_role_claim not in claims:
            claims = {**_provider().userinfo(token=token), **claims}
        with database.writing() as db:
            user = oidc.user_of(db, claims)
    except SQLAlchemyError:
        raise
    except Exception as refused:  # whatever the provider, or somebody in its place, has sent
        if isinstance(refused, oidc.NotMapped):
            _note_refused_sso(refused)
        flash(gettext("The single sign-on gives you no access here. Please ask your administrator."), "danger")
        return redirect(url_for("login.page"))
    return let_in(user, "single sign-on")


def _provider() -> Any:
    return current_app.extensions["authlib.integrations.flask_client"].sso


def _note_refused_sso(refused: Exception) -> None:
    with database.writing() as db:
        who = Actor("single sign-on", "program", None, request.remote_addr or "")
        access_log.append(db, who, AccessAction.LOG_IN_FAILED, utc_now(), detail=type(refused).__name__)
