"""Conferences of the local carrier: the audio of each participant, the events, and the REST interface."""

from __future__ import annotations

import threading
import time

import numpy as np

from ivr.audio.wav import RATE, Sound
from ivr.carrier import client as carrier
from ivr.local_carrier.call_queues import CallQueues
from ivr.local_carrier.conferences import Conference, MixedAudio, Participant
from ivr.local_carrier.softphone_line import SoftphoneLine
from ivr.local_carrier.webhooks import Media
from tests.support.call_queue import conversation_of, waits
from tests.support.speech import human_speech
from tests.support.waiting import eventually


def test_each_participant_hears_the_others_and_not_themselves() -> None:
    conference = Conference("conference-1", lambda name, event: None)
    people = [Participant(f"CA{number}") for number in range(3)]
    for person in people:
        conference.join(person)
    voices = [human_speech(number).samples[: 3 * RATE] for number in (3, 8)]
    length = min(map(len, voices))
    for start in range(0, length, RATE // 5):
        for person, voice in zip(people, voices, strict=False):
            conference.say(person.call_sid, voice[start : min(start + RATE // 5, length)])
        time.sleep(0.01)
    heard = [person.incoming.fetch().astype(float) for person in people]
    mixed = voices[0][:length].astype(float) + voices[1][:length]

    def likeness(one: np.ndarray, other: np.ndarray) -> float:
        size = min(len(one), len(other))
        spectrum = np.fft.rfft(one[:size], 2 * size) * np.conj(np.fft.rfft(other[:size], 2 * size))
        return float(np.fft.irfft(spectrum).max() / np.linalg.norm(one[:size]) / np.linalg.norm(other[:size]))

    assert likeness(heard[0], voices[1][:length].astype(float)) > 0.97
    assert likeness(heard[1], voices[0][:length].astype(float)) > 0.97
    assert likeness(heard[2], mixed) > 0.97
    assert len(people[2].incoming.fetch()) == 0, "what was fetched is not heard again"


def test_a_participant_who_does_not_listen_misses_the_beginning_only() -> None:
    audio = MixedAudio()
    for _ in range(15):
        audio.hear("CA1", np.ones(RATE, np.int16))
    assert len(audio.fetch()) <= 10 * RATE


def test_who_is_alone_on_a_softphone_hears_the_music_of_the_document(ring, other, monkeypatch) -> None:
    """Until somebody joins, who is heard then."""
    sound = Sound(np.arange(1, RATE // 4, dtype=np.int16), RATE)
    monkeypatch.setattr(ring.switch.webhooks, "get_media", lambda url: Media(sound, url, ""))
    other.documents["in"] = '<Dial><Conference waitUrl="/music.wav">room</Conference></Dial>'
    phone = SoftphoneLine()
    call = threading.Thread(target=ring.switch.call, args=(phone, "+49151"), daemon=True)
    call.start()

    def heard(seconds: float) -> np.ndarray:
        pieces = [phone.conversation()]
        eventually(lambda: pieces.append(phone.conversation()) or sum(map(len, pieces)) > seconds * RATE)
        return np.concatenate(pieces)

    music = heard(0.5)
    assert (music == np.tile(sound.samples, 20)[: len(music)]).all(), "again and again, without a gap"
    (conference,) = ring.switch.conferences.all()
    somebody = Participant("CA2")
    conference.join(somebody)
    phone.conversation()
    conference.say("CA2", np.full(RATE, 7, np.int16))
    assert set(heard(0.5)) == {7}
    conference.leave(somebody, "participant_hung_up", "completed")
    assert heard(0.2)[0] == 1, "from its beginning"
    phone.hang_up()
    call.join(10)


def test_events_of_a_conference_are_numbered_and_the_last_one_ends_it() -> None:
    told: list[tuple[str, str, str]] = []
    conference = Conference(
        "conference-2", lambda name, event: told.append((name, event["SequenceNumber"], event.get("CallSid", "")))
    )
    first, second = Participant("CA1"), Participant("CA2")
    conference.join(first)
    conference.join(second)
    conference.leave(first, "participant_hung_up", "completed")
    conference.leave(first, "participant_hung_up", "completed")
    conference.leave(second, "participant_hung_up", "completed")
    assert told == [
        ("participant-join", "1", "CA1"),
        ("participant-join", "2", "CA2"),
        ("conference-start", "3", ""),
        ("participant-leave", "4", "CA1"),
        ("participant-leave", "5", "CA2"),
        ("conference-end", "6", ""),
    ]
    assert conference.over


def test_a_queue_of_the_carrier_is_first_in_first_out_and_can_be_full() -> None:
    queues = CallQueues(most=2)
    assert queues.enter("q", "CA1")
    assert queues.enter("q", "CA2")
    assert not queues.enter("q", "CA3")
    assert (queues.form("q", "CA2")["QueuePosition"], queues.form("q", "CA2")["CurrentQueueSize"]) == ("2", "2")
    queues.leave("q", "CA1")
    assert (queues.form("q", "CA2")["QueuePosition"], queues.form("q", "CA2")["CurrentQueueSize"]) == ("1", "1")


def test_participants_by_rest(caller_at_menu, team, phone) -> None:
    """twilio's own client lists, adds and removes participants of the local carrier's conferences."""
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.accepts()
    person.is_talking()
    room = conversation_of(person).room
    client = carrier.client()
    (conference,) = [one for one in client.conferences.list(friendly_name=room) if one.status == "in-progress"]
    guests = client.conferences(conference.sid).participants
    assert {one.call_sid for one in guests.list()} == {person.call_sid, mia.call_sid}
    guest = phone()
    added = guests.create(from_="+494211782666", to=guest.number)
    guest.answers().is_talking()
    eventually(lambda: added.call_sid in {one.call_sid for one in guests.list()})
    guests(added.call_sid).delete()
    guest.has_hung_up()
    assert {one.call_sid for one in guests.list()} == {person.call_sid, mia.call_sid}
    # "completed" ends the conference and hangs up everybody in it.
    client.conferences(conference.sid).update(status="completed")
    assert person.has_hung_up().report.ended_by == "hotline"
    mia.has_hung_up()
    team.wraps_up("mia")
