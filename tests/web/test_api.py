"""`/api/v1` for other programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from ivr.accounts import api_tokens
from ivr.callbacks import code_changes, events
from ivr.domain.enums import TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.web import rate_limits
from ivr.web.app import create_app
from tests.support.contacts import changed_by_code, joined, opened
from tests.support.people import a_task, the_task


@pytest.fixture
def client(empty_database):
    with database.writing() as session:
        token = api_tokens.new_token(session, "reader", utc_now(), scopes=("tasks", "callers"))
    client = create_app().test_client()
    client.token = token
    client.read = lambda path: client.get(path, headers={"Authorization": f"Bearer {client.token}"})
    return client


def test_the_document_is_valid_openapi(client) -> None:
    from openapi_spec_validator import validate

    document = client.get("/api/v1/openapi.json").json
    validate(document)


def test_a_task_is_as_the_document_says(client) -> None:
    task = a_task(text="Guten Tag allerseits")
    document = client.get("/api/v1/openapi.json").json
    found = client.read(f"/api/v1/tasks/{task}").json
    schema = document["components"]["schemas"]
    assert set(found) == set(schema["Task"]["properties"]) == set(schema["Task"]["required"])
    (message,) = found["messages"]
    assert set(message) == set(schema["Message"]["required"])
    assert set(message["transcript"]) == set(schema["Transcript"]["required"])
    assert set(message["transcript"]["words"][0]) == {"word", "start", "end", "confidence"}
    assert found["due_at"].endswith("Z")
    assert found["receipt_code"] == the_task(task).receipt_code


def test_pages_lead_to_each_other(client) -> None:
    tasks = [a_task() for _ in range(5)]
    seen, path = [], "/api/v1/tasks?limit=2"
    while path:
        page = client.read(path).json
        seen += [task["id"] for task in page["tasks"]]
        path = page["next"]
    assert seen == tasks


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
def test_without_a_token_nothing_is_told(client, header: dict[str, str]) -> None:
    task = a_task()
    for path in ("/api/v1/tasks", f"/api/v1/tasks/{task}"):
        answer = client.get(path, headers=header)
        assert answer.status_code == 401
        assert "error" in answer.json


def test_a_revoked_token_is_worthless(client) -> None:
    with database.writing() as session:
        assert api_tokens.revoke_token(session, "reader", utc_now())
    assert client.read("/api/v1/tasks").status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=abc",
        "after_id=x",
        "after_id=99999999999999999999",
        "limit=5000",
        "after_id=-1",
        "state=nonsense",
    ],
)
def test_wrong_queries_are_answered_clearly(client, query: str) -> None:
    answer = client.read(f"/api/v1/tasks?{query}")
    assert answer.status_code == 400
    assert "error" in answer.json


def test_what_is_not_there(client) -> None:
    assert client.read("/api/v1/tasks/99").status_code == 404
    assert client.read("/api/v1/tasks/9223372036854775808").status_code == 404
    assert client.read("/api/v1/tasks?call_sid=none").json["tasks"] == []


def test_health(client) -> None:
    assert client.get("/healthz").json == {"status": "alive", "forwarded": 0}
    ready = client.get("/readyz")
    assert ready.status_code == 200, "there is no Redis here and no worker: callers are served all the same"
    assert ready.json["database"] == "ok"
    assert (ready.json["ready"], ready.json["complete"]) == (True, False)


def test_who_asks_too_often_is_told_when_to_come_back(client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_PROGRAM", "2 per minute")
    token, client = client.token, create_app().test_client()
    answers = [client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert "error" in answers[-1].json


@pytest.mark.parametrize(
    "query", ["limit=5.0", "limit=1_0", "limit=%EF%BC%95", "limit=%C2%B2", "limit=1&limit=2", "x=1", "state="]
)
def test_what_is_no_parameter_is_named(client, query: str) -> None:
    answer = client.read(f"/api/v1/tasks?{query}")
    assert answer.status_code == 400
    assert answer.json["error"].startswith(query.partition("=")[0])


def test_what_the_interface_does_not_know_is_an_error_that_names_it(client, caplog) -> None:
    task = a_task()
    with database.writing() as session:
        session.execute(text("UPDATE callback_tasks SET age_group = 'tomorrow' WHERE id = :id"), {"id": task})
    answer = client.read(f"/api/v1/tasks/{task}")
    assert (answer.status_code, answer.json) == (500, {"error": "internal server error"})
    assert "tomorrow" in caplog.text
    assert "age_group" in caplog.text


def test_no_page_of_the_document_comes_from_elsewhere(client) -> None:
    """The library's own pages load scripts from a content delivery network: they are not there."""
    for path in ("/apidoc/swagger/", "/apidoc/redoc/", "/apidoc/openapi.json", "/api/v1/apidoc/swagger/"):
        assert client.get(path).status_code == 404


# -- changes ---------------------------------------------------------------------------------------


@pytest.fixture
def writer(client):
    """A program that may merge, split and confirm."""
    with database.writing() as session:
        token = api_tokens.new_token(session, "writer", utc_now(), scopes=("tasks", "callers", "changes"))
    headers = {"Authorization": f"Bearer {token}"}

    def write(path: str, **json: object):
        return client.post(f"/api/v1{path}", headers=headers, json=json or None)

    write.headers = headers
    return write


