"""The TwiML verbs of the local carrier, one class each, in the table `VERBS`.

A verb executes on a call and returns the request for the next document, or None if the next verb follows. Fetching
documents and sending status events belongs to :mod:`ivr.local_carrier.twiml_executor`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivr.local_carrier.verbs.base import CallEnded, CallVerb, LeftQueue, Request
from ivr.local_carrier.verbs.control import Hangup, Leave, Redirect, Reject
from ivr.local_carrier.verbs.dial import Dial
from ivr.local_carrier.verbs.enqueue import Enqueue
from ivr.local_carrier.verbs.gather import Gather
from ivr.local_carrier.verbs.prompts import Pause, Play, Say
from ivr.local_carrier.verbs.record import Record

__all__ = ["VERBS", "CallEnded", "LeftQueue", "Request"]

#: By the name that a document gives them.
VERBS: Mapping[str, type[CallVerb]] = {
    verb.__name__: verb for verb in (Say, Play, Pause, Gather, Record, Enqueue, Leave, Dial, Redirect, Hangup, Reject)
}
