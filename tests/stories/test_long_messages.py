"""Callers who have more to say than one recording holds: they are told, go on, and nothing of it is lost."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Sound
from ivr.telephony.flow_context import stored_recording
from tests.support.waiting import eventually

#: Seconds of one recording, as the settings have it.
LIMIT = 180
POWER_CUT = "Guten Abend, mir wird morgen der Strom abgestellt, bitte rufen Sie mich zurück."


def speech(seconds: int) -> Sound:
    """Somebody who goes on speaking for so long."""
    sentence = speak(POWER_CUT, "de")
    samples = np.tile(sentence.samples, 1 + seconds * sentence.rate // len(sentence.samples))
    return Sound(samples[: seconds * sentence.rate], sentence.rate)


def is_asked_to_speak(caller):
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    return person.hears("speak_now")


def parts_of(task: dict) -> list[tuple[bool, bool | None]]:
    """Of each recording in its order: whether it goes on with the one before, and whether it was cut."""
    return [(message["continues"], message["cut_at_limit"]) for message in task["messages"]]


def test_who_speaks_longer_than_one_recording_is_told_and_goes_on(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(speech(20))
    person.hears("review").presses("1").can_be_called().hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True), (True, False)]
    assert [message["recording_sid"] for message in task["messages"]] == person.report.recording_sids
    seconds = [message["recorded_seconds"] for message in task["messages"]]
    assert seconds == [pytest.approx(LIMIT, abs=1), pytest.approx(20, abs=1)]


def test_who_does_not_notice_and_speaks_through_the_question_goes_on_after_the_next_tone(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").stays_silent().hears("speak_on").says(speech(5))
    person.hears("review").hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True), (True, False)]


@pytest.mark.parametrize("key", ["2", "#"])
def test_who_had_finished_sends_what_there_is(caller, tasks_of, key: str) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses(key).hears("review").presses("1").can_be_called().hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True)]


def test_silence_in_the_second_part_keeps_the_first(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(Sound(np.zeros(RATE * 8, np.int16), RATE), then="")
    person.hears("review").presses("1").can_be_called().hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True)]


def test_a_hang_up_in_the_second_part_keeps_both(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(speech(8), then="hangup")
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True), (True, False)]
    assert task["callback_number"] == person.number


def test_after_three_recordings_a_caller_hears_that_no_more_can_be_recorded(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    for _ in range(2):
        person.hears("time_is_up").presses("1").hears("speak_on").says(speech(190), then="")
    person.hears("no_more_time").hears("review").presses("1").can_be_called().hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert parts_of(task) == [(False, True), (True, True), (True, True)]


def test_recording_again_replaces_all_parts_of_a_message(caller, tasks_of) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(speech(10)).hears("review").presses("3")
    person.hears("speak_now").says(speech(185), then="").hears("time_is_up").presses("1")
    person.hears("speak_on").says(speech(6)).hears("review").presses("1").can_be_called().hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert [message["recording_sid"] for message in task["messages"]] == person.report.recording_sids[2:]
    assert parts_of(task) == [(False, True), (True, False)]


def test_listening_plays_all_parts_in_their_order(caller) -> None:
    person = is_asked_to_speak(caller).says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(speech(10)).hears("review")
    eventually(lambda: stored_recording(person.call_sid, 1) and stored_recording(person.call_sid, 2), 30)
    person.presses("2").hears("review").hangs_up()
    assert [said for said in person.everything if said.endswith("s of audio]")] == [
        "[180.0 s of audio]",
        "[10.0 s of audio]",
    ]


def test_a_message_that_ends_by_itself_is_not_cut(caller, tasks_of) -> None:
    """Just below the limit, ended by the key, by silence and by hanging up."""
    person = is_asked_to_speak(caller).says(speech(LIMIT), then="#").hears("review").hangs_up()
    assert parts_of(tasks_of(person.call_sid)[0]) == [(False, False)]
    person = is_asked_to_speak(caller).says(speech(LIMIT - 9), then="").hears("review").hangs_up()
    assert parts_of(tasks_of(person.call_sid)[0]) == [(False, False)]
    person = is_asked_to_speak(caller).says(speech(LIMIT - 1), then="hangup")
    assert parts_of(tasks_of(person.call_sid)[0]) == [(False, False)]


def test_a_long_address_for_forms_goes_on_too(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("3").hears("services").presses("1")
    person.hears("send_where").presses("1").hears("speak_address").says(speech(200), then="")
    person.hears("time_is_up").presses("1").hears("speak_on").says(speech(9)).hears("review").presses("1")
    person.hears("choose_form").presses("1").hears("another_form").hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert (task["kind"], parts_of(task)) == ("postal_order", [(False, True), (True, False)])


def test_more_words_for_an_earlier_request_may_be_long(caller, tasks_of) -> None:
    first = caller().dials()
    first.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("2")
    code = first.can_be_called().hears_code()
    again = caller(number="anonymous").dials()
    again.hears("choose_language").presses("1").hears("main").presses("3").hears("services").presses("4")
    again.hears("enter_code").presses(code).hears("change_request").presses("3").hears("speak_now")
    again.says(speech(200), then="").hears("time_is_up").presses("1").hears("speak_on").says(speech(7))
    again.hears("review").presses("1").hears("noted").hangs_up()
    (task,) = tasks_of(first.call_sid)
    assert parts_of(task) == [(False, True), (True, False)]
