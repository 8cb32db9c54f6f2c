"""Secret keys for tests in which they are changed, and the change itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.config import settings as configuration
from ivr.platform import former_keys

#: Two of them, strong enough for production.
FIRST, SECOND, THIRD = (f"{number}-of-the-secrets-0123456789abcdef" for number in ("first", "second", "third"))

#: Sets the present secret key and the former ones, as a restart with other settings does.
Change = Callable[..., None]


def changer(monkeypatch: pytest.MonkeyPatch) -> Change:
    """A change of the secret key in the environment of a test."""

    def change(present: str, *former: str) -> None:
        monkeypatch.setenv("SECRET_KEY", present)
        monkeypatch.setenv("SECRET_KEY_PREVIOUS", ",".join(former))
        configuration.settings.cache_clear()
        former_keys.forget_read()

    return change
