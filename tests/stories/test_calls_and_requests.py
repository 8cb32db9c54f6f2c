"""Live calls and the requests of their callers: what one of them settles, the other knows."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from ivr.accounts import staff_telephones
from ivr.callbacks import caller_news, claims, code_changes, events, intake, promises, sms
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.carrier.webhook_urls import leg_url, voice_url
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    call_queue,
    companions,
    conversation_control,
    conversations,
    kept_places,
    leg_events,
    outbound_callbacks,
    queue_order,
    wrap_up,
)
from ivr.domain.enums import LegRole, Refusal, TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.flows import conditions
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, ConversationWord, InterpreterRequest, Presence, QueueEntry
from ivr.models.desk import TaskView
from ivr.platform import database
from ivr.privacy import anonymisation, erasure, expired_data, subject_access
from ivr.telephony import agent_webhooks
from ivr.telephony.carrier_request import CarrierRequest
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire, log_in

NOW = utc_now()


# -- a key pressed twice -------------------------------------------------------------------------------


@pytest.fixture
def doubled_keys_count_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As in production, where callers need time for the next key; the list has the present millisecond."""
    monkeypatch.setenv("DOUBLED_KEY_MS", "400")
    forget_settings()
    clock = [1_000_000]
    monkeypatch.setattr(CarrierRequest, "looked_at_ms", property(lambda _: clock[0]))
    return clock


def test_a_doubled_key_in_the_language_menu_chooses_no_concern(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller(at="open").dials()
    person.presses("1")
    doubled_keys_count_once[0] += 300
    person.presses("1")
    assert "main" in person.last
    assert person.state.request.concern is None
    doubled_keys_count_once[0] += 400
    person.presses("1")
    assert person.state.request.concern == "benefits", "what is pressed later counts"


def test_two_different_keys_are_never_taken_for_one(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller(at="open").dials().presses("1", "3")
    assert "main" not in person.last


def test_a_menu_of_two_keys_takes_the_same_key_twice(doubled_keys_count_once, webhook_caller) -> None:
    """`00` means: none of these languages."""
    person = webhook_caller(at="open").dials().presses("0", "0")
    assert person.state.request.unlisted_language


def test_an_entry_keeps_its_repeated_digits(doubled_keys_count_once, webhook_caller) -> None:
    person = webhook_caller("anonymous", at="closed").dials().presses("1", "2").hears("consent")
    doubled_keys_count_once[0] += 400
    person.presses("2").hears("enter_number").presses("22")
    assert "number_not_usable" in person.last, "the entry was read"
    person.presses("04212887700")
    assert person.state.callback_number == "+494212887700"


def test_a_doubled_key_in_the_call_queue_confirms_no_number_unheard(doubled_keys_count_once, webhook_caller) -> None:
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], utc_now())
    person = webhook_caller("+4915112345678", at="open").dials().presses("1")
    doubled_keys_count_once[0] += 400
    person.presses("1", "")
    assert person.verb == "Enqueue"
    person.waits("1")
    person.presses("1")
    assert "confirm_number" in person.last, "it is asked once more"


