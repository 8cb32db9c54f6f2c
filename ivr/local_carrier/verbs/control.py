"""Redirect, Leave, Hangup and Reject: verbs that only decide how the call continues."""

from __future__ import annotations

from urllib.parse import urljoin

from ivr.local_carrier.verbs.base import CallEnded, CallVerb, LeftQueue, Request


class Redirect(CallVerb):
    """Continues with another document."""

    RULES = ("URL",)

    def execute(self) -> Request:
        """Ask for the other document; what follows in this one is not executed."""
        return Request(urljoin(self.url, self.verb.text))


class Leave(CallVerb):
    """Takes the caller out of the call queue."""

    RULES = ("queue",)

    def execute(self) -> Request | None:
        """Leave the queue.

        Raises:
            LeftQueue: always.
            CallEnded: the call is in no queue, of which the documentation says nothing.
        """
        if not self.execution.line.in_queue:
            self.execution.fail("12200 <Leave> outside a queue")
        raise LeftQueue


class Hangup(CallVerb):
    """Ends the call."""

    RULES = ("end",)

    def execute(self) -> Request | None:
        """End the call.

        Raises:
            CallEnded: always.
        """
        raise CallEnded


class Reject(CallVerb):
    """Ends the call before it is answered."""

    RULES = ("reason", "first verb")

    def execute(self) -> Request | None:
        """End the call; as not answered, if nothing was executed before.

        Raises:
            CallEnded: always.
        """
        if not self.execution.answered:
            self.execution.final_status = "busy" if self.verb.attributes.get("reason") == "busy" else "no-answer"
        raise CallEnded
