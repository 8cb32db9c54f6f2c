"""Stories of people who ring the hotline, told over real HTTP, signatures, Redis, database and Vosk."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Sound
from ivr.prompts.speaking import digit_by_digit
from ivr.telephony.flow_context import stored_recording
from tests.support.waiting import eventually

SILENCE = Sound(np.zeros(RATE * 6, np.int16), RATE)
POWER_CUT = "Guten Abend, mir wird morgen der Strom abgestellt, bitte rufen Sie mich zurück."


def test_a_mother_leaves_a_message_about_a_power_cut(caller, tasks_of) -> None:
    """19:40, closed, a shared phone: she agrees, speaks, sends, and hears her receipt code twice."""
    mother = caller(number="+4917612345678").dials()
    mother.hears("choose_language").presses("1")
    mother.hears("main").presses("9").hears("emergency").presses("2")
    mother.hears("consent_emergency").presses("1")
    mother.hears("speak_emergency").says(POWER_CUT)
    mother.hears("review").presses("1").hears("promise_emergency").hears("emergency_help")
    mother.hears("confirm_number").presses("1")
    mother.hears("receipt")
    first = mother.last_values
    mother.hears("receipt_again")
    assert mother.last_values == first
    mother.hears("goodbye").is_sent_off()

    (task,) = tasks_of(mother.call_sid)
    assert first == (digit_by_digit(task["receipt_code"], "de"),)
    assert (task["language"], task["concern"], task["emergency_kind"]) == ("de", "emergency", "power_cut")
    assert task["urgency"] == "emergency"
    assert (task["team"], task["callback_number"], task["state"]) == ("benefits", "+4917612345678", "open")
    (message,) = task["messages"]
    assert message["recorded_seconds"] == pytest.approx(speak(POWER_CUT, "de").seconds, abs=1)


def test_the_promise_is_24_hours_from_the_first_contact(caller, tasks_of) -> None:
    from datetime import datetime, timedelta

    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1")
    person.hears("consent").presses("2").can_be_called().hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    first, due = (datetime.fromisoformat(task[key]) for key in ("first_contact_at", "due_at"))
    assert due - first == timedelta(hours=24)
    assert task["breached_at"] is None


def test_who_does_not_agree_is_not_recorded_but_called_back(caller, hotline, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("2").speaking("en")
    person.hears("main").presses("2").hears("consent").presses("2")
    person.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    assert person.report.recording_sids == []
    (task,) = tasks_of(person.call_sid)
    assert (task["messages"], task["team"], task["language"]) == ([], "work", "en")


def test_hanging_up_while_speaking_makes_a_task_at_once(caller, tasks_of) -> None:
    person = caller(number="+4917611111111").dials()
    person.hears("choose_language").presses("1").hears("main").presses("4").hears("other_concern").presses("1").hears(
        "consent"
    ).presses("1")
    person.hears("speak_now").says(POWER_CUT, then="hangup")
    (task,) = tasks_of(person.call_sid)
    assert task["team"] == "youth"
    assert task["callback_number"] == "+4917611111111"
    assert len(task["messages"]) == 1


@pytest.mark.parametrize("step", ["choose_language", "main", "consent", "speak_now"])
def test_hanging_up_before_a_word_makes_none(caller, tasks_of, step: str) -> None:
    person = caller().dials().hears("choose_language")
    for prompt, key in (("main", "1"), ("consent", "1"), ("speak_now", "1")):
        if step == "choose_language":
            break
        person.presses(key).hears(prompt)
        if prompt == step:
            break
    person.hangs_up()
    assert tasks_of(person.call_sid) == []


def test_a_withheld_number_has_to_be_entered(caller, tasks_of) -> None:
    person = caller(number="anonymous").dials()
    person.hears("choose_language").presses("1").hears("main").presses("4").hears("other_concern").presses("3").hears(
        "consent"
    ).presses("2")
    person.hears("enter_number").presses("09001234567#")
    person.hears("number_not_usable").hears("enter_number").presses("1782666#")  # the hotline's own
    person.hears("number_not_usable").hears("enter_number").presses("0421 361888".replace(" ", "") + "#")
    person.hears("confirm_number")
    assert person.last_values == (digit_by_digit("0421361888", "de"),)
    person.presses("1").hears("postal_code").presses("28195").hears("availability").presses("1")
    person.hears("receipt").hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert task["callback_number"] == "+49421361888"
    assert (task["office"], task["availability"]) == ("office_1", "morning")


def test_a_withheld_number_that_is_never_entered_loses_nothing(caller, tasks_of) -> None:
    person = caller(number="+266696687").dials()
    person.hears("choose_language").presses("1").hears("main").presses("4").hears("other_concern").presses("3").hears(
        "consent"
    ).presses("1")
    person.hears("speak_now").says(POWER_CUT).hears("review").presses("1")
    person.hears("enter_number").stays_silent().hears("enter_number").stays_silent()
    person.hears("enter_number").stays_silent().hears("no_number").hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert task["callback_number"] is None


def test_another_number_than_the_shown_one(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("2")
    person.hears("confirm_number").presses("2").hears("enter_number").presses("017698765432#")
    person.can_be_called().hears("goodbye").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert task["callback_number"] == "+4917698765432"


def test_silence_after_the_tone_is_asked_again_and_ends_with_an_offer(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    for _ in range(3):
        person.hears("speak_now").says(SILENCE, then="")
    person.hears("nothing_heard").hears("offer_callback").presses("1")
    person.can_be_called().hears("receipt").is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert task["messages"] == []


def test_listening_and_recording_again_keeps_the_last_take(caller, hotline, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says("Das war nichts.").hears("review")
    eventually(lambda: stored_recording(person.call_sid, 1), 20)
    person.presses("2").hears("review").presses("3").hears("speak_now").says(POWER_CUT)
    person.hears("review").presses("1").can_be_called().hears("goodbye").is_sent_off()
    assert any(said.endswith("s of audio]") for said in person.everything), "the take was played back"
    first, second = person.report.recording_sids
    (task,) = tasks_of(person.call_sid)
    assert [message["recording_sid"] for message in task["messages"]] == [second]
    # Neither take stays at the carrier: the first was replaced, the second is ours.
    eventually(lambda: not hotline.switch.store.recording(first) and not hotline.switch.store.recording(second))


def test_recording_again_and_saying_nothing_keeps_the_first_take(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(POWER_CUT).hears("review").presses("3").hears("speak_now").hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert [message["recording_sid"] for message in task["messages"]] == person.report.recording_sids[:1]


def test_nobody_is_there_and_the_voicebox_is(caller, tasks_of) -> None:
    person = caller(at="open").dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("transfer").stays_silent()
    person.hears("nobody_answered").hears("consent").presses("1").hears("speak_now").says(POWER_CUT, then="hangup")
    assert len(tasks_of(person.call_sid)) == 1


def test_the_caller_may_ask_for_the_voicebox(caller, tasks_of) -> None:
    person = caller(at="open").dials()
    person.hears("choose_language").presses("1").hears("main").presses("1")
    person.hears("transfer").presses("1").hears("consent").presses("2").hears("confirm_number").hangs_up()
    assert len(tasks_of(person.call_sid)) == 1


@pytest.mark.parametrize(
    ("moment", "heard"),
    [
        ("2026-11-22T17:59:59+01:00", "transfer"),
        ("2026-11-22T18:00:00+01:00", "closed"),
        ("2026-03-29T07:59:59+02:00", "closed"),  # the night the clocks go forward
        ("2026-03-29T08:00:00+02:00", "transfer"),
        ("2026-10-25T02:30:00+01:00", "closed"),  # the hour that happens twice
        ("2026-10-25T08:00:00+01:00", "transfer"),
    ],
)
def test_by_the_clock(caller, moment: str, heard: str) -> None:
    person = caller(at=moment).dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears(heard).hangs_up()


def test_a_message_in_korean_is_transcribed_by_the_real_model(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("3").speaking("ko").hears("main").presses("1")
    person.hears("consent").presses("1").hears("speak_now")
    person.says("안녕하세요. 내일 전기가 끊길 것 같습니다. 다시 전화해 주세요.").hears("review").presses("1")
    person.can_be_called().hears("goodbye").is_sent_off()

    def transcript() -> dict | None:
        (task,) = tasks_of(person.call_sid)
        found = task["messages"][0]["transcript"]
        return found if found["state"] != "pending" else None

    found = eventually(transcript, 60)
    assert found["state"] == "done"
    assert found["text"] == " ".join(word["word"] for word in found["words"])
    assert 0 < found["confidence"] <= 1
    ends = [word["end"] for word in found["words"]]
    assert ends == sorted(ends)
    assert all(word["start"] < word["end"] for word in found["words"])
    assert any("가" <= letter <= "힣" for letter in found["text"])


def test_a_language_without_a_model_asks_to_listen(caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(POWER_CUT, then="hangup")

    def asked() -> dict | None:
        found = tasks_of(person.call_sid)[0]["messages"][0]["transcript"]
        return found if found["state"] == "please_listen" else None

    assert eventually(asked, 60)["reason"] == "no_model"


def test_from_hang_up_to_the_task_in_the_queue(caller, hotline, api, tasks_of) -> None:
    """At once, before any audio has arrived."""
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(POWER_CUT, then="hangup")
    assert tasks_of(person.call_sid)