def test_a_doubled_key_at_the_staff_number_logs_nobody_off(
    doubled_keys_count_once, webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a conversation, pressed twice, means nothing in the menu that follows."""
    mia = hire()["mia"]
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+4942198765", [], utc_now())
    form = {"CallSid": "CA" + "1" * 32, "From": "+4942198765"}
    with database.writing() as session, create_app().test_request_context(method="POST", data=form):
        token = agent_webhooks._tokens().dumps([mia.id, form["CallSid"]])
    menu = webhooks.post(voice_url("/staff/wrap-up", token=token), Digits="3", **form)
    action = ElementTree.fromstring(menu).find("Gather").get("action")
    doubled_keys_count_once[0] += 300
    menu = webhooks.post(action, Digits="3", **form)
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state == "available"
    doubled_keys_count_once[0] += 400
    webhooks.post(ElementTree.fromstring(menu).find("Gather").get("action"), Digits="3", **form)
    with database.reading() as session:
        assert session.get_one(Presence, mia.id).state == "offline"


def test_a_doubled_star_key_in_a_conversation_still_fetches_an_interpreter(doubled_keys_count_once, webhooks) -> None:
    """The second star is no answer to the question which the first one has brought."""
    mia, task_id, form = hire()["mia"], a_task(language="tr"), {"CallSid": "CA" + "1" * 32}
    with database.writing() as session:
        talk = conversations.for_task(session, session.get_one(CallbackTask, task_id), NOW)
        leg = conversations.add_leg(session, talk, LegRole.MEMBER, "+4942198765", NOW, ring=False, user_id=mia.id)
        talk.state, leg.state, leg.call_sid, leg.joined_at = "live", "joined", form["CallSid"], NOW
        left = leg_url("/left", leg.id)
    question = ElementTree.fromstring(webhooks.post(left, **form)).find("Gather")
    doubled_keys_count_once[0] += 300
    question = ElementTree.fromstring(webhooks.post(question.get("action"), Digits="*", **form)).find("Gather")
    assert question is not None, "asked once more"
    doubled_keys_count_once[0] += 400
    assert "<Dial" in webhooks.post(question.get("action"), Digits="7", **form)
    with database.reading() as session:
        assert [wanted.language for wanted in session.scalars(select(InterpreterRequest))] == ["tr"]


def test_a_receipt_code_is_found_in_the_last_digits_keyed() -> None:
    for code in ("1234567897", "12345674"):
        good = next(f"{code[:-1]}{digit}" for digit in "0123456789" if _is_code(f"{code[:-1]}{digit}"))
        for keyed in (good, f"4{good}"):
            assert conditions.entered_code(keyed, None) == good
    assert conditions.entered_code("4", None) is None


def _is_code(text: str) -> bool:
    from ivr.domain import receipt_codes

    return receipt_codes.is_code(text)


# -- who is a companion ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["+49 421 1782666", "0421/178-2666", "0049 (0)421 1782666", "1782666", "+49421361123", "042198765", "0421 77777"],
)
def test_a_number_of_the_house_is_no_companions(empty_database, monkeypatch, written: str) -> None:
    """The hotline's own in every spelling, one that the house shows for everybody, the telephones of members."""
    monkeypatch.setenv("TRUNK_NUMBERS", '["+49421361*"]')
    forget_settings()
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], NOW)
        staff_telephones.add(session, "0421 77777", "", "Empfang", NOW)
        talk = conversations.for_entry(session, enters(session, 1), NOW)
        conversations.add_leg(session, talk, LegRole.MEMBER, "+4942198765", NOW, ring=False, accepted_at=NOW)
        with pytest.raises(companions.CannotBeRung):
            conversation_control.want_companion(session, talk, written, people["mia"], NOW)
        assert session.scalar(select(InterpreterRequest.id)) is None
        conversation_control.want_companion(session, talk, "0421 12345", people["mia"], NOW)


def enters(session, number: int, concern: str = "benefits", at=NOW) -> QueueEntry:
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", at)
    return call_queue.enter(session, call, 1, Request(concern=concern), "de", "", at)


# -- what a member writes down ---------------------------------------------------------------------------


def talked(session, user, entry: QueueEntry) -> Conversation:
    """A conversation with a waiting caller that has just ended; its wrap-up is due."""
    here = agent_presence.get_or_create(session, user.id, NOW)
    if here.number is None:
        agent_presence.start_answering(session, user, f"+49421987{user.id:03d}", [], NOW)
    talk = conversations.for_entry(session, entry, NOW)
    leg = conversations.add_leg(session, talk, "member", here.number, NOW, ring=False, user_id=user.id)
    leg.state, leg.joined_at, leg.ended_at = "ended", NOW, NOW
    entry.state, entry.answered_at, entry.offered_leg_id = "answered", NOW, leg.id
    talk.state, talk.connected_at, talk.ended_at = "ended", NOW, NOW
    here.state, here.leg_id = "wrap_up", leg.id
    session.flush()
    return talk


