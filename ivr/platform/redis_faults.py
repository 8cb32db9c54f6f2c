"""Tells what an error of Redis means, and what mends it: it may answer, and refuse all the same."""

from __future__ import annotations

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

_LOGIN = ("refuses the log-in", "See that user and password of REDIS_URL are right, and what this user may do there.")
#: The first kind that fits counts.
_KNOWN: tuple[tuple[type[RedisError], tuple[str, str]], ...] = (
    (AuthenticationError, _LOGIN),
    (AuthorizationError, _LOGIN),
    (NoPermissionError, _LOGIN),
    (BusyLoadingError, ("is still reading its file", "Wait: it does so after a start.")),
    (
        OutOfMemoryError,
        ("takes no jobs: its memory is full", "Raise `maxmemory` there, or see which other program fills it."),
    ),
    (
        ReadOnlyError,
        (
            "takes no jobs: it is a replica that can only be read",
            "Let REDIS_URL name the primary, or promote this one.",
        ),
    ),
)
_AWAY = ("does not answer", "Start Redis, or see that REDIS_URL is right.")


def explain(error: RedisError) -> tuple[str, str]:
    """What is wrong with Redis, and the remedy."""
    for kind, told in _KNOWN:
        if isinstance(error, kind):
            return told
    text = str(error)
    if "NOAUTH" in text or "WRONGPASS" in text:
        return _LOGIN
    if "MISCONF" in text:
        return "takes no jobs: it cannot write its file", "See its log, and the room on its disk."
    if isinstance(error, ResponseError):
        return (
            f"refuses what it is asked ({text.partition(':')[0][:80]})",
            "See its log and its version.",
        )
    return _AWAY
