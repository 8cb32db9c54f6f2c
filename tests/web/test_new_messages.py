"""A caller who says something more while a member works on their task is heard before the task is closed."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import caller_news, code_changes, danger, events, proposals, urgency
from ivr.calls import calls
from ivr.domain.enums import ConversationState, DangerKind, Likeness, TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg, Presence
from ivr.models.contacts import Contact
from ivr.models.voicebox import VoiceboxMessage
from ivr.platform import database
from tests.support.people import a_task, the_task
from tests.support.volume import crossed
from tests.support.webhook_caller import WebhookCaller

NEWS = "Eine neue Nachricht ist eingegangen"


#: What a caller does, and the event that it leaves.
HAPPENS = {
    "message": TaskEventKind.CALLED_AGAIN,
    "number": TaskEventKind.NUMBER_GIVEN,
    "number by code": TaskEventKind.NUMBER_CHANGED,
    "withdrawal by code": TaskEventKind.WITHDRAWAL_WANTED,
}


def caller_says_more(task_id: int, how: str = "message") -> None:
    """The caller rings again about the same matter, or gives another number."""
    with database.writing() as session:
        task, now = session.get_one(CallbackTask, task_id), utc_now()
        if how == "message":
            call = calls.seen(session, "CA" + secrets.token_hex(16), task.callback_number, now)
            session.flush()
            session.add(
                VoiceboxMessage(
                    call_id=call.id, task_id=task.id, recording_number=1, state="left", language="de",
                    consented_at=now, left_at=now, about={},
                )
            )  # fmt: skip
        events.record(session, task.id, HAPPENS[how], now)


def seen_on(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


@pytest.fixture
def mia_at_work(desk):
    """Mia's browser, and a task that she has claimed and opened."""
    task_id = a_task(kind="appointment")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task_id}/claim")
    return mia, task_id, seen_on(mia.get(f"/desk/tasks/{task_id}").text)


#: Every form that ends the work on a task.
ENDINGS = {
    "close": {"outcome": "settled_otherwise", "text": "Alles besprochen."},
    "answer": {"answer": "refused", "refusal_reason": "missing_documents", "text": "Alles besprochen."},
    "put-off": {"until": (utc_now() + timedelta(days=3)).strftime("%Y-%m-%dT10:00")},
    "attempt": {"outcome": "no_answer"},
    "hand-over": {"team": "work", "reason": "gehört zu euch"},
}


@pytest.mark.parametrize(("action", "how"), crossed(ENDINGS, HAPPENS))
def test_nobody_ends_a_task_over_something_they_have_not_seen(mia_at_work, action: str, how: str) -> None:
    mia, task_id, seen = mia_at_work
    caller_says_more(task_id, how)
    data = {**ENDINGS[action], "seen": seen}
    page = mia.post(f"/desk/tasks/{task_id}/{action}", data=data, follow_redirects=True).text
    assert NEWS in page
    task = the_task(task_id)
    assert (task.state, task.team.key, task.attempts) == ("claimed", "benefits", [])
    if "text" in data:
        assert page.count("Alles besprochen.") >= 1, "what was typed is still there"
    again = {**ENDINGS[action], "seen": seen_on(page)}
    answer = mia.post(f"/desk/tasks/{task_id}/{action}", data=again, follow_redirects=True).text
    assert NEWS not in answer, "the page has shown it now"


def test_another_tab_that_has_shown_it_does_not_speak_for_the_old_one(mia_at_work) -> None:
    mia, task_id, seen = mia_at_work
    caller_says_more(task_id)
    mia.get(f"/desk/tasks/{task_id}")  # the other tab
    data = {**ENDINGS["close"], "seen": seen}
    assert NEWS in mia.post(f"/desk/tasks/{task_id}/close", data=data, follow_redirects=True).text
    assert the_task(task_id).state == "claimed"


def test_without_a_mark_what_the_page_last_showed_counts(mia_at_work) -> None:
    mia, task_id, _ = mia_at_work
    caller_says_more(task_id)
    assert NEWS in mia.post(f"/desk/tasks/{task_id}/close", data=ENDINGS["close"], follow_redirects=True).text
    assert the_task(task_id).state == "claimed"


def test_a_mark_that_is_none_has_seen_nothing() -> None:
    assert caller_news.is_newer("1.1-0.0-0.0", "")
    assert caller_news.is_newer("1.1-0.0-0.0", "anything")
    assert caller_news.is_newer("1.1-1.5-0.0", "1.1-1.4-0.0")
    assert not caller_news.is_newer("1.1-1.5-2.9", "1.1-1.5-2.9")


