"""Points in time: aware datetimes in UTC inside the product, local time only where people read or enter it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: The clocks of two hosts differ by so much at most.
CLOCKS_DIFFER = timedelta(minutes=5)


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def iso(instant: datetime | None) -> str | None:
    """RFC 3339 text with a trailing Z and microseconds, as the interfaces give instants."""
    return (
        None if instant is None else instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
