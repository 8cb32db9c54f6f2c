"""The process that answers calls is late: the carrier asks again, as the addresses in our documents say.

The process is stopped, not ended: connections are taken, and nothing answers until the carrier asks again.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from ivr.carrier.webhook_urls import voice_url
from ivr.local_carrier.webhooks import Override
from tests.support.caller import Caller
from tests.support.running_hotline import RunningHotline
from tests.support.volume import volume
from tests.support.waiting import eventually

#: Only Twilio is told how often to try.
pytestmark = pytest.mark.carrier("twilio")

SPEECH = "Guten Tag, bitte rufen Sie mich zurück."
#: What a caller hears from the beginning on, and does then.
ACTS: dict[str, Callable[[Caller], object]] = {
    **dict.fromkeys(("choose_language", "main", "consent"), lambda person: person.presses("1")),
    "speak_now": lambda person: person.says(SPEECH),
    "review": lambda person: person.presses("1"),
}
#: After which of these the answer is late. Who has spoken has the most to lose.
LATE_AFTER = ["speak_now", *(prompt for prompt in ACTS if prompt != "speak_now")][: volume(test=1, soak=len(ACTS))]


class Late:
    """The process `voice`, which can be stopped; the carrier's requests are counted."""

    def __init__(self, hotline: RunningHotline, monkeypatch: pytest.MonkeyPatch) -> None:
        connections = hotline.switch.webhooks._connections
        self._pid, self._request = hotline.children["voice"].pid, connections.request
        monkeypatch.setattr(connections, "request", self._asked)
        self._tries = 0
        #: The paths that were answered, and those that were asked for since it was stopped.
        self.answered: list[str] = []
        self.asked: list[str] = []

    def until(self, tries: int) -> None:
        """Answer nothing from now on, until a document is asked for so often, or the fallback is."""
        self._tries, self.asked = tries, []
        os.killpg(self._pid, signal.SIGSTOP)

    def goes_on(self) -> None:
        self._tries = 0
        os.killpg(self._pid, signal.SIGCONT)

    def _asked(self, method: str, url: str, **how: object) -> object:
        path = urlsplit(url).path
        if self._tries:
            self.asked.append(path)
            if self.asked.count("/voice/answer") == self._tries or path == "/voice/fallback":
                self.goes_on()
        answer = self._request(method, url, **how)
        self.answered.append(path)
        return answer


@pytest.fixture
def late(hotline: RunningHotline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Late]:
    late = Late(hotline, monkeypatch)
    yield late
    late.goes_on()


@pytest.mark.soak
@pytest.mark.parametrize("late_after", LATE_AFTER)
def test_a_caller_notices_nothing_of_a_document_that_is_late_once(caller, tasks_of, late: Late, late_after) -> None:
    person = caller().dials()
    for prompt, act in ACTS.items():
        person.hears(prompt)
        if prompt == "speak_now":  # that the recording has begun is told
            eventually(lambda: "/voice/recording" in late.answered)
        if prompt == late_after:
            late.until(tries=2)
        act(person)
    person.can_be_called().hears("receipt").is_sent_off()
    assert late.asked.count("/voice/answer") == 2
    (task,) = tasks_of(person.call_sid)
    assert len(task["messages"]) == 1, "what was told twice counts once"


@pytest.mark.since("soak")
def test_a_caller_whose_document_never_comes_can_leave_a_message(caller, tasks_of, late: Late) -> None:
    """All tries are used up; the process `web` answers the fallback URL."""
    tries = 1 + Override.of(urlsplit(voice_url("/answer")).fragment).retries
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main")
    late.until(tries=tries + 1)
    person.presses("1").hears("consent").presses("1").hears("speak_now").says(SPEECH, then="hangup")
    assert late.asked.count("/voice/answer") == tries
    assert [error[:5] for error in person.report.errors] == ["11205"]
    (task,) = tasks_of(person.call_sid)
    assert len(task["messages"]) == 1
