"""What a call remembers between two questions, told by calls: what was said last, what was keyed in, and an update."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import requests
from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.work_models import Checkpoint
from ivr.telephony import former_version
from tests.support import version_0
from tests.support.caller import Caller
from tests.support.running_hotline import RunningHotline
from tests.support.signing import signed


@pytest.fixture
def german(caller: Callable[..., Caller]) -> Caller:
    """A caller who has chosen German."""
    return caller().dials().chooses("de").hears("main")


def test_the_star_repeats_all_that_was_said_last(german: Caller) -> None:
    """That the team is closed, when it calls back, and the question: not only the question."""
    said = ("closed", "consent")
    german.presses("1")
    for _ in range(3):
        for prompt in said:
            german.hears(prompt)
        german.presses("*")
    german.hears("closed").hears("consent").hangs_up()


def test_the_star_repeats_it_after_a_wrong_key_too(german: Caller) -> None:
    german.presses("1").hears("closed").hears("consent").presses("7")
    german.hears("not_understood").hears("consent").presses("*")
    german.hears("closed").hears("consent").hangs_up()


def test_the_hash_key_after_a_complete_postal_code_does_not_go_back(
    german: Caller, tasks_of: Callable[[str], list[dict]]
) -> None:
    """Many end every number with the hash key. Five digits are a whole postal code: the key changes nothing."""
    german.presses("1").hears("consent").presses("2").hears("confirm_number").presses("1")
    german.hears("postal_code").presses("28759").hears("availability").presses("#")
    german.hears("availability").presses("2")
    code = german.hears_code()
    german.is_sent_off()
    (task,) = tasks_of(german.call_sid)
    assert (task["receipt_code"], task["office"], task["availability"]) == (code, "office_5", "afternoon")


def test_a_second_hash_key_goes_back_all_the_same(german: Caller) -> None:
    german.presses("1").hears("consent").presses("2").hears("confirm_number").presses("1")
    german.hears("postal_code").presses("28759").hears("availability").presses("#").hears("availability").presses("#")
    german.hears("postal_code").presses("28195").hears("availability").hangs_up()


# -- over the wire -------------------------------------------------------------------------------------


class Wire:
    """A carrier that posts signed forms for one call, and follows the documents it gets."""

    def __init__(self, hotline: RunningHotline) -> None:
        self._hotline = hotline
        self.call_sid, self.number = "CA" + secrets.token_hex(16), f"+49176{secrets.randbelow(9 * 10**7) + 10**7}"

    def asks(self, url: str, **form: str) -> str:
        form = {"CallSid": self.call_sid, "AccountSid": self._hotline.settings.account_sid, "From": self.number, **form}
        answer = requests.post(url, **signed(self._hotline.settings, url, form), timeout=15)
        assert answer.status_code == 200, (answer.status_code, answer.text[:200])
        return answer.text

    def answers(self, state: str, **form: str) -> str:
        """The document for keys pressed in a state, given as a token."""
        return self.asks(f"{self._hotline.url}/voice/answer?{urlencode({'state': state})}", **form)

    def presses(self, document: str, key: str) -> str:
        """The document for keys pressed at the question of a document."""
        return self.asks(re.search(r'action="((?![^"]+early=1)[^"#]+)', document)[1], Digits=key)


@pytest.fixture
def wire(hotline: RunningHotline) -> Wire:
    return Wire(hotline)


def test_a_call_begun_before_an_update_is_answered_after_it(
    hotline: RunningHotline, wire: Wire, tasks_of: Callable[[str], list[dict]]
) -> None:
    """The caller was asked for consent by the version before. They choose a callback, and have their receipt."""
    began = utc_now() - timedelta(minutes=3)
    facts = {"since": began.isoformat(), "callback_number": wire.number, "kind": "callback", "concern": "work"}
    token = version_0.state_token(
        hotline.settings.secret, "consent", facts, language="en", answers=2,
        trail=[["language", *[""] * 12], ["main", *[""] * 12]], age=180,
    )  # fmt: skip
    document = wire.answers(token, Digits="2")
    assert "en-GB" in document
    document = wire.presses(document, "2")  # they have not called before
    document = wire.presses(document, "1")  # the number is right
    document = wire.presses(document, "28759")
    document = wire.presses(document, "1")  # in the morning
    assert "<Hangup" in document
    (task,) = tasks_of(wire.call_sid)
    assert (task["concern"], task["language"], task["office"]) == ("work", "en", "office_5")
    assert task["callback_number"] == wire.number


@pytest.mark.parametrize("characters", [3_500, 5_000, 7_500])
def test_a_long_state_reaches_the_hotline_and_is_no_error(wire: Wire, characters: int) -> None:
    """The server reads request lines of up to 8,190 bytes. The call begins again, in place of an error."""
    document = wire.answers("1." + "A" * (characters - 2), Digits="1")
    assert "Jobcenter Bremen" in document
    assert "<Gather" in document


def test_a_state_of_another_call_promises_nothing(
    hotline: RunningHotline, wire: Wire, tasks_of: Callable[[str], list[dict]]
) -> None:
    """Somebody has the address that another call would use next: with it, their own call only begins."""
    other, closed = Wire(hotline), {"SipHeader_X-Hotline-At": "closed"}
    asked = other.presses(other.presses(other.asks(f"{hotline.url}/voice/incoming", **closed), "1"), "1")
    began = wire.presses(asked, "2")
    assert "Jobcenter Bremen" in began
    assert tasks_of(wire.call_sid) == []
    other.presses(asked, "2")
    (task,) = tasks_of(other.call_sid)
    assert task["concern"] == "benefits"


def test_the_first_start_of_this_version_is_written_down(hotline: RunningHotline) -> None:
    """From it the time counts in which calls of the version before are answered; all hosts read the same row."""
    with database.reading() as session:
        began_at = session.scalars(select(Checkpoint.at).where(Checkpoint.name == former_version.CHECKPOINT)).one()
    assert utc_now() - timedelta(hours=1) < began_at < utc_now()
