"""Calls over real SIP and RTP: what is played, pressed, recorded, and how calls end."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from ivr.audio.wav import RATE, Samples, Sound
from ivr.local_carrier.conferences import Conference, Participant
from ivr.local_carrier.lines import HungUp, JoinedConference, KeyEntry, Line, RecordedSpeech
from ivr.local_carrier.sip import session_descriptions
from ivr.local_carrier.sip.rtp_port import ALAW, ULAW
from ivr.local_carrier.sip.scripted_phone import Ear
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.softphone_line import SoftphoneLine
from tests.support.speech import human_speech
from tests.support.telephones import OURS, desk, likeness, phone, utterance
from tests.support.waiting import eventually

SPEECH = human_speech(2.0)


def loud_seconds(samples: Samples) -> float:
    """Seconds of speech; how evenly frames come depends on what else the machine does."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(float)
    return float((np.sqrt((frames**2).mean(axis=1)) > 250).sum()) / 50


def listens(line: Line) -> None:
    """Stay until the other end hangs up."""
    while True:
        line.wait(1)


@pytest.mark.parametrize("law", [ALAW, ULAW])
def test_a_prompt_is_heard_as_it_was_played(law: int, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = session_descriptions.offer

    def only(host: str, port: int) -> object:
        session = offered(host, port)
        session.media[0].formats = [str(law), "101"]
        session.media[0].codecs = [one for one in session.media[0].codecs if one.payload_type != ALAW or law == ALAW]
        return session

    monkeypatch.setattr(session_descriptions, "offer", only)
    with desk(lambda line: line.hear(utterance(SPEECH), interruptible=False)) as us, phone(us.address) as caller:
        line = caller.dials(OURS)
        assert isinstance(line, SipLine)
        assert line.port.law == law
        ear = Ear()
        line.port.on_frame = ear.hears
        with pytest.raises(HungUp):
            listens(line)
        line.over("caller")
    assert us.ended == ["us"]
    assert likeness(SPEECH.samples, ear.samples) >= 0.99


def test_all_keys_are_heard_in_their_order() -> None:
    entries: list[KeyEntry] = []
    with desk(lambda line: entries.append(line.keys(12, "", 5))) as us, phone(us.address) as caller:
        line = caller.dials(OURS)
        with pytest.raises(HungUp):
            line.sends("1234567890*#")
            listens(line)
        line.over("caller")
    assert entries == [KeyEntry("1234567890*#")]


def test_a_key_stops_a_prompt_that_it_may_interrupt() -> None:
    stopped: list[object] = []
    long = Sound(np.tile(SPEECH.samples, 10), RATE)

    def asks(line: Line) -> None:
        stopped.append(line.hear(utterance(long), interruptible=True))
        stopped.append(line.keys(1, "", 5))

    ear = Ear()
    with desk(asks) as us, phone(us.address) as caller:
        line = caller.dials(OURS)
        line.port.on_frame = ear.hears
        eventually(lambda: ear.loud_seconds > 0.3)
        with pytest.raises(HungUp):
            line.sends("7")
            listens(line)
        line.over("caller")
    assert stopped == [True, KeyEntry("7")]
    assert ear.loud_seconds < len(long.samples) / RATE / 2


def recorded(line: Line, into: list[RecordedSpeech]) -> None:
    """Say something before the tone, as the hotline does: who dials listens before it comes."""
    line.hear(utterance(Sound(np.zeros(RATE, dtype=np.int16), RATE)), interruptible=False)
    into.append(line.record(30, "#", 5, beep=True))


def test_a_recording_is_what_was_said_and_ends_with_the_key() -> None:
    speech: list[RecordedSpeech] = []
    ear = Ear()
    with desk(lambda line: recorded(line, speech)) as us, phone(us.address) as caller:
        line = caller.dials(OURS)
        line.port.on_frame = ear.hears
        eventually(lambda: ear.tones == 1)
        line.wait(0.3)
        line.hear(utterance(SPEECH), interruptible=False)
        with pytest.raises(HungUp):
            line.sends("#")
            listens(line)
        line.over("caller")
    assert speech[0].ended_by == "#"
    assert likeness(SPEECH.samples, speech[0].samples) >= 0.99


def test_who_hangs_up_while_speaking_has_left_what_was_said() -> None:
    speech: list[RecordedSpeech] = []
    with desk(lambda line: recorded(line, speech)) as us, phone(us.address) as caller:
        ear = Ear()
        line = caller.dials(OURS)
        line.port.on_frame = ear.hears
        eventually(lambda: ear.tones == 1)
        line.wait(0.3)
        line.hear(utterance(SPEECH), interruptible=False)
        line.over("caller")
        eventually(lambda: speech)
    assert speech[0].ended_by == "hangup"
    assert likeness(SPEECH.samples, speech[0].samples) >= 0.99


@pytest.mark.parametrize(("status", "told", "sip"), [("busy", "busy", 486), ("no-answer", "no-answer", 480)])
def test_a_call_that_is_never_answered_is_refused_as_its_document_says(status: str, told: str, sip: int) -> None:
    def refuses(line: Line) -> None:
        line.ends_as = status

    with desk(refuses) as us, phone(us.address) as caller:
        answer = caller.dials(OURS)
    assert (answer, answer.sip) == (told, sip)


def test_who_gives_up_before_the_answer_has_called_all_the_same() -> None:
    with desk(lambda line: threading.Event().wait(3)) as us, phone(us.address) as caller:
        assert caller.dials(OURS, timeout=0.5) == "no-answer"
        eventually(lambda: us.taken)


def test_a_telephone_and_a_softphone_hear_each_other_and_not_themselves() -> None:
    room = Conference("room", lambda name, event: None)
    browser, member = SoftphoneLine(), Participant("CAbrowser")
    room.join(member)
    threading.Thread(
        target=browser.converse, args=(JoinedConference(room, member),), kwargs={"star": False}, daemon=True
    ).start()

    def joins(line: Line) -> None:
        caller = Participant("CAtelephone")
        room.join(caller)
        line.converse(JoinedConference(room, caller), star=False)

    ear, heard = Ear(), []
    with desk(joins) as us, phone(us.address) as caller:
        line = caller.dials(OURS)
        line.port.on_frame = ear.hears
        eventually(lambda: len(room.participants) == 2)
        line.port.play(SPEECH.samples)
        line.wait(2.5)
        heard.append(browser.conversation())
        assert ear.loud_seconds == 0, "nobody hears oneself"
        for piece in np.split(SPEECH.samples, 10):
            browser.say(piece, RATE)
            line.wait(0.2)
        line.wait(0.5)
        heard.append(browser.conversation())
        room.remove(room.participants["CAtelephone"])
        with pytest.raises(HungUp):
            listens(line)
        line.over("caller")
    room.remove(member)
    assert loud_seconds(heard[0]) > loud_seconds(SPEECH.samples) / 2
    assert loud_seconds(ear.samples) > loud_seconds(SPEECH.samples) / 2
    assert np.abs(heard[1]).max() <= 8, "nor does the member"
