"""`carrier check`: each mistake at the carrier is named in a sentence, with what mends it."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
import requests
from click.testing import CliRunner, Result
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response as TwilioResponse

from ivr.carrier import account_check, number_setup
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.account import Account
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.store import RecordingRecord
from ivr.local_carrier.switch import Switch
from ivr.operations import carrier_trial
from tests.support.production_secrets import MASTER_KEY, SECRET

NUMBER = "+494211782666"


@pytest.fixture
def checked(exchange: Switch, monkeypatch: pytest.MonkeyPatch):
    """Runs `carrier check` with settings, once the number's webhooks are set as they should be."""

    monkeypatch.setattr(carrier_trial, "address", lambda: iter(()))  # tests/cli/test_carrier_setup.py has our addresses

    def run(**changed: str) -> Result:
        for name, value in changed.items():
            monkeypatch.setenv(name.upper(), value)
        configuration.settings.cache_clear()
        wanted = number_setup.wanted_webhooks()
        exchange.subscription.voice_url = wanted["voice_url"]
        exchange.subscription.fallback_url = wanted["voice_fallback_url"]
        exchange.subscription.status_url = wanted["status_callback"]
        exchange.subscription.text_url = wanted["sms_url"]
        return CliRunner().invoke(command_line, ["carrier", "check"])

    return run


def test_an_account_in_order_passes_and_says_what_cannot_be_read(checked) -> None:
    done = checked()
    assert done.exit_code == 0, done.output
    assert "✗" not in done.output
    assert "· The fallback is asked at the same host" in done.output
    assert "· Which countries the account may text cannot be read" in done.output


@pytest.mark.parametrize(
    ("account", "said", "remedy"),
    [
        ({"status": "suspended"}, "The account is suspended", "Speak with the carrier"),
        ({"type": "Trial"}, "a trial account", "Upgrade the account"),
        (
            {"region": "au1"},
            f"Calls to {NUMBER} are processed, and recorded, in region au1, not in us1",
            "TWILIO_REGION",
        ),
        ({"closed_countries": ("TR", "UA")}, "The account may not call TR, UA", "carrier setup"),
        ({"voice": False}, f"{NUMBER} takes no calls", "with voice"),
        ({"sms": False}, f"{NUMBER} cannot send text messages", "Set SMS_SENDER"),
        ({"receive_mode": "fax"}, f"{NUMBER} receives faxes only", "voice"),
        ({"voice_application_sid": "AP1"}, f"{NUMBER} belongs to an application (AP1)", "Take the number out"),
        (
            {"sms_application_sid": "AP2"},
            f"{NUMBER} belongs to an application for text messages (AP2)",
            "Take the number out",
        ),
        ({"trunk_sid": "TK1"}, f"{NUMBER} belongs to a SIP trunk (TK1)", "Take the number out"),
    ],
)
def test_a_mistake_of_the_account_is_named(checked, exchange: Switch, account: dict, said: str, remedy: str) -> None:
    exchange.store.account = Account(**account)
    done = checked()
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert said in line
    assert remedy in line


