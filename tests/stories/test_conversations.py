"""What everybody in a conversation hears when somebody comes, leaves, or cannot be had."""

from __future__ import annotations

from sqlalchemy import select

from ivr.contact_centre import conversation_control, outbound_callbacks
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg
from ivr.platform import database
from tests.support.call_queue import conversation_of
from tests.support.caller import Caller
from tests.support.people import a_task
from tests.support.staff import have_met
from tests.support.waiting import eventually


def in_turkish(caller_at_menu) -> Caller:
    return caller_at_menu("tr").presses("1").hears("transfer").stays_silent().waits_in_line()


def searches(person: Caller) -> list[str]:
    """The states of the searches for an interpreter, the first one first."""
    with database.reading() as session:
        asked = select(InterpreterRequest.state).where(InterpreterRequest.conversation_id == conversation_of(person).id)
        return list(session.scalars(asked.order_by(InterpreterRequest.id)))


def interpreters_rung(person: Caller) -> list[str | None]:
    with database.reading() as session:
        rung = select(Leg.name).where(
            Leg.conversation_id == conversation_of(person).id, Leg.role == "interpreter", Leg.call_sid.is_not(None)
        )
        return list(session.scalars(rung.order_by(Leg.id)))


def test_the_member_hangs_up_while_the_interpreters_telephone_rings(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    have_met(person)
    aylin.rings()
    mia.hangs_up()
    person.hears("conversation_over")
    aylin.has_hung_up()
    person.stays_silent().is_sent_off()
    assert conversation_of(person).state == "ended"
    team.wraps_up("mia")


def test_the_member_hangs_up_while_a_mailbox_listens_to_us(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    have_met(person)
    aylin.answers().is_told("Sprachmittlung")
    mia.hangs_up()
    person.hears("conversation_over")
    aylin.is_told("erledigt").has_hung_up()
    team.wraps_up("mia")


def test_the_caller_hears_in_their_language_that_somebody_is_called_who_translates(caller_at_menu, team, phone) -> None:
    phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.answers().presses("1").is_told("Wir rufen eine Sprachmittlung")
    person.hears("calling_interpreter").is_talking().hangs_up()
    team.wraps_up("mia")


def test_the_second_interpreter_is_rung_beside_the_first_and_the_first_to_accept_is_taken(
    caller_at_menu, team, phone
) -> None:
    aylin, service = phone("+4915700000001"), phone("+4915700000002")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.is_talking()
    aylin.answers().is_told("Sprachmittlung für Türkisch")  # a mailbox that plays its greeting
    with database.reading() as session:
        of_it = select(Leg).where(Leg.conversation_id == conversation_of(person).id)
        legs = session.scalars(of_it.order_by(Leg.created_at)).all()
        first, second = (leg for leg in legs if leg.role == "interpreter")
        assert (second.created_at - first.created_at).total_seconds() == 8
    service.accepts()
    aylin.is_told("erledigt").has_hung_up()
    assert searches(person) == ["joined"]
    person.hangs_up()
    service.is_told("beendet").has_hung_up()
    team.wraps_up("mia")


def test_where_nobody_interprets_the_member_knows_that_the_caller_is_asked_and_what_they_chose(
    caller_at_menu, team
) -> None:
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    person.hears("no_interpreter")
    mia.is_told("gefragt, ob wir sie mit Sprachmittlung zurückrufen")
    person.presses("1").hears("confirm_number")
    mia.is_told("wird mit Sprachmittlung zurückgerufen").has_hung_up()
    person.hangs_up()
    team.wraps_up("mia")


def test_when_the_caller_goes_first_everybody_else_hears_so_and_is_free(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    aylin.accepts()
    have_met(person)
    person.hangs_up()
    mia.is_told("Die Person hat aufgelegt").has_hung_up()
    aylin.is_told("Das Gespräch ist beendet").has_hung_up()
    team.wraps_up("mia")


def test_when_caller_and_member_are_gone_interpreter_and_companion_are_released(caller_at_menu, team, phone) -> None:
    aylin, friend = phone("+4915700000001"), phone()
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    aylin.accepts()
    with database.writing_alone() as session:
        conversation = session.get_one(Conversation, conversation_of(person).id)
        conversation_control.want_companion(session, conversation, friend.number, team.people["mia"][0], utc_now())
    friend.speaking("tr").answers().hears("companion_greeting").presses("1").is_talking()
    mia.hangs_up()
    person.gives_up()
    aylin.is_told("beendet").has_hung_up()
    friend.hears("goodbye").has_hung_up()
    eventually(lambda: conversation_of(person).state == "ended")
    team.wraps_up("mia")


def test_an_interpreter_who_drops_out_is_fetched_again_and_both_hear_so(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    aylin.accepts()
    have_met(person)
    person.hears("calling_interpreter")
    aylin.hangs_up()
    person.hears("calling_interpreter").is_talking()
    mia.is_told("nicht mehr in der Leitung").is_talking()
    aylin.accepts()
    assert searches(person) == ["joined", "joined"]
    person.hangs_up()
    team.wraps_up("mia")


def test_a_second_wish_for_an_interpreter_rings_nobody_else(caller_at_menu, team, phone) -> None:
    aylin = phone("+4915700000001")
    mia = team.member("mia")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    aylin.rings()
    person.is_talking()
    mia.presses_while_talking("*").is_told("Sieben").presses("7").is_told("schon gerufen").is_talking()
    with database.writing_alone() as session:
        conversation = session.get_one(Conversation, conversation_of(person).id)
        assert not conversation_control.want_interpreter(session, conversation, utc_now())
    assert (interpreters_rung(person), searches(person)) == (["Aylin"], ["looking"])
    person.hangs_up()
    team.wraps_up("mia")


def test_a_companion_who_does_not_come_or_goes_is_told_to_the_member(caller_at_menu, team, phone) -> None:
    friend = phone()
    mia = team.member("mia", "tr")
    person = in_turkish(caller_at_menu)
    mia.accepts()
    have_met(person)

    def fetched() -> None:
        with database.writing_alone() as session:
            conversation = session.get_one(Conversation, conversation_of(person).id)
            conversation_control.want_companion(session, conversation, friend.number, team.people["mia"][0], utc_now())

    fetched()
    friend.refuses("busy")
    mia.is_told("dazugeholte Person wurde nicht erreicht").is_talking()
    fetched()
    friend.accepts()
    friend.hangs_up()
    mia.is_told("dazugeholte Person ist nicht mehr").is_talking()
    person.hangs_up()
    team.wraps_up("mia")


def test_a_callback_begins_with_the_interpreter_wherever_no_language_is_shared(team, phone) -> None:
    """The box is not ticked, and the member does not speak the caller's language."""
    aylin, called, mia = phone("+4915700000001"), phone(), team.member("mia")
    task_id = a_task(number=called.number, language="tr")
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, task_id)
        assert not task.needs_interpreter
        outbound_callbacks.begin(session, task, team.people["mia"][0], utc_now())
    mia.answers().presses("1").is_told("Wir rufen die Sprachmittlung")
    aylin.answers()
    called.stays_quiet(0.3)
    aylin.presses("1").is_talking()
    called.speaking("tr").answers().hears("callback_greeting").presses("1").is_talking()
    called.hangs_up()
    mia.has_hung_up()
    team.wraps_up("mia")


def test_who_is_alone_in_the_room_hears_music() -> None:
    from twilio.twiml.voice_response import VoiceResponse

    from ivr.telephony import twiml

    document = VoiceResponse()
    twiml.join_room(document, "room", "/left")
    assert 'waitUrl="' in str(document)
    assert "/voice/music/" in str(document)
