"""The software's own traces say nothing of callers: a day's traffic with data that is looked for everywhere after."""

from __future__ import annotations

import logging
import re

import pytest
import requests
import urllib3
from sqlalchemy import select

from ivr.models.accounts import User
from ivr.platform import database, job_queue, log_setup
from ivr.platform.log_setup import redacted
from ivr.privacy import redis_scan
from tests.support.people import PASSWORD
from tests.support.waiting import eventually

NUMBER, NAME, WORD = "+4917698761234", "Wilhelmina Zwölfkäse", "quarkstrudelwort"
TRACES = (
    "4917698761234", "017698761234", "176 98761234", "Zwölfkäse", "zwolfkase", "zwoelfkaese", "Wilhelmina", WORD,
    "Zw%C3%B6lf", "Zw\\u00f6lf",
)  # fmt: skip


def test_a_day_leaves_no_trace(hotline, caller, tasks_of, api, monkeypatch) -> None:
    """Somebody rings, leaves a message, is called an emergency by words, is searched for, named, noted, written to; a
    member mistypes, a program reads, an outage happens: then every log, job, address, metric and error page is
    searched."""
    from ivr.accounts import users

    asked: list[str] = []
    real = urllib3.PoolManager.request

    def request(self, method, url, *given, **more):
        asked.append(url)
        return real(self, method, url, *given, **more)

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    with database.writing() as session:
        if session.scalar(select(User).where(User.username == "tagwache")) is None:
            users.add(session, "tagwache", "Tara Tag", "supervisor", PASSWORD, list(hotline.settings.teams))
    person = caller(number=NUMBER).dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(f"Guten Tag, hier ist {NAME}, {WORD}").hears("review").presses("1")
    person.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    task_id, code = task["id"], task["receipt_code"]
    eventually(lambda: tasks_of(person.call_sid)[0]["messages"][0]["recording_state"] == "stored", 30)

    browser, pages = requests.Session(), []

    def csrf() -> str:
        page = browser.get(f"{hotline.url}/login", timeout=10).text
        return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]

    def post(path: str, **form: str) -> requests.Response:
        answer = browser.post(f"{hotline.url}{path}", data={"csrf_token": csrf(), **form}, timeout=10)
        asked.append(answer.url)
        return answer

    post("/login", username=NUMBER, password=NAME)
    post("/login", username="tagwache", password=PASSWORD)
    found = post("/desk/search", q=NAME, view="all")
    assert found.status_code == 200
    post("/desk/search", q=NUMBER, view="all")
    post("/desk/palette", q=NUMBER)
    post(f"/desk/tasks/{task_id}/claim")
    post(f"/desk/tasks/{task_id}/name", name=NAME)
    post(f"/desk/tasks/{task_id}/note", text=f"{NAME} {WORD} {NUMBER}")
    post(f"/desk/tasks/{task_id}/draft", text=f"{NAME} {WORD}")
    post(f"/desk/tasks/{task_id}/text", template="sms_missed", text=f"Hallo {NAME}")
    post("/supervision/unwanted/block", number=NUMBER, days="x", reason=NAME)
    post("/supervision/subjects/", kind="access", named=NUMBER, identity_check="document")
    pages += [
        browser.get(f"{hotline.url}/desk/tasks/{NUMBER}", timeout=10).text,
        browser.post(f"{hotline.url}/desk/search", data={"q": NAME}, timeout=10).text,  # without its token
        requests.post(f"{hotline.url}/voice/", data={"From": NUMBER, "CallSid": "CA1"}, timeout=10).text,
        requests.get(f"{hotline.url}/api/v1/tasks", params={"call_sid": NUMBER}, timeout=10).text,
        requests.get(f"{hotline.url}/nowhere", params={"q": NAME}, timeout=10).text,
        requests.get(f"{hotline.url}/readyz", timeout=10).text,
        requests.get(f"{hotline.url}/healthz", timeout=10).text,
    ]
    api("/tasks", call_sid=person.call_sid)
    from ivr.models.audit import AccessLine

    with database.reading() as session:
        pages += [f"{line.detail} {line.reason}" for line in session.scalars(select(AccessLine))]
    connection = job_queue.patient()
    assert redis_scan.values_of_callers(connection) == 0
    keys = list(connection.scan_iter())
    assert keys
    pages += [repr((key, connection.dump(key))) for key in keys]
    connection.close()
    for path in hotline.settings.var_dir.joinpath("log").glob("*.log"):
        pages.append(path.read_text(errors="replace"))
    assert len(asked) > 20
    everything = "\n".join([*pages, *asked])
    assert [trace for trace in TRACES if trace in everything] == []
    assert code not in "\n".join(asked)
    assert not [url for url in asked if "4917698761234" in url.replace("%2B", "")]


