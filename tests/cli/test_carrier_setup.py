"""`carrier setup`, played through on the local carrier: a planted mistake stops it, is named, and it goes on there."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from ivr.carrier import account_check
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.local_carrier.account import Account
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.store import RecordingRecord, Refusals
from ivr.local_carrier.switch import Switch
from ivr.operations import carrier_trial
from tests.support.servers import QuietRequestHandler

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
    assert [one.to for one in web.store.messages()] == [MOBILE]
    again = setup()
    assert again.output.count("done before") == 11, "nothing is done twice"
    assert len(list(web.store.messages())) == 1


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
        ("voice", "10/11", "The carrier reports error 13520 of the trial call"),
        ("country", "10/11", "the telephone carrier has not enabled this country for us (error 21215)"),
        ("nobody", "10/11", "Nobody has answered the trial call (no-answer)"),
        ("undelivered", "11/11", "a landline, or a telephone that takes no text messages (error 30006)"),
    ],
)
def test_a_planted_mistake_is_named_and_setup_goes_on_when_it_is_mended(
    web: Switch, monkeypatch: pytest.MonkeyPatch, planted: str, step: str, said: str
) -> None:
    with monkeypatch.context() as mistake:
        plant(web, mistake, planted)
        configuration.settings.cache_clear()
        stopped = setup()
    assert stopped.exit_code == 1
    assert said in stopped.output
    assert [line for line in stopped.output.splitlines() if "/11 " in line][-1].startswith(step)
    configuration.settings.cache_clear()
    web.store.account = Account()
    web.store.keep_refusals(Refusals())
    web.telephones[MOBILE] = lambda _: ScriptedLine(ScriptedCaller())
    done = setup()
    assert done.exit_code == 0, done.output
    if planted not in ("token", "number", "address", "voice"):  # those are other settings: every step is gone through
        assert done.output.count("done before") == int(step.partition("/")[0]) - 1


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
    elif planted == "country":
        web.store.keep_refusals(Refusals(calls={MOBILE: 21215}))
    elif planted == "undelivered":
        web.store.keep_refusals(Refusals(lost_texts={MOBILE: 30006}))
    elif planted == "nobody":
        del web.telephones[MOBILE]
    elif planted == "encrypted":
        web.store.keep_recording(RecordingRecord("RE" + "1" * 32, "CA1", "completed", 3))
        web.store.account = Account(recordings_encrypted=True)
    else:
        of_account = {"suspended": {"status": "suspended"}, "trial account": {"type": "Trial"},
                      "application": {"voice_application_sid": "AP1"}, "landline": {"sms": False}}  # fmt: skip
        web.store.account = Account(**of_account[planted])


@pytest.mark.parametrize("broken_off", ["numbers", "countries", "text"])
def test_ctrl_c_loses_no_step(web: Switch, monkeypatch: pytest.MonkeyPatch, broken_off: str) -> None:
    def interrupted(*_: object) -> Iterator[object]:
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as person:
        person.setattr(carrier_trial if broken_off == "text" else account_check, broken_off, interrupted)
        stopped = setup()
    assert stopped.exit_code == 1
    assert "Aborted!" in stopped.output
    done = setup()
    assert done.exit_code == 0, done.output
    assert done.output.count("done before") == {"numbers": 1, "countries": 3, "text": 10}[broken_off]


@pytest.mark.parametrize("left", ["", "{", "[]", '{"of": 1}', "null"])
def test_a_damaged_note_of_what_is_done_means_from_the_beginning(web: Switch, left: str) -> None:
    path = configuration.settings().var_dir / "carrier-setup.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(left)
    done = setup(answers="n\n")
    assert "Traceback" not in done.output
    assert "done before" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


@pytest.mark.parametrize("carrier", ["signalwire", "telnyx"])
@pytest.mark.parametrize("command", ["check", "setup"])
def test_an_account_of_another_carrier_is_not_passed_without_being_looked_at(
    empty_database, monkeypatch: pytest.MonkeyPatch, command: str, carrier: str
) -> None:
    monkeypatch.setenv("CARRIER", carrier)
    configuration.settings.cache_clear()
    refused = CliRunner().invoke(command_line, ["carrier", command])
    assert refused.exit_code == 1
    assert f"knows Twilio only, not {carrier}" in refused.output
    assert refused.output.count("· ") == 8, "what is not checked is said"
    assert "in order" not in refused.output and "as it should be" not in refused.output
