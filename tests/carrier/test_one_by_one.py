"""One call or recording about which the carrier refuses everything: nothing else waits for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from ivr.carrier import call_control, media, one_by_one
from ivr.carrier.client import Refused
from ivr.carrier.refusals import AskedToWait
from ivr.contact_centre import agent_presence, call_distribution, conversations, dialer_job
from ivr.domain.enums import LegRole, LegState, PresenceState
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg, Presence
from ivr.platform import database
from ivr.workers import carrier_reconciliation, lost_events
from tests.support.people import a_task, hire

LONG_AGO = timedelta(minutes=10)


def refusing(first: str, otherwise: str) -> Callable[[str], str]:
    def status(call_sid: str) -> str:
        if call_sid == first:
            raise Refused(400, "https://carrier/Calls", "no", 20001)
        return otherwise

    return status


def legs(state: LegState, *sids: str) -> None:
    """Telephones of a callback, whose events are lost."""
    task_id = a_task()
    with database.writing() as session:
        then = utc_now() - LONG_AGO
        talk = conversations.for_task(session, session.get_one(CallbackTask, task_id), then)
        for number, sid in enumerate(sids):
            leg = conversations.add_leg(
                session, talk, LegRole.INTERPRETER, f"+49421555{number:04d}", then, ring=False, state=state
            )
            leg.call_sid = sid


def states() -> dict[str, str]:
    with database.reading() as session:
        return {leg.call_sid or "": str(leg.state) for leg in session.query(Leg)}


@pytest.mark.parametrize(
    ("state", "look"),
    [(LegState.RINGING, lost_events.ask_for_lost_events), (LegState.JOINED, lost_events.check_ended_calls)],
)
def test_a_telephone_that_the_carrier_says_nothing_of_holds_up_no_other(
    empty_database: object, monkeypatch: pytest.MonkeyPatch, state: LegState, look: Callable[[], None]
) -> None:
    legs(state, "CA1", "CA2", "CA3")
    monkeypatch.setattr(call_control, "call_status", refusing("CA1", "completed"))
    with pytest.raises(Refused):
        look()
    assert states() == {"CA1": state, "CA2": "ended", "CA3": "ended"}


def test_who_counts_as_busy_by_mistake_is_free_again_though_the_carrier_is_away(
    empty_database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia = hire()["mia"]
    legs(LegState.JOINED, "CA1")
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+494219876", ["de"], utc_now())
        here = session.get_one(Presence, mia.id)
        here.state, here.leg_id = PresenceState.TALKING, None

    def away(_: str) -> str:
        raise requests.ConnectionError

    monkeypatch.setattr(call_control, "call_status", away)
    with pytest.raises(requests.ConnectionError):
        lost_events.check_ended_calls()
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state == PresenceState.AVAILABLE
        assert call_distribution.is_anybody_free(session)


def test_a_recording_that_the_carrier_does_not_let_go_holds_up_no_comparison(
    empty_database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen to is kept; the carrier is compared again from the same instant, until it lets go."""
    now = utc_now()
    with database.writing() as session:
        session.add(Call(call_sid="CA1", started_at=now - LONG_AGO))
        session.add(Call(call_sid="CA2", started_at=now - LONG_AGO))
    deleted: list[str] = []

    def delete(recording_sid: str) -> None:
        if recording_sid == "RE1":
            raise Refused(409, "https://carrier/Recordings/RE1", "still there", 0)
        deleted.append(recording_sid)

    kept = [(media.CarrierRecording(f"RE{n}", "completed", 0.0, now - LONG_AGO), f"CA{n}") for n in (1, 2)]
    monkeypatch.setattr(media, "recordings_since", lambda _: iter(kept))
    monkeypatch.setattr(media, "delete_recording", delete)
    monkeypatch.setattr(call_control, "calls_since", lambda _: iter(()))
    monkeypatch.setattr(call_control, "call_status", refusing("", "completed"))
    with pytest.raises(Refused):
        carrier_reconciliation.reconcile(now - timedelta(hours=1))
    assert deleted == ["RE2"]
    with database.reading() as session:
        assert {call.state for call in session.query(Call)} == {"ended"}


@pytest.mark.parametrize("error", [AskedToWait(429, "https://carrier", 20429, 90.0), requests.ReadTimeout()])
def test_where_the_carrier_has_no_room_or_is_away_it_is_not_asked_about_the_others(error: Exception) -> None:
    asked: list[int] = []

    def look(item: int) -> None:
        asked.append(item)
        raise error

    with pytest.raises(type(error)):
        one_by_one.each([1, 2, 3], look)
    assert asked == [1]


def test_who_leaves_a_room_waits_for_nobody_whom_the_carrier_does_not_let_go(
    empty_database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is in the room of a conversation that is over goes on, and so does who is on hold."""
    redirected: list[str] = []

    def redirect(call_sid: str, _: str) -> None:
        if call_sid in ("CA1", "CA3"):
            raise Refused(500, "https://carrier/Calls", "no", 20500)
        redirected.append(call_sid)

    def request(_self: object, _method: str, url: str, **_: object) -> Response:
        listed = "participants" if "Participants" in url else "conferences"
        found = [{"sid": "CF1", "conference_sid": "CF1", "call_sid": f"CA{n}", "status": "in-progress"} for n in (1, 2)]
        return Response(200, json.dumps({listed: found if listed == "participants" else found[:1]}))

    monkeypatch.setattr(call_control, "redirect_call", redirect)
    monkeypatch.setattr(TwilioHttpClient, "request", request)
    legs(LegState.JOINED, "CA1", "CA2", "CA3", "CA4")
    with database.writing() as session:
        talk_id = session.query(Leg).first().conversation_id
        for leg in session.query(Leg).filter(Leg.call_sid.in_(("CA3", "CA4"))):
            leg.held_at = utc_now()
    with pytest.raises(Refused):
        dialer_job.end_room(talk_id)
    assert redirected == ["CA4", "CA2"]


@pytest.mark.parametrize("lost", ["/Conferences", "/Participants", "CA1"])
def test_a_lost_request_leaves_nobody_but_one_in_the_room_of_a_conversation_that_is_over(
    empty_database: object, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Where the carrier does not tell who is in a room, it is known from its events."""
    redirected: list[str] = []

    def request(_self: object, method: str, url: str, **_: object) -> Response:
        if url.endswith((f"{lost}.json", f"{lost}.json?PageSize=20")):
            raise requests.ReadTimeout
        if method == "POST":
            redirected.append(url.rpartition("/")[2].removesuffix(".json"))
            return Response(200, json.dumps({"sid": redirected[-1], "status": "in-progress"}))
        listed = "participants" if "Participants" in url else "conferences"
        found = [{"sid": "CF1", "conference_sid": "CF1", "call_sid": f"CA{n}", "status": "in-progress"} for n in (1, 2)]
        return Response(200, json.dumps({listed: found if listed == "participants" else found[:1]}))

    monkeypatch.setattr(TwilioHttpClient, "request", request)
    legs(LegState.JOINED, "CA1", "CA2")
    with database.reading() as session:
        talk_id = session.query(Leg).first().conversation_id
    with pytest.raises(requests.ReadTimeout):
        dialer_job.end_room(talk_id)
    assert redirected == (["CA2"] if lost == "CA1" else ["CA1", "CA2"])
