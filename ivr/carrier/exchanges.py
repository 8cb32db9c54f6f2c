"""Which of several exchanges of our own is asked, where they stand in a carrier's place.

An id names the exchange that has made it. What has no id yet is asked of one after the other, until one answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import requests
from twilio.base.exceptions import TwilioRestException
from urllib3.exceptions import NewConnectionError

from ivr.config.settings import settings
from ivr.domain.carrier_ids import exchange_of

log = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

#: Seconds for which an exchange whose host does not answer is not asked again: each question costs some.
_NOT_ASKED_FOR = 10.0
#: An exchange's error number while it takes no new calls, because it is about to stop. Nothing was done.
_STOPPING = 20503
#: How the ids begin of what an exchange makes: calls, recordings, conferences, text messages, queues.
_KINDS = ("CA", "RE", "CF", "SM", "QU")
#: Exchanges that could not be reached when they were asked last: since when, and until when they are not asked.
_away: dict[int, tuple[float, float]] = {}


class ExchangeAway(requests.ConnectionError):
    """Exchanges could not be asked; which ones, the message says."""

    def __init__(self, numbers: Sequence[int], request: Any = None) -> None:
        super().__init__(" and ".join(map(name, numbers)) or "no exchange", request=request)
        self.numbers = tuple(numbers)


def numbers() -> tuple[int, ...]:
    """The numbers of several exchanges; none where there is one, or another carrier."""
    return tuple(settings().exchanges)


def name(number: int) -> str:
    """An exchange as an operator knows it."""
    return f"exchange {number} ({settings().exchanges.get(number, 'not listed')})"


def holding(sid: str) -> tuple[int, ...]:
    """The exchange that has made an id; all of them for an id that names none of them."""
    found = exchange_of(sid)
    return (found,) if found in settings().exchanges else numbers()


def are_apart(sid: str, other: str) -> bool:
    """Whether two calls are at different exchanges, so that they cannot be in one conference."""
    return holding(sid) != holding(other)


def in_turn(turn: int) -> tuple[int, ...]:
    """All exchanges, in another order for each turn: what belongs together has the same turn."""
    every = numbers()
    first = turn % len(every) if every else 0
    return every[first:] + every[:first]


def for_request(path: str, parameters: object) -> tuple[int, ...]:
    """The exchanges that can answer a request: that of the first id in its path, or of the call that it is about."""
    for part in path.split("/"):
        if part.startswith(_KINDS) and exchange_of(sid := part.partition(".")[0]):
            return holding(sid)
    about = parameters.get("CallSid", "") if isinstance(parameters, dict) else ""
    return holding(str(about))


def away_for(number: int) -> float:
    """Seconds for which this process has not reached an exchange; 0 if it has, or has not tried."""
    now = time.monotonic()
    return now - _away.get(number, (now, 0.0))[0]


def ask(
    asked: Sequence[int], request: Callable[[str, bool], _Answer], missing: type[Exception] = TwilioRestException
) -> _Answer:
    """The answer of the first exchange that has one. `request` gets its address, and whether others could be asked.

    Another one is asked only where nothing was done: nothing could be sent, it was only to read, it stops, or it does
    not know the id (`missing`; of Twilio's exceptions those alone that say so).

    Raises:
        ExchangeAway: none could be asked, or the one that was asked has not answered.
    """
    away: list[int] = []
    unknown: Exception | None = None
    for place, number in enumerate(asked, start=1):
        if time.monotonic() < _away.get(number, (0.0, 0.0))[1] and len(asked) > 1:
            away.append(number)
            continue
        try:
            answer = request(settings().exchanges[number], place < len(asked))
        except missing as error:
            _away.pop(number, None)
            if not _has_done_nothing(error):
                raise
            unknown = error
        except requests.RequestException as error:
            _note_away(number, error)
            if not (_was_not_sent(error) or _only_read(error)):
                raise ExchangeAway([number], error.request) from error
            away.append(number)
        else:
            _away.pop(number, None)
            return answer
    if unknown is not None and not away:
        raise unknown
    raise ExchangeAway(away)


def _has_done_nothing(error: Exception) -> bool:
    if not isinstance(error, TwilioRestException):
        return True
    return bool(error.status == 404 or error.code == _STOPPING)


def _was_not_sent(error: requests.RequestException) -> bool:
    """Whether there was no connection, so that the exchange has done nothing of what it was asked for."""
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    cause: object = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _only_read(error: requests.RequestException) -> bool:
    return error.request is not None and error.request.method == "GET"


def _note_away(number: int, error: requests.RequestException) -> None:
    if number not in _away:
        log.warning("%s does not answer (%s)", name(number), type(error).__name__)
    now = time.monotonic()
    since, _ = _away.get(number, (now, 0.0))
    _away[number] = since, now + (_NOT_ASKED_FOR if isinstance(error, requests.Timeout) else 0.0)