def test_a_program_merges_splits_and_sees_each_contact(client, writer) -> None:
    task, other = opened(), opened()
    merged = writer(f"/tasks/{task}/merge", other=other)
    assert (merged.status_code, merged.json["id"]) == (200, task)
    assert [contact["receipt_code"] for contact in merged.json["contacts"]] == [
        the_task(one).receipt_code for one in (task, other)
    ]
    assert client.read(f"/api/v1/tasks/{other}").json["merged_into_id"] == task
    assert writer(f"/tasks/{other}/undo-merge").json["state"] == "open"
    contact = joined(task)
    own = writer(f"/contacts/{contact}/split").json
    assert own["id"] not in (task, other)
    assert [one["id"] for one in own["contacts"]] == [contact]


def test_a_program_decides_about_a_change_by_receipt_code(writer) -> None:
    task = opened()
    contact = changed_by_code(task, "+4917633333333")
    assert writer(f"/contacts/{contact}/confirm", proof="guess").status_code == 400
    answer = writer(f"/contacts/{contact}/confirm", proof="document")
    assert answer.json["callback_number"] == "+4917633333333"
    assert answer.json["contacts"][0]["confirmed_at"] is not None
    refused = writer(f"/contacts/{contact}/reject")
    assert (refused.status_code, refused.json["error"]) == (409, "There is nothing to confirm any more.")
    other = opened()
    withdrawn = changed_by_code(other, withdrawn=True)
    assert writer(f"/contacts/{withdrawn}/reject").json["contacts"][0]["withdrawn_at"] is None


DECISIONS = [("confirm", {"proof": "document"}), ("reject", {})]


@pytest.mark.parametrize(("decision", "body"), DECISIONS)
def test_a_program_decides_about_nothing_that_it_has_not_read(client, writer, decision: str, body: dict) -> None:
    """Another number was keyed in since it read the task, or a withdrawn request is wanted after all."""
    task = opened()
    contact = changed_by_code(task, "+4917633333333")
    seen = client.read(f"/api/v1/tasks/{task}").json["seen"]
    with database.writing() as session:
        code_changes.change_number(session, session.get_one(Contact, contact), "+4917644444444", utc_now())
    for stale in (seen, "1", "0.0-0.0-0.0"):
        refused = writer(f"/contacts/{contact}/{decision}", **body, seen=stale)
        assert (refused.status_code, "new message" in refused.json["error"]) == (409, True)
    with database.reading() as session:
        assert session.get_one(Contact, contact).is_unconfirmed
    seen = client.read("/api/v1/tasks").json["tasks"][0]["seen"]
    decided = writer(f"/contacts/{contact}/{decision}", **body, seen=seen).json
    number = "+4917644444444" if decision == "confirm" else "+4917622222222"
    assert (decided["contacts"][0]["callback_number"], decided["seen"]) == (number, seen)
    other = opened()
    withdrawn = changed_by_code(other, withdrawn=True)
    with database.writing() as session:
        events.record(session, other, TaskEventKind.CALLED_AGAIN, utc_now() + timedelta(seconds=1))
    assert writer(f"/contacts/{withdrawn}/{decision}", **body).status_code == 409
    with database.reading() as session:
        assert session.get_one(Contact, withdrawn).is_unconfirmed
    assert writer(f"/contacts/{withdrawn}/{decision}", seen=7).status_code == 400


def test_a_program_without_the_scope_or_with_nonsense_changes_nothing(client, writer) -> None:
    task, other = opened(), opened()
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = client.post(f"/api/v1/tasks/{task}/merge", headers=headers, json={"other": other})
    assert (answer.status_code, "changes" in answer.json["error"]) == (403, True)
    assert client.post(f"/api/v1/tasks/{task}/merge", json={"other": other}).status_code == 401
    for path, status in ((f"/tasks/{task}/merge", 400), ("/tasks/99/undo-merge", 404), ("/contacts/99/split", 404)):
        assert writer(path).status_code == status
    assert writer(f"/tasks/{task}/merge", other="x").status_code == 400
    assert writer(f"/tasks/{task}/undo-merge").status_code == 409
    assert the_task(other).state == "open"


NO_OBJECT = [
    (b'{"seen": "0.0-0.0-0.0"', "application/json"),
    (b"[]", "application/json"),
    (b"null", "application/json"),
    (b"0", "application/json"),
    (b'""', "application/json"),
    (b"\xff", "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"a":' * 100_000, "application/json"),
    (b'{"seen": "0.0-0.0-0.0"}', "text/plain"),
    (b'{"seen": "0.0-0.0-0.0"}', "application/x-www-form-urlencoded"),
    (b"", "application/x-www-form-urlencoded"),
    (b"", "multipart/form-data; boundary=x"),
]


@pytest.mark.parametrize(("body", "kind"), NO_OBJECT)
def test_a_body_that_is_no_object_is_not_read_as_an_empty_one(client, writer, body: bytes, kind: str) -> None:
    """What a program has meant is not known; without the mark it would decide about what it has not read."""
    task = opened()
    contact = changed_by_code(task, "+4917633333333")
    for path in (f"/contacts/{contact}/reject", f"/contacts/{contact}/confirm", f"/tasks/{task}/merge"):
        answer = client.post(f"/api/v1{path}", headers=writer.headers, data=body, content_type=kind)
        assert (answer.status_code, "must be a JSON object" in answer.json["error"]) == (400, True)
    for misspelt in ({"sen": "0.0-0.0-0.0"}, {"seen": ["0.0"]}, {"proof": "document"}):
        assert writer(f"/contacts/{contact}/reject", **misspelt).status_code == 400
    assert writer(f"/tasks/{task}/merge", other=True).status_code == 400
    with database.reading() as session:
        assert session.get_one(Contact, contact).is_unconfirmed
    assert client.post(f"/api/v1/contacts/{contact}/reject", headers=writer.headers).status_code == 200
