"""`/api/v1/notices`: programs tell callers what counts today."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ivr.accounts import api_tokens
from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.timestamps import iso, utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.notices import present
from ivr.platform import database
from ivr.web import rate_limits
from ivr.web.app import create_app
from tests.support.notices import local, tomorrow
from tests.support.people import a_task, the_task

SOUP = "Bei Lebensgefahr wählen Sie 112. Suppe gibt es in der Friedenskirche."
GERMAN = {"language": "de", "text": "Der Strom ist weg."}


def program(*scopes: str) -> Callable[..., Any]:
    """A program with a token of these scopes; every answer is as the document says."""
    with database.writing() as session:
        token = api_tokens.new_token(session, "-".join(scopes), utc_now(), scopes=scopes)
    client = create_app().test_client()
    document = client.get("/api/v1/openapi.json").json

    from jsonschema import Draft202012Validator  # takes more than a second

    def ask(path: str, **json: object) -> Any:
        verb = "POST" if json or path.endswith("/undo") else "GET"
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(f"/api/v1/notices{path}", method=verb, headers=headers, json=json or None)
        described = "/notices" + "/".join("{id}" if part.isdigit() else part for part in path.split("/"))
        said = document["paths"][described][verb.lower()]["responses"][str(answer.status_code)]
        schema = said["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.json)
        return answer

    return ask


@pytest.fixture
def building(empty_database):
    return program("tasks", "notices")


def logged() -> list[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(select(AccessLine.actor, AccessLine.detail).order_by(AccessLine.number)).all()
        return [(row.actor, row.detail) for row in rows]


def test_a_program_closes_a_day_and_takes_it_back(building) -> None:
    day = tomorrow().isoformat()
    entered = building("/days", day=day, hours="08:00-12:00", reason="Umzug")
    assert (entered.status_code, entered.json["hours"], entered.json["reason"]) == (200, "08:00-12:00", "Umzug")
    assert present.hours().days[tomorrow()].closes.hour == 12
    assert [one["day"] for one in building("/days").json["days"]] == [day]
    assert building(f"/days/{entered.json['id']}/undo").json["day"] == day
    assert tomorrow() not in present.hours().days
    assert building("/days").json == {"days": []}
    assert [(actor, "opening hours" in detail) for actor, detail in logged()] == [("tasks-notices", True)] * 2


def test_a_program_announces_and_takes_it_back(building) -> None:
    texts = [{"language": "de", "text": "Der Strom ist weg."}]
    ends = iso(utc_now() + timedelta(hours=3))
    announced = building("/announcements", ends_at=ends, texts=texts)
    assert (announced.json["published"], announced.json["lacking"]) == (True, ["en"])
    assert present.announcement(utc_now())
    again = building("/announcements", ends_at=ends, texts=texts)
    assert (again.status_code, "Another announcement runs" in again.json["error"]) == (409, True)
    assert len(building("/announcements").json["announcements"]) == 1, "what was refused leaves nothing behind"
    number = announced.json["id"]
    assert building(f"/announcements/{number}/undo").json["id"] == number
    assert present.announcement(utc_now()) is None
    assert building(f"/announcements/{number}/undo").status_code == 409
    assert [detail for _, detail in logged()] == [
        f"announcement {number}: {what}" for what in ("published", "taken back")
    ]


def test_a_program_records_where_there_is_help(building) -> None:
    recording = base64.b64encode(write_wav(speak(SOUP, "de"))).decode()
    written = building("/answers", question="help", language="de", text=SOUP).json
    recorded = building("/answers", question="help", language="de", text=SOUP, recording=recording).json
    assert (written["spoken"]["recorded"], recorded["spoken"]["recorded"]) == (False, True)
    assert [one["id"] for one in building("/answers").json["answers"]] == [recorded["id"]]
    assert present.answer(AnsweredQuestion.HELP, "de").has_audio
    building(f"/answers/{recorded['id']}/undo")
    assert not present.answer(AnsweredQuestion.HELP, "de").has_audio
    assert building(f"/answers/{recorded['id']}/undo").status_code == 409


def test_a_program_names_a_language_beyond_the_menu(building) -> None:
    named = building("/languages", language="ti", name="Tigrinja").json
    assert (named["language"], named["key"], named["recorded"]) == ("ti", 1, False)
    assert [one["id"] for one in building("/languages").json["languages"]] == [named["id"]]
    refused = building("/languages", language="de", name="Deutsch")
    assert (refused.status_code, "not in the language menu" in refused.json["error"]) == (409, True)
    building(f"/languages/{named['id']}/undo")
    assert present.notices().languages == {}


@pytest.mark.parametrize(
    ("path", "body", "status", "complaint"),
    [
        ("/days", {"day": "2020-01-01", "hours": "closed"}, 409, "over already"),
        ("/days", {"day": "2030-01-01", "hours": "always"}, 400, "hours"),
        ("/days", {"day": "2030-01-01", "hours": "closed", "x": 1}, 400, "x"),
        ("/announcements", {"ends_at": "2030-01-01T10:00:00", "texts": []}, 400, "ends_at"),
        ("/announcements", {"ends_at": "2099-01-01T10:00:00Z", "texts": [{"language": "en", "text": "a"}]}, 409, "31"),
        ("/answers", {"question": "weather", "language": "de", "text": "a"}, 400, "question"),
        ("/answers", {"question": "money", "language": "xx", "text": "a"}, 400, "language"),
        ("/answers", {"question": "money", "language": "de", "text": " "}, 409, "write the text"),
        ("/days", {"day": "2030-01-01", "hours": "closed", "reason": "a\0b"}, 400, "reason"),
        ("/days", {"day": "2030-01-01", "hours": "08:00-25:00"}, 400, "hours"),
        ("/answers", {"question": "money", "language": "de", "text": "a", "recording": "U"}, 400, "recording"),
        (
            "/announcements",
            {"ends_at": "9999-12-31T23:59:59-05:00", "texts": [{"language": "de", "text": "a"}]},
            409,
            "31",
        ),
        ("/answers", {"question": "money", "language": "de", "text": SOUP * 20}, 409, "too long"),
        ("/answers", {"question": "money", "language": "de", "text": "a", "recording": "UklGRg=="}, 409, "WAV"),
    ],
)
def test_what_callers_cannot_be_told(building, path: str, body: dict, status: int, complaint: str) -> None:
    answer = building(path, **body)
    assert (answer.status_code, complaint in answer.json["error"]) == (status, True), answer.json
    assert logged() == []


def test_a_program_looks_before_it_changes(building) -> None:
    task, day, due = a_task(), tomorrow().isoformat(), local(tomorrow(), 10)
    with database.writing() as session:
        for clock in session.get_one(CallbackTask, task).clocks:
            clock.clock, clock.at_risk_at, clock.due_at = "service", due, due
    seen = building("/days/preview", day=day, hours="closed").json
    assert (seen["hours_before"], [one["receipt_code"] for one in seen["moved"]]) == (
        "08:00-18:00",
        [the_task(task).receipt_code] * 2,
    )
    assert "Jetzt ist niemand da." in seen["heard"][0]["texts"]["de"]
    announced = building("/announcements/preview", ends_at=iso(utc_now() + timedelta(hours=1)), texts=[GERMAN]).json
    assert (announced["lacking"], announced["texts"][0]["text"]) == (["en"], GERMAN["text"])
    help_ = building("/answers/preview", question="help", language="de", text=SOUP).json
    name = building("/languages/preview", language="ti", name="Tigrinja").json
    for heard in (announced["texts"][0], help_, name):
        assert base64.b64decode(heard["audio"])[:4] == b"RIFF"
        assert 0 < heard["seconds"] < 15
    assert (building("/days").json, building("/announcements").json) == ({"days": []}, {"announcements": []})
    assert (building("/answers").json, building("/languages").json) == ({"answers": []}, {"languages": []})
    assert logged() == []


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/days/preview", {"day": "2020-01-01", "hours": "closed"}, "over already"),
        ("/announcements/preview", {"ends_at": "2099-01-01T10:00:00Z", "texts": [GERMAN]}, "31 days"),
        ("/answers/preview", {"question": "help", "language": "de", "text": SOUP * 20}, "too long"),
        ("/languages/preview", {"language": "ti", "name": "Tigrinja " * 10}, "too long"),
    ],
)
def test_a_preview_refuses_what_could_not_be_told(building, path: str, body: dict, complaint: str) -> None:
    answer = building(path, **body)
    assert (answer.status_code, complaint in answer.json["error"]) == (409, True), answer.json


def test_the_scope_notices_alone_is_enough_and_opens_no_tasks(empty_database) -> None:
    building = program("notices")
    assert building("/answers", question="help", language="de", text="Suppe.").json["warning"].endswith("number 112")
    assert building("/answers", question="help", language="de", text=SOUP).json["warning"] == ""
    assert len(building("/answers").json["answers"]) == 1
    assert building("/days/preview", day=tomorrow().isoformat(), hours="closed").status_code == 200
    with database.writing() as session:
        token = api_tokens.new_token(session, "no tasks", utc_now(), scopes=("notices",))
    read = create_app().test_client().get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    assert (read.status_code, "tasks" in read.json["error"]) == (401, True)


def test_any_program_reads_and_only_one_with_the_scope_changes(empty_database) -> None:
    reader = program("tasks", "callers", "changes")
    for path in ("/days", "/announcements", "/answers", "/languages"):
        assert reader(path).status_code == 200
        assert reader(f"{path}/1/undo").status_code == 403
    refused = reader("/answers", question="help", language="de", text=SOUP)
    assert reader("/days/preview", day=tomorrow().isoformat(), hours="closed").status_code == 403
    assert (refused.status_code, "notices" in refused.json["error"]) == (403, True)
    assert present.answer(AnsweredQuestion.HELP, "de") is None
    assert create_app().test_client().get("/api/v1/notices/days").status_code == 401


@pytest.mark.parametrize(("size", "status"), [(2_900_000, 409), (3_200_000, 413)])
def test_a_recording_may_have_the_size_of_45_seconds(building, size: int, status: int) -> None:
    silence = base64.b64encode(bytes(size)).decode()
    assert building("/answers", question="money", language="de", text="a", recording=silence).status_code == status


def test_who_changes_too_often_is_told_when_to_come_back(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_PROGRAM", "2 per minute")
    building = program("tasks", "notices")
    assert [building(path).status_code for path in ("/days", "/answers/1/undo", "/days")] == [200, 409, 429]


def test_a_day_that_closes_before_it_opens_is_refused(building) -> None:
    answer = building("/days", day=tomorrow().isoformat(), hours="12:00-08:00")
    assert (answer.status_code, "not after the beginning" in answer.json["error"]) == (409, True)


def test_what_no_document_for_the_carrier_can_hold_is_left_out(building) -> None:
    said = building("/answers", question="help", language="de", text="Suppe\0 gibt es\x01 heute.").json
    assert said["spoken"]["text"] == "Suppe gibt es heute."