@pytest.mark.parametrize("outcome", ["settled", "passed_on", "broken_off"])
def test_what_was_agreed_is_kept_with_the_conversation_and_found(empty_database, outcome: str) -> None:
    people = hire()
    with database.writing() as session:
        talk = talked(session, people["mia"], enters(session, 1))
        wrap_up.finish(session, people["mia"], outcome, "Der Bescheid wird neu berechnet", NOW)
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    page = log_in(app.test_client(), "mia").get("/desk/live/notes?q=bescheid berech")
    assert f'id="conversation-{talk.id}"' in page.text
    assert "wird neu berechnet" in page.text
    assert "wird neu berechnet" not in log_in(app.test_client(), "mia").get("/desk/live/notes?q=Miete").text
    strangers = log_in(app.test_client(), "sven").get("/desk/live/notes?q=bescheid")
    assert "wird neu berechnet" not in strangers.text
    with database.reading() as session:
        lines = session.scalars(select(AccessLine.detail).where(AccessLine.action == "search")).all()
    assert f"conversations {talk.id}" in lines, "who has read it is written down"


def test_what_was_agreed_is_noted_on_the_request_of_the_call(empty_database) -> None:
    people = hire()
    with database.writing() as session:
        entry = enters(session, 1)
        task = intake.open_for(session, entry.call, Request(concern="benefits"), NOW)
        talked(session, people["mia"], entry)
        wrap_up.finish(session, people["mia"], "settled", "Miete wird bezahlt", NOW)
        notes = [event.text for event in task.events if event.kind == "noted"]
    assert notes == ["Miete wird bezahlt"]


def test_what_was_agreed_is_deleted_with_the_transcripts_and_by_erasure(empty_database) -> None:
    people = hire()
    with database.writing() as session:
        old, other = (
            talked(session, people[name], enters(session, number)) for number, name in ((1, "mia"), (2, "nils"))
        )
        wrap_up.finish(session, people["mia"], "settled", "alt", NOW)
        wrap_up.finish(session, people["nils"], "settled", "bleibt", NOW)
        for talk in (old, other):
            talk.entry.call.state, talk.entry.call.ended_at = "ended", NOW
        subject = erasure.of_number(session, other.entry.call.from_number)
        data = subject_access.collect(session, subject)
        assert [one["note"] for one in data["conversations"]] == ["bleibt"]
        erasure.erase(session, subject, NOW)
        session.expire_all()
        assert (old.note, other.note) == ("alt", None)
        part = next(part for part in expired_data.KINDS["transcript"] if part.delete is anonymisation.notes)
        ids = session.scalars(part.select_due(NOW + timedelta(days=1))).all()
        part.delete(session, ids)
        session.expire_all()
        assert old.note is None
        assert session.scalar(select(ConversationWord.word)) is None


# -- a caller with an open request rings again -------------------------------------------------------------


NUMBER = "+4917600000001"


def test_what_is_settled_in_a_call_is_settled_everywhere(empty_database) -> None:
    """The request is closed with its history, the kept place goes at once, and no text is sent."""
    people = hire()
    with database.writing() as session:
        kept = enters(session, 1)
        task = intake.open_for(session, kept.call, Request(concern="benefits"), NOW)
        kept_places.keep_place(session, kept, task, NOW)
        kept.call.state = "ended"
        sms.send_link(session, kept.call, NUMBER, "de")
        again = enters(session, 2)
        again.call.from_number = NUMBER
        talk = talked(session, people["mia"], again)
        assert [one.id for one in wrap_up.requests_of(session, talk, people["mia"])] == [task.id]
        wrap_up.finish(session, people["mia"], "settled", "Alles geklärt", NOW, settled=[task.id])
        assert (task.state, task.outcome, kept.state) == ("closed", "talked", "left")
        assert not promises.of(task, NOW)[0].runs
        assert session.scalars(select(TextMessage.state)).all() == ["failed"]
        session.expire_all()
        assert {"noted", "closed"} <= {event.kind for event in task.events}


def test_what_came_during_the_conversation_is_not_settled_unheard(empty_database) -> None:
    """Somebody at the same telephone may leave a message about it while the member talks."""
    people = hire()
    task_id = a_task(number=NUMBER, age=timedelta(hours=1))
    with database.writing() as session:
        again = enters(session, 2)
        again.call.from_number = NUMBER
        talked(session, people["mia"], again)
        events.record(session, task_id, TaskEventKind.CALLED_AGAIN, NOW + timedelta(minutes=1))
        later = NOW + timedelta(minutes=2)
        with pytest.raises(Refused, match=Refusal.NEW_MESSAGE):
            wrap_up.finish(session, people["mia"], "settled", "Alles geklärt", later, settled=[task_id])
        claims.claim(session, session.get_one(CallbackTask, task_id), people["mia"], later)
        seen = caller_news.mark(session, task_id)
        session.add(TaskView(task_id=task_id, user_id=people["mia"].id, seen_at=later, seen=seen))
        session.flush()
        wrap_up.finish(session, people["mia"], "settled", "Alles geklärt", later, settled=[task_id])
        assert session.get_one(CallbackTask, task_id).state == "closed"


