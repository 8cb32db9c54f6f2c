"""Client in Dial: a registered browser is rung and connected with the call."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from ivr.local_carrier.call import Ringing, never_answers
from ivr.local_carrier.clients import address_of
from ivr.local_carrier.conferences import Conference, Participant
from ivr.local_carrier.lines import HungUp, Interrupted, JoinedConference, Line
from ivr.local_carrier.store import CallRecord

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution

log = logging.getLogger(__name__)

#: Seconds after which the caller's end is looked at again, while the browser rings.
_MOMENT = 0.1


def dial(execution: Execution, identity: str, timeout: float, *, star: bool) -> dict[str, str]:
    """Ring the browser of an identity and talk with it. Returns the fields of the action.

    Raises:
        HungUp: the caller hung up.
        Interrupted: the REST interface ends or redirects the call.
    """
    carrier = execution.carrier
    sid = carrier.dialect.new_call_id(carrier.exchange)
    record = CallRecord(sid, execution.record.from_, address_of(identity), "outbound-dial")
    record.parent_call_sid, record.status = execution.record.sid, "ringing"
    carrier.store.keep_call(record)
    answered = _ring(execution, record, timeout)
    form = {"DialCallSid": record.sid, "DialBridged": "false"}
    if isinstance(answered, str):
        record.status = answered
        carrier.store.keep_call(record)
        return form | {"DialCallStatus": answered}
    record.status, started = "in-progress", time.monotonic()
    try:
        _talk(execution, record, answered, star=star)
    finally:
        record.status, record.duration = "completed", round(time.monotonic() - started)
        carrier.store.keep_call(record)
    return form | {"DialCallStatus": "completed", "DialCallDuration": str(record.duration), "DialBridged": "true"}


def _ring(execution: Execution, record: CallRecord, timeout: float) -> Line | str:
    """The line of the browser that answers, or why none does. The caller may hang up meanwhile."""
    telephone = execution.carrier.telephones.get(record.to, never_answers)
    ringing = Ringing(record.sid, record.from_, timeout)
    answers: list[Line | str] = []

    def ring() -> None:
        try:
            answers.append(telephone(ringing))
        except Exception:
            log.exception("the telephone %s raised an error", record.to)
            answers.append("failed")

    threading.Thread(target=ring, daemon=True, name=f"rings {record.to}").start()
    try:
        while not answers:
            execution.line.wait(_MOMENT)
    except (HungUp, Interrupted):
        ringing.canceled.set()
        record.status = "canceled"
        execution.carrier.store.keep_call(record)
        raise
    return answers[0]


def _talk(execution: Execution, record: CallRecord, line: Line, *, star: bool) -> None:
    """Connect both until one of them leaves."""
    room = Conference(f"dial-{record.sid}", lambda name, event: None)
    caller, called = Participant(execution.record.sid), Participant(record.sid)
    room.join(caller)
    room.join(called)

    def other_end() -> None:
        try:
            line.converse(JoinedConference(room, called), star=False)
        except (HungUp, Interrupted):
            pass
        finally:
            room.remove(caller)
            line.over("carrier")

    other = threading.Thread(target=other_end, daemon=True, name=f"talks {record.to}")
    other.start()
    try:
        execution.line.converse(JoinedConference(room, caller), star=star)
    finally:
        room.remove(called)
        other.join(2)
