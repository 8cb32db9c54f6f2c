"""The page for a screen on the wall: a few large figures of each of one's teams, and nobody's name."""

from __future__ import annotations

from flask import Blueprint, render_template

from ivr.contact_centre import wallboard
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.web import forms
from ivr.web.authorisation import me
from ivr.web.form_fields import Tick

wall = Blueprint("wall", __name__, url_prefix="/desk/wall")


class WallAddress(forms.Form):
    """Whether only the figures are asked for, by the page itself."""

    part: Tick = False


@wall.get("")
def page() -> str:
    """The figures of now; the page asks for them anew by itself."""
    now = utc_now()
    with database.reading() as session:
        boards = wallboard.of_teams(session, me().scope, now)
        template = "_wall.html" if forms.query(WallAddress).part else "wall.html"
        return render_template(template, boards=boards, now=now)
