"""When to try again to reach somebody who did not answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from ivr.config.settings import Settings
from ivr.domain import opening_hours
from ivr.domain.enums import Availability
from ivr.notices import present

#: Local times of day at which people are tried, by when they said that they can be reached.
_TIMES_OF_DAY = {
    Availability.MORNING: (time(8, 30), time(10, 0), time(11, 15)),
    Availability.AFTERNOON: (time(12, 30), time(14, 30), time(17, 0)),
    Availability.ANY_TIME: (time(9, 0), time(11, 30), time(14, 0), time(17, 0)),
}
#: A caller who did not answer is not called again for this long.
_REST = timedelta(hours=2)


def next_attempt_at(
    tried_at: Sequence[datetime], availability: Availability | None, now: datetime, settings: Settings
) -> datetime | None:
    """When to try again to reach somebody.

    At another time of day than before, within the hours they named and opening time, spread over `callback_days`.
    None when the attempts (`callback_attempts`) are used up.
    """
    if len(tried_at) >= settings.callback_attempts:
        return None
    times = _TIMES_OF_DAY[availability or Availability.ANY_TIME]
    zone = settings.hours.zone
    used = {_nearest(times, at.astimezone(zone).time()) for at in tried_at}
    fresh = [moment for moment in times if moment not in used] or list(times)
    # The attempts that are left share the days that are left.
    left = settings.callback_attempts - len(tried_at)
    days_gone = (now.astimezone(zone).date() - tried_at[0].astimezone(zone).date()).days if tried_at else 0
    days_left = settings.callback_days - 1 - days_gone
    first_day = now.astimezone(zone).date() + timedelta(days=1 if days_left >= left else 0)
    for day in (first_day + timedelta(days=number) for number in range(400)):
        for moment in fresh if day == first_day else dict.fromkeys((*fresh, *times)):
            at = datetime.combine(day, moment, zone).astimezone(UTC)
            in_hours = opening_hours.is_open(present.hours(), at) and opening_hours.is_open(settings.calling_hours, at)
            if at >= now + _REST and in_hours:
                return at
    return None


def _nearest(times: Sequence[time], moment: time) -> time:
    return min(times, key=lambda one: abs((one.hour - moment.hour) * 60 + one.minute - moment.minute))
