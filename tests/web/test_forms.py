"""Forms of pages: what people type and machines send, and what the page says about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from pydantic import ValidationError

from ivr.domain import words
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Duty
from ivr.models.screening import BlockedNumber
from ivr.platform import database
from ivr.web import app as _every_form_is_imported  # noqa: F401
from ivr.web import forms
from ivr.web.form_fields import Day, Digits, Hour, Id, LocalInstant, Phone, Text, Tick
from tests.support.people import a_task, the_task

ROOT = Path(__file__).parent.parent.parent
TRANSLATIONS = ROOT / "ivr" / "web" / "translations" / "de" / "LC_MESSAGES" / "messages.po"
DUTY = {"team": "1", "weekday": "0", "starts": "08:00", "ends": "12:00"}


def every_form(kind: type[forms.Form] = forms.Form) -> list[type[forms.Form]]:
    return [one for below in kind.__subclasses__() for one in (below, *every_form(below))]


def test_forms_are_read_in_one_place() -> None:
    """The carrier's forms are the telephony's own; the softphone only passes on what it gets."""
    apart = ("forms.py", "softphone_proxy.py")
    readers = [
        path.name
        for package in ("web", "accounts", "reporting", "privacy")
        for path in (ROOT / "ivr" / package).rglob("*.py")
        if re.search(r"request\.(form|args|values)\b", path.read_text(encoding="utf-8")) and path.name not in apart
    ]
    assert readers == []


def test_nothing_counts_superscripts_as_digits() -> None:
    """`"²".isdigit()` is true, and `int("²")` fails."""
    assert [path for path in (ROOT / "ivr").rglob("*.py") if ".isdigit" in path.read_text(encoding="utf-8")] == [
        ROOT / "ivr" / "domain" / "digits.py"
    ]


def test_every_field_has_a_name_in_german_and_english() -> None:
    with TRANSLATIONS.open("rb") as file:
        german = read_po(file, locale="de")
    found = every_form()
    assert len(found) > 30
    for form in found:
        if form.__name__.endswith("Form"):
            for name in form.model_fields:
                text = german.get(words.FIELDS[name])
                assert text and text.string, f"{form.__name__}.{name} has no German: run `make translations`"
        if form.problem:
            text = german.get(form.problem)
            assert text and text.string, f"{form.__name__}.problem has no German: run `make translations`"


# -- what fields take ------------------------------------------------------------------------------------


class Sample(forms.Form):
    """One field of each type."""

    id: Id | None = None
    day: Day | None = None
    hour: Hour | None = None
    at: LocalInstant | None = None
    phone: Phone | None = None
    code: Digits = ""
    text: Text = ""
    tick: Tick = False


@pytest.mark.parametrize(
    ("field", "typed", "meant"),
    [
        ("id", "７", 7),
        ("id", "٣", 3),
        ("id", "007", 7),
        ("day", "2026-02-28", "2026-02-28"),
        ("hour", "08:30", "08:30:00"),
        ("at", "2026-12-01T10:30", "2026-12-01 10:30:00+01:00"),
        ("at", "2026-10-25T02:30", "2026-10-25 02:30:00+02:00"),
        ("phone", "０１５１ 12345678", "+4915112345678"),
        ("code", "1234 ５674", "12345674"),
        ("text", "  zwei\nZeilen ", "zwei\nZeilen"),
        ("tick", "1", True),
        ("tick", "0", False),
    ],
)
def test_what_fields_take(empty_database, field: str, typed: str, meant: object) -> None:
    found = getattr(Sample(**{field: typed}), field)
    assert found == meant or str(found) == meant


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("id", "²"),
        ("id", "0"),
        ("id", "-1"),
        ("id", "1.5"),
        ("id", "9" * 30),
        ("id", "9" * 5000),
        ("id", "9007199254740992"),
        ("day", "2026-02-30"),
        ("day", "0001-01-01"),
        ("day", "9999-12-31"),
        ("hour", "25:00"),
        ("hour", "08:00+02:00"),
        ("at", "2026-03-29T02:30"),
        ("at", "2026-12-01T10:30Z"),
        ("at", "tomorrow"),
        ("phone", "110"),
        ("phone", "0900 1234567"),
        ("text", "a\0b"),
        ("text", "a\ud800b"),
        ("text", "a" * 20_001),
    ],
)
def test_what_fields_refuse(empty_database, field: str, typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sample(**{field: typed})
    assert refused.value.errors(include_context=False)[0]["type"] == "problem", "with a sentence of ours"


# -- what pages say --------------------------------------------------------------------------------------


def test_a_duty_that_ends_before_it_starts_is_typed_once_only(desk) -> None:
    lena, mia = desk("lena"), desk.people["mia"]
    wrong = {**DUTY, "user": f"{mia.id}", "weekday": "3", "ends": "07:00"}
    page = lena.post("/supervision/roster/duties", data=wrong, follow_redirects=True).text
    assert "Das Ende muss nach dem Beginn liegen." in page
    assert 'value="07:00"' in page
    assert re.search(r'<option value="3" selected>Donnerstag', page)
    assert 'value="07:00"' not in lena.get("/supervision/roster").text, "only once"
    lena.post("/supervision/roster/duties", data={**wrong, "ends": "12:00"})
    with database.reading() as session:
        assert [duty.weekday for duty in session.query(Duty)] == [3]


def test_the_page_says_which_field_is_wrong(desk) -> None:
    lena = desk("lena")
    block = {"number": "0151 12345678", "days": "²", "reason": "Ruft nachts an"}
    page = lena.post("/supervision/unwanted/block", data=block, follow_redirects=True).text
    assert "Bitte geben Sie eine ganze Zahl von 1 bis 365 an." in page
    assert re.search(r'id="block-days"[^>]* aria-invalid="true" aria-describedby="block-days-error"', page)
    assert 'value="Ruft nachts an"' in page
    lena.post("/language", data={"language": "en"})
    page = lena.post("/supervision/unwanted/block", data=block, follow_redirects=True).text
    assert "Please give a whole number from 1 to 365." in page
    lena.post("/supervision/unwanted/block", data={**block, "days": "７"})
    with database.reading() as session:
        (blocked,) = session.query(BlockedNumber)
        assert (blocked.until_at - blocked.blocked_at).days == 7, "a full-width seven is a seven"


def test_a_number_that_cannot_be_blocked_is_told_as_that(desk) -> None:
    block = {"number": "0421 178-2666", "days": "3", "reason": "Ruft nachts an"}
    for number in ("0421 178-2666", "12"):
        page = desk("lena").post("/supervision/unwanted/block", data={**block, "number": number}, follow_redirects=True)
        assert "Sie kann nicht gesperrt werden." in page.text
        assert "alle Felder" not in page.text


def test_ids_that_are_none_are_no_failures(desk) -> None:
    lena, mia = desk("lena"), desk("mia")
    for number in ("9" * 30, "²", "٣", "1e3", "9007199254740992"):
        assert mia.get(f"/desk/tasks/{number}").status_code == 404
        assert mia.get("/desk/", query_string={"page": number}).status_code in (404, 200)
        assert mia.get("/desk/readers", query_string={"before": number}).status_code in (404, 200)
        assert mia.post("/desk/selected", data={"action": "export", "task": number}).status_code == 302
        answer = lena.post("/supervision/roster/duties", data={**DUTY, "user": number})
        assert answer.status_code == 302


def test_nothing_typed_into_a_password_field_comes_back(desk) -> None:
    adam, secret = desk("adam"), "ein sehr langes Passwort"
    taken = {"username": "mia", "name": "Mia Zwei", "role": "member", "password": secret, "team": "benefits"}
    answer = adam.post("/administration/people", data=taken)
    assert answer.status_code == 302
    page = adam.get("/administration/people").text
    assert 'value="Mia Zwei"' in page
    assert secret not in page
    assert "Mia" not in answer.headers["Set-Cookie"], "what was typed is sealed"


def test_what_was_agreed_is_not_lost_with_the_outcome(desk) -> None:
    task, mia, agreed = a_task(), desk("mia"), "Bescheid erklärt. " * 200
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "", "text": agreed})
    page = mia.get(f"/desk/tasks/{task}").text
    assert "Bitte wählen Sie das Ergebnis." in page
    assert agreed.strip() in page, "too long for a cookie: kept as a draft"
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "", "text": "Kurz"})
    assert re.search(r'id="close-text"[^>]*>Kurz</textarea>', mia.get(f"/desk/tasks/{task}").text)
    assert the_task(task).state == "claimed"


def test_an_appointment_in_the_hour_that_does_not_exist_is_refused(desk) -> None:
    task, lena = a_task("appointment", kind="appointment"), desk("lena")
    lena.post(f"/desk/tasks/{task}/claim")
    year = utc_now().year + 1
    last_sunday = {2026: "29", 2027: "28", 2028: "26"}[year]
    wish = {"answer": "granted", "appointment_at": f"{year}-03-{last_sunday}T02:30", "place": "Raum 3"}
    page = lena.post(f"/desk/tasks/{task}/answer", data=wish, follow_redirects=True).text
    assert "Diese Uhrzeit gibt es nicht" in page
    assert 'value="Raum 3"' in page
    assert the_task(task).state == "claimed"


def test_an_appointment_that_is_over_is_not_granted(desk) -> None:
    task, lena = a_task("appointment", kind="appointment"), desk("lena")
    lena.post(f"/desk/tasks/{task}/claim")
    wish = {"answer": "granted", "appointment_at": f"{utc_now().year - 1}-12-01T10:30", "place": "Raum 3"}
    page = lena.post(f"/desk/tasks/{task}/answer", data=wish, follow_redirects=True).text
    assert "die noch kommen" in page
    assert 'value="Raum 3"' in page
    assert the_task(task).state == "claimed"


@pytest.mark.parametrize("version", ["r²3", "r٣", "r", "r" + "9" * 30, "r0"])
def test_an_address_of_a_recording_that_is_no_number(empty_database, version: str) -> None:
    from ivr.web.app import create_app

    assert create_app().test_client().get(f"/voice/prompts/de/welcome.{version}.wav").status_code == 404
