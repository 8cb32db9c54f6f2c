"""Redirect, Leave, Hangup and Reject: verbs that only decide how the call continues."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import CallEnded, LeftQueue, Request

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution


def redirect(_execution: Execution, url: str, verb: Verb) -> Request:
    """Continue with another document."""
    return Request(urljoin(url, verb.text))


def leave(_execution: Execution, _url: str, _verb: Verb) -> Request | None:
    """Take the caller out of the call queue.

    Raises:
        LeftQueue: always.
    """
    raise LeftQueue


def hang_up(_execution: Execution, _url: str, _verb: Verb) -> Request | None:
    """End the call.

    Raises:
        CallEnded: always.
    """
    raise CallEnded


def reject(execution: Execution, _url: str, _verb: Verb) -> Request | None:
    """End the call before it is answered.

    Raises:
        CallEnded: always.
    """
    execution.record.status = "busy"
    raise CallEnded
