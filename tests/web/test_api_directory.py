"""`/api/v1/directory`, `/interpreters` and the bookings: a house keeps its numbers and its duties elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.accounts import api_tokens
from ivr.contact_centre import conversations
from ivr.domain.enums import LegRole, LegState
from ivr.domain.timestamps import iso, utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.directory import DirectoryEntry
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire, log_in

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS = dict.fromkeys(DAYS, "00:00-24:00")
OFFICE = {
    "kind": "office", "name": "Wohngeldstelle", "number": "0421 555 0199", "hours": ALWAYS, "closed_on_holidays": False,
}  # fmt: skip
AYLIN = {
    "kind": "interpreter", "name": "Aylin", "number": "+4915700000001", "hours": ALWAYS, "languages": ["tr"],
    "cents_per_minute": 40, "closed_on_holidays": False,
}  # fmt: skip


def program(*scopes: str) -> Callable[..., Any]:
    """A program with a token of these scopes; every answer is as the document says."""
    with database.writing() as session:
        token = api_tokens.new_token(session, "-".join(scopes), utc_now(), scopes=scopes)
    client = create_app().test_client()
    document = client.get("/api/v1/openapi.json").json

    from jsonschema import Draft202012Validator  # takes more than a second

    def ask(path: str, json: object = None, verb: str = "") -> Any:
        verb = verb or ("POST" if json is not None or path.endswith(("/end", "/cancel")) else "GET")
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(f"/api/v1{path}", method=verb, headers=headers, json=json)
        plain = path.partition("?")[0]
        described = "/".join("{id}" if part.isdigit() else part for part in plain.split("/"))
        said = document["paths"][described][verb.lower()]["responses"][str(answer.status_code)]
        schema = said["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)
        return answer

    return ask


@pytest.fixture
def house(empty_database: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for hours in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(hours, "00:00-24:00")
    forget_settings()
    yield
    forget_settings()


@pytest.fixture
def numbers(house: None) -> Callable[..., Any]:
    return program("directory")


def browser_of(name: str) -> FlaskClient:
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return log_in(app.test_client(), name)


def logged() -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(AccessLine.actor, AccessLine.detail).order_by(AccessLine.number)).all()
        return [(row.actor, row.detail) for row in rows]


# -- the directory -----------------------------------------------------------------------------------------


def test_a_program_adds_changes_and_ends_an_entry(numbers: Callable[..., Any]) -> None:
    added = numbers("/directory", OFFICE)
    assert (added.status_code, added.json["number"], added.json["open_now"]) == (200, "+494215550199", True)
    path = f"/directory/{added.json['id']}"
    changed = numbers(path, {**OFFICE, "name": " Wohngeld \t Mitte ", "hours": {"monday": "08:00-12:00"}, "hint": "-7"})
    assert (changed.json["name"], changed.json["hint"]) == ("Wohngeld Mitte", "-7")
    assert changed.json["hours"] == {**dict.fromkeys(DAYS, "closed"), "monday": "08:00-12:00"}
    assert [one["name"] for one in numbers("/directory?words=mitte").json["entries"]] == ["Wohngeld Mitte"]
    assert numbers("/directory?words=nord").json["entries"] == []
    assert numbers(f"{path}/end").json["name"] == "Wohngeld Mitte"
    assert numbers("/directory").json["entries"] == []
    assert [(actor, detail.rpartition(": ")[2].partition(",")[0]) for actor, detail in logged()] == [
        ("directory", "added"),
        ("directory", "Wohngeldstelle +494215550199"),
        ("directory", "ended"),
    ]


def test_members_see_what_a_program_has_entered_and_by_whom_is_no_fault(numbers: Callable[..., Any]) -> None:
    hire()
    numbers("/directory", OFFICE)
    lena = browser_of("lena")
    assert "Wohngeldstelle" in lena.get("/directory/").text
    with database.reading() as session:
        entry = session.scalars(select(DirectoryEntry)).one()
    assert lena.get(f"/directory/{entry.id}").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": "110"}, "number"),
        ({"number": "keine"}, "number"),
        ({"number": "+494211782666"}, "hotline itself"),
        ({"number": "+2526123456"}, "number"),
        ({"hours": {"monday": "16:00-08:00"}}, "not after the beginning"),
        ({"hours": {"monday": "8-16"}}, "hours.monday"),
        ({"hours": {"montag": "08:00-16:00"}}, "hours.montag"),
        ({"kind": "friend"}, "kind"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"hint": "a\nb"}, "hint"),
        ({"languages": ["xx-nonsense"]}, "languages"),
        ({"cents_per_minute": -1}, "cents_per_minute"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_is_no_entry_is_refused_and_named(numbers: Callable[..., Any], wrong: dict[str, Any], said: str) -> None:
    answer = numbers("/directory", {**OFFICE, **wrong})
    assert (answer.status_code, said in answer.json["error"]) == (400, True), answer.json
    assert numbers("/directory").json["entries"] == []


def test_what_the_directory_does_not_take_is_refused(numbers: Callable[..., Any]) -> None:
    numbers("/directory", OFFICE)
    assert numbers("/directory", {**OFFICE, "name": "Noch eine"}).status_code == 409
    assert numbers("/directory", {**OFFICE, "number": "+494215550198", "hours": {}}).status_code == 409
    assert numbers("/directory", {**AYLIN, "languages": []}).status_code == 409
    assert numbers("/directory/4711", OFFICE).status_code == 404
    assert numbers("/directory/4711/end").status_code == 404


def test_the_directory_needs_its_own_scope_which_opens_no_tasks(house: None) -> None:
    own, others = program("directory"), program("tasks", "callers", "changes", "notices")
    for path, json in (("/directory", None), ("/directory", OFFICE), ("/interpreters", None)):
        assert (own(path, json).status_code, others(path, json).status_code) == (200, 403)
    assert own("/tasks").status_code == 401
    assert own("/interpreter-bookings").status_code == 401
    assert program("notices")("/directory").status_code == 401


# -- the pools ---------------------------------------------------------------------------------------------


def test_the_pool_is_in_the_order_in_which_it_is_rung(numbers: Callable[..., Any]) -> None:
    numbers("/directory", AYLIN)
    numbers("/directory", {**AYLIN, "name": "Burak", "number": "+4915700000002", "cents_per_minute": 10})
    numbers("/directory", {**AYLIN, "name": "Nour", "number": "+4915700000003", "languages": ["ar"]})
    numbers("/directory", OFFICE)
    asked = numbers("/interpreters?language=tr").json["interpreters"]
    assert [(one["name"], one["on_duty"], one["engaged"]) for one in asked] == [
        ("Burak", True, False),
        ("Aylin", True, False),
    ]
    assert len(numbers("/interpreters").json["interpreters"]) == 3
    assert numbers("/interpreters?language=ps").json["interpreters"] == []


def test_who_interprets_just_now_is_engaged(numbers: Callable[..., Any]) -> None:
    numbers("/directory", AYLIN)
    task_id = a_task(language="tr")
    with database.writing() as session:
        talk = conversations.for_task(session, session.get_one(CallbackTask, task_id), utc_now())
        conversations.add_leg(
            session, talk, LegRole.INTERPRETER, AYLIN["number"], utc_now(), ring=False, state=LegState.JOINED
        )
    assert [one["engaged"] for one in numbers("/interpreters").json["interpreters"]] == [True]


# -- bookings ----------------------------------------------------------------------------------------------


@pytest.fixture
def booking(house: None) -> Callable[..., Any]:
    """A program that books; Aylin is in the pool."""
    program("directory")("/directory", AYLIN)
    return program("tasks", "changes")


def in_hours(hours: float) -> datetime:
    return utc_now() + timedelta(hours=hours)


def test_a_program_books_an_interpreter_and_cancels_her(booking: Callable[..., Any]) -> None:
    task_id, begins = a_task(language="tr"), in_hours(5)
    booked = booking(
        f"/tasks/{task_id}/interpreter", {"number": AYLIN["number"], "begins_at": iso(begins), "minutes": 60}
    )
    assert (booked.status_code, booked.json["state"], booked.json["language"]) == (200, "booked", "tr")
    assert [one["id"] for one in booking("/interpreter-bookings").json["bookings"]] == [booked.json["id"]]
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        assert (task.needs_interpreter, task.next_attempt_at is not None) == (True, True)
    again = {"number": AYLIN["number"], "begins_at": iso(begins + timedelta(minutes=30))}
    assert booking(f"/tasks/{task_id}/interpreter", again).status_code == 409, "she is booked then"
    canceled = booking(f"/interpreter-bookings/{booked.json['id']}/cancel")
    assert canceled.json["state"] == "canceled"
    assert booking(f"/interpreter-bookings/{booked.json['id']}/cancel").status_code == 409
    assert booking(f"/tasks/{task_id}/interpreter", again).status_code == 200, "and is free again"
    assert [detail for actor, detail in logged() if actor == "tasks-changes"] == [
        "book_interpreter", "cancel_booking", "book_interpreter",
    ]  # fmt: skip


def test_members_see_the_booking_of_a_program_on_the_task(booking: Callable[..., Any]) -> None:
    hire()
    task_id = a_task(language="tr")
    booking(f"/tasks/{task_id}/interpreter", {"number": AYLIN["number"], "begins_at": iso(in_hours(5))})
    page = browser_of("mia").get(f"/desk/tasks/{task_id}").text
    assert "von einem Programm vorgemerkt" in page


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"number": "+4915700000009"}, 409),
        ({"begins_at": "2020-01-01T10:00:00Z"}, 409),
        ({"begins_at": "2900-01-01T10:00:00Z"}, 409),
        ({"begins_at": "0001-01-01T00:00:00+14:00"}, 409),
        ({"begins_at": "9999-12-31T23:59:59-14:00"}, 409),
        ({"begins_at": "2026-12-01T10:00:00"}, 400),
        ({"begins_at": "morgen"}, 400),
        ({"minutes": 20}, 400),
        ({"minutes": "30x"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_what_cannot_be_booked_is_refused(booking: Callable[..., Any], wrong: dict[str, Any], status: int) -> None:
    task_id = a_task(language="tr")
    body = {"number": AYLIN["number"], "begins_at": iso(in_hours(5)), **wrong}
    answer = booking(f"/tasks/{task_id}/interpreter", body)
    assert (answer.status_code, bool(answer.json["error"])) == (status, True), answer.json
    assert booking("/interpreter-bookings").json["bookings"] == []


def test_bookings_lead_from_page_to_page_and_need_scopes(booking: Callable[..., Any]) -> None:
    task_id = a_task(language="tr")
    for hours in (2, 4, 6):
        booking(f"/tasks/{task_id}/interpreter", {"number": AYLIN["number"], "begins_at": iso(in_hours(hours))})
    page = booking("/interpreter-bookings?limit=2").json
    rest = booking(page["next"].removeprefix("/api/v1")).json
    assert (len(page["bookings"]), len(rest["bookings"]), rest["next"]) == (2, 1, None)
    later = booking(f"/interpreter-bookings?since={iso(in_hours(5.2))}").json["bookings"]
    assert len(later) == 1
    for wrong in ("gestern", "0001-01-01T00:00:00%2B05:00", "9999-12-31T23:59:59-05:00", "2026-12-01T08:00:00"):
        assert booking(f"/interpreter-bookings?since={wrong}").status_code == 400, wrong
    assert booking("/tasks/4711/interpreter", {"number": "1", "begins_at": iso(in_hours(5))}).status_code == 404
    assert booking("/interpreter-bookings/4711/cancel").status_code == 404
    reads = program("tasks")
    assert len(reads("/interpreter-bookings").json["bookings"]) == 3
    refused = reads(f"/tasks/{task_id}/interpreter", {"number": AYLIN["number"], "begins_at": iso(in_hours(8))})
    assert refused.status_code == 403
