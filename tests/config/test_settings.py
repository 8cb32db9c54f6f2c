"""A wrong configuration refuses to start and says which key."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ivr.config import reference
from ivr.config import settings as configuration
from ivr.config.sections import ConfigurationError
from ivr.config.settings import Kept, Settings, load
from ivr.domain.languages import LANGUAGES
from tests.support.environment import ROOT
from tests.support.production_secrets import MASTER_KEY, SECRET, TOKEN, TOML


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
        ("[hours]\ndaily = 'closed'", "hours: no day of the week has hours"),
        ("[calling_hours]\ndaily = 'closed'", "calling_hours: no day of the week has hours"),
        ("[hours]\ntimezone = 'Mars/Olympus'", "hours.timezone: 'Mars/Olympus' is not a time zone"),
        ("[hours.weekdays]\nmoonday = 'closed'", "hours.weekdays.moonday"),
        ("[[hours.closures]]\nfirst = 2026-12-31\nlast = 2026-12-24", "hours.closures.0: last is before first"),
        ("languages = ['de', 'xx']", "languages: 'xx' is not one of"),
        ("languages = ['de', 'de']", "languages: a language is named twice"),
        ("[routing]\nbenefits = 'nobody'", "routing.benefits: there is no team 'nobody'"),
        ("[routing]\nholiday = 'work'", "routing: 'holiday' is not one of"),
        ("hotline_number = '112233'", "hotline_number: '112233' is not a number"),
        ("[routing.work]\nunder_25 = 'youth'", "routing.work: 25_and_over, office_1 reaches no team"),
        ("[routing.work]\nteam = 'work'\noffices = {atlantis = 'work'}", "there is no office 'atlantis'"),
        ("[offices.mine]\nname = 'M'\npostal_codes = ['28195']", "postal code 28195 belongs to office_1 and to mine"),
        ("forms = ['change', 'change']", "a form is named twice"),
        ("[dialled_languages]\n'+494211782667' = 'xx'", "is not in the language menu"),
        ("[voices.xx]\nlanguage = 'x'\nvoice = 'y'", "'xx' is not one of"),
        ("line_places = -1", "line_places"),
        ("port = 'eighty'", "port"),
        ("port = 8001", "exchange_port: 8001 is the port of the web process already"),
        ("mode = 'production'", "public_base_url must be set in production mode"),
        ("twilio_region = 'ie1'", "twilio_region and twilio_edge must be set together"),
        ("staff_number = '+494211782666'", "staff_number: callers ring this number too"),
        ("staff_number = '+4942155'\ndialled_languages = {'+4942155' = 'tr'}", "callers ring this number too"),
        (
            "interpreters = [{name = 'A', number = '+494211782666', languages = ['tr']}]",
            "interpreters.0.number: this is a number of the hotline itself",
        ),
        *(
            (
                f"interpreters = [{{name = '{name}', number = '+4942155', languages = ['tr']}}]",
                "0.name: 1 to 120 letters",
            )
            for name in ("", "x" * 121)
        ),
        ("this is no toml", "cannot be read"),
        ("[hours]\ntimezone = 'Europe'", "hours.timezone: 'Europe' is not a time zone"),
        ("[teams.mine]\nname = ''", "teams.mine.name: 1 to 120 letters"),
        ('[teams."a\\u0000b"]\nname = "x"', "1 to 40 letters"),
        ("[offices.mine]\nname = ' '", "offices.mine.name: 1 to 120 letters"),
        ("[sip_peers.trunk]\naddress = '10.1.0.0/33'", "address: '10.1.0.0/33' is no IP address and no network"),
        ("[sip_peers.trunk]\naddress = '10.1.0.256'", "address: '10.1.0.256' is no IP address"),
    ],
)
def test_wrong(written, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        written(text)
    assert complaint in str(refused.value)


def test_the_examples_of_the_docs_are_accepted(written) -> None:
    document = (ROOT / "docs" / "configuration.md").read_text()
    examples = [part.split("```")[0] for part in document.split("```toml")[1:]]
    assert len(examples) == 5
    accepted = [written(example) for example in examples]
    (settings,) = [one for one in accepted if one.hours.weekdays]
    assert settings.hours.weekdays == {"saturday": None}
    assert settings.team_for("work") == "work"
    (pools,) = [one for one in accepted if one.transcription_pools]
    assert (pools.pool_of("tr"), pools.pool_languages) == ("south", None)


def test_the_reference_in_the_docs_is_current() -> None:
    document = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert reference.updated(document) == document, "run `python -m ivr settings docs`"


def test_every_setting_says_what_it_means() -> None:
    for name in Settings.model_fields:
        assert f"| `{name}` | `{name.upper()}` |" in reference.markdown()
    silent = [line for line in reference.markdown().splitlines() if line.startswith("| `") and line.endswith("|  |")]
    assert silent == []


def complaint_of(written, monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> str:
    """What is said of a variable, where there is nothing in the file."""
    monkeypatch.setenv(key, value)
    with pytest.raises(ConfigurationError) as refused:
        written("")
    return str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://host/db", "database_url: begins with none of postgresql://"),
        ("DATABASE_URL", "nonsense", "database_url: begins with none of postgresql://"),
        ("DATABASE_URL", "postgresql://u:p/tmp:x@host/db", "database_url: this is no address"),
        ("REDIS_URL", "http://host", "redis_url: begins with none of redis://"),
        ("REDIS_URL", "redis://host/hotline", "redis_url: after the host comes the number of a database"),
        ("REDIS_URL", "redis://host/0?patience=5", "redis_url: behind the question mark stands an option"),
        ("DATABASE_URL", "postgresql://u@host/db?sslmod=require", "database_url: there is no option sslmod"),
        ("PUBLIC_BASE_URL", "hotline.example.de", "public_base_url: this is no address such as https://"),
        ("PUBLIC_BASE_URL", "https://[::1", "public_base_url: this is no address"),
        ("SMTP_URL", "smtp://mail.example:99999", "smtp_url: this is no address"),
        ("VAR_DIR", "~nobody_has_this_name/hotline", "var_dir: nobody knows this home directory"),
        ("SMTP_URL", "smtp://[mail", "smtp_url: this is no address"),
        ("SMTP_URL", "mail.example:25", "smtp_url: is not written as it must be. Mail server: `smtp://`"),
    ],
)
def test_an_address_of_the_wrong_kind_is_named(
    written, monkeypatch: pytest.MonkeyPatch, key: str, value: str, complaint: str
) -> None:
    assert complaint in complaint_of(written, monkeypatch, key, value)


@pytest.mark.parametrize("url", ["postgresql://u@h/db?sslmode=require&connect_timeout=3", "sqlite:////tmp/own.db"])
def test_options_that_there_are_are_taken(written, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REDIS_URL", "rediss://:pw@host:6380/2?ssl_cert_reqs=none&health_check_interval=5")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://hotline.example:8443/telephone/")
    monkeypatch.setenv("SMTP_URL", "smtp+starttls://user@mail.example:587")
    assert written("").database_url == url


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("LANGUAGES", "de,en", "LANGUAGES is no JSON (Expecting value, at character 1); a list is written"),
        ("TEAMS", '{"work": {"name"', "TEAMS is no JSON (Expecting ':' delimiter, at character 17)"),
        ("HOURS", "08:00-18:00", "HOURS is no JSON"),
    ],
)
def test_a_variable_that_is_no_json_is_named_with_the_place_and_the_way_to_write_it(
    written, monkeypatch: pytest.MonkeyPatch, key: str, value: str, complaint: str
) -> None:
    assert complaint in complaint_of(written, monkeypatch, key, value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a = 1\nmail_from = 'ä'".encode("latin-1"), "ivr.toml: line 2 is not in UTF-8: save the file as UTF-8"),
        ("\ufefflog_format = 'json'".encode(), "ivr.toml: it begins with a byte order mark"),
        (b"port = 1\nport = 2\n", "ivr.toml: Cannot overwrite a value (at line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    written, tmp_path: Path, content: bytes, complaint: str
) -> None:
    written("")
    (tmp_path / "ivr.toml").write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        load()
    assert complaint in str(refused.value)


def test_a_tilde_is_the_home_directory(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory called `~` was made where the process had been started."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAR_DIR", "~/hotline")
    found = written("vosk_model_dir = '~/models'")
    assert (found.var_dir, found.model_dir) == (tmp_path / "hotline", tmp_path / "models")


def test_every_production_setting_that_is_missing_is_named(written) -> None:
    with pytest.raises(ConfigurationError) as refused:
        written("mode = 'production'\npublic_base_url = 'https://hotline.example'")
    for key in ("twilio_account_sid", "twilio_auth_token", "secret_key", "audio_master_keys", "trusted_proxies"):
        assert key in str(refused.value)


def test_what_is_missing_is_named_beside_what_is_weak_and_what_is_wrong(written) -> None:
    with pytest.raises(ConfigurationError) as refused:
        written("mode = 'production'\npublic_base_url = 'http://hotline.example'\nsecret_key = 'changeme'")
    for named in ("twilio_auth_token", "begin with https://", "secret_key: too weak", "trusted_proxies"):
        assert named in str(refused.value)
    with pytest.raises(ConfigurationError) as refused:
        written("mode = 'production'\nport = 'eighty'\nsecret_key_previous = 'x'")
    for named in ("port: Input", "secret_key must be set", "audio_master_keys must be set"):
        assert named in str(refused.value)


def test_a_secret_may_stand_in_a_file_of_its_own(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "twilio_auth_token").write_text(TOKEN)
    (credentials / "hotline_audio_master_keys").write_text(MASTER_KEY)
    (credentials / "of_another_program").write_text("x")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("MODE", "production")
    found = written("public_base_url = 'https://hotline.example'\ntwilio_account_sid = 'AC1'\ntrusted_proxies = 1")
    assert (found.secret, found.auth_token, *found.master_keys) == (SECRET, TOKEN, "one")
    kept = Kept()
    kept.adopt({"line_places": 3}, 1)
    assert kept().secret == SECRET, "what the page sets takes no secret away"
    monkeypatch.setenv("SECRET_KEY_FILE", "/nowhere")
    with pytest.raises(ConfigurationError, match="secret_key: the file /nowhere cannot be read: No such file"):
        load()
    monkeypatch.setenv("SECRET_KEY", SECRET)
    with pytest.raises(ConfigurationError, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        load()


def test_a_pool_that_does_not_exist_is_refused(written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSCRIPTION_POOL", "west")
    with pytest.raises(ConfigurationError, match="west"):
        written('[transcription_pools]\nnorth = ["de"]')


def test_one_field_of_one_office_may_come_from_the_environment(written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICES__OFFICE_1__NAME", "Mitte")
    assert written("").offices["office_1"].name == "Mitte"
    assert "28195" in written("").offices["office_1"].postal_codes


def test_a_configuration_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IVR_CONFIG", "/nowhere/ivr.toml")
    with pytest.raises(ConfigurationError, match="IVR_CONFIG"):
        load()


def test_the_environment_wins(written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOURS__DAILY", "09:00-17:00")
    monkeypatch.setenv("LINE_PLACES", "12")
    settings = written("line_places = 48\n[hours]\ndaily = '10:00-11:00'\nholidays = true")
    assert settings.line_places == 12
    assert settings.hours.daily.opens.hour == 9
    assert settings.hours.holidays


def test_korean_needs_its_model_and_its_name(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = tuple(code for code in LANGUAGES if code != "ko")
    assert written("").enabled_languages == everybody
    assert written("languages = ['ko', 'de']").enabled_languages == ("de",)
    (tmp_path / "models" / "ko").mkdir(parents=True)
    assert written("").enabled_languages == (*everybody, "ko")
    assert written("languages = ['ko', 'de']").enabled_languages == ("ko", "de")
    production = "mode = 'production'\npublic_base_url = 'https://hotline.example'\ntwilio_account_sid = 'AC1'\n" + TOML
    assert written(production).enabled_languages == everybody


def test_a_team_may_depend_on_age_and_office(written) -> None:
    settings = written(
        "[routing.work]\nteam = 'work'\nunder_25 = 'youth'\n"
        "[routing.benefits]\nteam = 'benefits'\noffices = {office_2 = 'entrance'}\n"
        "[offices.office_2]\nname = 'Süd'"
    )
    assert settings.team_for("work") == settings.team_for("work", "25_and_over", "office_1") == "work"
    assert settings.team_for("work", "under_25") == "youth"
    assert settings.team_for("benefits", office="office_2") == "entrance"
    assert settings.decides("age_group", "work")
    assert not settings.decides("age_group", "work", age_group="under_25")
    assert settings.decides("office", "benefits")
    assert not settings.decides("office", "work")
    assert (settings.offices["office_2"].name, settings.office_of("28199")) == ("Süd", "office_2")
    assert settings.office_of("80331") is None


def test_former_secret_keys_are_a_list_or_separated_by_commas(written, monkeypatch: pytest.MonkeyPatch) -> None:
    assert written("secret_key = 'c'\nsecret_key_previous = ['b', 'a']").secrets == ("c", "b", "a")
    assert written("secret_key = 'c'\nsecret_key_previous = 'b, a,c'").secrets == ("c", "b", "a")
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", '["x"]')
    assert written("secret_key = 'c'").secrets == ("c", "x")
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", "")
    assert written("secret_key = 'c'").secrets == ("c",)


def test_a_former_secret_key_has_to_be_a_strong_one_too(written) -> None:
    production = "mode = 'production'\npublic_base_url = 'https://hotline.example'\ntwilio_account_sid = 'AC1'\n" + TOML
    with pytest.raises(ConfigurationError, match="secret_key_previous: too weak"):
        written(f"secret_key_previous = ['{SECRET}x', 'summer2026']\n{production}")
    assert written(f"secret_key_previous = '{SECRET}x'\n{production}").secrets == (SECRET, f"{SECRET}x")


def test_every_concern_reaches_a_team(written) -> None:
    settings = written("[teams.only]\nname = 'Alle'\n[routing]\n" + "".join(
        f"{concern} = 'only'\n" for concern in ("benefits", "work", "under_25", "emergency", "other")
    ))  # fmt: skip
    assert {settings.team_for(c) for c in ("benefits", "work", "under_25", "emergency", "other", "?")} == {"only"}


def test_region_and_edge_choose_the_carriers_host(written, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.carrier import client, media

    settings = written(
        "mode = 'production'\npublic_base_url = 'https://hotline.example/'\ntwilio_account_sid = 'AC1'\n"
        + TOML
        + "twilio_region = 'ie1'\ntwilio_edge = 'dublin'"
    )
    monkeypatch.setattr(client, "settings", lambda: settings)
    assert settings.base_url == "https://hotline.example"
    assert media.media_url("RE1") == "https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1.wav"
    assert "%2F" in media.media_url("../../x"), "an id cannot leave its place in the path"


def test_a_form_without_its_name_in_every_language_refuses_to_start(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ivr.config import settings as configuration
    from ivr.web.app import create_app

    monkeypatch.setenv("FORMS", '["change", "heating"]')
    configuration.settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"voice_prompts/en\.toml: form_heating is missing"):
        create_app()


STRONG = "mode = 'production'\npublic_base_url = 'https://hotline.example'\ntwilio_account_sid = 'AC1'\n"


@pytest.mark.parametrize(
    ("weak", "complaint"),
    [
        (TOML.replace(SECRET, "changeme"), "secret_key: too weak"),
        (TOML.replace(SECRET, "a" * 64), "secret_key: too weak"),
        (TOML.replace(TOKEN, "changeme"), "twilio_auth_token: this is no token"),
        (TOML.replace(TOKEN, " " * 40), "twilio_auth_token: this is no token"),
        (TOML.replace(MASTER_KEY, "one:" + "A" * 43 + "="), "one is no random key"),
        (TOML.replace("trusted_proxies = 1\n", ""), "trusted_proxies must be set"),
        (TOML + "sso_issuer = 'https://id.example'\n", "sso_issuer needs"),
        (TOML + "sso_issuer = 'http://id.example'\n", "sso_issuer"),
    ],
)
def test_production_refuses_weak_secrets(written, weak: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        written(STRONG + weak)
    assert complaint in str(refused.value)
    assert SECRET not in str(refused.value)


def test_production_needs_tls_and_second_factors(written) -> None:
    with pytest.raises(ConfigurationError, match="https://"):
        written((STRONG + TOML).replace("https://", "http://"))
    assert written(STRONG + TOML).second_factor_roles == ("member", "supervisor", "administrator", "officer")
    assert written("").second_factor_roles == ()


def test_what_one_thread_reads_while_another_forgets_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A thread that was reading the former environment put it back for the whole process."""
    kept, reads, go_on = Kept(), threading.Event(), threading.Event()
    read = configuration._read

    def slowly() -> object:
        found = read()
        reads.set()
        go_on.wait(10)
        return found

    monkeypatch.setenv("VAR_DIR", str(tmp_path / "former"))
    monkeypatch.setattr(configuration, "_read", slowly)
    reader = threading.Thread(target=kept)
    reader.start()
    assert reads.wait(10)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "latter"))
    forgetting = threading.Thread(target=kept.cache_clear)
    forgetting.start()
    forgetting.join(0.1)
    go_on.set()
    for thread in (reader, forgetting):
        thread.join(10)
    assert kept().var_dir == tmp_path / "latter"


@pytest.mark.parametrize(
    "place", ["", " ", "\n", "/tmp/x ", "\udcff", "a\x01b", "/tmp/#1/hotline", "/tmp/what?", "/tmp/hot%20line"]
)
def test_a_directory_that_nobody_can_have_meant_is_refused(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("VAR_DIR", place)
    with pytest.raises(ConfigurationError, match="var_dir"):
        load()


def test_the_path_of_the_socket_is_one_that_kernel_and_clients_take(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("/tmp/" + "ü" * 60, "/tmp/" + "x" * 120, "/tmp/Büro & Söhne", "/tmp/a=b", "/tmp/Büro"):
        monkeypatch.setenv("VAR_DIR", place)
        path = load().redis.removeprefix("unix://")
        assert len(os.fsencode(path)) < 108
        assert not set(path) & {" ", "="}, "no worker would start"
        assert (path == f"{place}/redis.sock") == (place == "/tmp/Büro")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///", "sqlite://own.db", "sqlite:///?x=1"])
def test_a_database_that_processes_cannot_share_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ConfigurationError, match="database_url: several processes"):
        load()


def test_json_without_an_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBACK_COUNTRIES", "[" * 5000)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load()
