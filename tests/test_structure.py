"""What holds for the code as a whole. Which way imports point is checked by import-linter (see pyproject.toml)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from ivr.web import security_headers
from ivr.workers import runner
from tests.support.production_secrets import MASTER_KEY, SECRET

ROOT = Path(__file__).parent.parent


def test_the_softphone_is_not_there_in_production(monkeypatch: pytest.MonkeyPatch, empty_database) -> None:
    from ivr.config import settings as configuration
    from ivr.web import app as composition

    settings = configuration.load(
        mode="production", public_base_url="https://x.example", twilio_account_sid="AC1", twilio_auth_token=SECRET,
        secret_key=SECRET, audio_master_keys=MASTER_KEY, trusted_proxies=0,
    )  # fmt: skip
    monkeypatch.setattr(composition, "settings", lambda: settings)
    monkeypatch.setattr(security_headers, "settings", lambda: settings)
    app = composition.create_app()
    assert not [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("softphone")]
    assert app.config["SESSION_COOKIE_SECURE"]
    assert "max-age=63072000" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]


def test_the_queues_declared_are_the_queues_watched(hotline) -> None:
    from ivr.platform import job_queue

    watched = job_queue.workers_alive(job_queue.impatient())
    assert set(watched) == set(job_queue.names())
    assert all(watched.values())


def test_every_kind_of_work_has_somebody_who_does_it() -> None:
    kinds = set()
    for path in (ROOT / "ivr").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.add":
                kinds.add(node.args[1].value)
    assert kinds == set(runner.HANDLERS)


def strings(catalogue) -> set[tuple[str, str]]:
    return {
        (str(list(m.id) if m.pluralizable else m.id), str(tuple(m.string) if m.pluralizable else m.string))
        for m in catalogue
        if m.id
    }


def test_the_german_catalogue_is_complete_and_compiled() -> None:
    directory = ROOT / "ivr" / "web" / "translations" / "de" / "LC_MESSAGES"
    with (directory / "messages.po").open("rb") as file:
        german = read_po(file, locale="de")
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
    options = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    texts = {message for _, _, message, _, _ in extract_from_dir(ROOT / "ivr", options, keywords=keywords)}
    missing = [text for text in texts if not german.get(text) or not german.get(text).string]
    assert missing == [], "run `make translations` and translate"
    with (directory / "messages.mo").open("rb") as file:
        compiled = strings(read_mo(file))
    assert compiled == strings(german), "run `make translations`"


def test_the_schema_is_what_the_migrations_make(empty_database) -> None:
    from alembic import command

    from ivr.operations.migrate import alembic_config

    command.check(alembic_config())
