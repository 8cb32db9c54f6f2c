"""`carrier setup`, played through on the local carrier: a planted mistake stops it, is named, and it goes on there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import select
from werkzeug.serving import make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response as BaseResponse

from ivr.carrier import account_check, address_trial, number_check, number_setup, sender_check, settings_check
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.account import Account
from ivr.local_carrier.auth_tokens import AuthTokens
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.store import RecordingRecord, Refusals
from ivr.local_carrier.switch import Switch
from ivr.models.calls import Call
from ivr.operations import carrier_trial
from ivr.platform import database
from tests.support.servers import QuietRequestHandler, free_port

MOBILE = "+4915112345678"


@pytest.fixture
def web(exchange: Switch, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    """The local carrier, a web process that it reaches, and an operator who answers the telephone."""
    from ivr.web.app import create_app

    server = make_server("127.0.0.1", 0, create_app(), threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PUBLIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    configuration.settings.cache_clear()
    for name in ("call", "text"):
        trial = getattr(carrier_trial, name)
        monkeypatch.setattr(carrier_trial, name, lambda number, trial=trial: trial(number, patience=5, pause=0.02))
    exchange.telephones[MOBILE] = lambda _: ScriptedLine(ScriptedCaller())
    yield exchange
    server.shutdown()
    server.server_close()


def setup(*arguments: str, answers: str = "y\n" * 5) -> Result:
    return CliRunner().invoke(command_line, ["carrier", "setup", "--to", MOBILE, *arguments], input=answers)


def test_a_new_account_is_set_up_step_by_step(web: Switch) -> None:
    web.store.account = Account(region="ie1", closed_countries=("TR", "UA"))
    before = web.subscription.voice_url
    refused = setup(answers="n\n")
    assert refused.exit_code == 1
    assert f"voice_url: {before} → " in refused.output, "a change is shown first"
    assert web.subscription.voice_url == before, "and not made without a yes"
    done = setup()
    assert done.exit_code == 0, done.output
    assert "account: " not in done.output
    assert "processed in ie1 → us1" in done.output
    assert "calls to ordinary numbers of TR, UA: forbidden → allowed" in done.output
    assert (web.store.account.region, web.store.account.closed_countries) == ("us1", ())
    assert web.subscription.voice_url == f"{configuration.settings().calls_url}/voice/incoming" + done_fragment()
    assert web.subscription.text_url == f"{configuration.settings().calls_url}/voice/text/incoming" + done_fragment()
    assert [one.to for one in web.store.messages()] == [MOBILE]
    again = setup()
    assert again.output.count("done before") == 11, "nothing is done twice"
    assert len(list(web.store.messages())) == 1


def test_the_hotline_does_not_call_itself_on_trial(web: Switch) -> None:
    typed = CliRunner().invoke(command_line, ["carrier", "setup"], input=f"y\n0421 178-2666\n{MOBILE}\n")
    assert "is the hotline's own number" in typed.output
    assert typed.exit_code == 0, "it is asked again"
    assert {one.to for one in web.store.calls() if one.direction != "inbound"} == {MOBILE}


def done_fragment() -> str:
    from ivr.carrier.webhook_urls import RETRIES

    return RETRIES


@pytest.mark.parametrize(
    ("planted", "step", "said"),
    [
        ("token", "1/11", "The carrier refuses the log-in (401)"),
        ("suspended", "1/11", "The account is suspended"),
        ("trial account", "1/11", "The account is a trial account"),
        ("number", "2/11", "The account has no number +4942112345"),
        ("application", "2/11", "belongs to an application"),
        ("landline", "5/11", "cannot send text messages"),
        ("encrypted", "7/11", "encrypts recordings with a public key"),
        ("address", "9/11", "does not answer (ConnectionError)"),
        ("signature", "10/11", "No webhook of the trial call has arrived"),
        ("voice of another language", "10/11", "speaks de-DE, but VOICES gives it to uk"),
        ("voice", "10/11", "The carrier reports error 13520 of the trial call"),
        ("country", "10/11", "the telephone carrier has not enabled this country for us (error 21215)"),
        ("nobody", "10/11", "Nobody has answered the trial call (no-answer)"),
        ("undelivered", "11/11", "a landline, or a telephone that takes no text messages (error 30006)"),
        ("other host", "9/11", "is answered by something that is not the hotline"),
        *(
            pytest.param(*planted, marks=pytest.mark.since("ci"))
            for planted in (
                ("second token", "1/11", "The carrier refuses TWILIO_SECONDARY_AUTH_TOKEN (401)"),
                ("promoted", "1/11", "refuses TWILIO_AUTH_TOKEN (401) and takes TWILIO_SECONDARY_AUTH_TOKEN"),
                ("closed", "1/11", "The account is closed"),
                ("trunk", "2/11", "belongs to a SIP trunk"),
                ("members' number", "2/11", "The account has no number +4942154321"),
                ("token of us1", "3/11", "cannot be read (401). Set TWILIO_US1_AUTH_TOKEN"),
                ("service", "5/11", "cannot be read (404). Check SMS_SENDER"),
                ("open", "7/11", "The carrier gives recordings to everybody who knows their address"),
                ("old", "7/11", "1 recordings at the carrier are older than two days"),
                ("other token", "9/11", "refuses a webhook that is signed with the account's token (403)"),
                ("short addresses", "9/11", "characters (414), and so the call of somebody with much to tell"),
                ("sender", "11/11", "(error 21606)"),
            )
        ),
    ],
)
def test_a_planted_mistake_is_named_and_setup_goes_on_when_it_is_mended(
    web: Switch, answers_all, monkeypatch: pytest.MonkeyPatch, planted: str, step: str, said: str
) -> None:
    with monkeypatch.context() as mistake:
        if planted in HOSTS:
            mistake.setenv("FALLBACK_BASE_URL", answers_all(HOSTS[planted]))
        else:
            plant(web, mistake, planted)
        configuration.settings.cache_clear()
        stopped = setup()
    assert stopped.exit_code == 1
    assert said in stopped.output
    assert [line for line in stopped.output.splitlines() if "/11 " in line][-1].startswith(step)
    configuration.settings.cache_clear()
    web.store.account = Account()
    web.store.keep_refusals(Refusals())
    web.store.delete_recording(LEFT)
    web.telephones[MOBILE] = lambda _: ScriptedLine(ScriptedCaller())
    done = setup()
    assert done.exit_code == 0, done.output
    if planted not in OF_SETTINGS:  # after those every step is gone through
        assert done.output.count("done before") == int(step.partition("/")[0]) - 1


LEFT = "RE" + "1" * 32
OF_SETTINGS = (
    *("token", "number", "address", "voice", "voice of another language", "second token", "promoted"),
    *("members' number", "token of us1", "service", "other host", "other token", "short addresses"),
)


#: Where the fallback is asked, and how that host answers a webhook.
HOSTS = {"other host": 200, "other token": 403, "short addresses": 414}


@pytest.fixture
def answers_all(web: Switch) -> Iterator[Callable[[int], str]]:
    """Somebody else's host, which answers every request of the carrier with a status; its address."""
    servers = []

    def begin(status: int) -> str:
        @Request.application
        def answer(request: Request) -> BaseResponse:
            return BaseResponse("It works!", 200 if request.path == "/healthz" else status)

        server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=QuietRequestHandler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def plant(web: Switch, mistake: pytest.MonkeyPatch, planted: str) -> None:
    if planted == "token":
        mistake.setenv("TWILIO_AUTH_TOKEN", "0123456789abcdef")
    elif planted == "number":
        mistake.setenv("HOTLINE_NUMBER", "+4942112345")
    elif planted == "address":
        mistake.setenv("PUBLIC_BASE_URL", "http://127.0.0.1:9")
    elif planted == "signature":  # the carrier signs with another token than ours
        mistake.setattr(web.webhooks, "key", "another token")
    elif planted == "voice":
        mistake.setenv("VOICES", '{"de": {"language": "de-DE", "voice": "Polly.Nobody"}}')
    elif planted == "voice of another language":
        mistake.setenv("VOICES", '{"uk": {"language": "uk-UA", "voice": "Google.de-DE-Standard-A"}}')
    elif planted == "country":
        web.store.keep_refusals(Refusals(calls={MOBILE: 21215}))
    elif planted == "undelivered":
        web.store.keep_refusals(Refusals(lost_texts={MOBILE: 30006}))
    elif planted == "nobody":
        del web.telephones[MOBILE]
    elif planted in ("encrypted", "open", "old"):
        age = timedelta(days=3 if planted == "old" else 0)
        web.store.keep_recording(RecordingRecord(LEFT, "CA1", "completed", 3, format_datetime(utc_now() - age)))
        web.store.audio_path(LEFT).write_bytes(b"RIFF")
        web.store.account = Account(recordings_encrypted=planted == "encrypted", recordings_open=planted == "open")
    elif planted in ("second token", "promoted"):
        mistake.setenv("TWILIO_SECONDARY_AUTH_TOKEN", "another-token-of-the-account")
        if planted == "promoted":
            mistake.setattr(web, "tokens", AuthTokens("another-token-of-the-account"))
    elif planted == "members' number":
        mistake.setenv("STAFF_NUMBER", "+4942154321")
    elif planted == "token of us1":
        for name, value in {"REGION": "ie1", "EDGE": "dublin", "US1_AUTH_TOKEN": "0123456789abcdef"}.items():
            mistake.setenv(f"TWILIO_{name}", value)
    elif planted == "service":
        mistake.setenv("SMS_SENDER", "MG" + "0" * 32)
    elif planted == "sender":
        web.store.keep_refusals(Refusals(texts={MOBILE: 21606}))
    else:
        of_account = {"suspended": {"status": "suspended"}, "trial account": {"type": "Trial"},
                      "application": {"voice_application_sid": "AP1"}, "landline": {"sms": False},
                      "closed": {"status": "closed"}, "trunk": {"trunk_sid": "TK1"}}  # fmt: skip
        web.store.account = Account(**of_account[planted])


