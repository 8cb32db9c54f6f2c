"""Keyed hashes: what is only ever compared is kept so that nobody without the house's secret can tell what it was."""

from __future__ import annotations

import hashlib
import hmac

from ivr.config.settings import settings


def keyed_hash(purpose: str, text: str) -> str:
    """HMAC-SHA256 (hex) of a text with a key of its own for each purpose, made from the house's secret."""
    key = hashlib.sha256(f"{purpose}:{settings().secret}".encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
