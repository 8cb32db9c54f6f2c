"""Addresses of our webhooks, as the carrier is told them."""

from __future__ import annotations

from urllib.parse import urlencode

from ivr.config.settings import settings

#: Carrier: a webhook that fails is not asked again unless its URL wants it; fragments are not part of the signature.
AGAIN = "#rc=3&rp=ct,rt,5xx"


def voice_url(path: str, **query: str | int) -> str:
    """Address of a webhook under /voice, asked again when it fails."""
    return f"{settings().base_url}/voice{path}" + (f"?{urlencode(query)}" if query else "") + AGAIN


def leg_url(path: str, leg_id: int, **query: str | int) -> str:
    """Address of a webhook of one leg."""
    return voice_url(f"/leg{path}", leg=leg_id, **query)
