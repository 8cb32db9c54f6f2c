"""The verbs of the local carrier keep the rules of the carrier's documentation, each of which is named at its test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Sound
from ivr.local_carrier.call_queues import CallQueues
from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.lines import RecordedSpeech, ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.twiml_parser import parse
from ivr.local_carrier.verbs import VERBS
from ivr.local_carrier.verbs.dial import Dial
from tests.support.waiting import eventually

#: The carrier's pages about its verbs.
PAGES = "https://www.twilio.com/docs/voice/twiml/"
SAY = '<Say language="de-DE" voice="Polly.Vicki">Hallo</Say>'
NEXT = SAY.replace("Hallo", "Zweitens")
#: (verb, rule) that a test of this module pins.
PINNED: list[tuple[str, str]] = []


def documented(page: str, *rules: str) -> Callable[[Any], Any]:
    """The rules of the carrier's page about a verb that a test pins; conferences and clients belong to `Dial`."""
    about = page.removeprefix(PAGES)
    verb = next(name for name in VERBS if name.lower() == ("dial" if about in ("conference", "client") else about))
    PINNED.extend((verb, rule) for rule in rules)
    return lambda test: test


def test_every_rule_that_a_verb_keeps_has_a_test() -> None:
    assert sorted(PINNED) == sorted((name, rule) for name, verb in VERBS.items() for rule in verb.RULES)


def heard(ring: Any, document: str, **script: Any) -> list[object]:
    """What the caller hears of a document."""
    said: list[object] = []

    def on_event(event: dict[str, object]) -> None:
        if event["type"] == "said":
            said.append(event["text"])

    ring(document, on_event=on_event, **script)
    return said


# -- prompts -----------------------------------------------------------------------------------------------


@documented(PAGES + "say", "voice")
def test_a_voice_that_does_not_speak_the_language_fails_the_document(ring, other) -> None:
    report = ring(f'{SAY}<Say language="fa-IR" voice="Polly.Vicki">Salam</Say>')
    assert report.errors[0].startswith("13520")
    assert other.form("fallback")["ErrorCode"] == "13520"


@documented(PAGES + "say", "keys")
def test_keys_do_not_end_a_prompt_outside_a_gather(ring) -> None:
    assert heard(ring, SAY + NEXT, keys=["!7"]) == ["Hallo", "Zweitens"]


@documented(PAGES + "play", "unreachable file")
def test_after_a_sound_that_cannot_be_fetched_the_next_verb_follows(ring, other) -> None:
    assert heard(ring, f"<Play>{other.url}/nothing.wav</Play>{SAY}") == ["Hallo"]


