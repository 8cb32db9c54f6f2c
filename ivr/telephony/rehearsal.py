"""Rehearses a call in a process that has just started, so that its first caller waits no longer than others do.

What a first request finds cold is looked up, read and put together once: the way through the application, signatures,
keys, prompts of all languages, what the database knows. It is no call: nothing is written or counted, and nobody sees
it. Only what a caller hears is made, by the functions below those that write.
"""

from __future__ import annotations

import io
import logging
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from ivr.calls import call_counters, known_numbers
from ivr.carrier import call_control
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.protocol import Keys
from ivr.flows.state import CallState, changed
from ivr.platform import write_behind
from ivr.prompts.script import offered_languages, script
from ivr.telephony import remembered_calls
from ivr.telephony.call_session import document, present_context
from ivr.telephony.state_token import seal, unseal

log = logging.getLogger(__name__)

#: No carrier gives such an id, and no telephone has such a number.
_CALL, _NUMBER = "rehearsal", "+4942100000"
_PATH = "/voice/incoming"


def rehearse(app: Flask) -> None:
    """Rehearse the begin of a call. A process in which that fails starts all the same."""
    try:
        configure_mappers()
        for thread in (call_counters, write_behind):
            thread.begin()
        call_control.prepare()
        _refused(app)
        with app.request_context(_request()):
            _walk()
    except Exception as error:
        log.warning("the first call could not be rehearsed (%s)", type(error).__name__)


def _request() -> dict[str, Any]:
    body = urlencode({"CallSid": _CALL, "AccountSid": settings().account_sid, "From": _NUMBER}).encode()
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": _PATH, "RAW_URI": _PATH, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
    }  # fmt: skip


def _refused(app: Flask) -> None:
    """A request without a signature: it takes the way of all requests, up to the guard."""
    statuses: list[str] = []

    def start_response(status: str, _headers: list[tuple[str, str]], _error: Any = None) -> Any:
        statuses.append(status)

    b"".join(app.wsgi_app(_request(), start_response))
    if not statuses[0].startswith("403"):
        raise AssertionError("a request without a signature was answered")


def _walk() -> None:
    """What a caller hears first in each language, and what is looked up for it."""
    flow, context, now = script(), present_context(), utc_now()
    known_numbers.look_up(_NUMBER, _NUMBER, now)
    state = CallState(flow.start, offered_languages()[0], began_at=now, callback_number=_NUMBER, is_silent=True)
    turn = engine.begin(flow, state, context)
    document(turn)
    chosen = engine.answer(flow, unseal(seal(turn.state, _CALL), _CALL), Keys("1"), context).state
    for language in offered_languages():
        document(engine.begin(flow, changed(chosen, language=language), context))
    context.queue_state(chosen)
    try:
        remembered_calls.remembered(_CALL)
    except SQLAlchemyError:
        log.info("the database does not answer yet")