@pytest.mark.parametrize(
    ("refused_with", "said", "remedy"),
    [
        (20005, "The account is not active (error 20005)", "Speak with the carrier."),
        (20006, "denies access to the account (error 20006)", "the token of the account itself"),
        (20008, "the account's test credentials (error 20008)", "to the live credentials"),
        (20503, "The account cannot be read (503)", "Try again later."),
    ],
)
def test_an_account_that_lets_nobody_in_is_named_by_the_carriers_error_number(
    checked, exchange: Switch, refused_with: int, said: str, remedy: str
) -> None:
    """To try again later mends only what passes by itself."""
    exchange.store.account = Account(refused_with=refused_with)
    done = checked()
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert said in line
    assert remedy in line


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"twilio_auth_token": "0123456789abcdef"}, "The carrier refuses the log-in (401). Check TWILIO_ACCOUNT_SID"),
        ({"twilio_account_sid": "AC" + "0" * 32}, "The carrier does not know the account (404). Check"),
        ({"hotline_number": "+4942112345"}, "The account has no number +4942112345. Check HOTLINE_NUMBER"),
        ({"sms_sender": "+4915112345678"}, "Text messages are to come from +4915112345678, which is no number of"),
        ({"sms_sender": "MG" + "0" * 32}, f"The messaging service MG{'0' * 32} cannot be read (404). Check SMS_SENDER"),
        ({"fallback_base_url": "https://other.example"}, "and should be https://other.example/voice/fallback"),
    ],
)
def test_a_mistake_of_the_settings_is_named(checked, exchange: Switch, settings: dict[str, str], said: str) -> None:
    before = dict(vars(exchange.subscription))
    checked()
    right = exchange.subscription.fallback_url
    done = checked(**settings)
    if "fallback_base_url" in settings:
        exchange.subscription.fallback_url = right
        done = CliRunner().invoke(command_line, ["carrier", "check"])
    assert done.exit_code == 1, before
    assert said in done.output


SECOND = "another-token-of-the-account"


@pytest.mark.parametrize(
    ("valid", "said"),
    [
        (("{ours}", SECOND), ""),
        (("{ours}", ""), "✗ The carrier refuses TWILIO_SECONDARY_AUTH_TOKEN (401)"),
        ((SECOND, ""), "✗ The carrier refuses TWILIO_AUTH_TOKEN (401) and takes TWILIO_SECONDARY_AUTH_TOKEN"),
        (("another one altogether", ""), "✗ The carrier refuses the log-in (401)"),
    ],
)
def test_each_of_two_tokens_is_tried_by_itself(checked, exchange: Switch, valid: tuple[str, str], said: str) -> None:
    """Otherwise the one that works hides the other: a wrong second token is noticed when it is promoted."""
    exchange.tokens = AuthTokens(*[one.format(ours=configuration.settings().auth_token) for one in valid])
    named = [line for line in checked(twilio_secondary_auth_token=SECOND).output.splitlines() if "✗" in line]
    assert [line.startswith(said) for line in named] == ([True] if said else [])


@pytest.mark.parametrize(
    ("attribute", "there", "said"),
    [
        ("voice_url", "{wanted}", "voice_url has no retries (#ct=2000"),
        ("text_url", "{wanted}", "sms_url has no retries (#ct=2000"),
        ("text_url", "", "sms_url is not set, and should be"),
        (
            "text_url",
            "https://demo.twilio.com/welcome/sms/reply",
            "sms_url is https://demo.twilio.com/welcome/sms/reply",
        ),
        ("status_url", "{wanted}", "status_callback has no retries (#ct=2000"),
        ("fallback_url", "{wanted}", "voice_fallback_url has no retries (#ct=2000"),
        ("voice_url", "", "voice_url is not set, and should be"),
        ("fallback_url", "", "voice_fallback_url is not set, and should be"),
        ("voice_url", "https://old.example/voice/incoming", "voice_url is https://old.example/voice/incoming, and"),
        ("voice_url", "https://demo.twilio.com/welcome/voice/", "voice_url is https://demo.twilio.com/welcome/voice/"),
    ],
)
def test_a_webhook_that_is_not_ours_or_not_repeated_is_named(
    checked, exchange: Switch, attribute: str, there: str, said: str
) -> None:
    checked()
    wanted = getattr(exchange.subscription, attribute).partition("#")[0]
    setattr(exchange.subscription, attribute, there.format(wanted=wanted))
    done = CliRunner().invoke(command_line, ["carrier", "check"])
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert said in line
    assert "Run `python -m ivr carrier configure`." in line


