"""Calls that members answer: the call queue, who is rung, who talks with whom, over real HTTP and the local carrier."""

from __future__ import annotations

from sqlalchemy import select

from ivr.accounts import staff_telephones, users
from ivr.contact_centre import call_distribution, conversation_control
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, Presence
from ivr.platform import database
from tests.support.call_queue import STAFF, conversation_of, entry_of, waits
from tests.support.caller import Caller, Telephone
from tests.support.staff import have_met
from tests.support.waiting import eventually


def test_a_call_is_answered(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.answers().is_told("Anruf auf Deutsch. Anliegen: Leistung.").presses("1").is_talking()
    person.is_talking()
    assert team.state("mia") == "talking"
    conversation = conversation_of(person)
    assert conversation.state == "live"
    person.hangs_up()
    mia.has_hung_up()
    eventually(lambda: team.state("mia") == "wrap_up")
    mia.stays_quiet(0.2)
    team.wraps_up("mia")
    assert team.state("mia") == "available"
    assert entry_of(person).state == "answered"


def test_a_key_connects_though_redis_and_the_worker_are_away(call_queue_hotline, caller_at_menu, team) -> None:
    """Who has been rung needs nothing of them any more: the process that takes the key asks the carrier itself."""
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.answers().is_told("Anruf auf Deutsch")
    call_queue_hotline.kill("worker", "redis")
    try:
        mia.presses("1").is_talking()
        person.is_talking()
        have_met(person)
    finally:
        call_queue_hotline.restart("redis", "worker")
        call_queue_hotline.await_ready()
    person.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia")


def test_nobody_is_there_and_the_voicebox_is(caller_at_menu, team) -> None:
    caller_at_menu().presses("1").hears("transfer").stays_silent().hears("nobody_answered").hears("consent").hangs_up()


def test_declined_and_not_answered_calls_go_to_the_next_and_the_caller_never_notices(caller_at_menu, team) -> None:
    mia, nils, olga = (team.member(name) for name in ("mia", "nils", "olga"))
    person = waits(caller_at_menu())
    mia.answers().presses("2").has_hung_up()
    nils.refuses("busy")
    olga.accepts()
    person.is_talking()
    assert "nobody_answered" not in person.everything
    assert team.state("mia") == team.state("nils") == "available"
    person.hangs_up()
    team.wraps_up("olga")


def test_who_misses_two_calls_in_a_row_is_taken_for_away(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.refuses()
    mia.refuses()
    eventually(lambda: team.state("mia") == "paused")
    person.hears("nobody_answered").hears("consent").hangs_up()


def test_an_answering_machine_never_accepts_a_call(caller_at_menu, team) -> None:
    mia = team.member("mia")
    nils = team.member("nils")
    person = waits(caller_at_menu())
    mia.answers().stays_silent()  # it plays its greeting and presses nothing
    mia.has_hung_up()
    nils.accepts()
    person.is_talking().hangs_up()
    team.wraps_up("nils")


def test_whoever_speaks_the_language_is_rung_first_then_who_has_been_idle_longest(caller_at_menu, team) -> None:
    mia, nils = team.member("mia"), team.member("nils", "tr")
    person = caller_at_menu("tr").presses("1").hears("transfer").stays_silent().waits_in_line()
    nils.answers().is_told("Türkisch").presses("1").is_talking()
    person.is_talking()
    mia.stays_quiet(0.2)
    with database.reading() as session:
        wanted = select(InterpreterRequest).where(InterpreterRequest.conversation_id == conversation_of(person).id)
        assert session.scalars(wanted).all() == [], "they share a language"
    person.hangs_up()
    team.wraps_up("nils")
    again = waits(caller_at_menu())
    mia.accepts()
    again.is_talking().hangs_up()
    team.wraps_up("mia")


def test_the_line_is_full(caller_at_menu, team) -> None:
    team.member("mia")  # she is there; her phone rings and rings
    waiting = [waits(caller_at_menu()) for _ in range(3)]
    caller_at_menu().presses("1").hears("transfer").stays_silent().hears("line_full").hears("consent").hangs_up()
    caller_at_menu().presses("9").hears("emergency").presses("1").hears("transfer").stays_silent().hears(
        "line_position"
    ).hangs_up()
    for person in waiting:
        person.hangs_up()


def test_closing_time_strikes_while_somebody_waits(caller_at_menu, team, live_tasks_of) -> None:
    team.member("mia")
    person = caller_at_menu(at="2031-05-04T23:59:57+02:00").presses("1").hears("transfer").stays_silent()
    person.waits_in_line().hears("closed").hears("consent").presses("2").hears("confirm_number").hangs_up()
    assert len(live_tasks_of(person.call_sid)) == 1
    assert entry_of(person).reason == "closed"


def test_a_caller_gives_up_and_the_member_is_rung_no_more(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.rings()
    person.hangs_up()
    mia.has_hung_up()
    eventually(lambda: team.state("mia") == "available")
    assert (entry_of(person).state, entry_of(person).reason) == ("left", "hung_up")


def test_who_presses_1_too_late_hears_so(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.answers().is_told("Annehmen")
    person.hangs_up()
    eventually(lambda: entry_of(person).state == "left")
    mia.has_hung_up()
    eventually(lambda: team.state("mia") == "available")


def test_an_emergency_overtakes(caller_at_menu, team) -> None:
    mia = team.member("mia")
    first = waits(caller_at_menu())
    mia.answers().presses("1").is_talking()
    second = waits(caller_at_menu())
    urgent = caller_at_menu().presses("9").hears("emergency").presses("2").hears("transfer").stays_silent()
    urgent.waits_in_line()
    assert urgent.last_values == ("1",)
    first.is_talking().hangs_up()
    team.wraps_up("mia")
    mia.answers().is_told("Notfall! Anruf auf Deutsch. Stromsperre.").presses("1").is_talking()
    urgent.is_talking().hangs_up()
    team.wraps_up("mia")
    mia.accepts()
    second.is_talking().hangs_up()
    team.wraps_up("mia")


def test_key_1_keeps_the_place_and_a_waiting_caller_of_the_same_time_goes_first(
    caller_at_menu, team, live_tasks_of
) -> None:
    mia = team.member("mia")
    talking = waits(caller_at_menu())
    mia.accepts()
    person = waits(caller_at_menu())
    person.hears("line_options").presses("1").hears("place_kept").hears("confirm_number").presses("1")
    person.hears("postal_code").presses("#").hears("availability").presses("3").hears("receipt").is_sent_off()
    (task,) = live_tasks_of(person.call_sid)
    later = waits(caller_at_menu())
    called = Telephone(person._switch, person.number)
    talking.is_talking().hangs_up()
    team.wraps_up("mia")
    mia.answers().is_told("Rückruf auf Deutsch").presses("1").is_talking()
    called.answers().is_told("gebeten").presses("1").is_told("Jobcenter").is_talking()
    called.hangs_up()
    team.wraps_up("mia")
    mia.accepts()
    later.is_talking().hangs_up()
    team.wraps_up("mia")
    with database.reading() as session:
        kept = session.get_one(CallbackTask, task["id"])
        assert (kept.state, kept.outcome, [attempt.outcome for attempt in kept.attempts]) == (
            "closed", "reached", ["reached"],
        )  # fmt: skip


def test_key_2_leaves_a_message_and_key_9_is_an_emergency(caller_at_menu, team, live_tasks_of) -> None:
    team.member("mia")
    person = waits(caller_at_menu())
    person.hears("line_options").presses("2").hears("consent").presses("2").hears("confirm_number").hangs_up()
    assert len(live_tasks_of(person.call_sid)) == 1
    urgent = waits(caller_at_menu())
    urgent.hears("line_options").presses("9").hears("emergency").presses("1").hears("transfer").stays_silent()
    urgent.waits_in_line().hangs_up()
    assert entry_of(urgent).urgency == "emergency"


# -- interpreters and companions ---------------------------------------------------------------------


def request_of(person: Caller, role: str = "interpreter") -> InterpreterRequest:
    with database.reading() as session:
        return session.scalars(
            select(InterpreterRequest)
            .where(InterpreterRequest.conversation_id == conversation_of(person).id, InterpreterRequest.role == role)
            .order_by(InterpreterRequest.id.desc())
        ).first()


def in_turkish(caller_at_menu) -> Caller:
    return caller_at_menu("tr").presses("1").hears("transfer").stays_silent().waits_in_line()


def test_an_interpreter_joins_by_themselves_when_no_language_is_shared(caller_at_menu, team, phone) -> None:
    aylin, service = phone("+4915700000001"), phone("+4915700000002")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.is_talking()
    aylin.answers().is_told("Sprachmittlung für Türkisch").presses("2").has_hung_up()
    service.accepts()
    eventually(lambda: request_of(person).state == "joined")
    request = request_of(person)
    assert request.requested_by_id is None
    assert request.joined_at > request.requested_at
    person.hangs_up()
    service.hangs_up()
    mia.has_hung_up()
    eventually(lambda: request_of(person).ended_at is not None)
    team.wraps_up("mia")


def test_no_interpreter_can_be_had_and_a_callback_with_one_is_offered(
    caller_at_menu, team, phone, live_tasks_of
) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.is_talking()
    aylin.refuses("busy")
    person.hears("no_interpreter").presses("1").hears("confirm_number").presses("1")
    mia.has_hung_up()
    person.hears("postal_code").presses("#").hears("availability").presses("3").hears("receipt").is_sent_off()
    (task,) = live_tasks_of(person.call_sid)
    with database.reading() as session:
        assert session.get_one(CallbackTask, task["id"]).needs_interpreter
    assert request_of(person).state == "unmet"
    team.wraps_up("mia")


def test_who_goes_on_without_an_interpreter_is_back_in_the_room(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.hears("no_interpreter").presses("2").is_talking()
    mia.is_talking()
    assert conversation_of(person).state == "live"
    person.hangs_up()
    team.wraps_up("mia")


def test_who_stayed_silent_in_the_language_menu_gets_an_interpreter_too(
    caller_at_menu, team, phone, live_tasks_of
) -> None:
    """The call is in German: the member says which language is needed, and that is what the interpreter hears."""
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.accepts()
    person.is_talking()
    turkish = str([code for code in team.hotline.settings.enabled_languages if code != "de"].index("tr") + 1)
    mia.presses_while_talking("*").is_told("Sieben").presses("7").is_told("welche Sprache")
    mia.presses(turkish + "#").is_told("Sprachmittlung").is_talking()
    aylin.answers().is_told("Türkisch").presses("1").is_talking()
    eventually(lambda: request_of(person).state == "joined")
    assert request_of(person).language == "tr"
    person.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia")


def test_star_seven_brings_an_interpreter(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia", "tr")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.is_talking()
    mia.presses_while_talking("*").is_told("Sieben").presses("7").is_told("Sprachmittlung").is_talking()
    aylin.accepts()
    eventually(lambda: request_of(person).state == "joined")
    assert request_of(person).requested_by_id == team.people["mia"][0].id
    person.hangs_up()
    aylin.is_told("beendet").has_hung_up()
    mia.is_told("aufgelegt").has_hung_up()
    team.wraps_up("mia")


def test_a_companion_joins_and_four_people_talk(caller_at_menu, team, phone) -> None:
    aylin, friend = phone("+4915700000001"), phone()
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    aylin.accepts()
    with database.writing() as session:
        conversation = session.get_one(Conversation, conversation_of(person).id)
        written = "0" + friend.number.removeprefix("+49")
        conversation_control.want_companion(session, conversation, written, team.people["mia"][0], utc_now())
    friend.speaking("tr").answers().hears("companion_greeting").presses("1").is_talking()
    room = next(room for room in person._switch.conferences.all() if room.name == conversation.room)
    eventually(lambda: len(room.participants) == 4)
    friend.hangs_up()
    eventually(lambda: len(room.participants) == 3)
    assert conversation_of(person).state == "live"
    person.hangs_up()
    aylin.has_hung_up()
    team.wraps_up("mia")


# -- what goes wrong ---------------------------------------------------------------------------------


def test_a_members_phone_dies_in_mid_call_and_the_caller_gets_the_line_again(caller_at_menu, team) -> None:
    mia, nils = team.member("mia"), team.member("nils")
    person = waits(caller_at_menu())
    mia.accepts()
    have_met(person)
    arrived = entry_of(person).joined_at
    mia.hangs_up()
    person.hears("conversation_over").presses("1").waits_in_line()
    assert entry_of(person).joined_at == arrived, "the old place"
    nils.accepts()
    person.is_talking().hangs_up()


def test_both_may_leave_at_once_and_nobody_is_left_in_silence(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.accepts()
    have_met(person)
    mia.hangs_up()
    person.gives_up()
    eventually(lambda: conversation_of(person).state == "ended")
    team.wraps_up("mia")


# -- members by telephone ----------------------------------------------------------------------------


def told(person: Caller, words: str) -> Caller:
    while True:
        said = person._heard.get(timeout=20)
        assert said is not None, f"the call was over before {words!r}"
        if words in said[0]:
            return person


def test_a_member_comes_wraps_up_and_goes_by_telephone(caller_at_menu, team) -> None:
    mia = team.member("mia", "tr")
    team.goes("mia")
    with database.writing() as session:
        users.set_pin(session, "mia", "1234", "987654")
        staff_telephones.add(session, mia.number, "mia", "", utc_now())

    def rings() -> Caller:
        one = Caller(team.hotline.switch, mia.number, to=STAFF).dials()
        told(one, "Personalnummer").presses("1234#")
        return told(one, "PIN").presses("987654#")

    told(told(rings(), "Anrufe annehmen").presses("1"), "erreichbar").is_sent_off()
    assert team.state("mia") == "available"
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.is_talking().hangs_up()
    eventually(lambda: team.state("mia") == "wrap_up")
    after = told(rings(), "ausgegangen").presses("2")
    told(told(after, "Anrufe annehmen").presses("3"), "abgemeldet").is_sent_off()
    assert team.state("mia") == "offline"
    with database.reading() as session:
        task = session.scalars(select(CallbackTask).join(Call).where(Call.call_sid == person.call_sid)).one()
        assert (task.concern, task.language) == ("benefits", "tr")


def test_who_is_on_duty_and_missing_is_seen_and_the_fallback_group_helps(caller_at_menu, team) -> None:
    from datetime import datetime, time

    from ivr.contact_centre import duty_roster
    from ivr.models.accounts import Team as TeamRow
    from ivr.models.contact_centre import Duty, DutyException

    mia, olga = team.member("mia"), team.member("olga")
    team.goes("mia")
    monday = datetime(2026, 11, 23, 9, tzinfo=team.hotline.settings.hours.zone)
    with database.writing() as session:
        benefits, work = (
            session.scalars(select(TeamRow).where(TeamRow.key == key)).one() for key in ("benefits", "work")
        )
        user = {name: person.id for name, (person, _) in team.people.items()}
        hours = {"starts": time(8), "ends": time(12)}
        session.add(Duty(team_id=benefits.id, user_id=user["mia"], weekday=0, fallback=False, **hours))
        session.add(Duty(team_id=benefits.id, user_id=user["olga"], weekday=0, fallback=False, **hours))
        for weekday in range(7):
            always = {"starts": time(0), "ends": time(23, 59, 59)}
            session.add(Duty(team_id=work.id, user_id=user["olga"], weekday=weekday, fallback=True, **always))
        session.flush()
        assert [person.username for person in duty_roster.missing(session, benefits.id, monday)] == ["mia"]
        assert duty_roster.missing(session, benefits.id, monday.replace(hour=12)) == []
        session.add(DutyException(user_id=user["mia"], day=monday.date()))
        session.flush()
        assert duty_roster.missing(session, benefits.id, monday) == []
    person = waits(caller_at_menu(), "2")  # work: nobody of that team is there
    olga.accepts()
    person.is_talking().hangs_up()
    team.wraps_up("olga")
    assert mia.rung == 0


# -- what an independent reading feared ----------------------------------------------------------------


def test_who_hangs_up_right_after_key_1_keeps_the_place(caller_at_menu, team, live_tasks_of) -> None:
    mia = team.member("mia")
    talking = waits(caller_at_menu())
    mia.accepts()
    person = waits(caller_at_menu())
    called = Telephone(person._switch, person.number)
    person.hears("line_options").presses("1")
    person.gives_up()
    eventually(lambda: live_tasks_of(person.call_sid))
    assert entry_of(person).mode == "callback"
    talking.is_talking().hangs_up()
    team.wraps_up("mia")
    mia.accepts()
    called.answers().hears("callback_greeting").presses("1").is_talking().hangs_up()
    team.wraps_up("mia")


def test_who_keeps_a_place_is_not_dialled_while_they_are_on_the_telephone(caller_at_menu, team) -> None:
    mia = team.member("mia")
    person = waits(caller_at_menu())
    mia.rings()
    person.hears("line_options").presses("1").hears("place_kept").hears("confirm_number")
    eventually(lambda: team.state("mia") == "available")
    mia.stays_quiet(0.5)
    called = Telephone(person._switch, person.number)
    person.hangs_up()
    mia.accepts()
    called.answers().hears("callback_greeting").presses("1").is_talking().hangs_up()
    team.wraps_up("mia")


def leg_of(person: Caller) -> Leg:
    with database.reading() as session:
        return session.scalars(select(Leg).where(Leg.call_sid == person.call_sid)).one()


def test_a_phone_that_dies_before_the_caller_comes_costs_the_caller_nothing(caller_at_menu, team, monkeypatch) -> None:
    """The caller is back in the call queue at their old position, without a question."""
    mia, nils = team.member("mia"), team.member("nils")
    redirect = team.hotline.switch.live

    def slowly(call_sid: str) -> object:
        if call_sid == person.call_sid and mia.call_sid:
            eventually(lambda: leg_of(mia).state == "ended")
        return redirect(call_sid)

    person = waits(caller_at_menu())
    monkeypatch.setattr(team.hotline.switch, "live", slowly)
    mia.accepts()
    arrived = entry_of(person).joined_at
    mia.hangs_up()
    nils.accepts()
    person.is_talking()
    assert (entry_of(person).queue_visit, entry_of(person).joined_at) == (2, arrived)
    person.hangs_up()
    team.wraps_up("nils")


def test_a_member_taken_for_busy_by_mistake_is_free_again(caller_at_menu, team) -> None:
    from datetime import timedelta

    team.member("mia")
    with database.writing() as session:
        here = session.get_one(Presence, team.people["mia"][0].id)
        here.state, here.leg_id = "talking", None
    with database.writing() as session:
        call_distribution.repair(session, utc_now() + timedelta(minutes=1))
    assert team.state("mia") == "available"
