"""Several exchanges of our own in a carrier's place: which one is asked, and what follows when one is away."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests

from ivr.carrier import (
    account_check,
    call_control,
    exchange_check,
    exchanges,
    media,
    number_setup,
    one_by_one,
    spending,
)
from ivr.carrier.exchanges import ExchangeAway
from ivr.config import settings as configuration
from ivr.domain.carrier_ids import exchange_of, of_exchange
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.store import CallRecord, RecordingRecord
from tests.support.exchanges import Exchanges
from tests.support.servers import free_port
from tests.support.speech import human_speech

URL = "http://127.0.0.1:1/voice"
SINCE = timedelta(hours=1)


@pytest.fixture
def two(empty_database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exchanges]:
    """Exchanges 1 and 2."""
    found = Exchanges()
    monkeypatch.setenv("EXCHANGES", json.dumps(found.places))
    configuration.settings.cache_clear()
    monkeypatch.setattr(exchanges, "_away", {})
    for number in found.ports:
        found.begin(number)
    yield found
    found.stop()


def a_call(two: Exchanges, number: int, status: str = "completed") -> str:
    call = CallRecord(of_exchange("CA", number), "+49151", configuration.settings().hotline_number, status=status)
    two.switches[number].store.keep_call(call)
    return call.sid


def a_recording(two: Exchanges, number: int) -> str:
    recording = RecordingRecord(of_exchange("RE", number), a_call(two, number), "completed", 2)
    two.switches[number].store.keep_recording(recording, human_speech(2).samples)
    return recording.sid


def test_what_an_exchange_makes_carries_its_number(two: Exchanges) -> None:
    for number, switch in two.switches.items():
        record = switch.originate("+4915112345678", "+49421", CallSetup(URL))
        assert exchange_of(record.sid) == number
    assert two.directory(1) != two.directory(2)
    assert {path.parent for path in two.directory(2).glob("calls/*.json")} == {two.directory(2) / "calls"}


def test_a_call_and_a_recording_are_asked_for_where_they_are(two: Exchanges) -> None:
    for number in two.ports:
        sid, recording = a_call(two, number), a_recording(two, number)
        assert call_control.call_status(sid) == "completed"
        assert call_control.placed_call(sid).call_sid == sid
        assert media.fetch_audio(recording)[:4] == b"RIFF"
        call_sid = two.switches[number].store.recording(recording).call_sid
        assert [one.recording_sid for one in media.recordings_of(call_sid)] == [recording]
        media.delete_recording(recording)
        assert two.switches[number].store.recording(recording) is None
        with pytest.raises(media.NotThere):
            media.fetch_audio(recording)
    with pytest.raises(call_control.CallIsOver):
        call_control.call_status(of_exchange("CA", 2))


def test_an_id_of_before_is_looked_for_everywhere(two: Exchanges) -> None:
    """An exchange that was not numbered has made it, or one that is not listed any more."""
    old = "CA" + "f" * 32
    two.switches[2].store.keep_call(CallRecord(old, "+49151", "+49421", status="completed"))
    assert call_control.call_status(old) == "completed"
    two.goes_away(1)
    assert call_control.call_status(old) == "completed"
    with pytest.raises(ExchangeAway, match="exchange 1"):  # it may be there
        call_control.call_status("CA" + "e" * 32)


def test_a_call_out_of_nothing_goes_through_the_first_that_answers(two: Exchanges) -> None:
    def placed(**wishes: object) -> int:
        return exchange_of(call_control.place_call("+4915112345678", URL, ring_seconds=5, **wishes))

    assert placed() == 1
    assert [placed(turn=turn) for turn in (0, 1, 2)] == [1, 2, 1], "what has the same turn is at the same exchange"
    two.goes_away(1)
    assert placed() == placed(turn=1) == 2
    two.goes_away(2)
    with pytest.raises(ExchangeAway, match=r"exchange 1 .* and exchange 2"):
        placed()
    two.begin(1)
    assert placed(turn=1) == 1


def test_a_call_of_a_conversation_is_placed_where_the_conversation_is(two: Exchanges) -> None:
    caller = a_call(two, 2, "in-progress")
    assert exchange_of(call_control.place_call("+4915112345678", URL, ring_seconds=5, near=caller)) == 2
    two.goes_away(2)
    with pytest.raises(ExchangeAway, match="exchange 2"):
        call_control.place_call("+4915112345678", URL, ring_seconds=5, near=caller)
    assert len(list(two.switches[1].store.calls())) == 0, "it would be alone in a room there"


def test_an_exchange_that_stops_places_nothing_and_the_next_one_does(two: Exchanges) -> None:
    two.switches[1].is_stopping = True
    assert exchange_of(call_control.place_call("+4915112345678", URL, ring_seconds=5)) == 2
    assert call_control.call_status(a_call(two, 1)) == "completed", "its calls are asked for as before"
    waits = a_call(two, 1, "in-progress")
    near = call_control.place_call("+4915112345678", URL, ring_seconds=5, near=waits)
    assert exchange_of(near) == 1, "whom it has already are served"
    two.switches[2].is_stopping = True
    assert exchange_of(call_control.place_call("+4915112345678", URL, ring_seconds=5)) == 2, "no other one is left"


def test_nothing_is_dialled_twice_where_an_answer_was_lost(two: Exchanges) -> None:
    """The exchange may have placed the call before it died: another one is not asked."""
    two.goes_away(1)
    with dying(two, 1) as asked:
        with pytest.raises(ExchangeAway):
            call_control.place_call("+4915112345678", URL, ring_seconds=5)
        assert asked == [b"POST"]
    assert list(two.switches[2].store.calls()) == []


def test_what_is_only_read_is_asked_of_the_other_where_an_answer_was_lost(two: Exchanges) -> None:
    old = "CA" + "f" * 32
    two.switches[2].store.keep_call(CallRecord(old, "+49151", "+49421", status="completed"))
    two.goes_away(1)
    with dying(two, 1) as asked:
        assert call_control.call_status(old) == "completed"
        assert asked == [b"GET "]


@contextmanager
def dying(two: Exchanges, number: int) -> Iterator[list[bytes]]:
    """An exchange that dies when it is asked something: what it was asked."""
    listener, asked = socket.create_server(("127.0.0.1", two.ports[number])), list[bytes]()

    def dies() -> None:
        connection, _ = listener.accept()
        asked.append(connection.recv(65536)[:4])
        connection.close()

    threading.Thread(target=dies, daemon=True).start()
    with listener:
        yield asked


def test_lists_are_of_all_and_one_that_is_away_is_named_after_the_others(two: Exchanges) -> None:
    since = utc_now() - SINCE
    recordings = {a_recording(two, 1), a_recording(two, 2)}
    assert {found.recording_sid for found, _ in media.recordings_since(since)} == recordings
    assert {exchange_of(found.call_sid) for found in call_control.calls_since(since)} == {1, 2}
    two.goes_away(1)
    seen: list[int] = []
    error = one_by_one.each(call_control.calls_since(since), lambda found: seen.append(exchange_of(found.call_sid)))
    assert (seen, str(error)) == ([2], f"exchange 1 ({two.places[1]})")
    seen.clear()
    error = one_by_one.each(
        media.recordings_since(since), lambda found: seen.append(exchange_of(found[0].recording_sid))
    )
    assert (seen, isinstance(error, ExchangeAway)) == ([2], True)


def test_one_that_is_away_holds_up_nothing_of_the_others(two: Exchanges) -> None:
    calls = [a_call(two, number) for number in (1, 2, 1, 2)]
    two.goes_away(1)
    seen: list[str] = []
    error = one_by_one.each(calls, lambda sid: seen.append(call_control.call_status(sid)))
    assert (seen, isinstance(error, ExchangeAway)) == (["completed"] * 2, True)


def test_a_silent_exchange_is_told_as_away_too(two: Exchanges, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process hangs: connections are taken and nothing is answered."""
    two.goes_away(1)
    monkeypatch.setenv("TWILIO_TIMEOUT", "0.3")
    configuration.settings.cache_clear()
    listener = socket.create_server(("127.0.0.1", two.ports[1]))
    sid = a_call(two, 2)
    seen: list[str] = []
    with pytest.raises(ExchangeAway):  # it may have placed it
        call_control.place_call("+4915112345678", URL, ring_seconds=5)
    error = one_by_one.each(call_control.calls_since(utc_now() - SINCE), lambda found: seen.append(found.call_sid))
    assert seen == [sid]
    assert isinstance(error, ExchangeAway)
    assert [call.direction for call in two.switches[2].store.calls()] == ["inbound"]
    listener.close()


