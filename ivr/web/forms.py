"""The one mechanism that reads forms and addresses of pages.

A form is a pydantic model whose fields are types of :mod:`ivr.web.form_fields`. :func:`read` gives a checked form, or
sends the reader back to the page of the form, which says what is wrong with which field and shows what was typed.
Flask-WTF checks the CSRF token before any of this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, get_origin

from flask import Flask, abort, flash, g, redirect, request, session
from flask_babel import gettext
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ivr.domain import words
from ivr.platform import sealed_query
from ivr.web.form_fields import TAMPERED, Fixed, Secret, is_possible

#: Bytes of what was typed that a cookie keeps until the next page.
_MOST_KEPT = 1500
#: Where the session keeps it.
_KEY = "typed"


class Form(BaseModel):
    """A form of a page. `problem` is what the page says if a field is wrong, instead of the fields' own messages."""

    #: Built when a form is first read: there are some sixty of them, and importing the application is to be quick.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    problem: ClassVar[str] = ""


F = TypeVar("F", bound=Form)


class Invalid(Exception):
    """A form cannot be used; `errors` has a message for each wrong field, translated."""

    def __init__(self, errors: Mapping[str, str], message: str, page: str) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors
        self.message = message
        self.page = page


def read(model: type[F], page: str = "") -> F:
    """The form of this request.

    Raises:
        Invalid: a field is wrong; the reader is sent to `page` (400 where there is none).
    """
    try:
        return model.model_validate(_values(model, request.form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        if not page or any(_is_tampered(model, one) for one in found):
            abort(400)
        errors = {str(one["loc"][0]): _message(one) for one in found}
        said = gettext(model.problem) if model.problem else _all(errors)
        keep_typed(model, errors)
        raise Invalid(errors, said, page) from None


def query(model: type[F], status: int | None = 404) -> F:
    """The parameters of this request's address; `status` answers what cannot be one.

    Raises:
        ValueError: what cannot be one, if there is no `status`.
    """
    try:
        return model.model_validate(_values(model, request.args))
    except ValidationError:
        if status is None:
            raise
        abort(status)


def check(model: type[F], values: Mapping[str, str]) -> tuple[F | None, dict[str, str]]:
    """A part of a form, or a message for each of its fields that is wrong, translated."""
    try:
        return model.model_validate(dict(values)), {}
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return None, {str(one["loc"][0]): _message(one) for one in found}


def sent() -> Mapping[str, str]:
    """The first value of everything in a form, or in the address where there is no form.

    For filters, which leave out by themselves what has no meaning.
    """
    return request.form if request.method == "POST" else request.args


def sent_fields() -> dict[str, list[str]]:
    """All values of everything in a form, whatever form it is."""
    return dict(request.form.lists())


def asks(name: str) -> bool:
    """Whether the address has a parameter of this name."""
    return name in request.args


def has_only_printable_input() -> bool:
    """Whether all parameters and fields of the request consist of printable text."""
    given = (*request.args.items(multi=True), *request.form.items(multi=True))
    return all(is_possible(key) and is_possible(value) for key, value in given)


def _is_tampered(model: type[Form], error: Any) -> bool:
    if error["type"] == "missing":
        return any(isinstance(one, Fixed) for one in model.model_fields[str(error["loc"][0])].metadata)
    return bool(error["type"] == TAMPERED)


def _values(model: type[Form], given: MultiDict[str, str]) -> dict[str, Any]:
    """What was given, by field; what was left empty counts as not given."""
    values: dict[str, Any] = {}
    for name in model.model_fields:
        if _has_several(model, name):
            values[name] = [one for one in given.getlist(name) if one.strip()]
        elif given.get(name, "").strip():
            values[name] = given[name]
    return values


def _has_several(model: type[Form], name: str) -> bool:
    return get_origin(model.model_fields[name].annotation) is tuple


def _message(error: Any) -> str:
    if error["type"] == "missing":
        return str(gettext("Please fill this in."))
    context = dict(error.get("ctx", {}))
    message = context.pop("message", "Please choose one of the values offered.")
    return str(gettext(message, **context))


def _all(errors: Mapping[str, str]) -> str:
    return " ".join(f"{words.FIELDS.of(name, gettext)}: {message}" for name, message in errors.items())


@dataclass(frozen=True)
class Typed:
    """What was typed into a form that could not be used, and what was wrong with it."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: Any = "") -> Any:
        """What was typed into a field; `default` where the form was not sent."""
        return self.values.get(name, "") if self.values else default

    def error(self, name: str) -> str:
        """What is wrong with a field."""
        return self.errors.get(name, "")

    def __bool__(self) -> bool:
        return bool(self.values)


def keep_typed(
    model: type[Form], errors: Mapping[str, str] | None = None, proposed: Mapping[str, str] | None = None
) -> None:
    """Keep what was typed until the next page, or is `proposed` instead, sealed in the session's cookie.

    Passwords are not kept.
    """
    given = request.form
    shown = {
        name: given.getlist(name) if _has_several(model, name) else given.get(name, "")
        for name, about in model.model_fields.items()
        if not any(isinstance(one, Secret) for one in about.metadata)
    }
    kept = json.dumps({"path": request.path, "values": {**shown, **(proposed or {})}, "errors": dict(errors or {})})
    g.not_saved = True
    if len(kept.encode()) <= _MOST_KEPT:
        session[_KEY] = sealed_query.seal(kept)


def typed(path: str) -> Typed:
    """What was typed into the form that is sent to `path`; known to one page only."""
    if "typed" not in g:
        g.typed = {}
        with suppress(sealed_query.CannotOpenSearch):  # the secret key was changed in between: it is typed again
            kept = sealed_query.unseal(session.pop(_KEY, ""))
            g.typed = json.loads(kept) if kept else {}
    if g.typed.get("path") != path:
        return Typed()
    return Typed(g.typed["values"], g.typed["errors"])


def install(app: Flask) -> None:
    """Answer wrong forms, and let templates show what was typed."""
    app.jinja_env.globals["typed"] = typed

    @app.errorhandler(Invalid)
    def wrong(refused: Invalid) -> Response:
        flash(refused.message, "warning")
        return redirect(refused.page)