@pytest.mark.parametrize(
    ("voices", "said"),
    [
        (
            '{"uk": {"language": "uk-UA", "voice": "Google.de-DE-Standard-A"}}',
            "speaks de-DE, but VOICES gives it to uk",
        ),
        (
            '{"en": {"language": "en-GB", "voice": "Google.en-US-Standard-C"}}',
            "speaks en-US, but VOICES gives it to en as en-GB",
        ),
        ('{"bg": {"language": "bg", "voice": "Google.bg-BG-Standard-A"}}', "speaks bg-BG, but VOICES gives it to bg"),
        ('{"de": {"language": "de-DE", "voice": "Vicki"}}', "The voice Vicki of de is of no kind that the carrier has"),
        ('{"de": {"language": "de-DE", "voice": "alicia"}}', "The voice alicia of de is of no kind"),
        ('{"tr": {"language": "tr-TR", "voice": "alice"}}', "The voice alice does not speak tr-TR"),
        ('{"pl": {"language": "pl-PL", "voice": "woman"}}', "The voice woman does not speak pl-PL"),
    ],
)
def test_a_voice_that_cannot_speak_its_language_is_named(checked, voices: str, said: str) -> None:
    done = checked(voices=voices)
    assert done.exit_code == 1
    assert said in done.output


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://93.184.216.34", "is not HTTPS"),
        ("https://localhost:8000", "localhost is a name that nobody on the internet knows"),
        ("https://hotline.intern", "hotline.intern is a name that nobody on the internet knows"),
        ("https://192.168.1.5", "192.168.1.5 is 192.168.1.5, which nobody on the internet reaches"),
        ("https://[::1]:8000", "::1 is ::1, which nobody on the internet reaches"),
        ("https://nowhere.invalid", "nowhere.invalid is not in the DNS"),
        ("https://hotline..example", "hotline..example is not in the DNS"),
        (f"https://{'x' * 64}.example", f"{'x' * 64}.example is not in the DNS"),
    ],
)
def test_an_address_that_the_internet_does_not_reach_is_named(monkeypatch, url: str, said: str) -> None:
    from ivr.carrier import outside, settings_check

    found = list(outside.faults(url))
    assert len(found) == 1 and said in found[0]
    given = configuration.load(mode="production", public_base_url="https://x.example", twilio_account_sid="AC1",
                               twilio_auth_token=SECRET, secret_key=SECRET, audio_master_keys=MASTER_KEY,
                               trusted_proxies=0)  # fmt: skip
    monkeypatch.setattr(settings_check, "settings", lambda: given.model_copy(update={"public_base_url": url}))
    (finding,) = settings_check.address()
    assert finding.wrong and said in finding.what and "Set PUBLIC_BASE_URL" in finding.remedy


def test_an_address_of_the_internet_is_in_order() -> None:
    from ivr.carrier import outside

    assert list(outside.faults("https://93.184.216.34")) == []


def test_an_empty_account_is_named(checked, exchange: Switch) -> None:
    exchange.store.account = Account(balance="-3.20")
    assert "The account's balance is -3.20 EUR" in checked().output
    exchange.store.account = Account(balance="17.5")
    assert "balance" not in checked().output


def test_a_carrier_that_does_not_answer_is_one_sentence(checked) -> None:
    done = checked(twilio_api_base_url="http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "http://127.0.0.1:9 cannot be reached" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("check", "said"),
    [("regions", "The regions cannot be asked for"), ("countries", "The countries cannot be asked for")],
)
def test_a_host_of_the_carrier_that_is_away_hides_nothing_else(
    checked, exchange: Switch, monkeypatch: pytest.MonkeyPatch, check: str, said: str
) -> None:
    """Regions and permissions are asked of other hosts than the account, which a firewall may keep from us."""
    host = {"regions": "client_of_us1", "countries": "closed_countries"}[check]

    def away(*_: object) -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(account_check, host, away)
    exchange.store.account = Account(sms=False)
    done = checked()
    assert done.exit_code == 1
    named = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert len(named) == 2
    assert f"{said} (ConnectionError). See that this machine reaches every host" in named[0]
    assert f"{NUMBER} cannot send text messages" in named[1]


