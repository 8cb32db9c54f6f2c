"""Who wonders what happens to the recording, or to what they say at all, asks first, and decides then."""

from __future__ import annotations

SPEECH = "Guten Abend, bitte rufen Sie mich zurück."


def test_a_caller_asks_what_happens_to_the_recording_and_agrees_then(caller, tasks_of) -> None:
    person = caller().dials().chooses("de").presses("1").hears("consent").presses("3")
    person.hears("about_recording").hears("consent")
    assert "30 Tage" in " ".join(person.everything), "the period of this house"
    assert not tasks_of(person.call_sid), "to ask is not to agree"
    person.presses("1").hears("speak_now").says(SPEECH).hears("review").presses("1").hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert len(task["messages"]) == 1


def test_a_caller_asks_and_does_not_agree(caller, tasks_of) -> None:
    person = caller().dials().chooses("de").presses("1").hears("consent").presses("3").hears("about_recording")
    person.hears("consent").presses("2").hangs_up()
    (task,) = tasks_of(person.call_sid)
    assert task["messages"] == []


def test_a_caller_asks_what_is_stored_of_them_and_goes_on(webhook_caller) -> None:
    person = webhook_caller(at="open").dials().presses("1", "3").hears("services").presses("5")
    person.hears("privacy_information").hears("services")
    assert "gespeichert" in person.text
    person.presses("2").hears("appointment_consent")
