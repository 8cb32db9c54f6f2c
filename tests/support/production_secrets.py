"""What production has to be given, as environment and as configuration."""

from __future__ import annotations

import secrets

from ivr.domain import master_keys

MASTER_KEY = master_keys.new("one")
SECRET = secrets.token_hex(32)
TOKEN = secrets.token_hex(16)
PRODUCTION = {
    "SECRET_KEY": SECRET, "AUDIO_MASTER_KEYS": MASTER_KEY, "TRUSTED_PROXIES": "1", "TWILIO_AUTH_TOKEN": TOKEN,
}  # fmt: skip
TOML = (
    f"secret_key = '{SECRET}'\naudio_master_keys = '{MASTER_KEY}'\ntrusted_proxies = 1\ntwilio_auth_token = '{TOKEN}'\n"
)
