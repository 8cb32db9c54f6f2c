"""The switch: connects calls to the hotline and calls by the hotline, and gives the REST interface access to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.call import CallReport, CallSetup, NotAnswered, Ringing, Subscription, Telephone, never_answers
from ivr.local_carrier.call_queues import CallQueues
from ivr.local_carrier.clients import Client
from ivr.local_carrier.conferences import Conferences
from ivr.local_carrier.dialects import TWILIO, Dialect
from ivr.local_carrier.lines import Line, SilentLine
from ivr.local_carrier.store import CallRecord, MessageRecord, Store
from ivr.local_carrier.twiml_executor import Execution
from ivr.local_carrier.webhooks import WebhookFailed, Webhooks

log = logging.getLogger(__name__)


#: Carrier: the status of a call that a SIP answer has ended; `failed` after every other.
_STATUS_OF_SIP = {486: "busy", 600: "busy", 480: "no-answer", 408: "no-answer", 487: "canceled"}


class Post(Protocol):
    """Sends a webhook. Tests put faults in between."""

    def __call__(self, url: str, form: Mapping[str, str]) -> object:
        """Post a form to a URL."""


class Switch:
    """Connects callers, the hotline, and the telephones of the local carrier."""

    def __init__(
        self,
        subscription: Subscription,
        store: Store,
        webhooks: Webhooks,
        dialect: Dialect = TWILIO,
        tokens: AuthTokens | None = None,
        exchange: int = 1,
    ) -> None:
        """`exchange`: the number of this process among several, which its ids carry."""
        self.dialect, self.exchange = dialect, exchange
        #: What logs in at the REST interface; nothing, where there is none.
        self.tokens = tokens or AuthTokens("")
        self.subscription = subscription
        self.store = store
        self.webhooks = webhooks
        #: Telephones that the hotline can call, by number, or by the address of a client.
        self.telephones: dict[str, Telephone] = {}
        #: Whether text messages are taken, which nobody receives; not where there is no carrier at all.
        self.sends_texts = True
        #: Whether it takes no new calls, because it is about to stop.
        self.is_stopping = False
        #: Who has sent a text message that says they want none.
        self.opted_out: set[str] = set()
        #: The telephone of every other number.
        self.outside: Callable[[str], Telephone] = lambda number: never_answers
        #: Browsers that are registered as clients, by their address; each is one of the telephones.
        self.clients: dict[str, Client] = {}
        self.conferences = Conferences(exchange)
        self.call_queues = CallQueues(exchange=exchange)
        #: Sends status callbacks. Voice documents are always fetched directly.
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
        """Call the hotline, or another of its numbers (`to`). Returns after the call when all its events are delivered.

        `parameters` are further fields of the voice webhooks, as the headers of a SIP trunk would be.
        """
        record = CallRecord(self.dialect.new_call_id(self.exchange), from_, to or self.subscription.number)
        record.forwarded_from = (parameters or {}).get("ForwardedFrom", "")
        setup = CallSetup(
            self.subscription.voice_url,
            self.subscription.fallback_url,
            self.subscription.status_url,
            parameters=dict(parameters or {}),
        )
        self.store.keep_call(record)
        on_start(record.sid)
        execution = Execution(self, line, record, setup)
        execution.leave_word()
        return self._run(execution, record)

    def originate(
        self, to: str, from_: str, setup: CallSetup, timeout: float = 60, *, detect_machine: bool = False
    ) -> CallRecord:
        """Call a telephone for the hotline; it rings for at most `timeout` seconds. The call runs in the background."""
        record = CallRecord(self.dialect.new_call_id(self.exchange), from_, to, "outbound-api", status="queued")
        self.store.keep_call(record)
        ringing = self._ringing[record.sid] = Ringing(record.sid, from_, timeout)
        threading.Thread(
            target=self._ring, args=(record, setup, ringing, detect_machine), daemon=True, name=f"rings {to}"
        ).start()
        return record

    def _ring(self, record: CallRecord, setup: CallSetup, ringing: Ringing, detect_machine: bool) -> None:
        silent = Execution(self, SilentLine(), record, setup)
        silent.leave_word()
        record.status = "initiated"
        silent.send_status("initiated")
        if sip := self.store.refusals().of("failed_calls", record.to):
            del self._ringing[record.sid]
            # Carrier: a call that is not put through has never been ringing.
            silent.end(_STATUS_OF_SIP.get(sip, "failed"), {"SipResponseCode": str(sip)})
            return
        record.status = "ringing"
        silent.send_status("ringing")
        telephone = self.telephones.get(record.to) or self.outside(record.to)
        try:
            answered = telephone(ringing)
        except Exception:
            log.exception("the telephone %s raised an error", record.to)
            answered = "failed"
        del self._ringing[record.sid]
        if ringing.canceled.is_set():
            answered = "canceled"
        if isinstance(answered, str):
            cause = {"SipResponseCode": str(answered.sip)} if isinstance(answered, NotAnswered) else None
            silent.end(str(answered), cause)
            return
        parameters = {"AnsweredBy": answered.answered_by} if detect_machine else {}
        execution = silent.with_line(answered, parameters)
        record.status = "in-progress"
        execution.send_status("answered")
        self._run(execution, record)

    def deliver(self, message: MessageRecord, status_url: str) -> None:
        """Store a text message, which is never sent, and tell what became of it."""
        code = self.store.refusals().of("lost_texts", message.to)
        message.status, message.error_code = ("undelivered", code) if code else ("delivered", 0)
        self.store.keep_message(message)
        form = {
            "AccountSid": self.subscription.account_sid, "MessageSid": message.sid, "SmsSid": message.sid,
            "From": message.from_, "To": message.to,
        }  # fmt: skip
        # Carrier: every state is told, in no certain order.
        for status, more in (("sent", {}), (message.status, {"ErrorCode": str(code)} if code else {})):
            if status_url and self.dialect.text_event:
                told = self.dialect.text_event(message.sid, message.to, status, code or 0)
                self._callbacks.submit(self._attempt, self.webhooks.post_json, status_url, told)
            elif status_url:
                self.notify(status_url, {**form, "MessageStatus": status, **more})

    def cancel(self, call_sid: str) -> bool:
        """Stop the ringing. Returns False if the call does not ring any more."""
        if ringing := self._ringing.get(call_sid):
            ringing.canceled.set()
        return ringing is not None

    def tell_last_words(self) -> None:
        """Tell what became of the calls and recordings that a process had which has died."""

        def recorded(sid: str) -> dict[str, str]:
            recording = self.store.recording(sid)
            status, seconds = (recording.status, recording.duration) if recording else ("absent", 0)
            return {"RecordingStatus": status, "RecordingDuration": str(seconds)}

        self.store.last_words.tell(recorded, self.webhooks.post)

    def promote_token(self) -> bool:
        """Make the secondary token the primary one, which signs webhooks from then on. False if there is none."""
        promoted = self.tokens.promote()
        if promoted:
            self.webhooks.key = self.tokens.primary
        return promoted

    def _run(self, execution: Execution, record: CallRecord) -> CallReport:
        self._live[record.sid] = execution
        try:
            return execution.run()
        finally:
            del self._live[record.sid]

    def calls_now(self) -> int:
        """The calls in progress, and those that ring."""
        return len(self._live) + len(self._ringing)

    def live(self, call_sid: str) -> Execution | None:
        """A call in progress, for the REST interface to end or redirect; None if there is none."""
        return self._live.get(call_sid)

    def notify(self, url: str, form: Mapping[str, str]) -> Future[None]:
        """Send a status callback in the background. A failure is logged, as the carrier's debugger would."""
        return self._callbacks.submit(self._attempt, self.post_status, url, form)

    @staticmethod
    def _attempt(post: Callable[[str, Any], object], url: str, told: object) -> None:
        try:
            post(url, told)
        except WebhookFailed as error:
            log.warning("status callback failed: %s", error)
