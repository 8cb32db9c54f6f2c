"""The names that teams and offices had: what is told of a month tells the name of that month, and of who is gone, too.

The settings name what is set up now. Each name is noted when a process migrates, and when the page changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ivr.config.settings import Settings, settings
from ivr.models.reporting import FormerName
from ivr.platform.kept_reading import KeptReading

#: Names by what is named (`team`, `office`) and its key.
Names = Mapping[tuple[str, str], str]
#: A later name stays the later one on a clock that was set back.
_NEXT = timedelta(microseconds=1)


def note(session: Session, configured: Settings, now: datetime) -> None:
    """Note the names of the settings, as far as they are others than those that were noted last."""
    known = {(dimension, key): (name, since) for dimension, key, name, since in session.execute(_ROWS)}
    for place, name in _configured(configured).items():
        noted, since = known.get(place, ("", now - _NEXT))
        if noted != name:
            dimension, key = place
            session.add(FormerName(dimension=dimension, key=key, since=max(now, since + _NEXT), name=name))
    _kept.read_again_after(session)


def until(session: Session, end: datetime) -> Names:
    """The last name that each had before an instant; where none was noted by then, the first one that was."""
    first, by_then = dict[tuple[str, str], str](), dict[tuple[str, str], str]()
    for dimension, key, name, since in session.execute(_ROWS):
        first.setdefault((dimension, key), name)
        if since < end:
            by_then[dimension, key] = name
    return {**_configured(settings()), **first, **by_then}


def office(key: str) -> str:
    """The name of an office, or the last one it had; its key where it never had one."""
    found = settings().offices.get(key)
    return found.name if found else of_before("office", key) or key


def of_before(dimension: str, key: str) -> str | None:
    """The last name that was noted of a team or an office."""
    return _kept.value().get((dimension, key))


_ROWS = select(FormerName.dimension, FormerName.key, FormerName.name, FormerName.since).order_by(FormerName.since)


def _configured(configured: Settings) -> dict[tuple[str, str], str]:
    named = {("team", key): team.name for key, team in configured.teams.items()}
    return named | {("office", key): office.name for key, office in configured.offices.items()}


def _read(connection: Connection, _before: Names | None) -> Names:
    return {(dimension, key): name for dimension, key, name, _since in connection.execute(_ROWS)}


_kept = KeptReading[Names]("names of before", _read, {}, 60.0)
