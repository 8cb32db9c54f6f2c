"""The TwiML verbs of the local carrier, one function each, in the table `VERBS`.

A verb executes on a call and returns the request for the next document, or None if the next verb follows. Fetching
documents and sending status events belongs to :mod:`ivr.local_carrier.twiml_executor`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivr.local_carrier.verbs.base import CallEnded, LeftQueue, Request, VerbFunction
from ivr.local_carrier.verbs.conferencing import dial
from ivr.local_carrier.verbs.control import hang_up, leave, redirect, reject
from ivr.local_carrier.verbs.playback import gather, pause, play, say
from ivr.local_carrier.verbs.queueing import enqueue
from ivr.local_carrier.verbs.recording import record

__all__ = ["VERBS", "CallEnded", "LeftQueue", "Request"]

VERBS: Mapping[str, VerbFunction] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Record": record,
    "Enqueue": enqueue,
    "Leave": leave,
    "Dial": dial,
    "Redirect": redirect,
    "Hangup": hang_up,
    "Reject": reject,
}
