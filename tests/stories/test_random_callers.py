"""Callers who press whatever they press: nobody is dropped, nothing promised is lost, nothing is made up."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pytest
from sqlalchemy import select

from ivr.audio.wav import RATE
from ivr.domain.languages import LANGUAGES
from ivr.flows.steps import USUAL_SECONDS, Record
from ivr.local_carrier.lines import HungUp, KeyEntry, RecordedSpeech, ScriptedLine
from ivr.models.callbacks import TextMessage
from ivr.models.calls import Call
from ivr.platform import database
from ivr.prompts.catalogue import WRITTEN, catalogue
from ivr.prompts.parts import Part, fragments
from tests.support import conformance
from tests.support.databases import Databases
from tests.support.flows import WHOLE
from tests.support.running_hotline import RunningHotline, reader
from tests.support.volume import volume
from tests.support.waiting import eventually

CALLERS = volume(test=100, ci=1_000, soak=10_000)
_WITHHELD = ["anonymous", "+266696687", "Restricted", ""]
_NOISE = (np.sin(np.arange(RATE * 2) / 3) * 9000).astype(np.int16)
_SILENCE = np.zeros(RATE, np.int16)
_ENTRIES = ["015112345678", "1782666", "09001234567", "0049", "28195", "80331", "214123456", "12345674", "12345678",
            "0", "9", "7" * 40, "*", "**", "", ""]  # fmt: skip


def _prompts() -> dict[str, str]:
    """What is heard of each prompt at once, in any language -> its name."""
    heard = {}
    for language in LANGUAGES:
        for prompt in catalogue(language).texts.keys() - WRITTEN:
            heard |= {part.text: prompt for part in fragments(language, prompt)[:1] if isinstance(part, Part)}
    return heard


_PROMPTS = _prompts()


@lru_cache(maxsize=10_000)
def _prompt_of(text: str) -> str:
    """The prompt that is heard. One with values is heard whole from a voice; its first text is enough to know it by."""
    if text in _PROMPTS:
        return _PROMPTS[text]
    begun = [first for first in _PROMPTS if len(first) > 12 and text.startswith(first)]
    return _PROMPTS[max(begun, key=len)] if begun else ""


#: Question and key by which a caller asks for something; the tone is judged by what is said after it.
_ASKING = {
    ("consent", "2"): "callback",
    ("offer_callback", "1"): "callback",
    ("appointment_consent", "2"): "appointment",
    ("withdraw", "1"): "withdrawal",
    ("confirm_sms_number", "1"): "link",
}
#: What is asked only of those whose wish has been taken down: how to send the forms is settled, an appointment is.
_TOLD = {
    "choose_form": "forms",
    "appointment_mode": "appointment",
    "silent_callback": "silence",
    "interpreter_callback": "interpreter",
}
#: Questions that may lead to a tone, and what is said between the answer and the tone.
_MAY_RECORD = {step.prompt for name, step in WHOLE.steps.items() if name in WHOLE.consents}
_BEFORE_TONE = {step.prompt for step in WHOLE.steps.values() if isinstance(step, Record)}
#: What is said after a tone when nothing was heard, and the tone is given again.
_TONE_AGAIN = {"nothing_heard", *_BEFORE_TONE}
#: Endings of callers who got what they called for without a task.
_SERVED = {"informed", "connected", "changed", "withdrawn"}
_LANGUAGE_MENU = ("choose_language", "another_language")


@dataclass
class Stranger:
    """Keys, silences and hang-ups at random; remembers what was promised to them."""

    dice: random.Random
    wishes: set[str] = field(default_factory=set)
    #: They were asked what their emergency is: where the number is shown, each answer opens a task.
    has_emergency: bool = False
    #: Their telephone shows a number that can be called back.
    is_shown: bool = False
    #: Tones that followed a key which was pressed before the question about the recording had begun.
    unasked: list[str] = field(default_factory=list)
    _question: str = field(default="")
    #: The prompt during or after which the last key was pressed that can have led to a tone.
    _answered: str = field(default="")
    #: There was a tone, and nothing has been asked since. Who agreed to it has agreed to a tone that is given again.
    _has_agreed: bool = field(default=False)

    def hears(self, text: str, language: str) -> str | None:
        self._question = _prompt_of(text) or self._question
        self._has_agreed = self._has_agreed and self._question in _TONE_AGAIN
        if wish := _TOLD.get(self._question):
            self.wishes.add(wish)
        self.has_emergency = self.has_emergency or self._question == "emergency"
        return None

    def waits(self, is_over: Callable[[], bool]) -> None:
        pass

    def presses(self, count: int, finish: str) -> str:
        chance = self.dice.random()
        if chance < 0.13:  # most calls to a hotline are short
            raise HungUp
        if chance < 0.18:
            return ""
        return self.chosen(count)

    def chosen(self, count: int) -> str:
        """The keys of a question; what they ask for is remembered."""
        if count > 1:
            self._answered = self._question
            return self.dice.choice(_ENTRIES) + "#"
        often = "0123456789" if self._question in _LANGUAGE_MENU else "111111222222333445569*#0"
        return self.pressed(self.dice.choice(often))

    def pressed(self, key: str) -> str:
        """A key at the present prompt."""
        if self._question not in _BEFORE_TONE and not self._has_agreed:
            self._answered = self._question
        if wish := _ASKING.get((self._question, key)):
            self.wishes.add(wish)
        return key

    def speaks(self) -> RecordedSpeech:
        if self._answered not in _MAY_RECORD:
            self.unasked.append(self._answered)
        self._has_agreed = True
        chance = self.dice.random()
        if chance < 0.4:
            raise HungUp
        if chance < 0.5:
            return RecordedSpeech(_SILENCE, "")
        self.wishes.add("speech")
        seconds = self.dice.uniform(0.8, 2)
        return RecordedSpeech(_NOISE[: int(seconds * RATE)], self.dice.choice(["#", "", "5", "hangup"]))

    def talks(self, is_over: Callable[[], bool]) -> str:
        raise HungUp

    def is_done(self, reason: str) -> None:
        pass


class Silent(Stranger):
    """Never a key and never a word: a dial telephone, or somebody who cannot."""

    def presses(self, count: int, finish: str) -> str:
        return ""

    def speaks(self) -> RecordedSpeech:
        return RecordedSpeech(_SILENCE, "")


class Slow(Stranger):
    """Needs three times the usual time for every key, and holds the line."""

    def presses(self, count: int, finish: str) -> str:
        return self.chosen(count)


class Early(Stranger):
    """Presses keys while prompts play, also before they can know what is asked."""

    def hears(self, text: str, language: str) -> str | None:
        super().hears(text, language)
        return self.pressed(self.dice.choice("1112229*")) if self.dice.random() < 0.2 else None


class Sudden(Stranger):
    """Hangs up in the middle of any prompt."""

    def hears(self, text: str, language: str) -> str | None:
        if self.dice.random() < 0.05:
            raise HungUp
        return super().hears(text, language)


class SlowLine(ScriptedLine):
    """The line of somebody who needs three times the usual time."""

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        return super().keys(count, finish, timeout if timeout >= 3 * USUAL_SECONDS else 1)


_KINDS = [*[Stranger] * 6, Silent, Slow, Early, Sudden]


@pytest.fixture(scope="module")
def busy_hotline(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[RunningHotline]:
    """A hotline of their own, without speech models: the other stories are told in a quiet one."""
    languages = [code for code in LANGUAGES if code != "ko"]
    # A crowd of this test's own making is no flood.
    crowd = {
        "LANGUAGES": json.dumps(languages),
        "WITHHELD_CALLS_A_MINUTE": "100000",
        "SILENT_CALLERS_A_DAY": "100000",
    }
    models = tmp_path_factory.mktemp("no models")
    hotline = RunningHotline(tmp_path_factory.mktemp("busy"), models, **crowd, **databases.settings())
    yield hotline
    hotline.stop()


@pytest.fixture
def api(busy_hotline: RunningHotline):
    return reader(busy_hotline)


def all_tasks(api) -> Iterator[dict]:
    page = api("/tasks")
    while True:
        yield from page["tasks"]
        if not page["next"]:
            return
        page = api(page["next"].removeprefix("/api/v1"))


def _languages() -> set[str | None]:
    with database.reading() as session:
        return set(session.scalars(select(Call.language).distinct()))


def _endings() -> dict[str, str]:
    """How the calls have ended, of those that have."""
    with database.reading() as session:
        return dict(session.execute(select(Call.call_sid, Call.ending).where(Call.state == "ended")).all())


@pytest.mark.soak
def test_random_callers(busy_hotline: RunningHotline, api) -> None:
    """Every document well formed, no 5xx, no endless loop, a named ending; every promise made exists as a task."""

    def ring(seed: int):
        dice = random.Random(seed)
        stranger = dice.choice(_KINDS)(dice)
        number = dice.choice([f"+49151{dice.randrange(10**8):08d}"] * 3 + [dice.choice(_WITHHELD)])
        hour = {"SipHeader_X-Hotline-At": dice.choice(["open", "closed"])}
        line = SlowLine(stranger) if isinstance(stranger, Slow) else ScriptedLine(stranger)
        stranger.is_shown = number.startswith("+49151")
        return stranger, busy_hotline.switch.call(line, number, hour)

    with ThreadPoolExecutor(8) as crowd:
        calls = list(crowd.map(ring, range(CALLERS)))

    assert [report.errors for _, report in calls if report.errors] == []
    endings = Counter(report.ended_by for _, report in calls)
    assert set(endings) == {"carrier", "caller"}
    assert endings["carrier"] > CALLERS / 20  # sent off with a goodbye
    assert max(report.documents for _, report in calls) <= 70
    # Each was compared with what the carrier has published (tests/plugins/carriers.py).
    assert conformance.COMPARED["documents"] >= 2 * CALLERS

    # How far somebody came, and in which language, is noted a moment after it has been answered; so is the end.
    rang = {report.call_sid for _, report in calls}
    assert eventually(lambda: rang <= _endings().keys(), 60)
    enabled = set(busy_hotline.settings.enabled_languages)
    if CALLERS >= 1_000:
        assert eventually(lambda: _languages() == enabled)
    else:  # too few for every language; tests/stories/test_call_script.py rings in each
        assert eventually(lambda: len(_languages()) > len(enabled) / 2)
        assert eventually(lambda: _languages() <= enabled)
    of_call = _endings()
    reached = Counter(of_call[sid] for sid in rang)
    known = {"promised", "informed", "unserved", "hung_up"}  # nobody has come to work
    if CALLERS >= 1_000:
        assert set(reached) == known
    else:  # few ask for nothing but information
        assert {"promised", "hung_up"} <= set(reached) <= known

    tasks = list(all_tasks(api))
    found = {sid for task in tasks for sid in task["calls"]}
    asked_for = {"speech", "callback", "appointment", "forms", "silence", "interpreter"}
    promised = {report.call_sid for stranger, report in calls if stranger.wishes & asked_for}
    assert len(promised) > CALLERS / 20
    lost = [(report.call_sid, stranger) for stranger, report in calls if report.call_sid in promised - found]
    assert lost == [], "every promise made to a caller exists as a task"
    stayed = {report.call_sid for stranger, report in calls if stranger.is_shown and report.ended_by == "carrier"}
    assert {of_call[sid] for sid in stayed - found} <= _SERVED, "who stayed to the end has a task or was served"
    assert [stranger.unasked for stranger, _ in calls if stranger.unasked] == [], "no tone without its question"
    reported = {report.call_sid for stranger, report in calls if stranger.has_emergency or isinstance(stranger, Early)}
    assert [task for task in tasks if not (promised | reported) & set(task["calls"])] == [], "nothing is made up"
    assert len({(task["call_sid"], task["kind"], task["concern"]) for task in tasks}) == len(tasks)
    with_audio = {sid for task in tasks for sid in task["calls"] if task["messages"]}
    assert {report.call_sid for stranger, report in calls if "speech" in stranger.wishes} <= with_audio
    with database.reading() as session:
        links = set(session.scalars(select(Call.call_sid).join(TextMessage)))
    assert links >= {report.call_sid for stranger, report in calls if "link" in stranger.wishes}
