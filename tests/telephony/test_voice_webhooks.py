"""The carrier's requests, forged, repeated and out of order, signed with twilio's own validator."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from twilio.request_validator import RequestValidator

from ivr.callbacks.request import Request
from ivr.calls import calling_telephone, calls
from ivr.contact_centre import call_queue
from ivr.domain.enums import Concern, QueueExit, SimulatedHours
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.local_carrier.dialects import sign
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database, spool, spool_memory, write_behind
from ivr.platform.work_models import Work
from ivr.telephony import call_intake, deferred_writes, queue_webhooks, remembered_calls
from ivr.telephony.state_token import seal, seal_playback
from ivr.web.app import create_app
from tests.support import version_0

CALL = "CA" + "1" * 32
RECORDING = "RE" + "2" * 32


@pytest.fixture
def carrier(empty_database):
    """Posts a form to a webhook as the carrier would."""
    client = create_app().test_client()
    validator = RequestValidator(empty_database.auth_token)

    def post(path: str, token: str | None = None, **form: str):
        form = {
            "CallSid": CALL,
            "AccountSid": empty_database.account_sid,
            "From": "+4915112345678",
            "CallerCity": "",
            **form,
        }
        url = f"{empty_database.base_url}{path}"
        signature = validator.compute_signature(url, form) if token is None else token
        return client.post(path, data=form, headers={"X-Twilio-Signature": signature})

    post.client = client
    return post


def in_step(step: str, path: str = "/voice/answer", **slots: object) -> str:
    state = CallState(step, "de", callback_number="+4915112345678").knowing(concern=Concern.BENEFITS).knowing(**slots)
    return f"{path}?{urlencode({'state': seal(state, CALL)})}"


def recording_event() -> str:
    """Where the carrier tells what became of the first recording."""
    return in_step("record", "/voice/recording", recording_number=1)


def next_step(answer) -> str:
    """The webhook a document leads to."""
    return re.search(r"/voice/answer\?state=[\w=%.-]+", answer.text)[0]


def count(model: type) -> int:
    write_behind.flush()
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def the_task() -> CallbackTask | None:
    with database.reading() as session:
        return session.scalar(select(CallbackTask))


def message_state() -> str:
    with database.reading() as session:
        return session.scalar(select(VoiceboxMessage.state))


RECORDED = {"RecordingSid": RECORDING, "RecordingDuration": "4", "Digits": "hangup"}
COMPLETED = {"RecordingSid": RECORDING, "RecordingStatus": "completed", "RecordingDuration": "4"}


def test_a_genuine_call_gets_a_document(carrier) -> None:
    answer = carrier("/voice/incoming")
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert count(Call) == 1


@pytest.mark.parametrize(
    "path", ["/voice/incoming", "/voice/answer", "/voice/status", "/voice/recording", "/voice/fallback"]
)
def test_a_forged_or_missing_signature_changes_nothing(carrier, path: str) -> None:
    assert carrier(path, token="forged").status_code == 403
    assert carrier(path, token="").status_code == 403
    assert carrier.client.post(path, json={"CallSid": CALL}).status_code == 403
    assert carrier.client.post(path).status_code == 403
    assert count(Call) == count(CallbackTask) == 0


def test_a_signature_of_another_form_or_url_is_forged(carrier, empty_database) -> None:
    form = {"CallSid": CALL}
    other = RequestValidator(empty_database.auth_token).compute_signature(
        f"{empty_database.base_url}/voice/status", form
    )
    assert carrier("/voice/incoming", token=other).status_code == 403


def test_the_url_is_validated_as_it_was_called(carrier, empty_database) -> None:
    """TELEPHONY: `request.url` is decoded by Flask (%7E %3A %2F, UTF-8) and gives false 403s."""
    assert carrier("/voice/status?x=%7E%3A%2F&y=%C3%BC&z=a+b", CallStatus="ringing").status_code == 204


def test_the_exchange_signs_as_twilio_does(empty_database) -> None:
    """Two independent implementations of the documented rule agree."""
    form = {"b": "2", "a": "ü", "c": ""}
    url = "http://127.0.0.1:8000/voice/answer?state=x%3D"
    theirs = RequestValidator("secret").compute_signature(url, form)
    assert sign("secret", url + "#rc=3&rp=ct,rt,5xx", form) == theirs


def test_a_repeated_webhook_makes_no_second_task(carrier) -> None:
    for _ in range(3):
        assert carrier(in_step("record", recording_number=1), **RECORDED).status_code == 200
        assert carrier(recording_event(), **COMPLETED).status_code == 204
        assert carrier("/voice/status", CallStatus="completed").status_code == 204
    assert (count(CallbackTask), count(VoiceboxMessage), count(Recording)) == (1, 1, 1)
    with database.reading() as session:
        assert sorted(session.scalars(select(Work.kind))) == ["fetch_recording", "find_recording"]


def test_the_recordings_event_may_come_first(carrier) -> None:
    carrier(recording_event(), **COMPLETED)
    carrier("/voice/status", CallStatus="completed")
    carrier(in_step("record", recording_number=1), **RECORDED)
    assert (count(CallbackTask), count(Recording)) == (1, 1)
    assert the_task().concern == "benefits"
    assert the_task().callback_number == "+4915112345678"


def test_a_hang_up_in_mid_recording_has_a_task_before_any_audio(carrier) -> None:
    """TELEPHONY: the action may not come at all after a hang-up; the call's state must be enough."""
    carrier(in_step("consent"), Digits="1")
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="in-progress")
    assert the_task() is None
    carrier("/voice/status", CallStatus="completed")
    assert the_task().provisional
    carrier(recording_event(), **COMPLETED)
    assert not the_task().provisional
    assert message_state() == "left"


