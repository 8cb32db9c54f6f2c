"""The bar of a member in a call: what it shows of the caller, and what the member does from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import events, workflow
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.contact_centre import agent_presence, call_queue, conversation_notes, conversations, incidents
from ivr.domain.enums import LegRole, LegState, PresenceState, TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Leg, Transfer
from ivr.models.incidents import Incident
from ivr.platform import database
from tests.support.people import a_task

CALLER = "+4917600000001"


def talks(name: str, *, sid: int = 1, concern: str = "benefits") -> int:
    """A member talks with a caller; gives the conversation's id."""
    now = utc_now()
    with database.writing_alone() as session:
        user = session.scalars(select(User).where(User.username == name)).one()
        call = calls.seen(session, f"CA{sid:032d}", CALLER, now)
        entry = call_queue.enter(session, call, 1, Request(concern=concern), "tr", "", now)
        entry.state = "answered"
        talk = conversations.for_entry(session, entry, now)
        talk.state = "live"
        for role, values in ((LegRole.MEMBER, {"user_id": user.id, "accepted_at": now}), (LegRole.CALLER, {})):
            leg = conversations.add_leg(session, talk, role, None, now, ring=False, **values)
            leg.call_sid, leg.joined_at, leg.state = f"CA{role:0>31}{sid}", now, LegState.JOINED
        here = agent_presence.get_or_create(session, user.id, now)
        member = next(leg for leg in talk.legs if leg.role == LegRole.MEMBER)
        here.state, here.leg_id, here.number, here.seen_at = PresenceState.TALKING, member.id, "+4942112345", now
        return talk.id


def comes(name: str) -> int:
    with database.writing_alone() as session:
        user = session.scalars(select(User).where(User.username == name)).one()
        agent_presence.start_answering(session, user, "+4942154321", ["tr"], utc_now())
        return user.id


def logged() -> list[str]:
    with database.reading() as session:
        lines = select(AccessLine.detail).where(AccessLine.action == "view").order_by(AccessLine.number)
        return [line for line in session.scalars(lines) if line]


def test_the_call_shows_the_caller_earlier_requests_of_own_teams_and_the_last_note_once_logged(desk) -> None:
    mine, others = a_task(number=CALLER), a_task("under_25", number=CALLER)
    closed, old = a_task(number=CALLER), a_task(number=CALLER)
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        for task_id, age in ((closed, timedelta(days=2)), (old, timedelta(days=40))):
            task = session.get_one(CallbackTask, task_id)
            task.state, task.claimed_by_id = "claimed", mia.id
            workflow.close(session, task, mia, "reached", "", utc_now() - age)
        codes = [session.get_one(CallbackTask, one).receipt_code for one in (mine, others, closed, old)]
    before = talks("mia", sid=7)
    with database.writing_alone() as session:
        conversation_notes.keep(session, session.get_one(Conversation, before), mia, "Brought the form along.")
        session.get_one(Conversation, before).state = "ended"
    browser = desk("mia")
    talks("mia", sid=8)
    page = browser.get("/desk/live/bar").text
    assert "0176 00000001" in page
    assert [code in page for code in codes] == [True, False, True, False]
    assert "Brought the form along." in page
    browser.get("/desk/live/bar")
    assert [line for line in logged() if line == f"conversations {before}"] == [f"conversations {before}"]


def test_a_note_of_another_team_is_not_shown(desk) -> None:
    before = talks("sven", concern="under_25", sid=7)
    with database.writing_alone() as session:
        sven = session.scalars(select(User).where(User.username == "sven")).one()
        conversation_notes.keep(session, session.get_one(Conversation, before), sven, "Of the other team.")
        session.get_one(Conversation, before).state = "ended"
    browser = desk("mia")
    talks("mia", sid=8)
    assert "Of the other team." not in browser.get("/desk/live/bar").text


def test_a_note_typed_in_a_call_survives_the_browser_and_stands_in_the_wrap_up(desk) -> None:
    talk = talks("mia")
    assert desk("mia").post("/desk/call/note", data={"text": "Wants a form."}).status_code == 204
    browser = desk("mia")  # another browser, after a crash
    assert "Wants a form." in browser.get("/desk/live/bar").text
    with database.writing_alone() as session:
        leg = session.get_one(Conversation, talk).legs[0]
        session.get_one(Conversation, talk).state = "ended"
        agent_presence.hung_up(session, leg.user_id or 0, leg.id, utc_now())
    assert "Wants a form." in browser.get("/desk/live/bar").text
    browser.post("/desk/live/wrap-up", data={"outcome": "settled", "text": ""})
    with database.reading() as session:
        assert session.get_one(Conversation, talk).note == "Wants a form."