def check() -> Result:
    return CliRunner().invoke(command_line, ["carrier", "check"])


@pytest.mark.parametrize(("planted", "named"), [
    ("address", "does not answer (ConnectionError)"), ("other token", "signed with the account's token (403)"),
    ("short addresses", "characters (414)"), ("other host", "something that is not the hotline"),
])  # fmt: skip
def test_check_asks_our_addresses_too_and_makes_no_call(
    web: Switch, answers_all: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, planted: str, named: str
) -> None:
    assert setup().exit_code == 0
    done, calls = check(), len(list(web.store.calls()))
    assert done.exit_code == 0, done.output
    if planted == "address":
        plant(web, monkeypatch, planted)
    else:
        monkeypatch.setenv("PUBLIC_BASE_URL", answers_all(HOSTS[planted]))
    configuration.settings.cache_clear()
    done = check()
    assert done.exit_code == 1
    assert named in done.output
    assert len(list(web.store.calls())) == calls


def test_each_address_that_the_carrier_is_told_is_asked_for(web: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that lets one of them through may keep another one back."""
    asked, real = [], requests.post

    def post(url: str, *given: object, **how: object) -> requests.Response:
        asked.append(urlsplit(url).path)
        answer = real(url, *given, **how)
        if asked[-1] == "/voice/status":
            answer.status_code = 405
        return answer

    monkeypatch.setattr(address_trial.requests, "post", post)
    base = configuration.settings().calls_url
    (found,) = address_trial.of(base, "PUBLIC_BASE_URL")
    assert f"{base}/voice/status does not take a webhook" in found.what
    webhooks = {"/voice/incoming", "/voice/status", "/voice/answer", "/voice/recording", "/voice/text/status"}
    webhooks |= {"/voice/text/incoming"}
    assert set(asked) >= webhooks
    with database.reading() as session:
        assert session.scalars(select(Call)).all() == [], "a trial is no call"


def test_an_address_that_sends_on_to_another_one_is_named(web: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log-in page, or the name with www: a webhook that goes there is signed for another address."""

    @Request.application
    def sends_on(_: Request) -> BaseResponse:
        return redirect(f"{right}/healthz")

    right = configuration.settings().calls_url
    server = make_server("127.0.0.1", 0, sends_on, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PUBLIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    configuration.settings.cache_clear()
    stopped = setup()
    server.shutdown()
    server.server_close()
    assert stopped.exit_code == 1
    assert f"sends on to {right}/healthz, where the signature of a webhook does not count" in stopped.output


@pytest.mark.parametrize(("setting", "none"), [("TEXT_COUNTRIES", "[]"), ("TEXT_MESSAGES_A_DAY", "0")])
def test_a_hotline_that_sends_no_texts_is_set_up_with_a_number_that_cannot(
    web: Switch, monkeypatch: pytest.MonkeyPatch, setting: str, none: str
) -> None:
    """A German landline number; the remedy of the step before is to want no texts."""
    web.store.account = Account(sms=False)
    assert "5/11" in setup().output.splitlines()[-3]
    monkeypatch.setenv(setting, none)
    configuration.settings.cache_clear()
    done = setup()
    assert done.exit_code == 0, done.output
    assert "· No text message is tried, because the settings let none be sent." in done.output
    assert list(web.store.messages()) == []


def test_a_messaging_service_sends_the_text(web: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    service = "MG" + "1" * 32
    monkeypatch.setenv("SMS_SENDER", service)
    configuration.settings.cache_clear()
    web.store.account = Account(sms=False, services=((service, 1),))
    done = setup()
    assert done.exit_code == 0, done.output
    assert [one.from_ for one in web.store.messages()] == [service]
    assert f"{service}: messages that come in are told to (nobody) → " in done.output
    assert web.store.account.service_url == number_setup.wanted_webhooks()["sms_url"]


STEPS = (
    *("account", "numbers", "regions", "countries", "sender", "caller_id"),
    *("recordings", "fallback", "address", "call", "text"),
)
FEW = ("numbers", "countries", "text")
CHECKS = {"account": "account_and_balance"}


@pytest.mark.parametrize(
    "broken_off", [*FEW, *(pytest.param(one, marks=pytest.mark.since("ci")) for one in STEPS if one not in FEW)]
)
def test_ctrl_c_loses_no_step(web: Switch, monkeypatch: pytest.MonkeyPatch, broken_off: str) -> None:
    def interrupted(*_: object) -> Iterator[object]:
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as person:
        place = next(
            place
            for place in (carrier_trial, account_check, number_check, sender_check, settings_check)
            if hasattr(place, CHECKS.get(broken_off, broken_off))
        )
        person.setattr(place, CHECKS.get(broken_off, broken_off), interrupted)
        stopped = setup()
    assert stopped.exit_code == 1
    assert "Aborted!" in stopped.output
    done = setup()
    assert done.exit_code == 0, done.output
    assert done.output.count("done before") == STEPS.index(broken_off)


def test_a_change_that_breaks_off_is_shown_again_and_nothing_is_changed_that_was_not(web: Switch, monkeypatch) -> None:
    """The country's dear numbers, which nobody was asked about, stay as they are."""
    web.store.account = Account(closed_countries=("TR", "UA"), dear_countries=("UA", "DE"))
    with monkeypatch.context() as person:
        person.setattr(account_check, "countries", broken_off_after(account_check.countries, 1))
        stopped = setup()
    assert "Aborted!" in stopped.output
    assert "TR, UA: forbidden → allowed" in stopped.output
    assert (web.store.account.closed_countries, web.store.account.dear_countries) == ((), ("DE", "UA"))
    web.store.account = Account(closed_countries=("TR",))
    done = setup(answers="y\n")
    assert "of TR: forbidden → allowed" in done.output, "what has changed since is shown"
    assert done.exit_code == 0, done.output


def broken_off_after(check: Callable[[], Iterator[object]], times: int) -> Callable[[], Iterator[object]]:
    left = iter(range(times))

    def checked() -> Iterator[object]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        yield from check()

    return checked


def test_another_token_is_not_passed_because_all_was_done_with_the_former(web: Switch, monkeypatch) -> None:
    assert setup().exit_code == 0
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "0123456789abcdef")
    configuration.settings.cache_clear()
    refused = setup()
    assert refused.exit_code == 1
    assert "The carrier refuses the log-in (401)" in refused.output


def test_where_no_note_can_be_kept_of_what_is_done_is_said(web: Switch) -> None:
    (configuration.settings().var_dir / "carrier-setup.part").mkdir(parents=True)
    stopped = setup()
    assert stopped.exit_code == 1
    assert "Traceback" not in stopped.output
    assert "carrier-setup.part" in stopped.output


@pytest.mark.parametrize("left", ["", "{", "[]", '{"of": 1}', "null"])
def test_a_damaged_note_of_what_is_done_means_from_the_beginning(web: Switch, left: str) -> None:
    path = configuration.settings().var_dir / "carrier-setup.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(left)
    done = setup(answers="n\n")
    assert "Traceback" not in done.output
    assert "done before" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_without_a_carrier_the_exchange_is_checked(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARRIER", "local")
    monkeypatch.setenv("EXCHANGE_PORT", str(free_port()))
    configuration.settings.cache_clear()
    refused = CliRunner().invoke(command_line, ["carrier", "check"])
    assert refused.exit_code == 1
    assert "The exchange at http://127.0.0.1:" in refused.output
    assert "does not answer" in refused.output
    assert "no peer has calls_out" in refused.output


@pytest.mark.parametrize(("command", "carrier"), [("setup", "signalwire"), ("setup", "telnyx"), ("setup", "local")])
def test_an_account_of_another_carrier_is_not_passed_without_being_looked_at(
    empty_database, monkeypatch: pytest.MonkeyPatch, command: str, carrier: str
) -> None:
    monkeypatch.setenv("CARRIER", carrier)
    configuration.settings.cache_clear()
    refused = CliRunner().invoke(command_line, ["carrier", command])
    assert refused.exit_code == 1
    assert f"knows Twilio only, not {carrier}" in refused.output
    assert refused.output.count("· ") == 9, "what is not checked is said"
    assert "in order" not in refused.output and "as it should be" not in refused.output