def test_a_request_that_is_not_ticked_stays_and_a_strangers_cannot_be_ticked(empty_database) -> None:
    people = hire()
    own = a_task(number=NUMBER)
    strangers = a_task(number="+4917600000099")
    with database.writing() as session:
        talked(session, people["mia"], enters(session, 1))
        wrap_up.finish(session, people["mia"], "settled", "", NOW, settled=[strangers])
        tasks = [session.get_one(CallbackTask, task_id) for task_id in (own, strangers)]
        assert [task.state for task in tasks] == ["open", "open"]


def test_a_callback_settles_other_requests_of_its_number_too(empty_database) -> None:
    """The one that it is about is not among them: the outcome says what becomes of it."""
    people = hire()
    about, other, strangers = a_task(number=NUMBER), a_task(number=NUMBER), a_task(number="+4917600000099")
    with database.writing() as session:
        mia, task = people["mia"], session.get_one(CallbackTask, about)
        agent_presence.start_answering(session, mia, "+4942198765", [], NOW)
        claims.claim(session, task, mia, NOW)
        talk = conversations.for_task(session, task, NOW)
        leg = conversations.add_leg(session, talk, "member", "+4942198765", NOW, ring=False, user_id=mia.id)
        talk.state, talk.connected_at, talk.ended_at, leg.state = "ended", NOW, NOW, "ended"
        here = session.get_one(Presence, mia.id)
        here.state, here.leg_id = "wrap_up", leg.id
        session.flush()
        assert [one.id for one in wrap_up.requests_of(session, talk, mia)] == [other]
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    browser = log_in(app.test_client(), "mia")
    page = browser.get("/desk/live/").text
    assert f'id="settled-{other}"' in page
    assert f'id="settled-{about}"' not in page
    settled = [str(other), str(strangers), str(about)]
    browser.post(
        "/desk/live/wrap-up", data={"outcome": "follow_up", "text": "Am Freitag noch einmal", "settled": settled}
    )
    with database.reading() as session:
        states = [session.get_one(CallbackTask, task_id).state for task_id in (about, other, strangers)]
    assert states == ["claimed", "closed", "open"]


def test_the_live_page_shows_open_requests_of_the_number_without_their_content(empty_database) -> None:
    people = hire()
    task_id = a_task(number=NUMBER, text="Der Strom ist weg", age=timedelta(hours=1))
    with database.writing() as session:
        talked(session, people["mia"], enters(session, 1))
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    mia = log_in(app.test_client(), "mia")
    page = mia.get("/desk/live/").text
    assert f'id="settled-{task_id}"' in page
    assert "Strom" not in page
    mia.post("/desk/live/wrap-up", data={"outcome": "settled", "text": "", "settled": [str(task_id)]})
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).state == "closed"