def test_what_a_member_does_to_the_task_is_no_news(mia_at_work, desk) -> None:
    mia, task_id, seen = mia_at_work
    mia.post(f"/desk/tasks/{task_id}/note", data={"text": "Unterlagen fehlen"})
    mia.post(f"/desk/tasks/{task_id}/name", data={"name": "Frau Beispiel"})
    data = {**ENDINGS["close"], "seen": seen}
    assert NEWS not in mia.post(f"/desk/tasks/{task_id}/close", data=data, follow_redirects=True).text
    assert the_task(task_id).state == "closed"


def test_the_open_page_announces_what_has_come(mia_at_work) -> None:
    mia, task_id, seen = mia_at_work
    quiet = mia.get(f"/desk/tasks/{task_id}/others?seen={seen}").text
    assert NEWS not in quiet
    assert 'aria-live="polite"' in quiet
    caller_says_more(task_id)
    told = mia.get(f"/desk/tasks/{task_id}/others?seen={seen}").text
    assert NEWS in told
    assert 'role="alert"' in told
    assert f"seen={seen}" in told, "it goes on asking with what the page shows"


def test_of_the_ticked_tasks_the_one_with_a_new_message_stays_open(desk) -> None:
    quiet, ringing = a_task(), a_task()
    mia = desk("mia")
    page = mia.get("/desk/").text
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    assert len(shown) == 2
    caller_says_more(ringing)
    refreshed = re.findall(r'name="seen" value="([^"]+)"', mia.get("/desk/").text)
    data = {"task": [quiet, ringing], "action": "close", "outcome": "letter_sent", "shown": shown, "seen": refreshed}
    answer = mia.post("/desk/selected", data=data, follow_redirects=True).text
    assert f"{NEWS}, nicht abgeschlossen: {the_task(ringing).receipt_code}" in answer
    assert [the_task(task).state for task in (quiet, ringing)] == ["closed", "open"]


@pytest.fixture
def wrapping_up(desk):
    """Mia has spoken with a caller and writes down what came of it."""
    task_id = a_task()
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task_id}/claim")
    mia.get(f"/desk/tasks/{task_id}")
    with database.writing() as session:
        task, now = session.get_one(CallbackTask, task_id), utc_now()
        talk = Conversation(
            room="r", kind="callback", state=ConversationState.ENDED, task_id=task.id, team_id=task.team_id,
            language="de", concern="benefits", urgency="normal", started_at=now,
        )  # fmt: skip
        session.add(talk)
        session.flush()
        leg = Leg(conversation_id=talk.id, role="member", state="ended", user_id=desk.people["mia"].id, created_at=now)
        session.add(leg)
        session.flush()
        session.merge(
            Presence(
                user_id=desk.people["mia"].id, state="wrap_up", leg_id=leg.id, since_at=now, idle_since_at=now,
                languages=["de"],
            )
        )  # fmt: skip
    return mia, task_id


def test_a_wrap_up_does_not_close_over_a_new_message_and_keeps_its_text(wrapping_up) -> None:
    mia, task_id = wrapping_up
    caller_says_more(task_id)
    data = {"outcome": "settled", "text": "Bescheid erklärt."}
    page = mia.post("/desk/live/wrap-up", data=data, follow_redirects=True).text
    assert NEWS in page
    assert "Bescheid erklärt." in page
    assert the_task(task_id).state == "claimed"
    assert "Bescheid erklärt." in mia.get(f"/desk/tasks/{task_id}").text, "and it stands in the note's field"
    mia.post("/desk/live/wrap-up", data=data)
    assert the_task(task_id).state == "closed"


def test_other_ends_of_a_wrap_up_leave_the_task_open_anyway(wrapping_up) -> None:
    mia, task_id = wrapping_up
    caller_says_more(task_id)
    page = mia.post("/desk/live/wrap-up", data={"outcome": "follow_up", "text": ""}, follow_redirects=True).text
    assert NEWS not in page
    assert the_task(task_id).state == "claimed"


def test_a_member_who_never_opened_the_page_has_seen_what_was_there_at_the_claim(desk) -> None:
    task_id = a_task()
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task_id}/claim")
    caller_says_more(task_id)
    with database.reading() as session:
        user = session.get_one(User, desk.people["mia"].id)
        assert caller_news.has_come(session, session.get_one(CallbackTask, task_id), user)


def test_every_message_of_a_call_is_news(desk, webhook_caller) -> None:
    """Who leaves several by receipt code has called again once; the second one comes after the claim."""
    task_id, mia = a_task(), desk("mia")
    caller = webhook_caller("anonymous").dials().presses("1", "3", "4", the_task(task_id).receipt_code, "3")
    caller.speaks().hears("review").presses("1").hears("noted")
    mia.post(f"/desk/tasks/{task_id}/claim")
    caller.presses("1", "3").speaks().hears("review")
    with database.reading() as session:
        user = session.get_one(User, desk.people["mia"].id)
        assert caller_news.has_come(session, session.get_one(CallbackTask, task_id), user)


