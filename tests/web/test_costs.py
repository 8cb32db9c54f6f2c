"""The page Costs: what the carrier has asked for, how much of each cap is used, and a carrier that cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import CallRecord, MessageRecord
from ivr.models.spending import Spending
from ivr.platform import database
from ivr.reporting import costs
from ivr.web.app import create_app
from tests.support.people import hire, log_in
from tests.support.spreadsheets import opened_csv

TURKEY, GERMANY = "+905321234567", "+4915112340002"


@pytest.fixture
def lena(exchange):
    return log_in(browser(), "lena")


def browser() -> FlaskClient:
    hire()
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def plant(exchange, at: datetime) -> None:
    day = format_datetime(at)
    calls = [("CA1", GERMANY, "+494211782666", "inbound", "completed"), ("CA2", "+49", TURKEY, "outbound-api", "busy"),
             ("CA3", "+49", TURKEY, "outbound-api", "completed"), ("CA4", "+49", TURKEY, "outbound-api", "in-progress"),
             ("CA5", "anonymous", "+494211782666", "inbound", "completed")]  # fmt: skip
    for sid, from_, to, direction, status in calls:
        exchange.store.keep_call(CallRecord(sid, from_, to, direction, status=status, date_created=day))
    exchange.store.keep_message(MessageRecord("SM1", "+49", GERMANY, "x", date_created=day))


def kept() -> set[tuple[str, str, int, int, int]]:
    with database.reading() as session:
        found = session.scalars(select(Spending).where(Spending.kind != "account", Spending.day == utc_now().date()))
        return {(row.kind, row.country, row.count, row.unpriced, row.price) for row in found}


def test_prices_are_added_up_by_day_kind_and_country(exchange) -> None:
    plant(exchange, utc_now())
    expected = {
        ("calls_in", "DE", 1, 0, 50_000),
        ("calls_in", "", 1, 0, 50_000),
        ("calls_out", "TR", 2, 0, 50_000),  # one of them was busy, which costs nothing
        ("calls_out", "TR", 1, 1, 0),  # not over: without a price
        ("texts", "DE", 1, 0, 75_000),
    }
    for _ in range(2):  # asked for again, nothing is added twice
        costs.refresh(utc_now())
        assert kept() == expected


def test_a_price_that_comes_later_takes_the_place_of_none(exchange) -> None:
    plant(exchange, utc_now())
    costs.refresh(utc_now())
    call = exchange.store.call("CA4")
    call.status = "completed"
    costs.refresh(utc_now() + timedelta(hours=1))
    assert ("calls_out", "TR", 3, 0, 100_000) in kept()


def test_a_pause_of_days_is_made_up_for_and_older_days_stay(exchange) -> None:
    now = utc_now()
    plant(exchange, now - timedelta(days=6))
    costs.refresh(now - timedelta(days=10))
    costs.refresh(now)
    with database.reading() as session:
        (old,) = session.scalars(select(Spending).where(Spending.kind == "texts")).all()
        assert old.day == (now - timedelta(days=6)).date()


def test_the_page_and_the_file_show_what_was_spent_and_say_what_it_means(exchange, lena) -> None:
    plant(exchange, utc_now())
    costs.refresh(utc_now())
    page = lena.get("/supervision/costs").text
    for said in ("Was ausgegeben wurde", "Türkei", "0,05\xa0€", "0,08\xa0€", "unbekannt", "Was diese Zahlen bedeuten",
                 "Rückrufe in 24 Stunden (calls_a_day)", "Das Konto insgesamt"):  # fmt: skip
        assert said in page, said
    answer = lena.get("/supervision/costs.csv")
    assert "attachment; filename=kosten-" in answer.headers["Content-Disposition"]
    lena.post("/language", data={"language": "en"})
    english = lena.get("/supervision/costs.csv")
    assert "filename=costs-" in english.headers["Content-Disposition"]
    assert ";2;0;0,05;EUR" in english.data.decode("utf-8-sig"), "a German spreadsheet reads 0.05 as a text"
    heading, *lines = opened_csv(answer.data)
    assert heading == ["Tag (UTC)", "Wofür", "Land", "Anzahl", "Ohne Preis", "Preis", "Währung"]
    today = utc_now().date().isoformat()
    assert [today, "Anrufe der Hotline", "TR", 2, 0, 0.05, "EUR"] in lines
    assert [today, "Anrufe der Hotline", "TR", 1, 1, "", ""] in lines
    assert TURKEY not in answer.text


def test_a_carrier_that_cannot_be_asked_is_a_sentence_with_the_last_known_figures(exchange, lena, monkeypatch) -> None:
    assert "noch nicht nach seinen Preisen gefragt" in lena.get("/supervision/costs").text
    plant(exchange, utc_now())
    costs.refresh(utc_now())
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    configuration.settings.cache_clear()
    with pytest.raises(requests.RequestException):
        costs.refresh(utc_now() + timedelta(seconds=1))
    for address in ("/supervision/costs", "/supervision/costs.csv"):
        assert lena.get(address).status_code == 200
    page = lena.get("/supervision/costs").text
    assert "konnte nicht nach seinen Preisen gefragt werden" in page
    assert "Türkei" in page, "the last known figures"


def test_a_carrier_that_never_told_a_price_and_one_of_another_manner_are_sentences(lena, monkeypatch) -> None:
    monkeypatch.setenv("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
    configuration.settings.cache_clear()
    with pytest.raises(requests.RequestException):
        costs.refresh(utc_now())
    assert "und vorher noch nie" in lena.get("/supervision/costs").text
    monkeypatch.setenv("CARRIER", "telnyx")
    configuration.settings.cache_clear()
    costs.refresh(utc_now())  # nobody is asked
    page = lena.get("/supervision/costs").text
    assert "telnyx" in page and "wurde nicht erprobt" in page


def test_a_cap_is_named_with_what_is_used_of_it(lena, monkeypatch) -> None:
    monkeypatch.setenv("CALLS_BY_COUNTRY", '{"TR": 0}')
    configuration.settings.cache_clear()
    page = lena.get("/supervision/costs").text
    row = page[page.index("(calls_by_country TR)") :].partition("</tr>")[0]
    assert "erreicht" in row


@pytest.mark.parametrize("who", ["mia", "adam", "dora"])
def test_costs_are_for_supervisors(exchange, who: str) -> None:
    known = log_in(browser(), who)
    assert {known.get(f"/supervision/{name}").status_code for name in ("costs", "costs.csv")} == {404}


@pytest.mark.parametrize("query", ["since=x", "since=0000-00-00", "since=2026-01-01&until=2020-01-01"])
def test_a_period_that_is_none_is_a_wrong_request(lena, query: str) -> None:
    assert {lena.get(f"/supervision/{name}?{query}").status_code for name in ("costs", "costs.csv")} == {400}


def test_the_day_is_that_of_utc(exchange) -> None:
    late = datetime.combine(utc_now().date(), datetime.min.time(), UTC) - timedelta(minutes=1)
    plant(exchange, late)
    costs.refresh(utc_now())
    assert kept() == set()
