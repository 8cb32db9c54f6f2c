"""What everybody can read without a log-in: whom to tell of a weakness, and how accessible the pages are."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.config import settings as configuration
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.privacy import PeriodChange
from ivr.platform import database
from ivr.web import public_statements

ROOT = Path(__file__).parent.parent.parent


def configure(monkeypatch: pytest.MonkeyPatch, base: Settings, **values: Any) -> None:
    changed = base.model_copy(update=values)
    monkeypatch.setattr(public_statements, "settings", lambda: changed)


def test_whoever_finds_a_weakness_reads_whom_to_tell(
    desk: Any, empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = desk()
    assert stranger.get("/.well-known/security.txt").status_code == 404
    configure(monkeypatch, empty_database, security_contact="mailto:security@jobcenter.example")
    answer = stranger.get("/.well-known/security.txt")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@jobcenter.example"
    assert timedelta(days=30) < datetime.fromisoformat(fields["Expires"]) - utc_now() < timedelta(days=365)


@pytest.mark.parametrize("wrong", ["security@jobcenter.example", "http://x.example", "mailto:a b", "mailto:a\nb"])
def test_a_contact_that_no_program_can_follow_is_refused(wrong: str) -> None:
    with pytest.raises(configuration.ConfigurationError, match="security_contact"):
        configuration.load(security_contact=wrong)


def test_the_statement_of_accessibility_is_one_link_away(
    desk: Any, empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = desk()
    configure(monkeypatch, empty_database, accessibility_contact="barrieren@jobcenter.example")
    assert "/accessibility" in stranger.get("/login").text
    german = stranger.get("/accessibility").text
    assert "Erklärung zur Barrierefreiheit" in german and "mailto:barrieren@jobcenter.example" in german
    stranger.post("/language", data={"language": "en"})
    assert "Accessibility statement" in stranger.get("/accessibility").text
    for role in ("mia", "lena", "adam", "dora"):
        assert 'href="/accessibility"' in desk(role).get("/help/", follow_redirects=True).text


def test_callers_read_what_becomes_of_their_data(
    desk: Any, empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Art. 13 GDPR: one link from the log-in, with the contacts of the settings and the periods as they are applied."""
    stranger = desk()
    with database.writing() as session:
        session.add(
            PeriodChange(
                kind="audio", days=33, reason="kürzer", state="confirmed", proposed_by_id=1,
                proposed_at=utc_now(), decided_at=utc_now(),
            )
        )  # fmt: skip
    assert 'href="/privacy"' in stranger.get("/login").text
    assert "noch nicht angegeben" in stranger.get("/privacy").text, "what nobody has stated is missing, and says so"
    configure(monkeypatch, empty_database, controller="Jobcenter Bremen, Testweg 1")
    page = stranger.get("/privacy").text
    for said in (
        "Jobcenter Bremen, Testweg 1",
        "BfDI",
        "33 Tage",
        "Notfall hochgestuft",
        "Widerspr",
        "Art.\u00a07,",
    ):
        assert said.lower() in page.lower(), said
    stranger.post("/language", data={"language": "en"})
    assert "What a machine decides" in stranger.get("/privacy").text
