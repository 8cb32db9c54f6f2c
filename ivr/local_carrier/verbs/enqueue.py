"""Enqueue: a call waits in a call queue, where its wait document is executed again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urljoin

from ivr.local_carrier.lines import HungUp, Interrupted
from ivr.local_carrier.twiml_parser import WAIT_VERBS
from ivr.local_carrier.verbs.base import CallVerb, LeftQueue, Request


class Enqueue(CallVerb):
    """Lets the call wait until the wait document leaves the call queue."""

    RULES = ("action", "waitUrl", "wait verbs", "queue-full", "hangup", "redirected")

    def execute(self) -> Request | None:
        """Wait. Afterwards the action is requested, or the next verb follows where there is none.

        Raises:
            HungUp: the caller hung up while waiting.
            Interrupted: the REST interface ends or redirects the call.
            CallEnded: the wait document has ended the call.
        """
        execution, name = self.execution, self.verb.text
        queues, call_sid = execution.carrier.call_queues, execution.record.sid
        if not queues.enter(name, call_sid):
            return self._following({"QueueResult": "queue-full", "QueueTime": "0"})
        result = "leave"
        queue_sid = queues.form(name, call_sid)["QueueSid"]
        execution.line.in_queue = True
        try:
            self._wait(urljoin(self.url, self.verb.attributes["waitUrl"]))
        except LeftQueue:
            pass
        except HungUp:
            result = "hangup"
        except Interrupted:
            result = "redirected"
        finally:
            execution.line.in_queue = False
            waited = queues.leave(name, call_sid)
        form = {"QueueSid": queue_sid, "QueueResult": result, "QueueTime": str(round(waited))}
        if result == "leave":
            return self._following(form)
        if "action" in self.verb.attributes:  # Carrier: it is requested, and the document that it answers not executed
            execution.notify(self.action_url, {**execution.standard_form(), **form})
        raise HungUp if result == "hangup" else Interrupted

    def _following(self, form: Mapping[str, str]) -> Request | None:
        return Request(self.action_url, form) if "action" in self.verb.attributes else None

    def _wait(self, wait_url: str) -> NoReturn:
        """Execute the wait document until something ends the waiting, which is raised."""
        execution = self.execution
        following: Request | None = None
        while True:
            # Carrier: the wait URL is requested again when its document has ended.
            request = following or Request(wait_url)
            form = execution.carrier.call_queues.form(self.verb.text, execution.record.sid)
            document = execution.fetch(Request(request.url, {**request.form, **form}))
            if strange := {inner.name for inner in document} - set(WAIT_VERBS):
                execution.fail(f"12200 <{sorted(strange)[0]}> is not known while waiting")
            following = execution.perform(request.url, document)
            if following is None and not document:
                execution.line.wait(1)
