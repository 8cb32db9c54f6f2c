"""Calling people back: the member's phone first, then theirs; discreet, interpreter-gated, recorded from events."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks.workflow import Refused
from ivr.contact_centre import outbound_callbacks
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.contact_centre import Conversation, InterpreterRequest
from ivr.platform import database
from tests.support.caller import Telephone
from tests.support.people import a_task, the_task
from tests.support.staff import Team, have_met
from tests.support.waiting import eventually


def calls_back(team: Team, name: str, task_id: int, **wishes: bool) -> None:
    """The member clicks "Call back"."""
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, task_id)
        outbound_callbacks.begin(session, task, team.people[name][0], utc_now(), **wishes)


def outcomes(task_id: int) -> list[str]:
    with database.reading() as session:
        return [a.outcome for a in session.scalars(select(Attempt).where(Attempt.task_id == task_id))]


def wanted_for(task_id: int) -> list[str]:
    """The languages for which somebody was asked to interpret."""
    query = select(InterpreterRequest.language).join(
        Conversation, Conversation.id == InterpreterRequest.conversation_id
    )
    with database.reading() as session:
        return list(session.scalars(query.where(Conversation.task_id == task_id)))


def a_callback(called: Telephone, language: str = "de", **wishes: object) -> int:
    task_id = a_task(number=called.number, language=language)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        for name, value in wishes.items():
            setattr(task, name, value)
    return task_id


def test_somebody_is_reached(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    called.stays_quiet(0.1)
    mia.answers().is_told("Rückruf auf Deutsch. Anliegen: Leistung.").presses("1").is_talking()
    called.answers().hears("callback_greeting")
    assert not any("Jobcenter" in said for said in called.everything), "not before they have confirmed"
    called.presses("1").is_told("Jobcenter").is_talking()
    eventually(lambda: outcomes(task_id) == ["reached"])
    called.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia", "settled")
    task = the_task(task_id)
    assert (task.state, task.outcome, task.first_attempt_at is not None) == ("closed", "reached", True)
    (attempt,) = task.attempts
    assert attempt.at <= attempt.answered_at <= attempt.ended_at


def test_who_presses_a_key_that_means_nothing_is_asked_again(team, phone) -> None:
    """The star to hear it once more, a slip of the finger: neither ends the call."""
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.answers().presses("7").is_told("Rückruf auf Deutsch.").presses("1").is_talking()
    called.answers().hears("callback_greeting").presses("*").hears("callback_greeting").presses("9")
    called.hears("callback_greeting").presses("1").is_talking()
    eventually(lambda: outcomes(task_id) == ["reached"])
    called.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia", "settled")


def test_who_presses_nothing_but_such_keys_is_let_go_and_tried_later(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.answers().hears("callback_greeting").presses("5").hears("callback_greeting").presses("5")
    called.hears("callback_greeting").presses("5").has_hung_up()
    eventually(lambda: outcomes(task_id) == ["no_answer"])
    mia.is_told("nicht erreicht").has_hung_up()


@pytest.mark.parametrize(("how", "outcome"), [("no-answer", "no_answer"), ("busy", "busy"), ("failed", "no_answer")])
def test_nobody_is_reached_and_the_outcome_is_the_carriers(team, phone, how: str, outcome: str) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.refuses(how)
    mia.is_told("nicht erreicht").has_hung_up()
    eventually(lambda: team.state("mia") == "available")
    task = the_task(task_id)
    assert (outcomes(task_id), task.state) == ([outcome], "open")
    assert task.next_attempt_at > utc_now() + timedelta(hours=1, minutes=59)


def test_a_machine_hears_nothing_but_a_neutral_sentence(team, phone) -> None:
    mia, called = team.member("mia"), phone(answered_by="machine_start")
    task_id = a_callback(called, "tr")
    calls_back(team, "mia", task_id, without_interpreter=True)
    mia.accepts()
    called.speaking("tr").answers().hears("callback_machine").has_hung_up()
    mia.has_hung_up()
    assert called.everything == [called.everything[0]]
    assert "Jobcenter" not in called.everything[0]
    assert outcomes(task_id) == ["answering_machine"]


@pytest.mark.parametrize(("key", "outcome"), [("2", "wrong_person"), ("3", "call_refused"), ("", "no_answer")])
def test_a_wrong_person_hears_nothing_more(team, phone, key: str, outcome: str) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.answers().hears("callback_greeting")
    called.presses(key) if key else called.stays_silent()
    called.has_hung_up()
    mia.has_hung_up()
    eventually(lambda: outcomes(task_id) == [outcome])
    assert not any("Jobcenter" in said for said in called.everything)


def test_the_receipt_code_is_asked_where_the_task_demands_it(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called, demands_code=True)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.answers().hears("callback_greeting").presses("1").hears("callback_code").presses("12345678")
    called.hears("callback_code").presses(the_task(task_id).receipt_code)
    called.is_told("Jobcenter").is_talking().hangs_up()
    mia.has_hung_up()
    assert outcomes(task_id) == ["reached"]


def test_the_caller_is_dialled_only_when_the_interpreter_is_on_the_line(team, phone) -> None:
    aylin, service, called = phone("+4915700000001"), phone("+4915700000002"), phone()
    mia = team.member("mia")
    task_id = a_callback(called, "tr", needs_interpreter=True)
    calls_back(team, "mia", task_id)
    mia.accepts()
    aylin.answers().is_told("Türkisch")
    called.stays_quiet(0.3)
    aylin.presses("2")
    service.accepts()
    called.speaking("tr").answers().hears("callback_greeting").presses("1")
    have_met(called)
    mia.hangs_up()
    service.is_told("beendet").has_hung_up()
    called.hears("goodbye").has_hung_up()
    assert outcomes(task_id) == ["reached"]


def test_nobody_is_asked_to_interpret_what_nobody_knows_and_the_call_finds_it_out(team, phone) -> None:
    """The caller is addressed in a few languages; none of them is theirs, so it is short."""
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called, "und", needs_interpreter=True, unlisted_language=True)
    calls_back(team, "mia", task_id)
    mia.answers().is_told("Rückruf mit Sprachmittlung, Sprache unbekannt. Anliegen: Leistung.")
    mia.presses("1").is_told("Sie werden verbunden")
    called.answers().is_told("Haben Sie um einen Anruf gebeten?").is_told("Did you ask for a call?")
    assert not any("Jobcenter" in said for said in called.everything), "not before they have confirmed"
    called.presses("1").is_told("Jobcenter").is_talking()
    assert wanted_for(task_id) == []
    turkish = str([code for code in team.hotline.settings.enabled_languages if code != "de"].index("tr") + 1)
    mia.presses_while_talking("*").is_told("Sieben").presses("7").is_told("welche Sprache")
    mia.presses(turkish + "#").is_told("Sprachmittlung").is_talking()
    called.hangs_up()
    mia.has_hung_up()
    assert wanted_for(task_id) == ["tr"]
    task = the_task(task_id)
    assert (task.language, task.unlisted_language) == ("tr", False), "the next call asks for it"


def test_an_interpreter_is_asked_for_the_language_that_was_chosen_beyond_the_menu(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called, "ti", needs_interpreter=True, unlisted_language=True)
    calls_back(team, "mia", task_id)
    mia.answers().is_told("Rückruf auf Tigrinya").presses("1").is_told("keine Sprachmittlung").has_hung_up()
    called.stays_quiet(0.1)
    assert wanted_for(task_id) == ["ti"]


def test_who_wants_an_answer_in_writing_is_called_only_where_the_member_says_so(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called, reply_by="writing")
    for wishes in ({}, {"anyway": True}):
        with pytest.raises(Refused, match="in_writing"):
            calls_back(team, "mia", task_id, **wishes)
    called.stays_quiet(0.2)
    assert the_task(task_id).state == "open"
    calls_back(team, "mia", task_id, despite_wish=True)
    mia.accepts()
    called.answers().hears("callback_greeting").hangs_up()
    mia.has_hung_up()


def test_without_an_interpreter_nobody_is_dialled_and_the_task_stays(team, phone) -> None:
    called = phone()
    mia = team.member("mia")
    task_id = a_callback(called, "tr", needs_interpreter=True)
    calls_back(team, "mia", task_id)
    mia.accepts()
    mia.is_told("keine Sprachmittlung").has_hung_up()
    called.stays_quiet(0.2)
    task = the_task(task_id)
    assert (task.state, task.attempts, [event.kind for event in task.events][-1]) == ("open", [], "no_interpreter")
    with database.reading() as session:
        assert (
            session.scalars(select(InterpreterRequest.state).order_by(InterpreterRequest.id.desc())).first() == "unmet"
        )


def test_who_does_not_pick_up_their_own_phone_calls_nobody(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.answers().presses("2").has_hung_up()
    called.stays_quiet(0.2)
    eventually(lambda: team.state("mia") == "available")
    assert outcomes(task_id) == []


def test_after_four_attempts_a_letter_is_proposed_and_the_task_stays(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    for number in range(4):
        assert the_task(task_id).letter_proposed_at is None
        if number == 1:
            with pytest.raises(Refused, match="not_now"):
                calls_back(team, "mia", task_id)  # the next attempt is due at another time of day
        calls_back(team, "mia", task_id, anyway=True)
        mia.accepts()
        called.refuses()
        mia.has_hung_up()
        eventually(lambda: team.state("mia") == "available")
        eventually(lambda number=number: len(outcomes(task_id)) == number + 1)
    task = the_task(task_id)
    assert (task.state, task.next_attempt_at) == ("open", None)
    assert task.letter_proposed_at is not None
    assert outcomes(task_id) == ["no_answer"] * 4


def test_a_member_who_hangs_up_while_it_rings_has_tried_nothing(team, phone) -> None:
    """Half a second of ringing keeps no promise and uses no attempt up."""
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.rings()
    mia.hangs_up()
    eventually(lambda: the_task(task_id).state == "open", 20)
    eventually(lambda: outcomes(task_id) == [])
    assert the_task(task_id).first_attempt_at is None


def test_who_is_cut_off_is_called_again_at_once(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.answers().presses("1").is_talking()
    eventually(lambda: outcomes(task_id) == ["reached"])
    mia.hangs_up()
    called.has_hung_up()
    team.wraps_up("mia", "broken_off")
    task = the_task(task_id)
    assert (task.state, task.next_attempt_at <= utc_now()) == ("open", True)


def test_in_a_callback_without_an_interpreter_both_are_told_and_another_call_is_offered(team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called, "tr")
    calls_back(team, "mia", task_id, without_interpreter=True)
    mia.accepts()
    called.speaking("tr").answers().hears("callback_greeting").presses("1")
    called.hears("no_interpreter")
    mia.is_told("keine Sprachmittlung erreichbar")
    called.presses("1").hears("goodbye").has_hung_up()
    mia.is_told("mit Sprachmittlung zurückgerufen").has_hung_up()
    task = the_task(task_id)
    assert task.needs_interpreter
    assert "no_interpreter" in [event.kind for event in task.events]
