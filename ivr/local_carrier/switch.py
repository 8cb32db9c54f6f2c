"""The switch: calls to the hotline, calls the hotline places, and what the REST interface does to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from ivr.local_carrier.call import CallReport, Ringing, Script, Subscription
from ivr.local_carrier.call_queues import Queues
from ivr.local_carrier.conferences import Rooms
from ivr.local_carrier.lines import Line, SilentLine
from ivr.local_carrier.store import CallRecord, Ledger, new_sid
from ivr.local_carrier.twiml_executor import Execution
from ivr.local_carrier.webhooks import WebhookFailed, Webhooks

log = logging.getLogger(__name__)


#: Answers with a line, or says why there is none: no-answer, busy or failed. May take as long as it rings.
Telephone = Callable[[Ringing], Line | str]


def nobody_there(ringing: Ringing) -> str:
    """A number at which nobody answers; nobody waits for that here."""
    return "no-answer"


class Post(Protocol):
    """How a webhook is sent; tests put mischief in between."""

    def __call__(self, url: str, form: Mapping[str, str]) -> object: ...


class Switch:
    """Connects callers, the house, and the telephones of this exchange."""

    def __init__(self, subscription: Subscription, ledger: Ledger, webhooks: Webhooks) -> None:
        self.subscription = subscription
        self.ledger = ledger
        self.webhooks = webhooks
        #: Telephones the house can call, by number; every other number does not answer.
        self.telephones: dict[str, Telephone] = {}
        self.rooms = Rooms()
        self.queues = Queues()
        #: Sends status callbacks; the voice documents themselves are always asked for directly.
        self.post_status: Post = webhooks.post
        self._live: dict[str, Execution] = {}
        self._callbacks = ThreadPoolExecutor(max_workers=16, thread_name_prefix="callbacks")
        self._ringing: dict[str, Ringing] = {}

    def call(
        self,
        line: Line,
        from_: str,
        parameters: Mapping[str, str] | None = None,
        on_start: Callable[[str], None] = lambda call_sid: None,
        to: str = "",
    ) -> CallReport:
        """Ring the hotline, or another number of the house (`to`), and stay until the call is over and all its events
        are delivered.

        `parameters` are further fields of the voice webhooks, as a SIP trunk's headers would be.
        """
        record = CallRecord(new_sid("CA"), from_, to or self.subscription.number)
        script = Script(
            self.subscription.voice_url,
            self.subscription.fallback_url,
            self.subscription.status_url,
            parameters=dict(parameters or {}),
        )
        self.ledger.keep_call(record)
        on_start(record.sid)
        return self._run(Execution(self, line, record, script), record)

    def originate(
        self, to: str, from_: str, script: Script, timeout: float = 60, *, detect_machine: bool = False
    ) -> CallRecord:
        """Ring a telephone for the house, `timeout` seconds at most; the call goes on in the background."""
        record = CallRecord(new_sid("CA"), from_, to, "outbound-api", status="queued")
        self.ledger.keep_call(record)
        ringing = self._ringing[record.sid] = Ringing(record.sid, from_, timeout)
        threading.Thread(
            target=self._ring, args=(record, script, ringing, detect_machine), daemon=True, name=f"rings {to}"
        ).start()
        return record

    def _ring(self, record: CallRecord, script: Script, ringing: Ringing, detect_machine: bool) -> None:
        silent = Execution(self, SilentLine(), record, script)
        for status in ("initiated", "ringing"):
            record.status = status
            silent.tell(status)
        telephone = self.telephones.get(record.to, nobody_there)
        try:
            answered = telephone(ringing)
        except Exception:
            log.exception("the telephone %s broke", record.to)
            answered = "failed"
        del self._ringing[record.sid]
        if ringing.canceled.is_set():
            answered = "canceled"
        if isinstance(answered, str):
            silent.ended(answered)
            return
        parameters = {"AnsweredBy": answered.answered_by} if detect_machine else {}
        execution = silent.with_line(answered, parameters)
        record.status = "in-progress"
        execution.tell("answered")
        self._run(execution, record)

    def cancel(self, call_sid: str) -> bool:
        """Stop ringing; False if it rings no more."""
        if ringing := self._ringing.get(call_sid):
            ringing.canceled.set()
        return ringing is not None

    def _run(self, execution: Execution, record: CallRecord) -> CallReport:
        self._live[record.sid] = execution
        try:
            return execution.run()
        finally:
            del self._live[record.sid]

    def live(self, call_sid: str) -> Execution | None:
        """A call in progress, to be completed or redirected."""
        return self._live.get(call_sid)

    def notify(self, url: str, form: Mapping[str, str]) -> Future[None]:
        """Send a status callback in the background; a failure is the carrier's to log."""
        return self._callbacks.submit(self._notify, url, form)

    def _notify(self, url: str, form: Mapping[str, str]) -> None:
        try:
            self.post_status(url, form)
        except WebhookFailed as error:
            log.warning("status callback failed: %s", error)