def test_silence_in_mid_recording_takes_the_doubt_away(carrier) -> None:
    carrier(in_step("consent"), Digits="1")
    carrier("/voice/status", CallStatus="completed")
    assert the_task() is None, "hung up before the tone"
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="in-progress")
    assert the_task().provisional
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="absent")
    assert the_task() is None
    assert message_state() == "empty"


def test_absent_after_completed_changes_nothing(carrier) -> None:
    carrier(recording_event(), **COMPLETED)
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="absent")
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="in-progress")
    assert the_task() is not None
    assert message_state() == "left"


@pytest.mark.parametrize("duration", ["0", "-1", "4"])
def test_a_failed_recording_takes_no_promise_back(carrier, duration: str) -> None:
    told = {"RecordingSid": RECORDING, "RecordingDuration": duration}
    carrier(recording_event(), RecordingStatus="in-progress", **told)
    carrier("/voice/status", CallStatus="completed")
    carrier(recording_event(), RecordingStatus="failed", **told)
    assert the_task() is not None


def test_a_failed_recording_is_a_task_that_a_person_sees(carrier) -> None:
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="failed")
    assert the_task() is not None


def test_a_state_we_cannot_read_begins_again(carrier) -> None:
    """After a change of the secret in mid-call the caller hears the first menu, not an error."""
    answer = carrier("/voice/answer?state=nonsense", Digits="1")
    assert answer.status_code == 200
    assert "Jobcenter Bremen" in answer.text


def test_the_fallback_takes_the_call_up_in_its_language(carrier, empty_database) -> None:
    state = seal(CallState("main_menu", "en").knowing(concern=Concern.WORK), CALL)
    url = f"{empty_database.base_url}/voice/answer?{urlencode({'state': state})}"
    answer = carrier("/voice/fallback", ErrorCode="11200", ErrorUrl=url)
    assert "There was a technical problem" in answer.text
    assert "<Gather" in answer.text


