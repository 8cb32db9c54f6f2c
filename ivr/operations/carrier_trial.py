"""Tries the carrier out: whether our address answers, and one call and one text message to the operator's telephone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import requests

from ivr.carrier import address_trial, call_control
from ivr.carrier.client import client, send_text_message
from ivr.carrier.finding import Finding
from ivr.carrier.refusals import CarrierRefused, Refusal, of_text_message
from ivr.carrier.sender_check import texts_wanted
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.work_models import Checkpoint
from ivr.telephony.trial_webhooks import REACHED

#: Seconds to wait for the end of a trial call, which says a sentence in every language, and for a message's delivery.
CALL_PATIENCE, TEXT_PATIENCE = 150.0, 60.0
_TEXT = "Test"


def address() -> Iterator[Finding]:
    """Whether the addresses at which the carrier asks us answer, and take webhooks, as seen from this machine."""
    named = {settings().fallback_url: "FALLBACK_BASE_URL", settings().calls_url: "PUBLIC_BASE_URL"}
    for url, setting in reversed(named.items()):
        try:
            answer = requests.get(f"{url}/healthz", timeout=settings().twilio_timeout, allow_redirects=False)
            webhooks = list(address_trial.of(url, setting)) if answer.status_code == 200 else []
        except requests.exceptions.SSLError:
            yield Finding(
                f"The certificate of {url} does not count (expired, another name, or an unknown issuer).",
                "The carrier asks such an address for nothing: renew the certificate.",
            )
        except requests.RequestException as error:
            yield Finding(
                f"{url} does not answer ({type(error).__name__}).",
                "See that the processes `web` and `voice` run, and that PUBLIC_BASE_URL and its name in the DNS are "
                "right.",
            )
        else:
            if answer.is_redirect:
                where = answer.headers["Location"]
                yield Finding(
                    f"{url} sends on to {where}, where the signature of a webhook does not count.",
                    "Set PUBLIC_BASE_URL or FALLBACK_BASE_URL to the address that answers itself.",
                )
            elif answer.status_code != 200:
                yield Finding(f"{url}/healthz answers with status {answer.status_code}.", "See the proxy's settings.")
            yield from webhooks


def call(number: str, *, patience: float = CALL_PATIENCE, pause: float = 1.0) -> Iterator[Finding]:
    """Call a number; the carrier reaches us if its webhooks arrive, and the voices count if it reports no error.

    `patience` and `pause` are seconds: until it is given up, and between two looks.

    Raises:
        requests.RequestException, TwilioRestException: the carrier could not be asked.
    """
    began = utc_now()
    try:
        sid = call_control.place_call(number, voice_url("/trial"), voice_url("/trial/status"), ring_seconds=30)
    except CarrierRefused as error:
        yield _refused("call", error.refusal)
        return
    status = _await_end(sid, patience, pause)
    if not _was_reached(began):
        yield Finding(
            f"No webhook of the trial call has arrived at {settings().calls_url}.",
            "The carrier must reach PUBLIC_BASE_URL from the internet by HTTPS; and a wrong TWILIO_AUTH_TOKEN refuses "
            "every webhook (status 403 in the proxy's log).",
        )
    yield from _errors(sid)
    if status in ("busy", "no-answer", "canceled"):
        yield Finding(f"Nobody has answered the trial call ({status}).", "Try again, and answer it: it tries voices.")
    elif status != "completed":
        yield Finding(f"The trial call has not ended well ({status}).", "See the call at the carrier.")


def _await_end(sid: str, patience: float, pause: float) -> str:
    until = time.monotonic() + patience
    while (status := _status(sid)) not in call_control.ENDED and time.monotonic() < until:
        time.sleep(pause)
    return status


def _status(sid: str) -> str:
    try:
        return call_control.call_status(sid)
    except call_control.CallIsOver:  # not yet known in every place of the carrier, or not any more
        return "unknown"


def _was_reached(since: datetime) -> bool:
    with database.reading() as session:
        seen = session.get(Checkpoint, REACHED)
        return seen is not None and seen.at >= since


def _errors(sid: str) -> Iterator[Finding]:
    """The errors that the carrier has noted of a call."""
    for code in call_control.errors_of(sid):
        yield Finding(
            f"The carrier reports error {code} of the trial call.",
            "Look the number up at the carrier; of a voice (135xx) see VOICES.",
        )


def text(number: str, *, patience: float = TEXT_PATIENCE, pause: float = 1.0) -> Iterator[Finding]:
    """Send a text message to a number, and see whether it is delivered.

    `patience` and `pause` are seconds, as for :func:`call`, and the same errors are raised.
    """
    if not texts_wanted():
        yield Finding(
            "No text message is tried, because the settings let none be sent.",
            "See TEXT_COUNTRIES and TEXT_MESSAGES_A_DAY.",
            wrong=False,
        )
        return
    try:
        sid = send_text_message(number, _TEXT)
    except CarrierRefused as error:
        yield _refused("text message", error.refusal)
        return
    until = time.monotonic() + patience
    while (sent := client().messages(sid).fetch()).status not in ("delivered", "undelivered", "failed"):
        if time.monotonic() >= until:
            yield Finding(
                f"Whether the test text was delivered is not known yet: it is {sent.status}.",
                "See your telephone.",
                wrong=False,
            )
            return
        time.sleep(pause)
    if sent.status != "delivered":
        yield _refused("text message", of_text_message(int(sent.error_code or 0)))


def _refused(what: str, refusal: Refusal) -> Finding:
    said, remedy = words.CARRIER_FAULTS.of(refusal.fault, str), words.CARRIER_REMEDIES.of(refusal.fault, str)
    number = f" (error {refusal.code})" if refusal.code else ""
    return Finding(f"The test {what} was not put through: {said}{number}.", remedy)
