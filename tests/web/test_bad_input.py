"""Nonsense at every endpoint: no failure, no stack trace, and nothing changed by a person without permission."""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from sqlalchemy import select
from werkzeug.routing import Rule

from ivr.accounts.api_tokens import new_token
from ivr.config.settings import settings
from ivr.domain.permissions import CARRIER, permission_of
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.dialects import sign
from ivr.platform import database
from ivr.platform.orm import Base
from ivr.web.app import create_app
from tests.support.nonsense import NAMES
from tests.support.people import a_task, log_in
from tests.support.volume import volume

#: Inputs for each webhook, and for each form by each person and by all who may not use it; `make soak` throws more
#: than 50,000 in all, `make test` more than a thousand.
A_WEBHOOK, A_FORM, WITHOUT_PERMISSION = (
    volume(test=30, ci=60, soak=320), volume(test=2, ci=10, soak=80), volume(test=1, ci=4, soak=32),
)  # fmt: skip
PEOPLE = ("mia", "lena", "adam", "dora")
VALUES = (
    "", "0", "1", "2", "-1", "9" * 30, "NaN", "inf", "1.5", "０１２３", "+4915112345678", "anonymous", "Anonymous",
    "+266696687", "CA" + "a" * 32, "RE" + "b" * 32, "' OR 1=1 --", "<script>alert(1)</script>", "{{7*7}}", "../../etc",
    "%00", "مرحبا بالعالم", "𝕏" * 50, "a" * 5000, "benefits", "open", "claimed", "closed", "reached",
    "no_answer", "completed", "busy", "in-progress", "2026-13-45", "2026-10-25", "2026-10-25T02:30", "0000-00-00",
    "25:61", "08:00", "true", "[]", "{}", "null", "#", "*", "12345674", "member", "administrator", "erasure", "export",
    "assign", "close", "confirm", "mia", "de", "xx", "csv", "http://127.0.0.1:1/", "file:///etc/passwd", "~AAAA", "~",
    "\x7f", "\r\nX-Evil: 1", "٣", "١٢٣٤٥٦", "-0", "+", "..", "\ud7ff",
)  # fmt: skip
PATHS = ("1", "2", "3", "0", "2147483647", "99999999999999", "de", "xx", "greeting", "csv", "pdf", "missed", "duties",
         "%2e%2e", "a%00b", "x" * 300, "-1", "greeting-1", "ü")  # fmt: skip
#: What only callers and the people who work for them may change.
OF_CALLERS = (
    "calls", "callback_tasks", "contacts", "voicebox_messages", "recordings", "transcripts", "task_events", "attempts",
    "postal_orders", "appointment_wishes", "text_messages", "legal_holds", "subject_requests", "blocked_numbers",
)  # fmt: skip


def state() -> list[tuple[str, str]]:
    with database.reading() as session:
        return [
            (name, repr(session.execute(select(table).order_by(*table.primary_key)).all()))
            for name, table in Base.metadata.tables.items()
            if name in OF_CALLERS
        ]