# -- in the very call that has opened the task -----------------------------------------------------------


def ordering(webhook_caller) -> tuple[WebhookCaller, int]:
    """A caller who has said the address, and is asked which forms they want."""
    caller = webhook_caller().dials().presses("1", "3", "1", "1").speaks().presses("1").hears("choose_form")
    return caller, task_of(caller)


def messaging(webhook_caller) -> tuple[WebhookCaller, int]:
    """A caller without a number who has left a message, and is asked for a number."""
    caller = webhook_caller("anonymous").dials().presses("1", "1", "1").speaks().presses("1").hears("enter_number")
    return caller, task_of(caller)


def task_of(caller: WebhookCaller) -> int:
    with database.reading() as session:
        called = select(Contact.task_id).join(Call, Call.id == Contact.call_id).where(Call.call_sid == caller.sid)
        return session.scalars(called).one()


ADDS = {
    "a form": (ordering, ("1",), lambda task: task.postal_order.forms == ["main_application"]),
    "a number": (messaging, ("017612345678",), lambda task: task.callback_number == "+4917612345678"),
    "hours": (messaging, ("017612345678", "1", "#", "1"), lambda task: task.availability == "morning"),
}


def as_it_is(task_id: int, is_there) -> tuple[str, bool]:
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        return task.state, is_there(task)


@pytest.mark.parametrize("what", ADDS)
def test_what_a_caller_adds_in_the_same_call_is_not_closed_over(desk, webhook_caller, what: str) -> None:
    begin, keys, is_there = ADDS[what]
    caller, task_id = begin(webhook_caller)
    lena = desk("lena")  # of all teams
    lena.post(f"/desk/tasks/{task_id}/claim")
    caller.presses(*keys[:-1])
    data = {**ENDINGS["close"], "seen": seen_on(lena.get(f"/desk/tasks/{task_id}").text)}
    caller.presses(keys[-1])
    assert NEWS in lena.post(f"/desk/tasks/{task_id}/close", data=data, follow_redirects=True).text
    assert as_it_is(task_id, is_there) == ("claimed", True)


@pytest.mark.parametrize("what", ADDS)
def test_a_task_closed_while_its_caller_still_answers_is_open_again(desk, webhook_caller, what: str) -> None:
    """They are promised an answer to what they say now."""
    begin, keys, is_there = ADDS[what]
    caller, task_id = begin(webhook_caller)
    caller.presses(*keys[:-1])
    lena = desk("lena")  # of all teams
    lena.post(f"/desk/tasks/{task_id}/claim")
    data = {**ENDINGS["close"], "seen": seen_on(lena.get(f"/desk/tasks/{task_id}").text)}
    lena.post(f"/desk/tasks/{task_id}/close", data=data)
    assert the_task(task_id).state == "closed"
    caller.presses(keys[-1])
    assert as_it_is(task_id, is_there) == ("open", True)
    caller.hangs_up()
    assert the_task(task_id).state == "open"


#: What is keyed in by receipt code, and the last key of it.
BY_CODE = {"number": (("1", "017699999999"), "1"), "times": (("2",), "1"), "writing": (("2",), "4")}


@pytest.mark.parametrize("what", BY_CODE)
def test_what_is_noted_by_code_of_a_task_closed_meanwhile_is_a_new_request(desk, webhook_caller, what: str) -> None:
    task_id, (keys, last) = a_task(), BY_CODE[what]
    caller = webhook_caller("anonymous").dials().presses("1", "3", "4", the_task(task_id).receipt_code, *keys)
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task_id}/claim")
    mia.get(f"/desk/tasks/{task_id}")
    mia.post(f"/desk/tasks/{task_id}/close", data=ENDINGS["close"])
    caller.presses(last)
    assert {"noted", "number_noted"} & set(caller.last)
    new = the_task(task_of(caller))
    assert (new.state, the_task(task_id).state, new.id == task_id) == ("open", "closed", False)
    assert new.callback_number == ("+4917699999999" if what == "number" else None)
    with database.reading() as session:
        user = session.get_one(User, desk.people["mia"].id)
        proposed = proposals.of_task(session, user, session.get_one(CallbackTask, new.id), utc_now())
        assert [(one.task.id, one.signs) for one in proposed] == [(task_id, (Likeness.CODE,))]


