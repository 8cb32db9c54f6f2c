"""Changes the settings of the page, with all that depends on them: deadlines that move, teams, the access log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr.accounts import former_names, teams
from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.callbacks import changed_hours
from ivr.config.settings import Settings, settings
from ivr.domain.enums import AccessAction
from ivr.domain.opening_hours import Hours
from ivr.models.accounts import User
from ivr.notices import present
from ivr.platform import settings_store
from ivr.platform.settings_store import SettingsVersion, Stored

#: So many versions are shown, the newest first.
_SHOWN = 50


class Outdated(Exception):
    """Somebody else, `who`, has changed the settings meanwhile."""

    def __init__(self, other: SettingsVersion | None, now: datetime) -> None:
        super().__init__("the settings were changed meanwhile")
        self.who, self.at = (other.made_by_name, other.made_at) if other else ("–", now)


def with_one(stored: Stored, name: str, value: Any) -> dict[str, Any]:
    """What the page would have set if one setting had another value; None: it is left to file and environment."""
    rest = {key: one for key, one in stored.settings.items() if key != name}
    return rest if value is None else {**rest, name: value}


def change(
    session: Session, based_on: int, values: Mapping[str, Any], by: User, actor: Actor, now: datetime, *,
    name: str = "", put_back: int | None = None, reason: str = "",
) -> SettingsVersion:  # fmt: skip
    """Use these settings from now on. `name`: which one was changed; or the version that was `put_back`.

    Raises:
        Outdated: `based_on` is not the version that counts (any more).
        ConfigurationError: the settings cannot be used.
    """
    if settings_store.newest(session).version != based_on:
        raise Outdated(latest(session), now)
    before, after = hours_with_days(session, settings()), settings.over(values)
    version = SettingsVersion(
        id=based_on + 1, made_at=now, made_by_id=by.id, made_by_name=by.name, changed=name, put_back=put_back,
        reason=reason.strip()[:300], settings=dict(values),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(version)
    except IntegrityError:
        raise Outdated(latest(session), now) from None
    teams.mirror(session, after.teams)
    former_names.note(session, after, now)
    moved = changed_hours.move(session, before, hours_with_days(session, after), by, now)
    what = f"settings, {name}" if name else f"settings, version {put_back} put back"
    detail = f"{what}: version {version.id}; deadlines moved: {moved}"
    access_log.append(session, actor, AccessAction.SETTINGS_CHANGED, now, reason=reason, detail=detail)
    settings_store.look_after(session)
    return version


def hours_with_days(session: Session, configured: Settings) -> Hours:
    """The opening hours of some settings, with those of single days that supervisors have entered."""
    session.flush()
    return configured.hours.model_copy(update={"days": {**configured.hours.days, **present.special_days(session)}})


def latest(session: Session) -> SettingsVersion | None:
    """The newest version; None while the page has set nothing."""
    return session.scalar(select(SettingsVersion).order_by(SettingsVersion.id.desc()).limit(1))


def history(session: Session) -> Sequence[SettingsVersion]:
    """The versions, the newest first, fifty at most."""
    return session.scalars(select(SettingsVersion).order_by(SettingsVersion.id.desc()).limit(_SHOWN)).all()