class Monkey:
    """Throws nonsense, the same for the same seed."""

    def __init__(self, app, seed: int) -> None:
        self.dice = random.Random(seed)
        # What is passed on to the local exchange, and what tells by 503 what is missing.
        skipped = ("static", "softphone.exchange", "browser_telephone.waits", "browser_telephone.talks",
                   "live_channel.events", "health.readyz", "health.completez")  # fmt: skip
        self.rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in skipped]
        self.webhooks = [rule for rule in self.rules if CARRIER in permission_of(rule.endpoint).who]
        self.pages = [rule for rule in self.rules if CARRIER not in permission_of(rule.endpoint).who]

    def often(self, rules: list[Rule], times: int) -> Iterator[Rule]:
        """Each form so many times, each page without a form a tenth of it, in any order."""
        forms = [rule for rule in rules if "POST" in rule.methods]
        others = [rule for rule in rules if "POST" not in rule.methods]
        many = [*forms * times, *others * max(1, times // 10)]
        self.dice.shuffle(many)
        yield from many

    def address(self, rule: Rule) -> str:
        parts = []
        for part in str(rule).split("/"):
            if "<" not in part:
                parts.append(part)
            elif "int" in part and self.dice.random() < 0.8:
                parts.append(str(self.dice.randrange(1, 8)))
            else:
                before, _, rest = part.partition("<")
                parts.append(before + self.dice.choice(PATHS) + rest.rpartition(">")[2])
        return "/".join(parts)

    def fields(self) -> dict[str, str]:
        return {self.dice.choice(NAMES): self.dice.choice(VALUES) for _ in range(self.dice.randrange(0, 9))}


def throw(monkey: Monkey, browser, rule: Rule) -> None:
    verb = monkey.dice.choice([*sorted(rule.methods - {"HEAD", "OPTIONS"})] * 4 + ["GET", "POST", "PUT", "DELETE"])
    path, query, form = monkey.address(rule), monkey.fields(), monkey.fields()
    answer = browser.open(path, method=verb, query_string=query, data=form if verb != "GET" else None)
    place = f"{verb} {path} {query} {form}: {answer.status_code}"
    assert answer.status_code < 500, place
    assert b"Traceback" not in answer.data, place
    answer.close()


@pytest.mark.soak
@pytest.mark.parametrize("name", PEOPLE)
def test_nonsense_breaks_nothing(filled_app, few_refusals, name: str) -> None:
    """A member, a supervisor, an administrator and an officer, at every page and form."""
    monkey = Monkey(filled_app, PEOPLE.index(name))
    browser = log_in(filled_app.test_client(), name)
    for number, rule in enumerate(monkey.often(monkey.pages, A_FORM)):
        if number % 25 == 0 and browser.get("/account/").status_code != 200:  # logged out, or not what they were
            browser = _again(filled_app, name)
        if rule.endpoint not in ("login.out", "account.password"):
            throw(monkey, browser, rule)


def _again(app, name: str):
    """They may have been given another role, or locked out: the hotline is as it was."""
    from ivr.accounts.users import _hasher
    from ivr.models.accounts import LogInDelay, User
    from tests.support.people import CAST, PASSWORD

    with database.writing() as session:
        session.query(LogInDelay).delete()
        user = session.query(User).filter_by(username=name).one()
        user.role, user.active, user.password_hash = CAST[name][1], True, _hasher.hash(PASSWORD)
        user.totp_secret = user.totp_confirmed_at = None
    return log_in(app.test_client(), name)


@pytest.mark.soak
def test_the_carrier_may_say_anything(filled_app) -> None:
    """Signed, so that it is taken for the carrier's."""
    monkey, client = Monkey(filled_app, 2), filled_app.test_client()
    for rule in monkey.often(monkey.webhooks, A_WEBHOOK):
        path = monkey.address(rule)
        query = "&".join(f"{name}=x{monkey.dice.randrange(9)}" for name in list(monkey.fields())[:2])
        target = f"{path}?{query}" if query else path
        form = monkey.fields()
        signature = sign(settings().auth_token, f"{settings().base_url}{target}", form)
        answer = client.post(target, data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code < 500, f"{target} {form}: {answer.status_code}"
        assert b"Traceback" not in answer.data
        answer.close()


@pytest.mark.soak
def test_who_may_not_changes_nothing(filled_app) -> None:
    """A stranger at every endpoint, webhooks without a signature; administrator and officer at everybody else's."""
    monkey, stranger = Monkey(filled_app, 3), filled_app.test_client()
    adam, dora = log_in(filled_app.test_client(), "adam"), log_in(filled_app.test_client(), "dora")
    before = state()
    for number, rule in enumerate(monkey.often(monkey.rules, WITHOUT_PERMISSION)):
        browser = (stranger, adam, dora)[number % 3]
        if browser is stranger or not (permission_of(rule.endpoint).who & {"administrator", "officer", "anybody"}):
            throw(monkey, browser, rule)
    assert state() == before


def fits(document: dict, url: str) -> bool:
    """Whether what has arrived is right after all: an empty list, for example, sends nothing."""
    from jsonschema_rs import Draft202012Validator

    parts = urlsplit(url)
    lists, last = parts.path.removeprefix("/api/v1"), parts.path.rpartition("/")[2]
    name = lists if lists in document["paths"] else lists.removesuffix(last) + "{id}"
    described = {
        one["name"]: one["schema"] for one in document["paths"].get(name, {}).get("get", {}).get("parameters", ())
    }
    given = parse_qsl(parts.query, keep_blank_values=True)
    if name != lists:
        given.append(("id", last))
    values = {key: int(value) if value.isascii() and value.isdigit() else value for key, value in given}
    values |= {"call_sid": str(dict(given)["call_sid"])} if "call_sid" in values else {}
    return set(values) <= set(described) and all(
        Draft202012Validator(described[key]).is_valid(value) for key, value in values.items()
    )


@pytest.mark.soak
def test_the_interface_is_what_its_document_says(empty_database) -> None:
    """Schemathesis: right and wrong requests for every operation, answers as described."""
    import schemathesis  # takes more than a second
    from schemathesis import GenerationMode
    from schemathesis.core.parameters import ParameterLocation
    from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

    app = create_app()
    for _ in range(3):
        a_task(text="Guten Tag")
    with database.writing() as session:
        token = new_token(session, "schemathesis", utc_now(), scopes=("tasks", "callers"))
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    tried, served = [], app.test_client().get("/api/v1/openapi.json").json
    for operation in document.get_all_operations():
        for mode in GenerationMode:

            @settings_of_hypothesis(
                derandomize=True,
                max_examples=volume(test=1, ci=5, soak=150),
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            @given(case=operation.ok().as_strategy(generation_mode=mode))
            def check(case) -> None:
                tried.append(case)
                wrong = {where for where, part in case.meta.components.items() if part.mode is GenerationMode.NEGATIVE}
                headers = {"Accept-Encoding": "identity"}
                if wrong != {ParameterLocation.HEADER}:  # otherwise it is the token that is to be missing
                    headers["Authorization"] = f"Bearer {token}"
                answer = case.call(headers=headers)
                left_out = [negative_data_rejection] if fits(served, answer.request.url or "") else []
                if "Authorization" in headers:  # it is ours, and valid
                    left_out.append(ignored_auth)
                case.validate_response(answer, excluded_checks=left_out)

            check()
    assert len(tried) > volume(test=40, ci=200, soak=200)