def test_a_number_that_is_not_the_accounts_may_be_verified(checked, exchange: Switch) -> None:
    assert "+4942112345 may not be shown as the caller" in checked(hotline_number="+4942112345").output
    exchange.store.account = Account(verified_numbers=("+4942112345",))
    assert "may not be shown" not in checked().output


def test_a_messaging_service_without_a_sender_is_named(checked, exchange: Switch) -> None:
    service = "MG" + "1" * 32
    exchange.store.account = Account(services=((service, 0),))
    assert f"The messaging service {service} has no sender" in checked(sms_sender=service).output
    exchange.store.account = Account(services=((service, 1),), service_url=number_setup.wanted_webhooks()["sms_url"])
    assert checked().exit_code == 0


@pytest.mark.parametrize(
    ("account", "asked"),
    [
        ({}, "nobody"),
        ({"service_url": "https://demo.twilio.com/reply"}, "https://demo.twilio.com/reply"),
        ({"service_url": "https://demo.twilio.com/reply", "service_defers": True}, "the webhook of each number"),
    ],
)
def test_a_messaging_service_that_does_not_tell_us_of_answers_is_named(
    checked, exchange: Switch, account: dict, asked: str
) -> None:
    service = "MG" + "1" * 32
    exchange.store.account = Account(services=((service, 1),), **account)
    done = checked(sms_sender=service)
    assert done.exit_code == 1
    wanted = number_setup.wanted_webhooks()["sms_url"]
    assert f"a text message of {service} is answered by {asked}, and should be by {wanted}." in done.output


def test_the_sender_of_alerts_is_looked_at_where_callers_get_no_texts(checked, exchange: Switch) -> None:
    """Alerts as text messages come from the same sender, whatever countries callers are texted in."""
    exchange.store.account = Account(sms=False)
    assert "cannot send" not in checked(text_countries="[]").output
    alerts = '[{"name": "house", "to": "sms:+4915112345678", "events": ["carrier_fault"]}]'
    assert f"{NUMBER} cannot send text messages" in checked(text_countries="[]", alerts=alerts).output


KEY, GIVEN = "SK" + "1" * 32, "what goes with it"


@pytest.mark.parametrize(
    ("keys", "region", "said", "remedy"),
    [
        (((KEY, GIVEN, False),), "", "", ""),
        (((KEY, GIVEN, False),), "ie1", "", ""),
        ((), "", f"The account has no API key {KEY} in region us1", "Create a standard API key of the account, in"),
        ((), "ie1", f"The account has no API key {KEY} in region ie1", "in region ie1, and set TWILIO_API_KEY"),
        ((("SK" + "2" * 32, GIVEN, False),), "", "it was revoked, or is of another account or region", "Create"),
        (((KEY, GIVEN, True),), "", f"The API key {KEY} is a restricted one", "Create a standard API key"),
        (((KEY, "another", False),), "", "The carrier refuses TWILIO_API_SECRET (401)", "Set TWILIO_API_SECRET"),
        (((KEY, "another", False),), "ie1", "The carrier refuses TWILIO_API_SECRET (401)", "Set TWILIO_API_SECRET"),
    ],
    ids=["right", "of a region", "revoked", "of no region", "another", "restricted", "secret", "secret of a region"],
)
def test_an_api_key_that_signs_no_access_tokens_is_named(
    checked, exchange: Switch, keys: tuple, region: str, said: str, remedy: str
) -> None:
    """Otherwise it is noticed when a member's browser cannot be rung."""
    exchange.store.account = Account(api_keys=keys, region=region or "us1")
    edge = {"twilio_region": region, "twilio_edge": "dublin"} if region else {}
    tokens = {"twilio_us1_auth_token": configuration.settings().auth_token} if region else {}
    done = checked(twilio_api_key=KEY, twilio_api_secret=GIVEN, **edge, **tokens)
    named = [line for line in done.output.splitlines() if line.startswith("✗")]
    assert len(named) == (1 if said else 0), done.output
    assert all(said in line and remedy in line for line in named)