def test_a_note_that_comes_late_is_not_written_into_the_next_call(desk) -> None:
    """A browser that was without a connection sends its note when the call is over, or even when it is wrapped up."""
    first, browser = talks("mia"), desk("mia")
    with database.writing_alone() as session:
        leg = session.get_one(Conversation, first).legs[0]
        session.get_one(Conversation, first).state = "ended"
        agent_presence.hung_up(session, leg.user_id or 0, leg.id, utc_now())
    late = {"text": "Of the first caller.", "conversation": str(first)}
    assert browser.post("/desk/call/note", data=late).status_code == 204
    browser.post("/desk/live/wrap-up", data={"outcome": "settled", "text": ""})
    second = talks("mia", sid=9)
    assert browser.post("/desk/call/note", data={**late, "text": "Later still."}).status_code == 409
    with database.reading() as session:
        assert session.get_one(Conversation, first).note == "Of the first caller."
        assert not session.get_one(Conversation, second).note


def test_the_caller_is_transferred_from_the_bar_and_the_other_one_sees_what_was_written(desk) -> None:
    nils = comes("nils")
    talk = talks("mia")
    browser = desk("mia")
    assert f'value="user-{nils}"' in browser.get("/desk/live/bar").text
    data = {"to": f"user-{nils}", "kind": "warm", "text": "Needs the heating form."}
    said = browser.post("/desk/call/transfer", data=data, follow_redirects=True).text
    assert "ist auf Halten" in said
    with database.reading() as session:
        (wanted,) = session.scalars(select(Transfer)).all()
        assert (wanted.kind, wanted.user_id, wanted.conversation_id) == ("warm", nils, talk)
        assert next(leg for leg in session.get_one(Conversation, talk).legs if leg.role == "caller").held_at is not None
        (leg,) = session.scalars(select(Leg).where(Leg.role == "successor")).all()
    theirs = desk("nils").get("/desk/live/bar").text
    assert "Needs the heating form." in theirs
    assert "Weitergeleitet von" in theirs
    assert "/desk/call/hold" not in theirs, "the caller is not theirs yet"
    assert leg.user_id == nils
    assert "wird bereits weitergeleitet" in browser.post("/desk/call/transfer", data=data, follow_redirects=True).text
    assert "Noch hat niemand" in browser.post("/desk/call/hand-over", follow_redirects=True).text
    browser.post("/desk/call/resume")
    with database.reading() as session:
        assert session.scalars(select(Transfer.state)).all() == ["canceled"]


def test_who_is_on_hold_and_not_out_of_the_room_is_not_said_to_hear_music(desk) -> None:
    """The carrier has to fetch them out of it. While it does not answer, they hear what is said about them."""
    nils = comes("nils")
    talk = talks("mia")
    browser = desk("mia")
    for path, data in (("hold", {}), ("transfer", {"to": f"user-{nils}", "kind": "warm"})):
        said = browser.post(f"/desk/call/{path}", data=data, follow_redirects=True).text
        assert ("hört Sie noch" in said, "hört Musik" in said) == (True, False), path
    with database.writing_alone() as session:
        caller = next(one for one in session.get_one(Conversation, talk).legs if one.role == LegRole.CALLER)
        caller.state = LegState.ANSWERED  # the carrier has done it
    said = browser.get("/desk/live/bar").text
    assert ("hört Sie noch" in said, "hört Musik" in said) == (False, True)


@pytest.mark.parametrize("to", ["user-999999", "team-0", "entry-5", "nobody-1", "", "user-1; drop"])
def test_a_target_that_is_none_is_refused_with_a_sentence(desk, to: str) -> None:
    talks("mia")
    answer = desk("mia").post("/desk/call/transfer", data={"to": to, "kind": "cold"}, follow_redirects=True)
    assert answer.status_code == 200
    assert any(
        said in answer.text for said in ("nimmt gerade niemand", "Bitte wählen Sie", "nicht mehr im Verzeichnis")
    )
    with database.reading() as session:
        assert session.scalars(select(Transfer)).all() == []


