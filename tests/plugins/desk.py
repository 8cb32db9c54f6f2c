"""The desk's pages without a running web server, and mail that they send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2.bccache import Bucket, BytecodeCache

from ivr.config import settings
from tests.support.guarded_desk import Browser
from tests.support.mailbox import Mailbox
from tests.support.people import hire, log_in


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Argon2 is slow on purpose; the passwords of hundreds of made-up people need no protection."""
    from argon2 import PasswordHasher

    from ivr.accounts import users

    users._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> None:
    """Hundreds of applications have the same addresses; compiling them is most of what starting one takes."""
    from werkzeug.routing import Rule

    compiled: dict[tuple[object, ...], tuple[Any, ...]] = {}
    compile_one = Rule.compile

    def compile_once(rule: Rule) -> None:
        of_map = rule.map.converters.values() if rule.map else ()
        key = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults), *of_map)
        if key not in compiled:
            compile_one(rule)
            builders = (rule._build.__func__, rule._build_unknown.__func__)  # type: ignore[attr-defined]
            compiled[key] = (rule._parts, rule._trace, rule._converters, *builders)
            return
        rule._parts, rule._trace, rule._converters, build, build_unknown = compiled[key]
        rule._build, rule._build_unknown = build.__get__(rule, None), build_unknown.__get__(rule, None)
        rule.arguments.update(rule._converters)

    Rule.compile = compile_once  # type: ignore[method-assign]


class KeptTemplates(BytecodeCache):
    """Compiled templates of all applications of this process."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what another application has compiled."""
        compiled = self._compiled.get((bucket.key, bucket.checksum))
        if compiled is not None:
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it for others."""
        self._compiled[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> None:
    """Nearly every test of a page makes an application, which would compile the page's templates again."""
    from flask import Flask

    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": KeptTemplates()}


@pytest.fixture
def desk(empty_database):
    """Browsers of people who work here, one a person."""
    from ivr.web.app import create_app

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    people = hire()

    def browser(username: str | None = None):
        client = app.test_client()
        return log_in(client, username) if username else client

    browser.people = people
    browser.app = app
    return browser


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server."""
    box = Mailbox()
    yield box
    box.stop()


@pytest.fixture
def guarded(desk):
    """The desk with tokens against forged requests, as it runs."""
    desk.app.config["WTF_CSRF_ENABLED"] = True

    def browser(username: str | None = None) -> Browser:
        one = Browser(desk.app.test_client())
        return one.logs_in(username) if username else one

    browser.people = desk.people
    return browser


@pytest.fixture
def alert_address(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every alert goes to one address."""
    monkeypatch.setenv("ALERTS", json.dumps([{"name": "all", "to": "https://example.org/hook"}]))
    monkeypatch.setenv("WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")  # pragma: allowlist secret
    settings.settings.cache_clear()
