"""Settings that an administrator changes in the page: checked, previewed, logged, put back, read by all processes."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import changed_settings
from ivr.config.settings import settings
from ivr.domain.opening_hours import WEEKDAYS
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.audit import AccessLine
from ivr.platform import database, settings_store
from ivr.platform.settings_store import SettingsVersion
from ivr.web.settings_sections import SECTIONS
from tests.support.environment import forget_settings
from tests.support.volume import volume

OVERVIEW = "/administration/settings"
PAGE = f"{OVERVIEW}/"
FIELD = re.compile(r"<(input|select)\b([^>]*)>(.*?)(?=<input|<select|</form>)", re.S)
#: What no page may show of a value: how a programming language writes it.
NOTATION = re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|\bSpan\(|datetime\.|Settings\(|\{'|\['|\(\)|&lt;Locale|PosixPath")


@pytest.fixture
def adam(desk):
    return desk("adam")


def fields(page: str) -> dict[str, str]:
    """What a browser would send if nothing was changed."""
    form = page[page.index('class="app-form') :]
    found = {}
    for tag, attributes, rest in FIELD.findall(form):
        name = re.search(r'name="([^"]+)"', attributes)
        if name is None or name[1] == "csrf_token":
            continue
        if tag == "select":
            chosen = re.search(r'<option value="([^"]*)" selected', rest)
            found[name[1]] = chosen[1] if chosen else ""
        elif "checkbox" not in attributes or " checked" in attributes:
            value = re.search(r'value="([^"]*)"', attributes)
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


def shown(browser, name: str) -> dict[str, str]:
    return fields(browser.get(PAGE + name).text)


def sends(browser, name: str, step: str, **changed: str):
    given = {**shown(browser, name), "step": step, **{key.replace("__", "-"): value for key, value in changed.items()}}
    return browser.post(PAGE + name, data=given, follow_redirects=True)


def sends_exactly(browser, name: str, step: str, changed: dict[str, str]):
    return browser.post(PAGE + name, data={**shown(browser, name), "step": step, **changed}, follow_redirects=True)


def logged() -> list[str]:
    with database.reading() as session:
        changed = select(AccessLine).where(AccessLine.action == "settings_changed").order_by(AccessLine.number)
        return [str(line.detail) for line in session.scalars(changed)]


def test_opening_hours_are_previewed_and_count_from_then_on(adam) -> None:
    changed = {"monday": "9-12", "sunday": "", "first-0": "2031-12-24", "last-0": "2031-12-26", "why-0": "Umzug"}
    preview = sends_exactly(adam, "hours", "preview", changed).text
    for told in ("Montag", "08:00–18:00", "09:00–12:00", "geschlossen", "24.12.31–26.12.31", "Umzug"):
        assert told in preview, told
    assert settings().hours.span_on(0).opens.hour == 8, "a preview changes nothing"
    after = sends_exactly(adam, "hours", "save", {**changed, "reason": "Winter"})
    assert "gilt ab jetzt" in after.text
    hours = settings().hours
    assert (hours.span_on(0).opens.hour, hours.span_on(6), hours.closures[0].reason) == (9, None, "Umzug")
    assert settings.origin("hours") == "page"
    assert [line.partition(":")[0] for line in logged()] == ["settings, hours"]


def test_all_forms_can_be_sent_as_they_are_and_nothing_is_different(adam) -> None:
    for name in SECTIONS:
        assert "Nichts ist anders" in sends(adam, name, "preview").text, name


@pytest.mark.parametrize(
    "environment", [{}, {"FORMS": '["change"]', "ROUTING__WORK": "youth", "HOURS__HOLIDAYS": "true"}]
)
def test_no_page_shows_a_value_as_a_program_writes_it(desk, monkeypatch, environment) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    adam = desk("adam")
    sends_exactly(adam, "hours", "save", {"monday": "9-12"})
    for address in ("", *SECTIONS, "versions/0"):
        page = adam.get(f"{PAGE}{address}" if address else OVERVIEW)
        assert page.status_code == 200
        assert not NOTATION.findall(page.text), address
    if environment:
        assert "Umgebung" in adam.get(PAGE + "forms").text


def test_what_is_changed_here_goes_before_environment_until_it_is_left_to_it_again(desk, monkeypatch) -> None:
    monkeypatch.setenv("FORMS", '["change"]')
    forget_settings()
    adam = desk("adam")
    sends(adam, "forms", "save", form__1="housing", form__2="change")
    assert settings().forms == ("housing", "change")
    assert "1" in sends(adam, "forms", "leave").text
    assert settings().forms == ("housing", "change"), "shown first"
    sends(adam, "forms", "leave_save")
    assert settings().forms == ("change",)
    assert settings.origin("forms") == "environment"


def test_the_second_of_two_administrators_is_told_and_changes_nothing(desk) -> None:
    one, other = desk("adam"), desk("adam")
    page = shown(other, "forms")
    sends(one, "forms", "save", form__5="")
    late = other.post(PAGE + "forms", data={**page, "form-1": "", "step": "save"}, follow_redirects=True).text
    assert "Adam Admin hat die Einstellungen inzwischen geändert" in late
    assert settings().forms[0] == "main_application"
    assert len(logged()) == 1


def test_an_earlier_version_is_put_back(adam) -> None:
    sends(adam, "forms", "save", form__1="")
    sends_exactly(adam, "hours", "save", {"monday": "9-12"})
    page = adam.get(PAGE + "versions/1").text
    assert "09:00–12:00" in page
    adam.post(PAGE + "versions/1", data={"version": "2", "reason": "doch nicht"})
    assert settings().hours.span_on(0).opens.hour == 8
    assert settings().forms[0] == "continuation"
    adam.post(PAGE + "versions/0", data={"version": "3"})
    assert settings.origin("forms") == "usual"
    assert [line.partition(":")[0] for line in logged()][2:] == [
        "settings, version 1 put back", "settings, version 0 put back",
    ]  # fmt: skip
    assert "Fassung 1 wieder eingesetzt" in adam.get(OVERVIEW).text


def test_every_process_adopts_what_another_has_saved(desk) -> None:
    with database.writing() as session:
        adam = session.scalars(select(User).where(User.username == "adam")).one()
        actor = changed_settings.Actor(adam.name, "administrator", adam.id, "")
        changed_settings.change(session, 0, {"forms": ["change"]}, adam, actor, utc_now(), name="forms")
    assert len(settings().forms) > 1, "this process has not looked yet"
    settings_store._kept.read_again()
    settings_store.look()
    assert settings().forms == ("change",)


def test_what_does_not_fit_the_file_any_more_is_not_used_and_said(desk, monkeypatch) -> None:
    adam = desk("adam")
    sends_exactly(adam, "routing", "save", {"younger-work": "benefits"})
    with database.writing() as session:
        session.get_one(SettingsVersion, 1).settings = {"routing": {"work": "nobody"}}
    forget_settings()
    settings_store.look_now()
    assert settings().team_for("work", "under_25") == "work"
    assert "passt nicht mehr" in desk("adam").get(OVERVIEW).text


def test_responsibilities_say_which_combinations_change(adam) -> None:
    changed = {
        "younger-work": "youth", "for_concern-0": "benefits", "at_office-0": "office_2", "there-0": "entrance",
    }  # fmt: skip
    preview = html.unescape(sends_exactly(adam, "routing", "preview", changed).text)
    assert "Arbeit" in preview
    assert "unter 25" in preview
    assert "Geschäftsstelle 2" in preview
    assert "Geschäftsstelle 1" not in preview.partition("<table")[2].partition("</table>")[0]
    sends_exactly(adam, "routing", "save", changed)
    assert settings().team_for("work", "under_25", "office_3") == "youth"
    assert settings().team_for("benefits", "", "office_2") == "entrance"
    assert settings().team_for("benefits", "", "office_1") == "benefits"
    assert "Nichts ist anders" in sends(adam, "routing", "preview").text


def test_a_new_team_can_be_given_work_at_once(adam) -> None:
    sends_exactly(adam, "teams", "save", {"new_key-0": "insolvency", "new_name-0": "Schuldnerberatung"})
    assert settings().teams["insolvency"].name == "Schuldnerberatung"
    with database.reading() as session:
        assert session.scalar(select(Team.name).where(Team.key == "insolvency")) == "Schuldnerberatung"
    sends_exactly(adam, "routing", "save", {"team-other": "insolvency"})
    assert settings().team_for("other") == "insolvency"


def test_interpreters_are_named_by_language_in_words(adam) -> None:
    new = {
        "name-0": "Leyla",
        "number-0": "0421 1234567",
        "languages-0": "Türkisch, fa",
        "cents-0": "50",
        "at_once-0": "4",
        "sunday-0": "",
    }
    sends_exactly(adam, "interpreters", "save", new)
    (leyla,) = settings().interpreters
    assert (leyla.number, leyla.languages, leyla.cents_per_minute) == ("+494211234567", ("tr", "fa"), 50)
    assert leyla.calls_at_once == 4
    assert leyla.hours.span_on(6) is None
    assert "Nichts ist anders" in sends(adam, "interpreters", "preview").text
    sends(adam, "interpreters", "save", name__0="")
    assert settings().interpreters == ()


def test_a_voice_is_changed_and_left_again(adam) -> None:
    sends_exactly(adam, "voices", "save", {"tag-de": "de-DE", "voice-de": "Polly.Hans"})
    assert settings().carrier_voice("de") == ("de-DE", "Polly.Hans")
    sends_exactly(adam, "voices", "save", {"tag-de": "", "voice-de": ""})
    assert settings().carrier_voice("de") != ("de-DE", "Polly.Hans")


def test_a_postal_code_moves_to_another_office(adam) -> None:
    moved = {"postal_codes-office_1": "28195", "postal_codes-office_2": "28197 28203", "office_name-office_1": "Mitte"}
    new = {"office_key-0": "office_9", "new_name-0": "Neustadt", "new_codes-0": "28199"}
    preview = sends_exactly(adam, "offices", "preview", {**moved, **new}).text
    for told in ("Postleitzahl 28203", "Mitte", "Neustadt", "Postleitzahl 28213"):
        assert told in preview, told
    sends_exactly(adam, "offices", "save", {**moved, **new})
    found = [settings().office_of(code) for code in ("28195", "28203", "28199", "28213")]
    assert found == ["office_1", "office_2", "office_9", None]


def test_an_alert_is_added_its_hours_are_set_and_a_hidden_address_stays(desk, monkeypatch) -> None:
    monkeypatch.setenv("ALERTS", '[{"name": "bote", "to": "json://user:v7rborgen@example.org"}]')
    forget_settings()
    adam = desk("adam")
    assert "v7rborgen" not in adam.get(PAGE + "alerts").text
    new = {"alert_name-1": "wache", "alert_to-1": "sms:+4917612345678", "of_youth-1": "1", "event_at_risk-1": ""}
    preview = sends_exactly(adam, "alerts", "preview", new).text
    assert "+4917612345678 · " in preview and "· Jugendberufsagentur ·" in preview
    sends_exactly(adam, "alerts", "save", new)
    first, second = settings().alerts
    assert (first.to, second.name, second.teams) == ("json://user:v7rborgen@example.org", "wache", ("youth",))
    assert "emergency" in second.events and "at_risk" not in second.events
    sends(adam, "alert_hours", "save", sunday="")
    assert (settings().alert_hours.span_on(6), settings().hours.span_on(6).opens.hour) == (None, 8)
    assert not [line for line in logged() if "4917612345678" in line]


def test_promises_begin_tomorrow_at_the_earliest(adam) -> None:
    today = utc_now().astimezone(settings().hours.zone).date()
    too_early = sends_exactly(adam, "sla_policies", "preview", {"from_day-0": today.isoformat(), "tried-0": "30"}).text
    assert "frühestens ab morgen" in too_early
    later = (today + timedelta(days=9)).isoformat()
    new = {"from_day-0": later, "kind-0": "callback", "team-0": "youth", "tried-0": "30", "reached-0": "60"}
    preview = sends_exactly(adam, "sla_policies", "preview", new).text
    assert "innerhalb von 30 Std. versucht" in preview
    sends_exactly(adam, "sla_policies", "save", new)
    (policy,) = settings().sla_policies
    assert (policy.valid_from.isoformat(), policy.team, policy.tried_hours) == (later, "youth", 30)
    assert "Nichts ist anders" in sends(adam, "sla_policies", "preview").text


def test_a_row_is_taken_away_as_its_page_says_whatever_its_other_fields_say(adam) -> None:
    for number, day in enumerate(("2031-12-24", "2032-12-24")):
        row = {f"first-{number}": day, f"last-{number}": day, f"why-{number}": "Umzug"}
        sends_exactly(adam, "hours", "save", row)
    sends_exactly(adam, "hours", "save", {"first-0": "", "last-0": ""})
    (closure,) = settings().hours.closures
    assert closure.first.year == 2032
    later = (utc_now().astimezone(settings().hours.zone).date() + timedelta(days=9)).isoformat()
    sends_exactly(adam, "sla_policies", "save", {"from_day-0": later, "kind-0": "callback", "tried-0": "30"})
    assert len(settings().sla_policies) == 1
    sends_exactly(adam, "sla_policies", "save", {"from_day-0": ""})
    assert not settings().sla_policies
    exception = {"for_concern-0": "appointment", "at_office-0": "office_1", "there-0": "youth"}
    sends_exactly(adam, "routing", "save", exception)
    assert settings().routing["appointment"].offices
    sends_exactly(adam, "routing", "save", {"for_concern-0": ""})
    assert not settings().routing["appointment"].offices


def test_of_two_exceptions_for_one_concern_and_office_none_wins_in_silence(adam) -> None:
    exception = {"for_concern-0": "appointment", "at_office-0": "office_1", "there-0": "youth"}
    sends_exactly(adam, "routing", "save", exception)
    again = {"for_concern-1": "appointment", "at_office-1": "office_1", "there-1": "work"}
    page = sends_exactly(adam, "routing", "save", again).text
    assert "Für dieses Anliegen und diese Geschäftsstelle gibt es schon eine Ausnahme." in page
    assert settings().routing["appointment"].offices["office_1"].team == "youth"


def test_what_is_wrong_with_a_row_stands_at_that_row(adam) -> None:
    """One before it is taken away at the same time; and a new row without its days is not left out in silence."""
    sends_exactly(adam, "hours", "save", {"first-0": "2031-12-24", "last-0": "2031-12-24", "why-0": "Umzug"})
    wrong = {"first-0": "", "last-0": "", "first-1": "2032-12-26", "last-1": "2032-12-24"}
    page = sends_exactly(adam, "hours", "save", wrong).text
    assert re.search(r'id="[^"]*last-1-error"', page) and not re.search(r'id="[^"]*last-0-error"', page)
    assert "füllen Sie" in sends_exactly(adam, "hours", "save", {"why-1": "Ausflug"}).text


WRONG = [
    ("hours", {"monday": "8-25"}, "wie 08:00-16:00"),
    ("hours", dict.fromkeys(WEEKDAYS, ""), "Mindestens"),
    ("hours", {"first-0": "2031-12-26", "last-0": "2031-12-24"}, "vor dem ersten"),
    ("hours", {"first-0": "2031-12-26"}, "füllen Sie"),
    ("forms", {"form-2": "main_application"}, "schon eine Taste"),
    ("forms", {"form-1": "nothing"}, "angebotenen Werte"),
    ("teams", {"team_name-work": ""}, "füllen Sie"),
    ("teams", {"new_key-0": "Großes Team", "new_name-0": "x"}, "Kurznamen"),
    ("routing", {"team-work": "nobody"}, "nicht verwendet werden"),
    ("interpreters", {"name-0": "Leyla", "number-0": "0900 123456", "languages-0": "tr"}, "angerufen werden"),
    ("interpreters", {"name-0": "Leyla", "number-0": "0421 1234567", "languages-0": "klingonisch"}, "Sprachen"),
    ("voices", {"tag-de": "de-DE"}, "füllen Sie"),
    ("calling_hours", dict.fromkeys(WEEKDAYS, ""), "Mindestens"),
    ("alert_hours", {"sunday": "20-8"}, "wie 08:00-16:00"),
    ("offices", {"office_name-office_1": ""}, "füllen Sie"),
    ("offices", {"postal_codes-office_1": "28195, 2820"}, "fünf Ziffern"),
    ("offices", {"postal_codes-office_1": "28195 28197"}, "gehört schon zu: Geschäftsstelle 1"),
    ("offices", {"office_key-0": "office_1", "new_name-0": "x"}, "Kurznamen"),
    ("alerts", {"alert_name-0": "wache", "alert_to-0": "nirgends"}, "E-Mail-Adresse an"),
    ("alerts", {"alert_name-0": "wache", "alert_to-0": "a@example.org"}, "nicht eingerichtet"),
    ("alerts", {"alert_name-0": "wache", "alert_to-0": "https://example.org/x"}, "Geheimnis"),
    ("alerts", {"alert_name-0": "zwei Worte", "alert_to-0": "sms:+4917612345678"}, "ohne Leerzeichen"),
    ("alerts", {"alert_name-0": "", "alert_to-0": "sms:+4917612345678"}, "füllen Sie"),
    ("sla_policies", {"from_day-0": "2099-01-01", "tried-0": "48", "reached-0": "2"}, "nicht verwendet werden"),
]  # fmt: skip


#: `make test` tries every third of them.
TRIED = WRONG[:: volume(test=3, ci=1, soak=1)]


@pytest.mark.parametrize(("name", "changed", "told"), TRIED, ids=lambda one: one if isinstance(one, str) else "")
def test_what_cannot_be_used_is_told_and_what_was_typed_stays(adam, name, changed, told) -> None:
    answer = sends_exactly(adam, name, "save", {**changed, "reason": "mein Grund"})
    assert answer.status_code == 200
    assert told in html.unescape(answer.text)
    assert "mein Grund" in answer.text
    assert settings.version == 0


def test_only_administrators_change_settings(desk) -> None:
    for who in ("mia", "lena", "dora"):
        assert desk(who).get(OVERVIEW).status_code == 404
        assert desk(who).post(PAGE + "hours", data={"step": "save", "version": "0"}).status_code == 404