@pytest.mark.parametrize("decision", ["confirm", "reject"])
@pytest.mark.parametrize("changed", ["number", "withdrawn"])
def test_a_change_by_code_is_not_decided_over_something_unseen(mia_at_work, changed: str, decision: str) -> None:
    """Who has withdrawn a request and says more may have changed their mind; another number is not the one shown."""
    mia, task_id, _ = mia_at_work
    before, contact_id = the_task(task_id).callback_number, changed_by_code(task_id, changed)
    address = f"/desk/tasks/{task_id}/contacts/{contact_id}/decide"
    data = {"decision": decision, "proof": "file_data", "seen": seen_on(mia.get(f"/desk/tasks/{task_id}").text)}
    changed_by_code(task_id, "number", "+4917633333333")
    assert NEWS in mia.post(address, data=data, follow_redirects=True).text
    task = the_task(task_id)
    assert (task.state, task.callback_number) == ("claimed", before)
    assert task.contacts[0].callback_number == "+4917633333333"
    data["seen"] = seen_on(mia.get(f"/desk/tasks/{task_id}").text)
    assert NEWS not in mia.post(address, data=data, follow_redirects=True).text
    assert not the_task(task_id).contacts[0].is_unconfirmed


def changed_by_code(task_id: int, changed: str, number: str = "+4917611111111") -> int:
    """Somebody changes the number of a request by its receipt code, or withdraws it; the id of its contact."""
    with database.writing() as session:
        (contact,) = session.get_one(CallbackTask, task_id).contacts
        if changed == "number":
            code_changes.change_number(session, contact, number, utc_now())
        else:
            code_changes.withdraw(session, contact, utc_now())
        return contact.id


#: Forms that judge what a caller has said, and what then stays as it was.
JUDGEMENTS = {"lower-urgency": {}, "no-danger": {}, "danger": {"step": "rescue_called"}}


@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_nobody_judges_what_they_have_not_seen(mia_at_work, judgement: str) -> None:
    """The first message was a false alarm; the second one, which the page has not shown, is none."""
    mia, task_id, _ = mia_at_work
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        if judgement == "lower-urgency":
            urgency.raise_by_words(session, task, ["kein strom"], utc_now())
        else:
            danger.raise_by_words(session, task, DangerKind.LIFE, ["bombe"], utc_now())
    data = {**JUDGEMENTS[judgement], "seen": seen_on(mia.get(f"/desk/tasks/{task_id}").text)}
    caller_says_more(task_id)
    address = f"/desk/tasks/{task_id}/{judgement}"
    assert NEWS in mia.post(address, data=data, follow_redirects=True).text
    task = the_task(task_id)
    assert (task.urgency, task.danger_acted_at, task.danger_lowered_at) == ("emergency", None, None)
    data["seen"] = seen_on(mia.get(f"/desk/tasks/{task_id}").text)
    assert NEWS not in mia.post(address, data=data, follow_redirects=True).text
    task = the_task(task_id)
    assert task.urgency == "normal" or task.danger_acted_at is not None


@pytest.mark.parametrize("whose", ["the one that stays", "the other"])
@pytest.mark.parametrize("judgement", ["merge", "tell-apart"])
def test_nobody_judges_whose_two_tasks_are_over_something_unseen(desk, judgement: str, whose: str) -> None:
    """The newest message may say that it is somebody else. Of two tasks that are merged one is closed."""
    stays, other = a_task(number="+4917633333333"), a_task(number="+4917633333333")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{stays}/compare", data={"other": other})

    def judged() -> str:
        data = {"other": other, "keep": stays, "seen": seen}
        return mia.post(f"/desk/tasks/{stays}/{judgement}", data=data, follow_redirects=True).text

    seen = re.findall(r'name="seen" value="([0-9]+:[^"]+)"', mia.get(f"/desk/tasks/{stays}/compare/{other}").text)
    caller_says_more(stays if whose == "the one that stays" else other)
    assert NEWS in judged()
    assert (the_task(stays).state, the_task(other).state) == ("claimed", "claimed")
    seen = re.findall(r'name="seen" value="([0-9]+:[^"]+)"', mia.get(f"/desk/tasks/{stays}/compare/{other}").text)
    assert NEWS not in judged()
    assert {event.kind for event in the_task(other).events} & {"merged_into", "told_apart"}


def test_the_page_of_a_judgement_says_what_it_has_shown(mia_at_work) -> None:
    mia, task_id, _ = mia_at_work
    with database.writing() as session:
        task, now = session.get_one(CallbackTask, task_id), utc_now()
        urgency.raise_by_words(session, task, ["kein strom"], now)
        danger.raise_by_words(session, task, DangerKind.LIFE, ["bombe"], now)
    page = mia.get(f"/desk/tasks/{task_id}").text
    for judgement in JUDGEMENTS:
        form = page.partition(f'action="/desk/tasks/{task_id}/{judgement}"')[2].partition("</form>")[0]
        assert seen_on(form) == seen_on(page), judgement
