"""Assembles the local carrier: store, switch, REST interface and softphones in one process."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from flask import Flask, Response

from ivr.config.settings import Settings
from ivr.domain.enums import CarrierName
from ivr.local_carrier import (
    clients_api,
    incoming_texts,
    own_number,
    rest_account,
    rest_api,
    rest_messages,
    rest_products,
    rest_recordings,
    rest_telnyx,
    scripted_calls_api,
    softphone_api,
)
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.call import Subscription
from ivr.local_carrier.dialects import DIALECTS, TWILIO, Paths
from ivr.local_carrier.store import Store
from ivr.local_carrier.switch import Switch
from ivr.local_carrier.webhooks import Webhooks


def create_switch(settings: Settings) -> Switch:
    """A switch whose only number is the hotline of these settings."""
    store = Store(settings.var_dir / settings.exchange_directory)
    webhooks = {
        "voice_url": f"{settings.calls_url}/voice/incoming",
        "fallback_url": f"{settings.base_url}/voice/fallback",
        "status_url": f"{settings.calls_url}/voice/status",
        "text_url": f"{settings.calls_url}/voice/text/incoming",
    }
    # The webhooks that `carrier configure` has set are kept, if they belong to this installation.
    kept = {name: url for name, url in store.number().items() if name in webhooks and url.startswith(webhooks[name])}
    subscription = Subscription(account_sid=settings.account_sid, number=settings.hotline_number, **webhooks | kept)
    dialect = DIALECTS[settings.carrier]
    tokens = AuthTokens(settings.auth_token, settings.twilio_secondary_auth_token)
    key = tokens.primary if dialect is TWILIO else settings.local_signing_key
    webhooks_of = Webhooks(key, dialect, settings.calls_url, _nearer(settings))
    switch = Switch(subscription, store, webhooks_of, dialect, tokens, settings.exchange_number)
    switch.telephones[subscription.number] = own_number.telephone(switch)
    switch.sends_texts = settings.has_carrier
    return switch


def _nearer(settings: Settings) -> tuple[str, ...]:
    """Where the processes `voice` and `web` of this host answer, where the exchange is no stand-in for a carrier."""
    if settings.has_carrier:
        return ()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    with suppress(ValueError):
        host = "127.0.0.1" if ipaddress.ip_address(settings.host).is_unspecified else host
    return tuple(f"http://{host}:{port}" for port in (settings.calls_port, settings.port))


def create_app(settings: Settings, switch: Switch | None = None) -> Flask:
    """The local carrier's web application. It must be reachable from this machine only."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024
    switch = switch or create_switch(settings)
    app.extensions["switch"] = switch
    app.extensions["softphones"] = softphone_api.Softphones()
    account_sid = switch.subscription.account_sid
    authenticate = rest_api.authentication(switch)
    app.register_error_handler(404, rest_api.missing)
    app.register_blueprint(rest_api.blueprint(account_sid, authenticate))
    app.register_blueprint(rest_products.blueprint(authenticate))

    @app.get(f"/2010-04-01/Accounts/{account_sid}.json")
    def account() -> Response:
        return authenticate() or rest_account.show_account()

    app.register_blueprint(clients_api.pages)
    if settings.local:  # whoever reaches them can ring the hotline, and answer for anybody
        app.register_blueprint(softphone_api.pages)
        app.register_blueprint(scripted_calls_api.pages)
        app.register_blueprint(incoming_texts.pages)

    app.wsgi_app = Paths(app.wsgi_app, switch.dialect)  # type: ignore[method-assign]

    if switch.dialect.name == CarrierName.TELNYX:  # recordings and text messages are at addresses of their own
        app.register_blueprint(rest_telnyx.blueprint(authenticate))
        app.add_url_rule("/media/<sid>.wav", view_func=rest_recordings.media)
        app.add_url_rule(
            "/v2/messages", view_func=lambda: authenticate() or rest_messages.create_by_json(), methods=["POST"]
        )

    @app.get("/healthz")
    def healthz() -> str:
        return "alive"

    return app