LEAKS = {
    "called +4915112345678 now": "called [number] now",
    "number=0151 1234 5678, busy": "0151",
    "From: 00491511234567": "00491511234567",
    "tel:+49 (421) 178-2666": "178",
    "to 015112345678": "015112345678",
    "?q=M%C3%BCller&page=2": "ller",
    "GET /x?number=4915112345678 HTTP/1.1": "4915112345678",
    "code 12345674 unknown": "12345674",
    "Authorization: Bearer abcdefghijklmnop1234567890": "abcdefghijklmnop",
    "password='hunter2hunter2'": "hunter2",
    "DATABASE_URL=postgresql://ivr:s3cretpw@db/ivr": "s3cretpw",
    "AUDIO_MASTER_KEYS=2026:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,alt:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=":
        "AAECAw",
    "mail to anna.muster@example.org": "anna",
    "cannot dial 015112345678: busy": "015112345678",
    "caller:015112345678": "015112345678",
    "the number is 015112345678.": "015112345678",
    "code 12345674: unknown": "12345674",
    "491511234567: busy": "491511234567",
    "customer 214D012345 orders": "D012345",
    "CA0123456789abcdef0123456789abcdef ended": "CA0123",
    "token=gAAAAABmZm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4": "gAAAA",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "MfKQ",
}  # fmt: skip


@pytest.mark.parametrize("line", LEAKS)
def test_what_is_taken_out(line: str) -> None:
    secret = LEAKS[line]
    if " " in secret:
        assert redacted(line) == secret
    else:
        assert secret not in redacted(line), redacted(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-25 19:30:50,123 INFO ivr.workers: recording 4711 stored in 0.25 s",
        "d41d8cd98f00b204e9800998ecf8427e0123456789abcdef0123456789abcdef",
        "0.12345678 s, at 10:20:30.12345678, 127.0.0.1:51234567",
        "job 550e8400-e29b-41d4-a716-446655440000 done",
        "commit 7118ad2 at 127.0.0.1:8000, pid 12345, task 123456",
        "ivr/web/callbacks.py line 120 in queue; /work 10000000 bytes".replace("10000000", "1048576"),
    ],
)
def test_what_stays(line: str) -> None:
    assert redacted(line) == line


def test_a_long_line_is_quick_and_cut() -> None:
    import time

    began = time.monotonic()
    for text in ("a@" * 100_000, "a." * 100_000, "+4" * 100_000, "0 " * 100_000, "x" * 500_000):
        assert len(redacted(text)) < 20_000
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_exception_does_not_tell(log_format: str, capsys, monkeypatch) -> None:
    import json

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_setup.set_up(log_format)
    try:
        raise ValueError(f"cannot call {NUMBER}")
    except ValueError:
        logging.getLogger("ivr.test").exception("number %s of %s", NUMBER, "anna@example.org")
    root.handlers[:] = handlers
    root.setLevel(level)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "4917698761234" not in said
    assert "anna" not in said
    if log_format == "json":
        line = json.loads(said)
        assert (line["level"], line["name"]) == ("ERROR", "ivr.test")
