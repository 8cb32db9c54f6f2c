"""What a page shows where a sealed value cannot be opened: what is missing, and what to do; never an empty page."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from ivr.platform.crypto import CannotOpen
from ivr.platform.sealed_query import CannotOpenSearch

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Handle the errors of all pages of an application."""
    app.register_error_handler(CannotOpenSearch, _search)
    app.register_error_handler(CannotOpen, _sealed)


def _search(error: CannotOpenSearch) -> ResponseReturnValue:
    """The address was kept from before a change of the secret key, or was changed."""
    return render_template("cannot_open.html", search=True), 400


def _sealed(error: CannotOpen) -> ResponseReturnValue:
    log.error("%s", error)
    if request.path.startswith("/api/"):
        return jsonify(error="cannot be opened"), 503
    return render_template("cannot_open.html", search=False, what=error.what, why=error.why), 503