@documented(PAGES + "play", "digits")
def test_tones_of_keys_are_sent_to_the_other_end(ring, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(ScriptedLine, "sends", lambda _, keys: sent.append(keys))
    assert heard(ring, f'<Play digits="ww1#"/>{SAY}') == ["Hallo"]
    assert sent == ["ww1#"]


@documented(PAGES + "pause", "length")
def test_a_pause_has_one_second_unless_it_says_how_many(ring, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(ScriptedLine, "wait", lambda _, seconds: waited.append(seconds))
    ring('<Pause length="3"/><Pause/>')
    assert waited == [3, 1]


# -- keys --------------------------------------------------------------------------------------------------


@documented(PAGES + "gather", "actionOnEmptyResult")
def test_gather_calls_its_action_only_on_input(ring, other) -> None:
    document = f'<Gather action="/keys" numDigits="1">{SAY}</Gather><Redirect>/silence</Redirect>'
    ring(document, keys=["1"])
    assert other.form("keys")["Digits"] == "1"
    other.asked.clear()
    ring(document, keys=["-"])
    assert other.paths() == ["in", "silence", "status"]
    other.asked.clear()
    ring(document.replace("<Gather", '<Gather actionOnEmptyResult="true"'), keys=["-"])
    assert other.form("keys")["Digits"] == ""


@documented(PAGES + "gather", "finishOnKey", "numDigits")
def test_gather_ends_at_the_finish_key_or_the_count(ring, other) -> None:
    ring('<Gather action="/keys" finishOnKey="#"/>', keys=["0151#99"])
    assert other.form("keys")["Digits"] == "0151"
    other.asked.clear()
    ring('<Gather action="/keys" numDigits="2"/>', keys=["123"])
    assert other.form("keys")["Digits"] == "12"
    other.asked.clear()
    ring('<Gather action="/keys" finishOnKey="#"/><Redirect>/after</Redirect>', keys=["#"])
    assert other.paths() == ["in", "after", "status"], "the key alone is no input"
    other.asked.clear()
    ring('<Gather action="/keys" finishOnKey="" numDigits="1"/>', keys=["#"])
    assert other.form("keys")["Digits"] == "#"


@documented(PAGES + "gather", "nested prompts")
def test_a_key_stops_the_prompts_of_its_gather_and_counts_for_it(ring, other) -> None:
    document = f'<Gather action="/keys" numDigits="1">{SAY}{NEXT}</Gather>'
    assert heard(ring, document, keys=["!7"]) == ["Hallo"]
    assert other.form("keys")["Digits"] == "7"


@documented(PAGES + "gather", "keys before it")
def test_keys_before_a_gather_are_lost(ring, other) -> None:
    ring(f'{SAY}<Gather action="/keys" numDigits="1">{SAY}</Gather>', keys=["!7", "8"])
    assert other.form("keys")["Digits"] == "8"


def test_keys_beyond_those_of_a_gather_are_no_answer_to_the_next(ring, other) -> None:
    other.documents["keys"] = '<Gather action="/second" numDigits="1"/>'
    ring(f'<Gather action="/keys" numDigits="1">{SAY}</Gather>', keys=["!12", "-"])
    assert other.form("keys")["Digits"] == "1"
    assert "second" not in other.paths()


@documented(PAGES + "gather", "action")
def test_gather_without_an_action_asks_for_the_same_document_again(ring, other) -> None:
    """A loop, which the local carrier ends as an error."""
    report = ring("<Gather/>", keys=["1", "2"] * 250)  # the same key again takes half a second
    assert report.errors == ["endless loop of documents"]
    assert report.ended_by == "error"


# -- recordings --------------------------------------------------------------------------------------------

RECORD = (
    '<Record action="/recorded" recordingStatusCallback="/recording" '
    'recordingStatusCallbackEvent="in-progress completed absent"/>'
)


@documented(PAGES + "record", "action", "recordingStatusCallback")
def test_record_sends_events_of_its_recording(ring, other) -> None:
    report = ring(RECORD, sounds=[speak("Guten Tag, hier spricht jemand.", "de")])
    form = other.form("recorded")
    assert form["RecordingSid"] == report.recording_sids[0]
    assert int(form["RecordingDuration"]) >= 1
    events = [form["RecordingStatus"] for path, form in other.asked if path == "recording"]
    assert sorted(events) == ["completed", "in-progress"]
    for path, form in other.asked:
        if path == "recording":
            assert "From" not in form, "recordingStatusCallback carries no From/To"
    assert ring.switch.store.audio_path(report.recording_sids[0]).exists()


@documented(PAGES + "record", "empty recording")
def test_an_empty_recording_goes_on_with_the_next_verb(ring, other) -> None:
    report = ring(RECORD + "<Redirect>/nothing</Redirect>", sounds=[])
    assert report.recording_sids == []
    assert "recorded" not in other.paths()
    assert "nothing" in other.paths()
    assert [f["RecordingStatus"] for p, f in other.asked if p == "recording"][-1] == "absent"
    assert list(ring.switch.store.recordings()) == []


@documented(PAGES + "record", "hangup")
def test_a_hang_up_while_recording_calls_the_action_once_more(ring, other) -> None:
    """The document that it answers is not executed."""
    other.documents["recorded"] = "<Redirect>/never</Redirect>"
    report = ring(RECORD, sounds=[speak("Hilfe", "de")], hangs_up=True)
    assert report.ended_by == "caller"
    assert other.form("recorded")["Digits"] == "hangup"
    assert "never" not in other.paths()


@documented(PAGES + "record", "maxLength")
def test_a_recording_is_no_longer_than_asked(ring, other) -> None:
    long = speak("Ich rede und rede und rede und höre nicht mehr auf damit, auch nicht gleich.", "de")
    report = ring('<Record action="/recorded" maxLength="2" trim="do-not-trim"/>', sounds=[long])
    size = ring.switch.store.audio_path(report.recording_sids[0]).stat().st_size
    assert size == pytest.approx(2 * RATE * 2, abs=100)


@documented(PAGES + "record", "trim")
def test_silence_that_is_not_trimmed_is_a_recording(ring, other) -> None:
    silence = Sound(np.zeros(2 * RATE, np.int16), RATE)
    assert len(ring('<Record action="/recorded" trim="do-not-trim"/>', sounds=[silence]).recording_sids) == 1
    assert ring('<Record action="/recorded"/>', sounds=[silence]).recording_sids == []


@documented(PAGES + "record", "defaults")
def test_a_recording_lasts_an_hour_and_ends_by_any_key_or_five_seconds_of_silence(ring, monkeypatch) -> None:
    asked: list[tuple[int, str, int, bool]] = []

    def record(_: ScriptedLine, longest: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        asked.append((longest, finish, silence, beep))
        return RecordedSpeech(np.zeros(0, np.int16))

    monkeypatch.setattr(ScriptedLine, "record", record)
    ring("<Record/>")
    assert asked == [(3600, "1234567890*#", 5, True)]


# -- call queues -------------------------------------------------------------------------------------------

ENQUEUE = f'<Enqueue action="/left" waitUrl="/wait">q</Enqueue>{SAY}'


@documented(PAGES + "enqueue", "waitUrl")
@documented(PAGES + "leave", "queue")
def test_the_wait_url_is_asked_again_until_its_document_leaves(ring, other) -> None:
    """Without an action, the verb after the Enqueue follows."""
    other.documents["wait"] = [NEXT, NEXT, "<Leave/>"]
    assert heard(ring, ENQUEUE.replace('action="/left" ', "")) == ["Zweitens", "Zweitens", "Hallo"]
    waits = [form for path, form in other.asked if path == "wait"]
    assert [(form["QueuePosition"], form["CurrentQueueSize"]) for form in waits] == [("1", "1")] * 3
    assert {"QueueTime", "AvgQueueTime", "QueueSid"} <= set(waits[0])


@documented(PAGES + "enqueue", "action")
def test_the_action_of_an_enqueue_is_told_why_it_ended(ring, other) -> None:
    other.documents["wait"] = "<Leave/>"
    assert heard(ring, ENQUEUE) == [], "the action's document follows"
    assert other.form("left")["QueueResult"] == "leave"


@documented(PAGES + "enqueue", "wait verbs")
@pytest.mark.parametrize("verb", ["<Record/>", "<Dial><Conference>c</Conference></Dial>", "<Reject/>"])
def test_a_verb_that_has_no_place_in_a_wait_document_is_an_error(ring, other, verb: str) -> None:
    other.documents["wait"] = verb
    assert ring(ENQUEUE).errors[0].startswith("12200")


@documented(PAGES + "enqueue", "queue-full")
def test_a_full_queue_is_a_result(ring, other) -> None:
    ring.switch.call_queues = CallQueues(most=0)
    ring(ENQUEUE)
    assert other.form("left")["QueueResult"] == "queue-full"
    assert "wait" not in other.paths()


@documented(PAGES + "enqueue", "hangup")
def test_the_action_is_told_of_a_hang_up_in_the_queue_and_its_document_is_not_executed(ring, other) -> None:
    other.documents |= {"wait": '<Gather timeout="5"/>', "left": "<Redirect>/never</Redirect>"}
    report = ring(ENQUEUE, hangs_up=True)
    assert report.ended_by == "caller"
    assert other.form("left")["QueueResult"] == "hangup"
    assert "never" not in other.paths()


@documented(PAGES + "enqueue", "redirected")
def test_the_action_is_told_of_a_caller_who_is_fetched_and_its_document_is_not_executed(ring, other) -> None:
    other.documents |= {"wait": SAY, "left": "<Redirect>/never</Redirect>", "fetched": NEXT}

    def fetch(event: dict[str, object]) -> None:
        if event.get("text") == "Hallo":
            (execution,) = ring.switch._live.values()
            execution.redirect(f"{other.url}/fetched")

    assert ring(ENQUEUE, on_event=fetch).errors == []
    assert other.form("left")["QueueResult"] == "redirected"
    assert "fetched" in other.paths()
    assert "never" not in other.paths()


def test_who_is_in_no_queue_cannot_leave_one(ring) -> None:
    assert ring("<Leave/>").errors[0].startswith("12200")


# -- conferences -------------------------------------------------------------------------------------------


def conference(callback: str = "", events: str = "", **attributes: str) -> str:
    """A document that takes part in a conference."""
    given = attributes | ({"statusCallback": callback, "statusCallbackEvent": events} if callback else {})
    written = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<Conference {written}>c</Conference>"


def joins(ring: Any, other: Any, document: str, **script: Any) -> threading.Thread:
    """Somebody takes part; returns when they do."""
    there = len(participants(ring))
    other.documents["in"] = document
    line = ScriptedLine(ScriptedCaller(**script))
    thread = threading.Thread(target=ring.switch.call, args=(line, "+49151"), daemon=True)
    thread.start()
    eventually(lambda: len(participants(ring)) > there)
    return thread


def participants(ring: Any) -> list[str]:
    return [sid for one in ring.switch.conferences.all() for sid in one.participants]


@documented(PAGES + "conference", "statusCallback", "statusCallbackEvent")
def test_the_events_of_a_conference_are_told_where_its_first_participant_asked(ring, other) -> None:
    """And only those that were asked for."""
    first = joins(ring, other, f"<Dial>{conference('/first', 'leave end')}</Dial>", talk_seconds=2, hangs_up=True)
    second = joins(ring, other, f"<Dial>{conference('/second', 'join')}</Dial>", talk_seconds=2, hangs_up=True)
    for thread in (first, second):
        thread.join(10)
    wanted = ["conference-end", "participant-leave", "participant-leave"]  # told by threads of their own
    eventually(
        lambda: sorted(form["StatusCallbackEvent"] for path, form in list(other.asked) if path == "first") == wanted
    )
    told = [form for path, form in other.asked if path == "first"]
    (left, _) = [form for form in told if form["StatusCallbackEvent"] == "participant-leave"]
    assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == ("participant_hung_up", "completed")
    assert "second" not in other.paths()


CLIENT = '<Dial action="/after" timeout="3"><Client>member_1</Client></Dial>'


@documented(PAGES + "client", "client")
def test_dial_connects_with_a_registered_client(ring, other) -> None:
    """The caller and the browser are in a room of their own; the action is told of both calls."""
    rung: list[object] = []
    called = ScriptedLine(ScriptedCaller(talk_seconds=0.2, hangs_up=True))
    ring.switch.telephones["client:member_1"] = lambda ringing: rung.append(ringing) or called
    report = ring(CLIENT, talk_seconds=5)
    assert report.errors == []
    form = other.form("after")
    assert (form["DialCallStatus"], form["DialBridged"]) == ("completed", "true")
    child = ring.switch.store.call(form["DialCallSid"])
    assert (child.parent_call_sid, child.direction, child.to) == (report.call_sid, "outbound-dial", "client:member_1")
    assert rung[0].timeout == 3


@documented(PAGES + "client", "client that is not there")
@pytest.mark.parametrize("why", ["no-answer", "busy", "failed"])
def test_dial_tells_why_a_client_has_not_answered(ring, other, why: str) -> None:
    """Who is not registered does not answer."""
    if why != "no-answer":
        ring.switch.telephones["client:member_1"] = lambda ringing: why if why == "busy" else 1 / 0
    ring(CLIENT)
    assert (other.form("after")["DialCallStatus"], other.form("after")["DialBridged"]) == (why, "false")


def test_other_carriers_know_no_client(ring) -> None:
    ring.switch.dialect = replace(ring.switch.dialect, has_clients=False)
    assert ring(CLIENT).errors[0].startswith("12200")


@documented(PAGES + "conference", "waitUrl")
@pytest.mark.parametrize("url", ["", "/nothing.wav"])
def test_who_is_alone_hears_nothing_where_there_is_no_music(ring, other, url: str) -> None:
    """`test_who_is_alone_on_a_softphone_hears_the_music_of_the_document` has some."""
    document = f"<Dial>{conference(waitUrl=url)}</Dial>"
    thread = joins(ring, other, document, talk_seconds=0.2, hangs_up=True)
    (execution,) = ring.switch._live.values()
    (verb,) = parse(f"<Response>{document}</Response>".encode())
    assert len(Dial(execution, f"{other.url}/in", verb)._music(url)) == 0
    thread.join(10)


@documented(PAGES + "conference", "endConferenceOnExit")
def test_a_conference_ends_with_a_participant_who_ends_it(ring, other) -> None:
    stays = joins(ring, other, f"<Dial>{conference()}</Dial>{SAY}")
    ends = joins(ring, other, f"<Dial>{conference(endConferenceOnExit='true')}</Dial>", talk_seconds=0.2, hangs_up=True)
    for thread in (ends, stays):
        thread.join(10)
        assert not thread.is_alive()


@documented(PAGES + "conference", "muted")
def test_a_participant_who_joins_muted_hears_the_others_and_is_not_heard(ring, other) -> None:
    listens = joins(ring, other, f"<Dial>{conference(muted='true')}</Dial>")
    (room,) = [one for one in ring.switch.conferences.all() if not one.over]
    (muted,) = room.participants.values()
    speaker = Participant("CA1")
    room.join(speaker)
    room.say(muted.call_sid, np.ones(RATE, np.int16))
    room.say("CA1", np.ones(RATE, np.int16))
    assert (len(speaker.incoming.fetch()), len(muted.incoming.fetch()) > 0) == (0, True)
    room.end()
    listens.join(10)


@documented(PAGES + "dial", "action")
def test_after_a_conference_the_action_or_the_next_verb_follows(ring, other) -> None:
    for action in ('action="/talked"', ""):
        thread = joins(ring, other, f"<Dial {action}>{conference()}</Dial><Redirect>/next</Redirect>")
        (one,) = [one for one in ring.switch.conferences.all() if not one.over]
        one.end()
        thread.join(10)
    assert [path for path in other.paths() if path in ("talked", "next")] == ["talked", "next"]
    assert other.form("talked")["DialCallStatus"] == "completed"


@documented(PAGES + "dial", "hangupOnStar")
def test_the_star_key_leaves_a_conference_where_the_document_says_so(ring, other, monkeypatch) -> None:
    monkeypatch.setattr(ScriptedCaller, "talks", lambda *_: "*")
    report = ring(f'<Dial action="/talked" hangupOnStar="true">{conference()}</Dial>')
    assert report.errors == []
    assert "talked" in other.paths()


def test_a_number_is_not_dialled(ring) -> None:
    """The hotline calls by REST; the local carrier says so."""
    assert ring("<Dial><Number>+49151</Number></Dial>").errors[0].startswith("12200")


# -- the way of a call -------------------------------------------------------------------------------------


@documented(PAGES + "redirect", "URL")
def test_after_a_redirect_nothing_more_of_its_document_is_executed(ring, other) -> None:
    other.documents["next"] = NEXT
    assert heard(ring, f"<Redirect>/next</Redirect>{SAY}") == ["Zweitens"]


@documented(PAGES + "hangup", "end")
def test_a_hangup_ends_the_call(ring) -> None:
    assert heard(ring, f"<Hangup/>{SAY}") == []


@documented(PAGES + "reject", "reason", "first verb")
@pytest.mark.parametrize(
    ("document", "status"),
    [("<Reject/>", "no-answer"), ('<Reject reason="busy"/>', "busy"), (f"{SAY}<Reject/>", "completed")],
)
def test_a_call_that_is_rejected_at_once_was_not_answered(ring, other, document: str, status: str) -> None:
    ring(document)
    assert other.form("status")["CallStatus"] == status
