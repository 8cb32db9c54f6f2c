"""The web application with some tasks, for tests that throw nonsense at every endpoint."""

from __future__ import annotations

from collections import Counter

import pytest

from ivr.web import errors, rate_limits
from ivr.web.app import create_app
from tests.support.people import a_task, hire
from tests.support.volume import volume

#: How often the page of a refusal is rendered in one test, for each status.
REFUSALS = volume(test=20, soak=200)


@pytest.fixture
def filled_app(empty_database, monkeypatch):
    monkeypatch.setattr(rate_limits, "_LOG_IN", "1000000 per minute")  # a flood is not what is tried here
    monkeypatch.setattr(rate_limits, "_EVERYBODY", "1000000 per minute")
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    hire()
    for _ in range(3):
        a_task(text="Guten Tag")
    a_task("appointment", kind="appointment")
    a_task("forms", kind="postal_order")
    return app


@pytest.fixture
def few_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most nonsense is refused by one page, which shows its status and who is logged in: after some times it is left
    out, but for failures of the hotline."""
    rendered: Counter[int] = Counter()
    render = errors.render_template

    def a_page(name: str, **context: int) -> str:
        rendered[context.get("code", 0)] += 1
        left_out = name == "error.html" and context["code"] < 500 and rendered[context["code"]] > REFUSALS
        return "refused" if left_out else render(name, **context)

    monkeypatch.setattr(errors, "render_template", a_page)