def test_a_room_is_emptied_where_its_calls_are(two: Exchanges) -> None:
    """The other exchange may be away: nobody of this conversation is there."""
    switch = two.switches[2]
    sid = a_call(two, 2, "in-progress")
    switch.conferences.join("room-1", Participant(sid), lambda name, event: None)
    two.goes_away(1)
    call_control.empty_conference("room-1", {sid: URL})  # its call is over already, which is no error
    assert exchange_of(switch.conferences.all()[0].sid) == 2


def test_webhooks_are_set_at_each_and_each_is_looked_at(two: Exchanges) -> None:
    assert list(exchange_check.exchange())  # they take no calls over SIP here
    (first, second) = two.switches.values()
    second.subscription.voice_url = "https://elsewhere.example/voice"
    (found,) = [one for one in exchange_check.exchange() if "voice_url" in one.what]
    assert found.what.startswith("Exchange 2 (http://127.0.0.1:")
    number = number_setup.number_of(configuration.settings().hotline_number)
    number_setup.set_webhooks(str(number.sid), number_setup.wanted_of(number))
    assert first.subscription.voice_url == second.subscription.voice_url
    assert not [one for one in exchange_check.exchange() if "voice_url" in one.what]


def test_a_check_names_what_is_away_or_not_the_one_it_should_be(
    two: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.goes_away(2)
    said = [one.what for one in exchange_check.exchange()]
    assert said == [
        f"Exchange 1 ({two.places[1]}) takes no calls over SIP.",
        f"Exchange 2 ({two.places[2]}) does not answer (ConnectionError).",
    ]
    monkeypatch.setenv("EXCHANGES", json.dumps({2: two.places[1], 1: f"http://127.0.0.1:{free_port()}"}))
    configuration.settings.cache_clear()
    assert "is exchange 1 by its own settings" in [one.what for one in exchange_check.exchange()][1]


def test_what_was_spent_is_added_up(two: Exchanges) -> None:
    for number in (1, 2, 2):
        a_call(two, number)
    today = utc_now().date()
    (calls,) = spending.between(today, today, ("calls-inbound",))
    assert calls.count == 3
    assert len(list(spending.calls_of(today))) == 3


def test_what_nobody_in_particular_knows_is_asked_of_whoever_answers(two: Exchanges) -> None:
    two.goes_away(1)
    assert list(account_check.account()) == []


def test_what_an_exchange_tells_of_itself_needs_a_log_in(two: Exchanges) -> None:
    assert requests.get(f"{two.places[1]}/sip", timeout=5).status_code == 401
    assert requests.get(f"{two.places[1]}/healthz", timeout=5).text == "alive"


def test_an_exchange_that_came_back_knows_its_calls_as_over(two: Exchanges) -> None:
    sid = a_call(two, 1, "in-progress")
    two.goes_away(1)
    with pytest.raises(ExchangeAway):
        call_control.call_status(sid)
    assert exchanges.away_for(1) > 0
    two.begin(1)
    assert call_control.call_status(sid) == "failed"
    assert exchanges.away_for(1) == 0
