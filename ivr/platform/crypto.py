"""Every key that is made from the secret key (setting `secret_key`), and what is sealed with such keys.

A key is derived for one purpose (HKDF-SHA256), so that a value sealed for one purpose cannot be used for another.
The present secret key seals; the former ones (setting `secret_key_previous`) still open. Before version 1 keys were
plain hashes of the purpose and the secret: values of that version 0 bear no version and can still be opened.
See docs/keys.md and docs/decisions.
"""

from __future__ import annotations

import base64
import hashlib
import time
from enum import StrEnum
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ivr.config.settings import settings

#: Version of the derivation that new values are made with.
PRESENT_VERSION = 1
#: What a sealed value of version 1 begins with. A value of version 0 never has a dot.
_MARK = "1."
_CONTEXT = "jobcenter-hotline/1/"


class Purpose(StrEnum):
    """What a key is for. The values are part of the derivation: a changed value is another key."""

    # Sealed, so that only this installation can read it.
    #: State of a call between two webhooks, in the address that the carrier asks next (see ivr.platform.bound_tokens).
    CALL_TOKENS = "call tokens"
    #: The same of the version before, and the address of a recording that its caller hears.
    CALL_STATE = "call state"
    #: Entries that wait on this host's disk for the database.
    SPOOL = "spool"
    #: Search words in the address of a page (deterministic, see ivr.platform.sealed_query).
    SEARCH_WORDS = "searches"
    #: The number or receipt code that an open request of a data subject is about.
    SUBJECT_REQUEST = "subject request"
    #: Forms that arrived after their sender's log-in had ended.
    KEPT_FORMS = "kept forms"
    #: Keys of former secrets that hashes in the database still need (see ivr.platform.former_keys).
    FORMER_KEYS = "former keys"

    # Signed, so that only this installation can make it.
    #: Cookies of the web pages and the tokens in their forms.
    WEB_SESSIONS = "web sessions"
    #: The menu of a team member who has logged in by telephone.
    AGENT_TOKENS = "agent tokens"
    #: Personal number and PIN, while the code of the authenticator app is keyed in.
    AGENT_PINS = "agent pins"
    #: Anchors and exports of the access log (Ed25519, anybody can check them).
    ACCESS_LOG = "access log"
    #: Line of the access log that says that older lines were deleted.
    TRIMMED = "trimmed"

    # Keyed hashes: only ever compared.
    #: Telephone numbers whose language is remembered, and whose tries of receipt codes are counted.
    KNOWN_CALLERS = "known callers"
    #: The carrier's ids of what was deleted here.
    DELETED = "deleted"
    #: What was erased at a person's wish, in the entries that are replayed after a restore.
    ERASED = "erased"
    #: Failed log-ins, counted by name and address.
    LOG_INS = "log-ins"
    #: Whether a password has changed between two steps of a log-in.
    PASSWORD = "password"  # noqa: S105
    #: Recovery codes of somebody who has lost their second factor.
    RECOVERY_CODES = "recovery codes"
    #: Secrets that a page shows once: links for a password, tokens of programs.
    SHOWN_ONCE = "shown once"
    #: What a synthetic call keys in to show that it is ours.
    SYNTHETIC_CALLS = "synthetic calls"
    #: Search words in the access log.
    SEARCH_LOG = "search log"
    #: Addresses whose requests are counted.
    LIMITS = "limits"
    #: The carrier's requests that have been counted, see ivr.platform.counted_once.
    COUNTED_REQUESTS = "counted requests"