def test_database_and_disk_may_be_away_and_the_caller_goes_on(carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise deferred_writes.NotKept("turn")

    with monkeypatch.context() as outage:
        outage.setattr(call_intake, "write_turn", broken)
        answer = carrier(in_step("consent", called_before=False), Digits="2")
    assert answer.status_code == 200
    assert "null eins fünf eins" in answer.text.replace(",", "")
    assert count(CallbackTask) == 0
    # What could not be written travels with the call until it can be.
    carrier(next_step(answer), Digits="1")
    assert count(CallbackTask) == 1


def test_a_caller_is_never_told_that_something_arrived_when_it_did_not(
    carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the database nor the disk takes anything, and the memory is full: nothing is promised."""

    def away(*_: object, **__: object) -> None:
        raise database.Away("gone")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("writing", "writing_alone", "noting", "reading"):
        monkeypatch.setattr(database, name, away)
    monkeypatch.setattr(spool, "keep", full)
    monkeypatch.setattr(spool_memory, "MOST", 0)
    answer = carrier(next_step(carrier(in_step("consent"), Digits="2")), Digits="2")
    for keys in ("1", "", "3"):
        answer = carrier(next_step(answer), Digits=keys)
    assert "konnten wir Ihre Anfrage nicht speichern. Bitte rufen Sie noch einmal an" in answer.text
    assert "angekommen" not in answer.text


def test_a_fault_of_ours_takes_the_caller_to_the_voicebox(carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("a mistake in our code")

    monkeypatch.setattr(call_intake, "has_news", broken)
    answer = carrier(in_step("main_menu"), Digits="1")
    assert answer.status_code == 200
    assert "technisches Problem" in answer.text
    assert "Wir nehmen Ihre Stimme auf. Einverstanden" in answer.text


def test_a_key_without_news_takes_no_time_for_the_number(carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a number takes as long as opening the call's state. Most key presses need none."""
    read: list[object] = []
    identified = calling_telephone.identified
    monkeypatch.setattr(
        calling_telephone, "identified", lambda *shown, **more: read.append(shown) or identified(*shown, **more)
    )
    assert "<Gather" in carrier(in_step("main_menu"), Digits="4").text
    assert read == []
    carrier("/voice/incoming")
    assert len(read) == 1


def test_a_second_recording_of_a_call_that_began_anew_is_kept_too(carrier) -> None:
    carrier(in_step("record", recording_number=1), **RECORDED)
    carrier(in_step("record", recording_number=1), RecordingSid="RE" + "3" * 32, RecordingDuration="5", Digits="hangup")
    assert (count(CallbackTask), count(Recording), count(VoiceboxMessage)) == (1, 2, 2)


def test_an_unreadable_state_is_remembered_from_the_database(carrier) -> None:
    carrier(in_step("record", recording_number=1), **RECORDED)
    again = carrier("/voice/answer?state=nonsense", Digits="1")
    assert "Jobcenter Bremen" not in again.text, "the call goes on where it was: at the review"
    carrier("/voice/recording?state=nonsense", **COMPLETED)
    assert (count(CallbackTask), count(Recording)) == (1, 1)


def test_silence_in_a_first_take_and_a_hang_up_before_a_second_promise_nothing(carrier) -> None:
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="in-progress")
    carrier(in_step("record", recording_number=1))  # nothing was said: the second tone is announced
    carrier("/voice/status", CallStatus="completed")
    carrier(recording_event(), RecordingSid=RECORDING, RecordingStatus="absent")
    assert count(CallbackTask) == 0


def test_a_recording_event_alone_knows_the_number_and_the_first_contact(carrier, empty_database) -> None:
    since = datetime(2026, 11, 22, 10, tzinfo=UTC)
    url = in_step("record", "/voice/recording", recording_number=1, began_at=since)
    form = {"CallSid": CALL, "RecordingSid": RECORDING, "RecordingStatus": "completed"}
    signature = RequestValidator(empty_database.auth_token).compute_signature(f"{empty_database.base_url}{url}", form)
    assert carrier.client.post(url, data=form, headers={"X-Twilio-Signature": signature}).status_code == 204
    assert the_task().callback_number == "+4915112345678"
    assert the_task().first_contact_at == since


STRANGE = ["", "0", "💥", "\x00", "a" * 5000, "-1", "1e999", "nan", "<xml>", "+49 (0) 151", "２"]


@pytest.mark.parametrize("value", STRANGE)
def test_strange_values_are_no_error(carrier, value: str) -> None:
    for path in (
        "/voice/incoming",
        in_step("enter_number"),
        in_step("record", recording_number=1),
        "/voice/status",
        "/voice/fallback",
    ):
        for field in (
            "Digits",
            "From",
            "RecordingDuration",
            "DialCallStatus",
            "ErrorUrl",
            "CallSid",
            "SipHeader_X-Hotline-At",
        ):
            answer = carrier(path, **{"RecordingSid": RECORDING, field: value})
            assert answer.status_code in (200, 204), (path, field)


def test_a_strange_hour_is_the_present_one(carrier) -> None:
    """Local mode lets a person choose the hour; whatever else stands there is ignored."""
    answer = carrier("/voice/incoming", **{"SipHeader_X-Hotline-At": "💥"})
    token = re.search(r"state=([\w=%.-]+)", answer.text)[1]
    answer = carrier(f"/voice/answer?state={token}", Digits="1")
    token = re.search(r"state=([\w=%.-]+)", answer.text)[1]
    assert carrier(f"/voice/answer?state={token}", Digits="1").status_code == 200


def test_playback_needs_a_fresh_token_of_ours(carrier) -> None:
    assert carrier.client.get("/voice/playback/nonsense.wav").status_code == 404
    token = seal_playback(CALL, 1)
    assert carrier.client.get(f"/voice/playback/{token}.wav").status_code == 404, "nothing is stored yet"


# -- states that cannot be read ------------------------------------------------------------------------

OTHER_CALL = "CA" + "9" * 32


def unreadable_states(secret: str) -> dict[str, str]:
    """Tokens by what is wrong with them."""
    theirs = CallState("consent", "de", callback_number="+4917000000000").knowing(concern=Concern.WORK)
    ours = seal(CallState("consent", "de"), CALL)
    return {
        "none": "",
        "another call": seal(theirs, OTHER_CALL),
        "cut off": ours[:-20],
        "cut off early": ours[:10],
        "changed": ours[:-5] + "AAAA=",
        "too long": "1." + "A" * 4998,
        "a step that is gone": seal(CallState("no_such_step", "de"), CALL),
        "too old": version_0.state_token(secret, "consent", {}, age=25 * 3600),
        "an unknown value": version_0.state_token(secret, "consent", {"concern": "housing"}),
        "no text": "\x00💥",
    }


UNREADABLE = (
    "none", "another call", "cut off", "cut off early", "changed", "too long", "a step that is gone", "too old",
    "an unknown value", "no text",
)  # fmt: skip


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_a_state_that_cannot_be_read_is_no_error(carrier, empty_database, wrong: str) -> None:
    """Nothing is known of the call: it begins again, waits no longer, or its event is noted."""
    token = unreadable_states(empty_database.secret)[wrong]
    query = urlencode({"state": token})
    began = carrier(f"/voice/answer?{query}", Digits="2")
    assert "Jobcenter Bremen" in began.text
    assert count(CallbackTask) == 0
    failed = carrier("/voice/fallback", ErrorUrl=f"{empty_database.base_url}/voice/answer?{query}")
    assert failed.status_code == 200
    assert "<Gather" in failed.text
    for path in ("/voice/wait", "/voice/wait/key"):
        left = carrier(f"{path}?{query}", Digits="1")
        assert (left.status_code, "<Leave" in left.text or "<Redirect" in left.text) == (200, True)
    assert carrier(f"/voice/recording?{query}", **COMPLETED).status_code == 204
    assert count(Recording) == 1, "audio is never refused"


def test_a_state_of_another_call_falls_back_on_what_is_known_of_this_one(carrier, empty_database) -> None:
    carrier(in_step("record", recording_number=1), **RECORDED)
    token = unreadable_states(empty_database.secret)["another call"]
    again = carrier(f"/voice/answer?{urlencode({'state': token})}", Digits="1")
    assert "Jobcenter Bremen" not in again.text, "the call goes on where it was: at the review"
    assert the_task().callback_number == "+4915112345678"
    assert the_task().concern == "benefits"


def test_a_call_that_waited_before_an_update_goes_on_after_it(empty_database) -> None:
    """The state that the queue keeps for the caller is of the version before."""
    token = version_0.state_token(empty_database.secret, "line", {"concern": "work", "turn": "1"}, language="tr")
    with database.writing() as session:
        call = calls.seen(session, CALL, "+4915112345678", utc_now())
        call_queue.enter(session, call, 1, Request(concern=Concern.WORK), "tr", token, utc_now())
    with database.reading() as session:
        state = queue_webhooks._resumed(session.scalars(select(QueueEntry)).one())
    assert (state.step, state.language, state.queue_visit) == ("call_queue", "tr", 1)


def test_a_call_whose_step_had_another_name_is_remembered_in_it(empty_database) -> None:
    with database.writing() as session:
        call = calls.seen(session, CALL, "+4915112345678", utc_now())
        calls.progressed(call, "line_full", "tr", "work")
    assert remembered_calls.remembered(CALL).step == "queue_full"


def test_a_caller_whom_nobody_can_serve_is_counted_and_can_wait_later(carrier, empty_database) -> None:
    """They wanted a team within opening hours: a row says so, and keeps no place."""
    open_now = {"simulated_time": SimulatedHours.OPEN}
    for _ in range(2):  # the carrier repeats its request
        state = replace(CallState("transfer", "de").knowing(concern=Concern.BENEFITS), **open_now)
        assert carrier(f"/voice/answer?{urlencode({'state': seal(state, CALL)})}", Digits="").status_code == 200
    with database.writing() as session:
        entry = session.scalars(select(QueueEntry)).one()
        assert (entry.queue_visit, entry.state, entry.reason) == (0, "left", "nobody")
        assert entry.entered_at == entry.left_at
        later = call_queue.enter(session, entry.call, 1, Request(concern=Concern.BENEFITS), "de", "", utc_now())
        assert (later.queue_visit, later.state) == (1, "waiting")


def test_a_caller_whom_the_carriers_queue_lets_go_has_a_reason_that_can_be_read(carrier, empty_database) -> None:
    """The carrier's queue fails (`error`): the place is given up, and the row says why."""
    with database.writing() as session:
        call = calls.seen(session, CALL, "+4915112345678", utc_now())
        call_queue.enter(session, call, 1, Request(concern=Concern.WORK), "de", "", utc_now())
    answer = carrier(in_step("call_queue", queue_visit=1), QueueResult="error", QueueTime="3")
    assert answer.status_code == 200
    assert "Wir nehmen Ihre Stimme auf. Einverstanden" in answer.text, "a message can be left"
    with database.reading() as session:
        place = session.scalars(select(QueueEntry)).one()
    assert (place.state, place.reason) == ("left", QueueExit.CARRIER)
