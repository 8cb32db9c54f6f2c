"""Every address of the hotline with numbers too large, digits of other kinds, NUL and bytes that are no text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, quote

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from ivr.config.settings import settings
from ivr.domain.permissions import CARRIER, PROGRAM, permission_of
from ivr.local_carrier.dialects import sign
from tests.support.nonsense import NAMES
from tests.support.people import log_in
from tests.support.volume import volume

#: As they stand in an address.
NASTY = (
    *("0", "-1", "1.5", "%2B1", "+1", "01", "2147483647", "2147483648", "9223372036854775808", "9" * 30, "9" * 4400),
    *("1%00", "%00", "%FF", "%ED%A0%80", "%F4%90%80%80", "%C2%B2", "1%C2%B2", "%D9%A1", "%EF%BC%91", "r%C2%B23", "r"),
    *("r9223372036854775808", "x" * 3000, "%2e%2e%2f", "%0d%0aX: 1", "None", "%25", "%25FF"),
)
#: Fields of a query or a form.
FIELDS = ("%00", "%FF%FE", "%ED%A0%80", "9223372036854775808", "1%C2%B2", "-9223372036854775809", "%D9%A1", "1e999")
#: In `make test` each rule gets every 31st of these values and every eighth of those fields, and the next rule the
#: next ones; half of them in `.ci/run`, all in `make soak`.
EVERY_NASTY, EVERY_FIELD = volume(test=31, ci=2, soak=1), volume(test=8, ci=2, soak=1)
#: Not ours, or it ends the log-in that the others need, or tells by 503 what is missing.
SKIPPED = (
    "static", "softphone.exchange", "browser_telephone.waits", "browser_telephone.talks", "login.out",
    "live_channel.events", "health.readyz", "health.completez",
)  # fmt: skip


def addresses(rule: Rule, values: Sequence[str]) -> Iterator[str]:
    """The rule's address with each value in the place of each of its parameters, and 1 in the others'."""
    parts = [(is_name, text) for is_name, text in rule._trace if text != "|"]
    names = [text for is_name, text in parts if is_name]
    for name in names or [""]:
        for value in values if name else ("",):
            yield "".join((value if text == name else "1") if is_name else text for is_name, text in parts)


def answers(client: FlaskClient, verb: str, target: str, body: str) -> None:
    form = dict(parse_qsl(body, keep_blank_values=True, errors="replace", max_num_fields=1000)) if body else {}
    raw = quote(target, safe="/?=&%+:.")
    answer = client.open(
        raw,
        method=verb,
        data=body.encode() if verb == "POST" else None,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": sign(settings().auth_token, f"{settings().calls_url}{raw}", form)},
    )
    assert answer.status_code < 500, f"{verb} {raw[:200]} {body[:200]}: {answer.status_code}"
    assert b"Traceback" not in answer.data
    answer.close()


@pytest.fixture
def people(filled_app) -> dict[str, FlaskClient]:
    names = {"member": "mia", "supervisor": "lena", "administrator": "adam", "officer": "dora"}
    browsers = {role: log_in(filled_app.test_client(), name) for role, name in names.items()}
    return browsers | {"nobody": filled_app.test_client()}


def browser_for(people: dict[str, FlaskClient], rule: Rule) -> FlaskClient:
    who = permission_of(rule.endpoint).who
    return people[next((role for role in people if role in who), "nobody")]


def rules(app, *, webhooks: bool) -> list[Rule]:
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in SKIPPED]
    return [rule for rule in found if (CARRIER in permission_of(rule.endpoint).who) is webhooks]


@pytest.mark.soak
@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "pages"])
def test_no_address_is_a_fault(filled_app, few_refusals, people, webhooks: bool) -> None:
    for number, rule in enumerate(rules(filled_app, webhooks=webhooks)):
        client = browser_for(people, rule)
        for address in addresses(rule, NASTY[number % EVERY_NASTY :: EVERY_NASTY]):
            for verb in sorted(rule.methods & {"GET", "POST"}):
                answers(client, verb, address, "")


@pytest.mark.soak
@pytest.mark.parametrize("webhooks", [True, False], ids=["webhooks", "pages"])
def test_no_field_is_a_fault(filled_app, few_refusals, people, webhooks: bool) -> None:
    for number, rule in enumerate(rules(filled_app, webhooks=webhooks)):
        client, address = browser_for(people, rule), next(addresses(rule, NASTY))
        for value in FIELDS[number % EVERY_FIELD :: EVERY_FIELD]:
            given = "&".join(f"{name}={value}" for name in NAMES)
            for verb in sorted(rule.methods & {"GET", "POST"}):
                answers(client, verb, f"{address}?{given}", given if verb == "POST" else "")


def test_programs_and_bytes_that_are_no_text(filled_app) -> None:
    """The interface answers with what is wrong, whatever stands in the address."""
    from ivr.accounts.api_tokens import new_token
    from ivr.domain.timestamps import utc_now
    from ivr.platform import database

    with database.writing() as session:
        token = new_token(session, "program", utc_now(), scopes=("tasks", "callers"))
    assert PROGRAM in permission_of("api.tasks").who
    client = filled_app.test_client()
    for value in (*NASTY, *FIELDS):
        for target in (f"/api/v1/tasks/{value}", f"/api/v1/tasks?call_sid={value}", f"/api/v1/tasks?after_id={value}",
                       f"/api/v1/tasks?limit={value}&state={value}&since={value}"):  # fmt: skip
            answer = client.get(target, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code < 500, f"{target[:200]}: {answer.status_code}"
