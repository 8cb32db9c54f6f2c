"""How long a process waits for the database: workers have time, a caller has not."""

from __future__ import annotations

import time

from sqlalchemy.exc import TimeoutError

from ivr.domain.enums import DatabaseFault
from ivr.platform import database_damage
from ivr.platform.database_faults import Away, fault_of

#: A look at the database that takes longer (seconds) means it is away.
SILENCE = 1.0
#: A look that takes longer (seconds) makes it doubtful.
_OVERDUE = 0.2
#: Faults of one transaction: the others go on.
_OF_ONE = (DatabaseFault.BUSY, DatabaseFault.INPUT, DatabaseFault.BEHIND)
_OF_WRITING = (DatabaseFault.FULL,)


class Patience:
    """What a process knows of whether the database answers, and for how long it waits."""

    #: Seconds to wait for a lock or a connection.
    seconds = 4.0
    #: After a failure nobody asks again for so many seconds.
    pause = 0.0
    #: Until when (monotonic) nothing is read, and nothing is written.
    no_reading_until = 0.0
    no_writing_until = 0.0
    #: Until when (monotonic) nobody waits for a connection: somebody has waited for one in vain a moment ago.
    crowded_until = 0.0
    #: Since when (monotonic) a look at the database has gone unanswered, and when the last one was answered.
    looking_since: float | None = None
    answered_at = 0.0
    #: When (monotonic) something last failed that concerns everybody.
    failed_at = 0.0
    #: Whether the last failure left reading possible.
    _only_writing = False

    def check(self, writing: bool) -> None:
        """Raises Away while nobody should wait."""
        if not self.pause:
            return
        now, since = time.monotonic(), self.looking_since
        away = now < max(self.no_reading_until, self.no_writing_until if writing else 0.0)
        if away or (since is not None and now - since > SILENCE):
            raise Away("the database did not answer a moment ago")

    def is_there(self) -> bool:
        """Whether the database answered a moment ago, and no look at it is overdue."""
        now, since = time.monotonic(), self.looking_since
        return now - self.answered_at < SILENCE and (since is None or now - since < _OVERDUE)

    def failed(self, error: BaseException, writing: bool) -> None:
        """Something has failed. Only what concerns everybody makes others leave the database alone for a moment.

        A row that somebody else holds concerns one call. Treated as an outage it made a whole host write to its disk.
        """
        if isinstance(error, TimeoutError):
            self.crowded_until = time.monotonic() + self.pause
        fault = fault_of(error)
        if fault in _OF_ONE or isinstance(error, Away):
            return
        if fault == DatabaseFault.DAMAGED:
            database_damage.suspect()
        self.answered_at, self.failed_at = 0.0, time.monotonic()
        self._only_writing = fault in _OF_WRITING
        until = self.failed_at + self.pause
        self.no_writing_until = until
        if not writing and not self._only_writing:
            self.no_reading_until = until

    def answered(self) -> None:
        """A look was answered: nobody need be left alone any longer, unless its disk was full."""
        self.looking_since, self.answered_at = None, time.monotonic()
        self.no_reading_until = 0.0
        if not self._only_writing:
            self.no_writing_until = 0.0
