"""Executes one call: fetches its documents, runs their verbs, and sends the call's status events.

The verbs are in :mod:`ivr.local_carrier.verbs`. Each class there lists the rules of the carrier that it keeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import NoReturn

from ivr.local_carrier.call import CallReport, CallSetup, Carrier
from ivr.local_carrier.lines import HungUp, Interrupted, Line
from ivr.local_carrier.store import CallRecord
from ivr.local_carrier.twiml_parser import DocumentError, Verb, parse
from ivr.local_carrier.verbs import VERBS, CallEnded, Request
from ivr.local_carrier.webhooks import WebhookFailed

#: Documents after which a call counts as caught in a loop.
_MAX_DOCUMENTS = 400
#: The error number of a call that has ended because the exchange that had it died.
_CUT_OFF = "31009"
_SOURCE = {"CallbackSource": "call-progress-events"}
#: Status events that end a call. They are sent even if they were not asked for.
_FINAL_STATUSES = ("completed", "busy", "no-answer", "failed", "canceled")


class Execution:
    """One call in progress, from its first document to its last status event."""

    def __init__(self, carrier: Carrier, line: Line, record: CallRecord, setup: CallSetup) -> None:
        self.carrier = carrier
        self.line = line
        self.record = record
        self.report = CallReport(record.sid)
        self._setup = setup
        self._callbacks: list[Future[None]] = []
        self._sequence = 0
        self._started = time.monotonic()
        self._redirect = ""
        #: A wish of the REST interface is noted, or taken up by the call, as a whole.
        self._wishes = threading.Lock()
        #: Whether a verb was executed that answers the call.
        self.answered = False
        #: The status of the call after its document.
        self.final_status = "completed"

    def run(self) -> CallReport:
        """Execute the call. Returns when it is over and all its events are delivered."""
        try:
            if self._setup.document is not None:
                self.perform("", self._setup.document)
            else:
                self._execute(Request(self._setup.url))
        except HungUp:
            self.report.ended_by = "caller"
        except (CallEnded, Interrupted):
            self.report.ended_by = self.report.ended_by or "carrier"
        self.line.ends_as = self.final_status
        self.line.over(self.report.ended_by)
        self.end(self.final_status)
        return self.report

    def with_line(self, line: Line, parameters: Mapping[str, str]) -> Execution:
        """The same call after it was answered on `line`; `parameters` are added to its webhooks."""
        setup = replace(self._setup, parameters={**self._setup.parameters, **parameters})
        answered = Execution(self.carrier, line, self.record, setup)
        answered._sequence = self._sequence
        return answered

    def leave_word(self) -> None:
        """Write down what is told of the call if this process dies before its end."""
        if self._setup.status_url:
            cause = {"CallStatus": "failed", "CallDuration": "0", "SipResponseCode": "503", "ErrorCode": _CUT_OFF}
            self.carrier.store.last_words.keep(
                self.record.sid, self._setup.status_url, self.standard_form() | _SOURCE | cause
            )

    def end(self, status: str, cause: Mapping[str, str] | None = None) -> None:
        """Send the call's last event, with its `cause`. Returns when all its events are delivered."""
        self.record.status, self.record.errors = status, list(self.report.errors)
        self.record.duration = round(time.monotonic() - self._started) if status == "completed" else 0
        self.carrier.store.keep_call(self.record)
        self.send_status(status, cause)
        wait(self._callbacks)
        self.carrier.store.last_words.forget(self.record.sid)

    def complete(self) -> None:
        """End the call, on behalf of the REST interface."""
        with self._wishes:
            self._redirect = ""
            self.line.interrupt()

    def redirect(self, url: str) -> None:
        """Continue the call with another document, on behalf of the REST interface."""
        with self._wishes:
            self._redirect = url
            self.line.interrupt()

    # -- documents ------------------------------------------------------------------------------

    def _execute(self, request: Request) -> None:
        """Fetch a document and execute it, and the documents that follow it."""
        following: Request | None = request
        while following:
            if self.report.documents >= _MAX_DOCUMENTS:
                self.fail("endless loop of documents")
            request = following
            try:
                following = self.perform(request.url, self.fetch(request))
            except Interrupted:
                following = self._redirected()
                if following is None:
                    self.report.ended_by = "hotline"
                    raise CallEnded from None
        raise CallEnded  # Carrier: a document that ends without more verbs ends the call.

    def _redirected(self) -> Request | None:
        """The document of the latest redirection; None where the REST interface ends the call."""
        with self._wishes:
            self.line.goes_on()  # a second redirection that came just now has no other interruption to follow
            url, self._redirect = self._redirect, ""
        return Request(url) if url else None

    def fetch(self, request: Request) -> tuple[Verb, ...]:
        """Fetch a document, or the fallback document if that fails.

        Raises:
            CallEnded: the fallback has failed as well.
        """
        try:
            return self._fetch(request)
        except (WebhookFailed, DocumentError) as error:
            self.report.errors.append(f"{error.code} {error} at {request.url.partition('?')[0]}")
            if not self._setup.fallback_url:
                self.report.ended_by = "error"
                raise CallEnded from None
            # Carrier: the fallback URL receives the error's number and the URL that failed.
            cause = {"ErrorCode": str(error.code), "ErrorUrl": request.url}
            try:
                return self._fetch(Request(self._setup.fallback_url, {**request.form, **cause}))
            except (WebhookFailed, DocumentError) as second:
                self.fail(f"{second.code} {second} at the fallback URL")

    def _fetch(self, request: Request) -> tuple[Verb, ...]:
        self.report.documents += 1
        response = self.carrier.webhooks.post(request.url, {**self.standard_form(), **request.form})
        if not response.headers.get("Content-Type", "").startswith(("text/xml", "application/xml")):
            raise DocumentError(12300, f"content type {response.headers.get('Content-Type')}")
        return parse(response.data, self.carrier.dialect.voices)

    def fail(self, reason: str) -> NoReturn:
        """End the call because of an error, which the report lists.

        Raises:
            CallEnded: always.
        """
        self.report.errors.append(reason)
        self.report.ended_by = "error"
        raise CallEnded

    def perform(self, url: str, verbs: tuple[Verb, ...]) -> Request | None:
        """Execute the verbs of the document at `url`. Returns the next request, or None at the document's end."""
        for verb in verbs:
            following = VERBS[verb.name](self, url, verb).execute()
            self.answered = True
            if following is not None:
                return following
        return None

    # -- events ---------------------------------------------------------------------------------

    def standard_form(self) -> dict[str, str]:
        """The fields that every webhook of a call has."""
        return {
            "AccountSid": self.carrier.subscription.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.record.sid,
            "CallStatus": self.record.status,
            "Called": self.record.to,
            "Caller": self.record.from_,
            "CallerCity": "",
            "Direction": self.record.direction,
            "From": self.record.from_,
            "To": self.record.to,
            **self._setup.parameters,
        }

    def notify(self, url: str, form: Mapping[str, str]) -> Future[None]:
        """Send an event in the background. The call does not end before it is delivered."""
        callback = self.carrier.notify(url, form)
        self._callbacks.append(callback)
        return callback

    def send_status(self, status: str, cause: Mapping[str, str] | None = None) -> None:
        """Send a status event of the call, if its receiver has asked for it."""
        if not self._setup.status_url or status not in (*self._setup.status_events, *_FINAL_STATUSES):
            return
        form = self.standard_form() | {
            # Carrier: the event "answered" has the call status "in-progress".
            "CallStatus": "in-progress" if status == "answered" else status,
            "CallDuration": str(self.record.duration),
            "SequenceNumber": str(self._sequence),
            **_SOURCE,
            "Timestamp": format_datetime(datetime.now(UTC)),
            **(cause or {}),
        }
        self._sequence += 1
        self.notify(self._setup.status_url, form)
