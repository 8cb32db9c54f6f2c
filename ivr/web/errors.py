"""What a page or the API says when something fails. Nothing of the failure itself is shown."""

from __future__ import annotations

import logging

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Conflict, HTTPException, InternalServerError

from ivr.platform import database_faults
from ivr.platform.column_types import UnknownStoredValue
from ivr.web import kept_forms, login

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Handle the errors of all pages of an application."""
    app.register_error_handler(SQLAlchemyError, _away)
    app.register_error_handler(UnknownStoredValue, _unknown_value)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _broken)


def _away(error: SQLAlchemyError) -> ResponseReturnValue:
    if database_faults.is_clash(error):
        return _clash()
    log.error("the database did not answer a page (%s)", type(error).__name__)
    if request.path.startswith("/api/"):
        return jsonify(error="the database does not answer"), 503
    return _not_saved(away=True), 503


def _clash() -> ResponseReturnValue:
    """Somebody else was quicker: the page leads to what is there now, and shows what was typed, to be copied."""
    if request.path.startswith("/api/"):
        return _refused(Conflict())
    return render_template("error.html", code=Conflict.code, **kept_forms.to_send_again()), Conflict.code


def _not_saved(*, away: bool) -> str:
    """A page that needs no database, and shows what was typed."""
    login.know_nobody()
    return render_template("away.html", away=away, **kept_forms.to_send_again())


def _unknown_value(error: UnknownStoredValue) -> ResponseReturnValue:
    log.error("%s", error)  # names table, column and row; a newer version may have written it
    return _refused(InternalServerError())


def _broken(error: Exception) -> ResponseReturnValue:
    log.error("a page failed", exc_info=error)
    if request.path.startswith("/api/"):
        return jsonify(error="internal server error"), 500
    if kept_forms.to_send_again()["fields"]:
        return _not_saved(away=False), 500
    login.know_nobody()
    return render_template("error.html", code=500), 500


def _refused(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    if request.path.startswith("/api/"):
        return jsonify(error=error.name.lower()), error.code
    typed, _ = kept_forms.typed_here()
    return render_template("error.html", code=error.code, fields=typed, mechanical=kept_forms.MECHANICAL), error.code
