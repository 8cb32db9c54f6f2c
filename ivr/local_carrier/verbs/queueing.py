"""Enqueue: a call waits in a call queue, where its wait document is executed again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin

from ivr.local_carrier.lines import HungUp, Interrupted
from ivr.local_carrier.twiml_parser import WAIT_VERBS, Verb
from ivr.local_carrier.verbs.base import LeftQueue, Request, action_url

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution


def enqueue(execution: Execution, url: str, verb: Verb) -> Request:
    """Wait until the wait document leaves the call queue.

    Raises:
        HungUp: the caller hung up while waiting.
        Interrupted: the REST interface ends or redirects the call.
        CallEnded: the wait document has ended the call.
    """
    queues, name, call_sid = execution.carrier.call_queues, verb.text, execution.record.sid
    if not queues.enter(name, call_sid):
        return Request(action_url(url, verb), {"QueueResult": "queue-full", "QueueTime": "0"})
    result = "leave"
    queue_sid = queues.form(name, call_sid)["QueueSid"]
    execution.line.in_queue = True
    try:
        _wait(execution, urljoin(url, verb.attributes["waitUrl"]), name)
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
        return Request(action_url(url, verb), form)
    # Carrier: the action is requested, but the document that it answers is not executed.
    execution.notify(action_url(url, verb), {**execution.standard_form(), **form})
    raise HungUp if result == "hangup" else Interrupted


def _wait(execution: Execution, wait_url: str, name: str) -> NoReturn:
    """Execute the wait document until something ends the waiting, which is raised."""
    following: Request | None = None
    while True:
        # Carrier: the wait URL is requested again when its document has ended.
        request = following or Request(wait_url)
        form = execution.carrier.call_queues.form(name, execution.record.sid)
        document = execution.fetch(Request(request.url, {**request.form, **form}))
        if strange := {inner.name for inner in document} - set(WAIT_VERBS):
            execution.fail(f"12200 <{sorted(strange)[0]}> is not known while waiting")
        following = execution.perform(request.url, document)
        if following is None and not document:
            execution.line.wait(1)
