"""Puts the exchange together: ledger, switch, REST interface and handsets in one process."""

from __future__ import annotations

from flask import Flask

from ivr.config.settings import Settings
from ivr.local_carrier import rest_api, softphone_api
from ivr.local_carrier.call import Subscription
from ivr.local_carrier.store import Ledger
from ivr.local_carrier.switch import Switch
from ivr.local_carrier.webhooks import Webhooks


def create_switch(settings: Settings) -> Switch:
    """A switch whose one number is the hotline of these settings."""
    ledger = Ledger(settings.var_dir / "exchange")
    webhooks = {
        "voice_url": f"{settings.base_url}/voice/incoming",
        "fallback_url": f"{settings.base_url}/voice/fallback",
        "status_url": f"{settings.base_url}/voice/status",
    }
    # What `carrier configure` has set stays, for the house it was set for.
    kept = {name: url for name, url in ledger.number().items() if name in webhooks and url.startswith(webhooks[name])}
    subscription = Subscription(account_sid=settings.account_sid, number=settings.hotline_number, **webhooks | kept)
    return Switch(subscription, ledger, Webhooks(settings.auth_token))


def create_app(settings: Settings, switch: Switch | None = None) -> Flask:
    """The exchange's web application; never reachable but from this machine."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024
    switch = switch or create_switch(settings)
    app.register_blueprint(rest_api.blueprint(switch, settings.auth_token))
    app.register_blueprint(softphone_api.blueprint(switch))

    @app.get("/healthz")
    def healthz() -> str:
        return "alive"

    return app
