"""A form is done once, however often it arrives: a double click, a repetition of a proxy, a page that is gone back to.

The token in a form (against forged requests) is made anew for each page (:mod:`ivr.web.form_tokens`). So the same
token with the same words and files at the same address is the same form. That it is done is written down in the
transaction that does it: a form that was refused can be sent again, and of two that arrive at one moment the second
waits for the first.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta

from flask import Flask, flash, redirect, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.domain.timestamps import utc_now
from ivr.platform import counted_once
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hash
from ivr.web import forms, uploads

_WHAT = "form"
#: For so long the same form is shown again what it has made: a double click, or a repetition of a proxy.
_SHOWN_AGAIN = timedelta(minutes=1)


class SentBefore(Exception):
    """The form of this request is done already; its reader goes on at `page`."""

    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.page = page


def require_first(session: Session, page: str) -> None:
    """Write down that the form of this request is done now.

    Raises:
        SentBefore: it was done before.
    """
    if not counted_once.count(session, _WHAT, _form(), utc_now()):
        raise SentBefore(page)


def require_unknown(session: Session, page: str) -> None:
    """Only look whether the form of this request is done already, where it could not be done any more.

    Raises:
        SentBefore: it is.
    """
    if counted_once.is_counted(session, _WHAT, _form()):
        raise SentBefore(page)


def secret() -> str:
    """A secret for what the form of this request makes and its answer alone shows.

    The same form has the same one, so its second answer can show it too: nobody sees the first one after a double
    click. Who does not have the token of the form and the secret key cannot compute it.
    """
    form = _form()
    return keyed_hash(Purpose.SHOWN_ONCE, form) if form else secrets.token_urlsafe(32)


def is_shown_again(made_at: datetime, now: datetime) -> bool:
    """Whether what the same form has made a moment ago is shown once more."""
    return abs(now - made_at) < _SHOWN_AGAIN


def _form() -> str:
    """What tells the form of this request from all others; empty for a request that is not a form of a page.

    What a page sends by itself has its token in a header.
    """
    fields = forms.sent_fields() if request.method == "POST" else {}
    if not fields.get("csrf_token"):
        return ""
    return json.dumps([request.full_path, sorted(fields.items()), uploads.marks()])


def install(app: Flask) -> None:
    """Lead who sends a form that is done already to where the first one led, and say so."""
    app.register_error_handler(SentBefore, said)


def said(error: SentBefore) -> Response:
    """Lead to where the first form led, and say that it counts once."""
    flash(gettext("This form has arrived before. It counts once, and nothing was changed again."), "info")
    return redirect(error.page)