def test_nobody_who_is_in_a_call_with_us_is_dialled(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the menu, recording or waiting: the member is told so, and no attempt is counted."""
    monkeypatch.setenv("HOURS__DAILY", "00:00-24:00")
    monkeypatch.setenv("CALLING_HOURS__DAILY", "00:00-24:00")
    forget_settings()
    people = hire()
    task_id = a_task(number=NUMBER)
    with database.writing() as session:
        for call in session.scalars(select(Call)):
            call.state = "ended"
        task = session.get_one(CallbackTask, task_id)
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], NOW)
        ringing = calls.seen(session, f"CA{2:032d}", NUMBER, NOW)
        with pytest.raises(Refused, match="calling_now"):
            outbound_callbacks.begin(session, task, people["mia"], NOW, anyway=True)
        assert (task.state, task.attempts) == ("open", [])
        with pytest.raises(Refused, match="calling_now"):
            call_distribution.offer_to(session, NUMBER, people["mia"], NOW)
        entry = call_queue.enter(session, ringing, 1, Request(concern="benefits"), "de", "", NOW)
        call_distribution.offer_to(session, NUMBER, people["mia"], NOW)
        assert entry.state == "offered", "who waits can be taken"


def test_nobody_whom_a_colleague_calls_back_is_dialled(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two teams have a request of the same number: while one calls, the other has not found it busy."""
    for hours in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(hours, "00:00-24:00")
    forget_settings()
    people = hire()
    first, second = a_task(number=NUMBER), a_task("under_25", number=NUMBER)
    with database.writing() as session:
        for call in session.scalars(select(Call)):
            call.state = "ended"
        talk = conversations.for_task(session, session.get_one(CallbackTask, first), NOW)
        called = conversations.add_leg(session, talk, LegRole.CALLER, NUMBER, NOW, ring=False)
        leg_events.rings(session, called, f"CA{5:032d}", NOW)
        agent_presence.start_answering(session, people["sven"], "+4942198766", [], NOW)
        task = session.get_one(CallbackTask, second)
        with pytest.raises(Refused, match="calling_now"):
            outbound_callbacks.begin(session, task, people["sven"], NOW, anyway=True)
        assert (task.state, task.attempts) == ("open", [])
        leg_events.call_over(session, called, "no-answer", NOW)
        outbound_callbacks.begin(session, task, people["sven"], NOW, anyway=True)
        assert task.state == "claimed", "afterwards they are called"


@pytest.mark.parametrize("after", [20, -20], ids=["since the member called", "before"])
def test_nobody_is_dialled_whose_number_came_by_code_while_an_interpreter_was_sought(
    empty_database, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """The member has agreed to call the number that the page showed. What came before that, they have seen."""
    for hours in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(hours, "00:00-24:00")
    forget_settings()
    mia, task_id, changed_at = hire()["mia"], a_task(number=NUMBER), NOW + timedelta(seconds=after)
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+4942198765", ["de"], NOW)
        task = session.get_one(CallbackTask, task_id)
        if after < 0:
            code_changes.change_number(session, task.contacts[0], "+4917699999999", changed_at)
        talk = outbound_callbacks.begin(session, task, mia, NOW, anyway=True)
        talk.legs[0].state = "answered"
        if after > 0:
            code_changes.change_number(session, task.contacts[0], "+4917699999999", changed_at)
        session.flush()
        outbound_callbacks.dial(session, talk, NOW + timedelta(seconds=30))
        called = any(leg.role == LegRole.CALLER for leg in talk.legs)
        assert called == (after < 0)
        assert (talk.state, task.state) == (("preparing", "claimed") if called else ("ended", "open"))


def test_a_kept_place_waits_while_its_number_calls_and_then_goes_on(empty_database) -> None:
    with database.writing() as session:
        kept = enters(session, 1)
        task = intake.open_for(session, kept.call, Request(concern="benefits"), NOW)
        kept_places.keep_place(session, kept, task, NOW)
        kept.call.state = "ended"
        again = calls.seen(session, f"CA{2:032d}", NUMBER, NOW)
        session.flush()
        assert kept not in queue_order.waiting(session, NOW)
        kept_places.drop_kept_places(session, NOW, closed=False)
        again.state = "ended"
        session.flush()
        assert kept in queue_order.waiting(session, NOW), "nothing was lost meanwhile"


def test_a_busy_telephone_that_is_calling_us_counts_no_attempt(empty_database) -> None:
    people = hire()
    task_id = a_task(number=NUMBER)
    with database.writing() as session:
        for call in session.scalars(select(Call)):
            call.state = "ended"
        task = session.get_one(CallbackTask, task_id)
        talk = conversations.for_task(session, task, NOW)
        conversations.add_leg(session, talk, LegRole.MEMBER, "+4942198765", NOW, ring=False, user_id=people["mia"].id)
        called = conversations.add_leg(session, talk, LegRole.CALLER, NUMBER, NOW, ring=False)
        leg_events.rings(session, called, f"CA{5:032d}", NOW)
        calls.seen(session, f"CA{2:032d}", NUMBER, NOW)
        leg_events.call_over(session, called, "busy", NOW)
        session.expire_all()
        assert (task.attempts, task.first_attempt_at) == ([], None)
