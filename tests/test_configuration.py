"""A wrong configuration refuses to start and says which key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.configuration import ConfigurationError, load


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for key in ("VAR_DIR", "PORT", "EXCHANGE_PORT", "VOSK_MODEL_DIR", "TRANSCRIBERS", "LANGUAGES"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))

    def write(text: str):
        path = tmp_path / "ivr.toml"
        path.write_text(text)
        monkeypatch.setenv("IVR_CONFIG", str(path))
        return load()

    return write


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("colour = 'red'", "colour: there is no such key"),
        ("[hours]\ndaily = '8 to 6'", "hours.daily: '8 to 6' is neither"),
        ("[hours]\ndaily = '18:00-08:00'", "hours.daily: '18:00-08:00' ends before it begins"),
        ("[hours]\ntimezone = 'Mars/Olympus'", "hours.timezone: 'Mars/Olympus' is not a time zone"),
        ("[hours.weekdays]\nmoonday = 'closed'", "hours.weekdays.moonday"),
        ("[[hours.closures]]\nfirst = 2026-12-31\nlast = 2026-12-24", "hours.closures.0: last is before first"),
        ("languages = ['de', 'xx']", "languages: 'xx' is not one of"),
        ("languages = ['de', 'de']", "languages: a language is named twice"),
        ("[routing]\nbenefits = 'nobody'", "routing.benefits: there is no team 'nobody'"),
        ("[routing]\nholiday = 'work'", "routing: 'holiday' is not one of"),
        ("[teams.benefits]\nname = 'L'\nnumber = '112233'", "teams.benefits.number: '112233' is not a number"),
        ("callback_hours = -1", "callback_hours"),
        ("port = 'eighty'", "port"),
        ("port = 8001", "exchange_port: 8001 is the port of the web process already"),
        ("mode = 'production'", "public_base_url must be set in production mode"),
        ("twilio_region = 'ie1'", "twilio_region and twilio_edge must be set together"),
        ("this is no toml", "cannot be read"),
    ],
)
def test_wrong(written, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        written(text)
    assert complaint in str(refused.value)


def test_the_readmes_example_is_accepted(written) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    settings = written(readme.split("```toml")[1].split("```")[0])
    assert settings.hours.weekdays == {"saturday": None}
    assert settings.team_for("work") == "work"


def test_one_field_of_one_team_may_come_from_the_environment(written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAMS__BENEFITS__NUMBER", "+494211234567")
    assert written("").teams["benefits"].number == "+494211234567"
    assert written("").teams["benefits"].name == "Leistungsbereich"


def test_a_configuration_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_CONFIG", "/nowhere/ivr.toml")
    with pytest.raises(ConfigurationError, match="IVR_CONFIG"):
        load()


def test_the_environment_wins(written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOURS__DAILY", "09:00-17:00")
    monkeypatch.setenv("CALLBACK_HOURS", "12")
    settings = written("callback_hours = 48\n[hours]\ndaily = '10:00-11:00'\nholidays = true")
    assert settings.callback_hours == 12
    assert settings.hours.daily.opens.hour == 9
    assert settings.hours.holidays


def test_korean_needs_its_model_and_its_name(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert written("").enabled_languages == ("de", "en")
    assert written("languages = ['ko', 'de']").enabled_languages == ("de",)
    (tmp_path / "models" / "ko").mkdir(parents=True)
    assert written("").enabled_languages == ("de", "en", "ko")
    assert written("languages = ['ko', 'de']").enabled_languages == ("ko", "de")
    production = (
        "mode = 'production'\npublic_base_url = 'https://hotline.example'\ntwilio_account_sid = 'AC1'\n"
        "twilio_auth_token = 't'\nsecret_key = 's'\n"
    )
    assert written(production).enabled_languages == ("de", "en")


def test_every_concern_reaches_a_team(written) -> None:
    settings = written("[teams.only]\nname = 'Alle'\nnumber = '+494211782666'\n[routing]\n" + "".join(
        f"{concern} = 'only'\n" for concern in ("benefits", "work", "under_25", "emergency", "other")
    ))  # fmt: skip
    assert {settings.team_for(c) for c in ("benefits", "work", "under_25", "emergency", "other", "?")} == {"only"}


def test_region_and_edge_choose_the_carriers_host(written, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.telephony import carrier

    settings = written(
        "mode = 'production'\npublic_base_url = 'https://hotline.example/'\ntwilio_account_sid = 'AC1'\n"
        "twilio_auth_token = 't'\nsecret_key = 's'\ntwilio_region = 'ie1'\ntwilio_edge = 'dublin'"
    )
    monkeypatch.setattr(carrier, "settings", lambda: settings)
    assert settings.base_url == "https://hotline.example"
    assert carrier.media_url("RE1") == "https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1.wav"
    assert "%2F" in carrier.media_url("../../x"), "an id cannot leave its place in the path"