def test_an_api_key_that_cannot_be_looked_up_is_no_pass(checked, exchange: Switch, monkeypatch) -> None:
    """A carrier that is away, or refuses for another reason, does not make a key look revoked."""
    asks = TwilioHttpClient.request

    def request(self: TwilioHttpClient, method: str, url: str, *args: object, **kwargs: object) -> TwilioResponse:
        refused = TwilioResponse(503, '{"status": 503, "code": 20503, "message": "no"}')
        return refused if "/Keys/" in url else asks(self, method, url, *args, **kwargs)

    monkeypatch.setattr(TwilioHttpClient, "request", request)
    done = checked(twilio_api_key=KEY, twilio_api_secret=GIVEN)
    assert done.exit_code == 1
    assert "✗ The api key cannot be read (503): no." in done.output


def test_recordings_that_are_open_encrypted_or_left_behind_are_named(checked, exchange: Switch) -> None:
    assert "cannot be tried, because there is none" in checked().output
    old = format_datetime(utc_now() - timedelta(days=3))
    exchange.store.keep_recording(RecordingRecord("RE" + "1" * 32, "CA1", "completed", 3, old))
    done = checked()
    assert "✗ 1 recordings at the carrier are older than two days" in done.output
    assert "cannot be tried" not in done.output
    exchange.store.account = Account(recordings_encrypted=True, recordings_open=True)
    exchange.store.audio_path("RE" + "1" * 32).write_bytes(b"RIFF")
    done = checked()
    assert "✗ The carrier encrypts recordings with a public key" in done.output
    assert "✗ The carrier gives recordings to everybody who knows their address" in done.output


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("IncomingPhoneNumbers", "The numbers cannot be read"),
        ("Recordings", "The recordings cannot be listed"),
        ("OutgoingCallerIds", "The caller id cannot be read"),
        ("Services", "cannot be read"),
        ("Countries", "Whether the account may call DE cannot be read"),
        ("Balance", "The balance cannot be read"),
        ("PhoneNumbers/", f"The region in which calls to {NUMBER} are processed cannot be read"),
    ],
)
@pytest.mark.parametrize(
    "body",
    ['{"status": 500, "code": 20500, "message": "no"}', '{"type": "t", "title": "no", "status": 500, "code": 1}'],
)
def test_what_the_carrier_refuses_is_one_sentence_however_it_is_asked_and_refused(
    checked, monkeypatch: pytest.MonkeyPatch, path: str, named: str, body: str
) -> None:
    """A list is refused in another way than a resource, by the library, and a newer interface of the carrier's too."""
    asks = TwilioHttpClient.request

    def request(self: TwilioHttpClient, method: str, url: str, *args: object, **kwargs: object) -> TwilioResponse:
        return TwilioResponse(500, body) if path in url else asks(self, method, url, *args, **kwargs)

    monkeypatch.setattr(TwilioHttpClient, "request", request)
    number = {"hotline_number": "+4942112345"} if path == "OutgoingCallerIds" else {}
    done = checked(callback_countries='["DE"]', sms_sender="MG" + "1" * 32 if path == "Services" else "", **number)
    assert named in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    configured = CliRunner().invoke(command_line, ["carrier", "configure", "--yes"])
    assert configured.exception is None or isinstance(configured.exception, SystemExit)


def test_a_number_that_synthetic_calls_show_must_be_the_accounts_or_verified(checked, exchange: Switch) -> None:
    shown = {"synthetic_call_minutes": "10", "synthetic_call_from": "+4942155667"}
    assert "+4942155667 may not be shown as the caller" in checked(**shown).output
    exchange.store.account = Account(verified_numbers=("+4942155667",))
    assert "may not be shown" not in checked().output