class CannotOpen(ValueError):
    """A sealed value cannot be opened; `what` names the value, `why` the reason."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} cannot be opened: {why}")
        self.what = what
        self.why = why


class TooOld(CannotOpen):
    """A sealed value is genuine, but older than the caller accepts."""


#: The reason where no secret key at hand opens a value.
NO_KEY = (
    "it was changed, or sealed with a secret key that is not here "
    "(after SECRET_KEY was changed, the former one belongs into SECRET_KEY_PREVIOUS)"
)


def derive(purpose: Purpose, *, secret: str | None = None, version: int = PRESENT_VERSION, length: int = 32) -> bytes:
    """The key for a purpose: `length` bytes, from the present secret key unless another is given.

    Version 0 has 32 bytes (SHA-256) or 64 (SHA-512).
    """
    return _derive(purpose, settings().secret if secret is None else secret, version, length)


@lru_cache(maxsize=256)
def _derive(purpose: Purpose, secret: str, version: int, length: int) -> bytes:
    if version == 0:
        return hashlib.new({32: "sha256", 64: "sha512"}[length], f"{purpose}:{secret}".encode()).digest()
    if version == PRESENT_VERSION:
        info = f"{_CONTEXT}{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())
    raise ValueError(f"there is no version {version} of the derivation of keys")


def candidates(purpose: Purpose, *, length: int = 32) -> list[bytes]:
    """Keys under which a value of a purpose can have been made.

    The present one comes first, then those of former secret keys, then version 0 of all of them.
    """
    return [
        derive(purpose, secret=secret, version=version, length=length)
        for version in (PRESENT_VERSION, 0)
        for secret in settings().secrets
    ]


def signing_keys(purpose: Purpose) -> list[str]:
    """Keys for itsdangerous and Flask, the present one first. Version 0 was the secret key itself."""
    return [*(derive(purpose, secret=secret).hex() for secret in settings().secrets), *settings().secrets]


def seal(purpose: Purpose, data: bytes | str) -> str:
    """A token (letters, digits, `.`, `-`, `_`, `=`) that only this installation can make and read; it has the time."""
    return _MARK + _fernets(purpose, settings().secrets, PRESENT_VERSION).encrypt(_bytes(data)).decode()


def unseal(purpose: Purpose, token: str, max_age: int | None = None, *, what: str = "") -> bytes:
    """The content of a token, at most `max_age` seconds old; `what` names it in errors.

    Raises:
        TooOld: it is older.
        CannotOpen: it was changed, or was sealed with a secret key that is not here.
    """
    name = what or f"what was sealed for {purpose.value!r}"
    ours = _fernets(purpose, settings().secrets, version_of(token))
    try:
        encrypted = token.removeprefix(_MARK).encode("ascii")
        content, made_at = ours.decrypt(encrypted), ours.extract_timestamp(encrypted)
    except (InvalidToken, ValueError) as error:
        raise CannotOpen(name, NO_KEY) from error
    check_age(made_at, max_age, name)
    return content


def check_age(made_at: int, max_age: int | None, name: str) -> None:
    """Whether what was made at an instant (seconds) may be opened now, if it may be at most `max_age` seconds old.

    What was made in the future is opened: nobody but a host of ours can have made it, and who is on the line is not to
    be lost because the clock of one is wrong. It lives longer by as much.

    Raises:
        TooOld: it is older.
    """
    if max_age is not None and time.time() - made_at > max_age:
        raise TooOld(name, f"it is older than {max_age} seconds")


def is_present(purpose: Purpose, token: str) -> bool:
    """Whether a token was sealed with the present secret key and version, so that it need not be sealed again."""
    if version_of(token) != PRESENT_VERSION:
        return False
    try:
        _fernets(purpose, settings().secrets[:1], PRESENT_VERSION).decrypt(token.removeprefix(_MARK))
    except (InvalidToken, ValueError):
        return False
    return True


def reseal(purpose: Purpose, token: str, *, what: str = "") -> str:
    """A token with the same content and time, sealed with the present secret key.

    Raises:
        CannotOpen: as :func:`unseal`.
    """
    unseal(purpose, token, what=what)
    return _MARK + _rotating(purpose, settings().secrets).rotate(token.removeprefix(_MARK)).decode()


def version_of(token: str) -> int:
    """The version of the derivation that a token says it was sealed with."""
    return PRESENT_VERSION if token.startswith(_MARK) else 0


@lru_cache(maxsize=64)
def _fernets(purpose: Purpose, secrets: tuple[str, ...], version: int) -> MultiFernet:
    keys = (derive(purpose, secret=secret, version=version) for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


@lru_cache(maxsize=64)
def _rotating(purpose: Purpose, secrets: tuple[str, ...]) -> MultiFernet:
    keys = [derive(purpose, secret=one, version=version) for version in (PRESENT_VERSION, 0) for one in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data
