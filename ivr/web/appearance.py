"""How the pages look in this browser: light or dark, and how close the rows of a list stand.

Both are kept in cookies, so that they hold before a log-in and after a log-out.
"""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ivr.web import forms
from ivr.web.addresses import own_address
from ivr.web.form_fields import Line, one_of

appearance = Blueprint("appearance", __name__)

#: What a browser may choose, the usual one first. `system`: as the operating system shows its own windows.
CHOICES = {"theme": ("system", "light", "dark"), "density": ("compact", "comfortable")}
#: Seconds for which a browser keeps a choice.
_A_YEAR = 365 * 24 * 3600


class AppearanceForm(forms.Form):
    """One choice, and the page it was made on."""

    theme: Annotated[str, one_of(("", *CHOICES["theme"]))] = ""
    density: Annotated[str, one_of(("", *CHOICES["density"]))] = ""
    next: Line = ""


@appearance.post("/appearance")
def choose() -> AnyResponse:
    """Keep a choice, and go back to the page."""
    form = forms.read(AppearanceForm)
    answer = redirect(own_address(form.next) or url_for("home"))
    for name, value in (("theme", form.theme), ("density", form.density)):
        if value:
            answer.set_cookie(
                name, value, _A_YEAR, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
            )
    return answer


def chosen(name: str) -> str:
    """What this browser has chosen; the usual one where it has not, or where a cookie holds something else."""
    given = request.cookies.get(name, "")
    return given if given in CHOICES[name] else CHOICES[name][0]


def install(app: Flask) -> None:
    """Let the templates ask."""
    app.jinja_env.globals.update(appearance=chosen)
