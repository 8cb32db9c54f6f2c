"""Views that a member keeps."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.callbacks import saved_views
from ivr.models.desk import SavedView
from ivr.platform import database


def test_a_view_of_ones_own_is_kept_and_forgotten(desk) -> None:
    browser = desk("mia")
    browser.post("/desk/views", data={"name": "Türkisch, eilig", "view": "due", "language": "tr", "kind": "nonsense"})
    page = browser.get("/desk/").text
    assert "Türkisch, eilig" in page
    assert "view=due&amp;language=tr" in page
    with database.reading() as session:
        (kept,) = session.scalars(select(SavedView)).all()
    assert "Türkisch, eilig" not in desk("nils").get("/desk/").text
    desk("nils").post(f"/desk/views/{kept.id}/delete")
    assert "Türkisch, eilig" in browser.get("/desk/").text, "it is not Nils' to delete"
    browser.post(f"/desk/views/{kept.id}/delete")
    assert "Türkisch, eilig" not in browser.get("/desk/").text
    with database.writing() as session, pytest.raises(ValueError):
        saved_views.keep(session, desk.people["mia"], "  ", {})


def test_what_was_searched_for_is_not_kept_with_a_view(desk) -> None:
    """It may be a caller's name, and would outlive all periods."""
    desk("mia").post("/desk/views", data={"name": "Meine", "view": "due", "language": "tr", "q": "Öztürk"})
    with database.reading() as session:
        assert session.scalars(select(SavedView.query)).all() == ["view=due&language=tr"]
