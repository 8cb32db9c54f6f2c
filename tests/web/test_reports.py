"""The pages of the reports."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from ivr.reporting import publication
from ivr.web.app import create_app
from tests.support import sample_month
from tests.support.people import hire, log_in


@pytest.fixture
def desk(empty_database) -> FlaskClient:
    hire()
    return create_app().test_client()


@pytest.fixture
def client(desk: FlaskClient, monkeypatch) -> FlaskClient:
    desk.application.config["WTF_CSRF_ENABLED"] = False
    return desk


def test_reports_are_for_supervisors(client: FlaskClient) -> None:
    for path in ("/supervision/figures/", "/supervision/reports/", "/supervision/figures/abandoned"):
        assert client.get(path).status_code == 302
    log_in(client, "mia")
    for path in ("/supervision/figures/", "/supervision/reports/", "/supervision/reports/file.pdf"):
        assert client.get(path).status_code == 404


def test_a_supervisor_looks_publishes_and_downloads(client: FlaskClient) -> None:
    log_in(client, "lena")
    assert "Kennzahlen" in client.get("/supervision/figures/").text
    page = client.get("/supervision/reports/?report=statement&month=2026-10").text
    assert "Wie viele Vor-Ort-Termine wurden monatlich" in page
    for ending, begins in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        for report in publication.NAMES:
            answer = client.get(
                f"/supervision/reports/file.{ending}?report={report}&month=2026-02&since=2026-03-01&until=2026-10-31"
            )
            assert answer.status_code == 200
            assert answer.data.startswith(begins)
            assert f".{ending}" in answer.headers["Content-Disposition"]
    seen = re.search(r'id="dashboard".*?seen=(\w+)', client.get("/supervision/figures/").text)[1]
    assert client.get(f"/supervision/figures/?seen={seen}").status_code == 204


def test_a_period_that_is_none_is_answered_clearly(client: FlaskClient) -> None:
    log_in(client, "lena")
    for query in (
        "report=overview&since=2026-11-02&until=2026-11-01",
        "report=overview&since=2020-01-01&until=2026-11-01",
        "report=overview&since=yesterday",
        "report=statement&month=2026-13",
        "report=statement&month=0001-01",
        "report=scorecard&month=x",
    ):
        for path in ("/supervision/reports/?", "/supervision/reports/file.csv?"):
            answer = client.get(path + query, follow_redirects=True)
            assert answer.status_code == 200, query
            assert "Bitte einen Zeitraum" in answer.text, query


def test_an_address_or_a_month_that_is_none_is_answered_clearly(client: FlaskClient) -> None:
    log_in(client, "lena")
    for month, said in (
        ("2999-01", "noch nicht endgültig"),
        ("2019-01", "nichts gezählt"),
        ("x", "Bitte einen Zeitraum"),
    ):
        answer = client.post("/supervision/reports/publish", data={"month": month}, follow_redirects=True)
        assert said in answer.text
    assert client.get("/supervision/reports/file.exe").status_code == 302
    for wrong in ("backlog?key=benefits&age=9", "backlog?age=-1"):
        assert client.get(f"/supervision/figures/behind/{wrong}").status_code == 404
    assert client.get("/supervision/figures/behind/backlog?key=benefits&age=1").status_code == 200
    assert client.get("/supervision/figures/behind/calls?dimension=hour&key=9&weekday=0").status_code == 200
    for wrong in ("since=2026-11-02&until=2026-11-01", "since=x", "since=0001-01-01"):
        assert client.get(f"/supervision/figures/abandoned?{wrong}").status_code == 400
    assert client.get("/supervision/figures/behind/nothing").status_code == 404
    assert client.get("/supervision/figures/behind/calls?dimension=shoe_size").status_code == 404


def test_a_month_is_seen_as_it_will_look_before_it_is_published(counted, monkeypatch) -> None:
    now = sample_month.AFTERWARDS
    monkeypatch.setattr("ivr.web.reports.utc_now", lambda: now)
    application = create_app()
    application.config["WTF_CSRF_ENABLED"] = False
    client = application.test_client()
    log_in(client, "lena")
    page = client.get("/supervision/reports/?month=2026-10").text
    assert "Diesen Monat veröffentlichen" not in page, "nobody publishes what they have not seen"
    blind = client.post("/supervision/reports/publish", data={"month": "2026-10"}, follow_redirects=True)
    assert "Bitte erst ansehen" in blind.text
    draft = client.get("/supervision/reports/draft?month=2026-10").text
    assert "•" in draft
    seen = re.search(r'name="seen" value="(\w+)"', draft)[1]
    for said in ("Veröffentlicht.", "bereits veröffentlicht"):
        answer = client.post(
            "/supervision/reports/publish", data={"month": "2026-10", "seen": seen}, follow_redirects=True
        )
        assert said in answer.text
    assert "bereits" not in client.get("/supervision/reports/draft?month=2026-10", follow_redirects=True).text
    for wrong in ("report=overview&month=2026-10", "month=2999-01", "month=2019-01"):
        assert client.get(f"/supervision/reports/draft?{wrong}", follow_redirects=True).status_code == 200
