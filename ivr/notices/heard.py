"""What callers will hear around a day whose opening hours change, in every language that is offered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ivr.domain import opening_hours
from ivr.domain.opening_hours import Hours
from ivr.domain.timestamps import iso
from ivr.prompts import speaking
from ivr.prompts.script import offered_languages

#: The prompts that callers outside opening hours hear, the second one after their message.
_CLOSED = ("closed", "opening_again")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Moment:
    """What somebody hears who calls at an instant (local time). No texts: the hotline is open."""

    at: datetime
    texts: Mapping[str, str]


def around(day: date, hours: Hours, now: datetime) -> tuple[Moment, ...]:
    """What callers hear the evening before a day, on the day and after it closes; only what is still to come."""
    found = {at: Moment(at, _texts(hours, at)) for at in _instants(day, hours, now)}
    return tuple(found[at] for at in sorted(found))


def _instants(day: date, hours: Hours, now: datetime) -> Iterator[datetime]:
    zone = hours.zone
    present = now.astimezone(zone)
    before = datetime.combine(day - timedelta(days=1), time(12), zone)
    evening = [closes for _, closes in opening_hours.open_spans(hours, before, 1)]
    span = opening_hours.span_on(hours, day)
    told = [at.astimezone(zone) + _MINUTE for at in evening]
    if span is None:
        told.append(datetime.combine(day, time(12), zone))
    else:
        told.append(datetime.combine(day, span.opens, zone))
        if span.closes is not None:
            told.append(datetime.combine(day, span.closes, zone) + _MINUTE)
    yield from (at for at in told if at > present)
    if day == present.date():
        yield present.replace(second=0, microsecond=0)


def _texts(hours: Hours, at: datetime) -> Mapping[str, str]:
    if opening_hours.is_open(hours, at):
        return {}
    opening = opening_hours.next_opening(hours, at) or at
    values = {"opening_at": iso(opening) or "", "today": at.date().isoformat()}
    return {
        language: " ".join(speaking.text(prompt, language, values) for prompt in _CLOSED)
        for language in offered_languages()
    }