@pytest.mark.parametrize("path", ["hold", "resume", "hand-over", "hang-up", "transfer"])
def test_without_a_call_there_is_nothing_to_do(desk, path: str) -> None:
    comes("nils")
    data = {"to": "team-1", "kind": "cold"}
    said = desk("mia").post(f"/desk/call/{path}", data=data, follow_redirects=True)
    assert said.status_code == 200
    assert "in keinem Gespräch" in said.text


ARABIC = "اتفقنا على إرسال النموذج " * 200


@pytest.mark.parametrize("refused_for", ["outcome", "new message"])
def test_what_was_written_in_a_wrap_up_that_is_refused_stands_there_again_however_long(desk, refused_for: str) -> None:
    """5,000 letters in Arabic; one of two open requests is ticked, in the browser or in another one."""
    talk, browser = talks("mia"), desk("mia")
    ticked, other = a_task(number=CALLER, age=timedelta(hours=2)), a_task(number=CALLER, age=timedelta(hours=1))
    with database.writing_alone() as session:
        one = session.get_one(Conversation, talk)
        one.state = "ended"
        leg = next(leg for leg in one.legs if leg.role == LegRole.MEMBER)
        agent_presence.hung_up(session, leg.user_id or 0, leg.id, utc_now())
        if refused_for == "new message":
            events.record(session, ticked, TaskEventKind.CALLED_AGAIN, utc_now() + timedelta(seconds=1))
    sent = {"outcome": "passed_on" if refused_for == "new message" else "", "text": ARABIC, "settled": [str(ticked)]}
    browser.post("/desk/live/wrap-up", data=sent)
    for window in (browser, desk("mia")):
        page = window.get("/desk/live/").text
        assert ARABIC.strip() in page
        assert f'id="settled-{other}"' in page
    with database.reading() as session:
        assert session.get_one(Conversation, talk).outcome is None
    browser.post("/desk/live/wrap-up", data={"outcome": "passed_on", "text": ARABIC + "غدا"})
    with database.reading() as session:
        found = session.get_one(Conversation, talk)
        assert (found.outcome, found.note) == ("passed_on", ARABIC + "غدا")
        assert session.get_one(CallbackTask, ticked).state == "open"


def marked() -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.kind, one.text) for one in session.scalars(select(Incident))]


def test_a_mark_is_kept_when_nobody_can_take_the_call(desk) -> None:
    talks("mia")
    threat = {"kind": "threat", "text": "Ich finde dich.", "then": "supervisor"}
    said = desk("mia").post("/desk/call/incident", data=threat, follow_redirects=True).text
    assert "Ihre Teamleitung sieht es jetzt." in said
    assert "Zurzeit nimmt keine Teamleitung Anrufe an." in said
    assert marked() == [("threat", "Ich finde dich.")]


def test_a_mark_is_kept_when_the_caller_has_hung_up_before_the_call_is_ended(desk) -> None:
    talk = talks("mia")
    with database.writing_alone() as session:
        one = session.get_one(Conversation, talk)
        one.state, leg = "ended", next(leg for leg in one.legs if leg.role == LegRole.MEMBER)
        for each in one.legs:
            each.state = LegState.ENDED
        agent_presence.hung_up(session, leg.user_id or 0, leg.id, utc_now())
    threat = {"kind": "threat", "text": "Ich finde dich.", "then": "end"}
    said = desk("mia").post("/desk/call/incident", data=threat, follow_redirects=True).text
    assert "Ihre Teamleitung sieht es jetzt." in said and "Sie sind in keinem Gespräch." in said
    assert marked() == [("threat", "Ich finde dich.")]


def test_a_second_call_for_help_is_shown_again(desk) -> None:
    talks("mia")
    mia = desk("mia")
    for _ in range(2):
        mia.post("/desk/call/incident", data={"kind": "help"})
        with database.reading() as session:
            (one,) = session.scalars(select(Incident)).all()
            assert one.seen_at is None
        with database.writing() as session:
            incidents.see(
                session, session.get_one(Incident, one.id), session.get_one(User, desk.people["lena"].id), utc_now()
            )
        with database.reading() as session:
            assert session.get_one(Incident, one.id).seen_at is not None
