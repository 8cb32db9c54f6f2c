"""A dozen calls of the stories over real SIP and RTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, at_telephone_rate, read_wav
from ivr.voicebox import audio_store
from tests.support.sip_caller import SipCaller, SipHouse
from tests.support.telephones import likeness
from tests.support.waiting import eventually

MESSAGE = "Guten Abend, mein Strom wird morgen abgestellt."


@pytest.fixture(scope="module")
def house(hotline) -> Iterator[SipHouse]:
    one = SipHouse(hotline.switch)
    yield one
    one.stop()


@pytest.fixture
def rings(house: SipHouse) -> Iterator[Callable[..., SipCaller]]:
    """A caller over SIP: `rings(at="open")`."""
    callers: list[SipCaller] = []

    def a_caller(**wishes: str) -> SipCaller:
        callers.append(SipCaller(house, **wishes))
        return callers[-1].dials()

    yield a_caller
    for one in callers:
        one.gives_up()
    station = house.station
    eventually(lambda: not station.calls and not len(station.ports) and not station.agent.active_calls)


def test_an_emergency_is_recorded_and_becomes_a_task(rings, tasks_of) -> None:
    mother = rings()
    mother.hears("choose_language").presses("1")
    mother.hears("main").presses("9").hears("emergency").presses("2")
    mother.hears("consent_emergency").presses("1").hears("speak_emergency").says(MESSAGE)
    mother.hears("review").presses("1").hears("promise_emergency")
    mother.hears("confirm_number").presses("1").hears("receipt").hears("goodbye").is_sent_off()
    (task,) = tasks_of(mother.call_sid)
    assert (task["concern"], task["emergency_kind"]) == ("emergency", "power_cut")
    assert task["callback_number"] == mother.number
    (sid,) = mother.report.recording_sids
    assert sid


def test_what_was_said_is_what_is_kept(rings, hotline) -> None:
    person = rings()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(MESSAGE, then="hangup")
    said = at_telephone_rate(speak(MESSAGE, "de")).samples
    (sid,) = person.report.recording_sids

    def fetched() -> bytes | None:
        """The carrier's copy is deleted once the product has its own."""
        with suppress(audio_store.Missing):
            return audio_store.load(sid)
        return None

    kept = read_wav(eventually(fetched, 30)).samples
    assert likeness(said[RATE // 2 : -RATE // 2], kept) >= 0.95


def test_who_does_not_agree_is_not_recorded(rings, tasks_of) -> None:
    person = rings()
    person.hears("choose_language").presses("2").speaking("en")
    person.hears("main").presses("2").hears("consent").presses("2")
    person.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    assert person.report.recording_sids == []
    (task,) = tasks_of(person.call_sid)
    assert (task["messages"], task["team"], task["language"]) == ([], "work", "en")


def test_a_withheld_number_has_to_be_entered(rings, tasks_of) -> None:
    person = rings(number="anonymous")
    person.hears("choose_language").presses("1").hears("main").presses("4").hears("other_concern").presses("3")
    person.hears("consent").presses("2").hears("enter_number").presses("0421361888#")
    person.hears("confirm_number").presses("1").hears("postal_code").presses("28195").hears("availability").presses("1")
    person.hears("receipt").hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert (task["callback_number"], task["office"]) == ("+49421361888", "office_1")


@pytest.mark.parametrize("step", ["choose_language", "main", "consent"])
def test_hanging_up_at_a_question_ends_the_call(rings, tasks_of, step: str) -> None:
    person = rings().hears("choose_language")
    for prompt, key in (("main", "1"), ("consent", "1")):
        if step == "choose_language":
            break
        person.presses(key).hears(prompt)
        if prompt == step:
            break
    person.hangs_up()
    assert tasks_of(person.call_sid) == []
    assert person.report.ended_by == "caller"


def test_silence_is_asked_again(rings) -> None:
    person = rings().hears("choose_language").stays_silent()
    person.hears("choose_language").presses("1").hears("main").hangs_up()


def test_several_callers_at_once_do_not_hear_each_other(rings, tasks_of) -> None:
    people = [rings() for _ in range(4)]
    for key, person in zip("1212", people, strict=True):
        person.hears("choose_language").presses(key).speaking("de" if key == "1" else "en")
    for person in people:
        person.hears("main").presses("2").hears("consent").presses("2").can_be_called()
    for person in people:
        person.hears("receipt").hears("goodbye").is_sent_off()
    assert [tasks_of(person.call_sid)[0]["language"] for person in people] == ["de", "en", "de", "en"]
    assert len({task["callback_number"] for person in people for task in tasks_of(person.call_sid)}) == 4
