"""Each branch of the script in each language, by people who ring the hotline, over the real webhooks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ivr import prompts
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE
from ivr.callbacks import workflow
from ivr.domain import receipt_codes
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, job_queue, outbox
from ivr.prompts.speaking import digit_by_digit
from tests.support.caller import Caller
from tests.support.people import remembered_language
from tests.support.staff import Team, have_met
from tests.support.waiting import eventually

SPEECH = "Guten Abend, bitte rufen Sie mich zurück."


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def guest(caller, language: str):
    """Somebody who rings and has chosen their language."""
    return lambda **wishes: caller(**wishes).dials().chooses(language).hears("main")


@pytest.fixture
def rehab(hotline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Who answers for the rehabilitation team; gone afterwards."""
    monkeypatch.setattr(outbox, "hand_over", job_queue.hand_over)
    team = Team(hotline, "rehab")
    yield team
    team.goes_home()


@pytest.fixture
def rings_again(caller):
    """The same telephone once more, after the language of its last call has been noted."""

    def again(person: Caller) -> Caller:
        eventually(lambda: remembered_language(person.number) == person.language)
        time.sleep(1.1)  # every process has read it
        return caller(number=person.number).dials().speaking(person.language)

    return again


def is_sent_off_with(person: Caller, tasks_of) -> dict:
    """The one task of a call, with the receipt code the caller has heard."""
    code = person.hears_code()
    person.is_sent_off()
    (task,) = tasks_of(person.call_sid)
    assert task["receipt_code"] == code
    assert task["language"] == person.language
    return task


def test_a_callback_without_a_recording(guest, tasks_of) -> None:
    person = guest().presses("1").hears("closed").hears("consent").presses("2")
    person.hears("confirm_number").presses("1").hears("postal_code").presses("80331")
    person.hears("postal_code_not_usable").hears("postal_code").presses("28759")
    task = is_sent_off_with(person.hears("availability").presses("2"), tasks_of)
    assert (task["kind"], task["concern"], task["team"], task["office"]) == (
        "callback", "benefits", "benefits", "office_5",
    )  # fmt: skip
    assert (task["availability"], task["callback_number"]) == ("afternoon", person.number)


def test_an_emergency_at_night(guest, tasks_of) -> None:
    person = guest(at="2026-11-22T19:40:00+01:00").presses("9").hears("emergency").presses("3")
    person.hears("consent_emergency").presses("1").hears("speak_emergency").says(SPEECH)
    person.hears("review").presses("1").hears("promise_emergency")
    task = is_sent_off_with(person.hears("confirm_number").presses("1"), tasks_of)
    assert (task["concern"], task["urgency"], task["emergency_kind"]) == ("emergency", "emergency", "housing")
    assert len(task["messages"]) == 1


def test_reaching_the_team(guest, rehab: Team, tasks_of) -> None:
    olga = rehab.member("olga", *LANGUAGES)
    person = guest(at="open").presses("4").hears("other_concern").presses("2").hears("transfer").stays_silent()
    person.waits_in_line()
    olga.accepts()
    have_met(person)
    olga.hangs_up()
    person.hears("conversation_over").stays_silent().hears("goodbye").is_sent_off()
    assert tasks_of(person.call_sid) == []


def test_forms_by_post_to_a_spoken_address(guest, tasks_of) -> None:
    person = guest().presses("3").hears("services").presses("1").hears("send_where").presses("1")
    person.hears("speak_address").says(SPEECH).hears("review").presses("1")
    person.hears("choose_form").presses("1").hears("another_form").presses("1")
    person.hears("choose_form").presses("3").hears("another_form").presses("2").hears("confirm_number").presses("1")
    task = is_sent_off_with(person, tasks_of)
    assert (task["kind"], task["team"]) == ("postal_order", "entrance")
    assert task["postal_order"] == {"forms": ["main_application", "change"], "customer_number": None}
    assert len(task["messages"]) == 1


def test_forms_by_post_to_a_customer_number(guest, tasks_of) -> None:
    person = guest().presses("3").hears("services").presses("1").hears("send_where").presses("2")
    person.hears("customer_number").presses("12#").hears("customer_number_not_usable").hears("customer_number")
    person.presses("214012345#").hears("choose_form").presses("2").hears("another_form").presses("2")
    task = is_sent_off_with(person.hears("confirm_number").presses("1"), tasks_of)
    assert task["postal_order"] == {"forms": ["continuation"], "customer_number": "214012345"}
    assert task["messages"] == []


def test_an_appointment_wish(guest, tasks_of) -> None:
    person = guest().presses("3").hears("services").presses("2").hears("appointment_consent").presses("2")
    person.hears("appointment_mode").presses("1").hears("appointment_reason").presses("2")
    person.hears("appointment_help").presses("1").hears("training").presses("1")
    task = is_sent_off_with(person.can_be_called(), tasks_of)
    assert (task["kind"], task["age_group"]) == ("appointment", "under_25")
    wish = task["appointment_wish"]
    assert (wish["mode"], wish["reason"], wish["companion"], wish["large_room"]) == (
        "in_person", "work", "interpreter", True,
    )  # fmt: skip
    assert wish["priority_groups"] == ["language", "under_25_training"]


def test_the_link_to_the_online_services(guest, hotline, tasks_of) -> None:
    person = guest().presses("3").hears("services").presses("3").hears("online_services")
    person.hears("link_by_sms").presses("1").hears("confirm_sms_number").presses("1").hears("link_sent")
    person.hears("anything_else").stays_silent().hears("goodbye").is_sent_off()
    assert tasks_of(person.call_sid) == []

    def sent() -> list[str]:
        return [message.body for message in hotline.switch.store.messages() if message.to == person.number]

    (body,) = eventually(sent)
    assert hotline.settings.online_services_url in body
    assert "Jobcenter Bremen" not in body, "telephones are shared"


def test_what_became_of_my_request(guest, caller, tasks_of) -> None:
    first = guest().presses("2").hears("consent").presses("2")
    task = is_sent_off_with(first.can_be_called(), tasks_of)
    code = task["receipt_code"]

    again = guest().presses("3").hears("services").presses("4").hears("enter_code").presses("12345678#")
    again.hears("code_not_usable").hears("enter_code").presses(code + "#").hears("request_open")
    again.hears("change_request").presses("2").hears("availability").presses("1").hears("noted")
    again.hears("anything_else").presses("1").hears("change_request").presses("1").hears("enter_number")
    again.presses("017698765432#").hears("confirm_new_number").presses("1").hears("number_noted")
    again.hears("anything_else").presses("1").hears("change_request").presses("3").hears("speak_now").says(SPEECH)
    again.hears("review").presses("1").hears("noted").hears("anything_else").presses("2").hears("goodbye").is_sent_off()
    (changed,) = tasks_of(again.call_sid)
    assert (changed["receipt_code"], changed["availability"]) == (code, "morning")
    assert (changed["callback_number"], len(changed["messages"])) == (first.number, 1), "nobody has confirmed a number"
    assert changed["calls"] == [first.call_sid, again.call_sid]

    last = guest().presses("3").hears("services").presses("4").hears("enter_code").presses(code + "#")
    last.hears("change_request").presses("4").hears("withdraw").presses("1").hears("request_withdrawn").is_sent_off()
    (kept,) = tasks_of(last.call_sid)
    assert (kept["state"], kept["due_at"]) == ("open", task["due_at"]), "who stole a code cannot make it vanish"


# -- more that can happen, in German -------------------------------------------------------------------


def german(caller, **wishes: object) -> Caller:
    return caller(**wishes).dials().chooses("de").hears("main")


def test_a_known_number_is_greeted_in_its_last_language(caller, rings_again) -> None:
    first = caller().dials().chooses("tr").hears("main").hangs_up()
    again = rings_again(first)
    eventually(lambda: "Türkçe" not in " ".join(again.everything))
    again.hears("welcome").hears("other_languages").presses("0").speaking("de").chooses("pl")
    again.hears("main").hangs_up()
    rings_again(again).hears("welcome").stays_silent().hears("main").hangs_up()


def calls_again(person: Caller, key: str) -> Caller:
    """A further call with a message, up to the question whether they called before, and the answer to it."""
    person.hears("welcome").stays_silent().hears("main").presses("1").hears("consent").presses("1")
    person.hears("speak_now").says(SPEECH).hears("review").presses("1").hears("called_before")
    if key:
        person.presses(key)
    else:
        person.stays_silent()
    return person.can_be_called()


def test_a_second_call_joins_the_open_task_where_the_caller_says_so(caller, rings_again, tasks_of) -> None:
    first = german(caller).presses("1").hears("consent").presses("2").can_be_called()
    task = is_sent_off_with(first, tasks_of)
    again = calls_again(rings_again(first), "1")
    code = again.hears_code()
    again.is_sent_off()
    (joined,) = tasks_of(again.call_sid)
    assert (joined["id"], joined["due_at"], len(joined["messages"])) == (task["id"], task["due_at"], 1)
    assert joined["calls"] == [first.call_sid, again.call_sid]
    assert code != task["receipt_code"] == joined["receipt_code"], "no later call hears the code of an earlier one"
    urgent = rings_again(first).hears("welcome").presses("9").hears("emergency").presses("1")
    urgent.hears("consent_emergency").presses("2").hears("called_before").presses("1").hears("confirm_number").presses(
        "1"
    )
    urgent.hears("goodbye").is_sent_off()
    (raised,) = tasks_of(urgent.call_sid)
    assert (raised["id"], raised["urgency"], len(raised["calls"])) == (task["id"], "emergency", 3)
    assert raised["due_at"] <= task["due_at"]


@pytest.mark.parametrize("key", ["2", ""], ids=["no", "silence"])
def test_who_does_not_say_that_they_called_before_has_a_task_of_their_own(
    caller, rings_again, tasks_of, key: str
) -> None:
    """Two people share a telephone, a language and a concern: neither changes what the other said."""
    first = german(caller).presses("1").hears("consent").presses("2").can_be_called()
    task = is_sent_off_with(first, tasks_of)
    other = is_sent_off_with(calls_again(rings_again(first), key), tasks_of)
    assert other["id"] != task["id"]
    (still,) = tasks_of(first.call_sid)
    assert (still["messages"], still["calls"]) == ([], [first.call_sid])


def test_another_concern_is_another_task_even_of_who_called_before(caller, rings_again, tasks_of) -> None:
    first = german(caller).presses("1").hears("consent").presses("2").hears("confirm_number").hangs_up()
    other = rings_again(first).hears("welcome").presses("2").hears("consent").presses("2")
    other.hears("called_before").presses("1").hears("confirm_number").hangs_up()
    ids = {task["id"] for person in (first, other) for task in tasks_of(person.call_sid)}
    assert len(ids) == 2


def test_the_question_about_earlier_calls_is_the_same_where_there_was_none(caller, tasks_of) -> None:
    """Asked only where something is open, it would tell a stranger at the telephone that something is."""
    person = german(caller).presses("1").hears("consent").presses("2").hears("called_before").presses("1")
    task = is_sent_off_with(person.can_be_called(), tasks_of)
    assert task["calls"] == [person.call_sid]


def test_codes_cannot_be_guessed(caller, rings_again, hotline) -> None:
    guesser = german(caller).presses("3").hears("services").presses("4")
    for _ in range(hotline.settings.code_tries):
        guesser.hears("enter_code").presses(receipt_codes.draw() + "#").hears("code_unknown")
    guesser.hears("enter_code").presses(receipt_codes.draw() + "#").hears("code_locked").hears(
        "anything_else"
    ).hangs_up()
    again = rings_again(guesser).hears("welcome").presses("3").hears("services").presses("4")
    again.hears("enter_code").presses(receipt_codes.draw() + "#").hears("code_unknown")
    again.hears("enter_code").presses(receipt_codes.draw() + "#").hears("code_locked").hangs_up()
    somebody = german(caller).presses("3").hears("services").presses("4")
    somebody.hears("enter_code").presses(receipt_codes.draw() + "#").hears("code_unknown").hangs_up()


def test_a_recording_for_another_matter_does_not_replace_the_first(caller, tasks_of) -> None:
    person = german(caller).presses("2").hears("consent").presses("1").hears("speak_now").says(SPEECH)
    person.hears("review").presses("9").hears("emergency").presses("2").hears("consent_emergency").presses("1")
    person.hears("speak_emergency").says(SPEECH).hears("review").presses("1").hears("confirm_number").presses("1")
    person.hears("goodbye").is_sent_off()
    work, emergency = sorted(tasks_of(person.call_sid), key=lambda task: task["id"])
    assert (work["concern"], emergency["concern"]) == ("work", "emergency")
    assert [len(task["messages"]) for task in (work, emergency)] == [1, 1]


def test_who_goes_back_from_the_emergency_still_has_their_receipt(caller, tasks_of) -> None:
    person = german(caller).presses("2").hears("consent").presses("1").hears("speak_now").says(SPEECH)
    person.hears("review").presses("9").hears("emergency").presses("#").hears("review").presses("1").can_be_called()
    task = is_sent_off_with(person, tasks_of)
    assert (task["concern"], len(task["messages"])) == ("work", 1)


def test_a_landline_gets_no_text_message(caller, hotline) -> None:
    person = german(caller, number="+494211234567").presses("3").hears("services").presses("3")
    person.hears("link_by_sms").presses("1").hears("number_not_mobile").hears("enter_sms_number")
    mobile = f"0176{secrets.randbelow(9 * 10**7) + 10**7}"
    person.presses(mobile + "#").hears("confirm_sms_number")
    assert person.last_values == (digit_by_digit(mobile, "de"),)
    person.stays_silent().hears("confirm_sms_number").stays_silent().hears("confirm_sms_number").stays_silent()
    person.hears("goodbye").is_sent_off()
    assert not [message for message in hotline.switch.store.messages() if message.to.endswith(mobile[1:])]


@pytest.mark.parametrize("keys", ["*" * 30, "#" * 30, "7" * 30, "*#0*#0" * 5])
def test_a_storm_of_keys_is_answered_and_ends(caller, keys: str) -> None:
    person = caller().dials()
    for key in keys:
        if person.is_asked():
            person.presses(key)
    person.gives_up()
    assert person.report.errors == []
    assert person.report.documents <= 70


def test_the_first_word_comes_within_a_second(caller) -> None:
    """From answering to the first sound of the language menu."""
    person = caller().dials()
    rang = time.monotonic()
    person.hears("welcome")
    waited = time.monotonic() - rang
    loud = np.flatnonzero(np.abs(speak(prompts.text("welcome", "de", {}), "de").samples.astype(int)) > 500)
    assert waited + loud[0] / RATE < 1
    person.hangs_up()


def test_what_is_said_after_a_request_was_closed_is_a_new_promise(caller, tasks_of) -> None:
    """A withheld number, a request that is over, `0`: number and receipt are asked for and given as for any other."""
    first = german(caller).presses("1").hears("consent").presses("2").can_be_called()
    task = is_sent_off_with(first, tasks_of)
    with database.writing() as session:
        workflow.withdraw(session, session.get_one(CallbackTask, task["id"]), utc_now())
    again = caller(number="anonymous").dials()
    again.hears("choose_language").presses("1").hears("main").presses("3").hears("services").presses("4")
    again.hears("enter_code").presses(task["receipt_code"] + "#").hears("request_withdrawn").hears("anything_else")
    again.presses("0").hears("consent").presses("1").hears("speak_now").says(SPEECH).hears("review").presses("1")
    again.hears("enter_number").presses("017698765432#").can_be_called()
    new = is_sent_off_with(again, tasks_of)
    assert new["id"] != task["id"]
    assert (new["callback_number"], new["concern"], len(new["messages"])) == ("+4917698765432", "benefits", 1)


def test_a_number_that_is_keyed_in_leads_to_nobodys_request(caller, tasks_of) -> None:
    """Who knows somebody's number keys it in, with a withheld one: a task and a code of their own."""
    owner = german(caller).presses("2").hears("consent").presses("1").hears("speak_now").says(SPEECH)
    task = is_sent_off_with(owner.hears("review").presses("1").can_be_called(), tasks_of)
    stranger = caller(number="anonymous").dials().hears("choose_language").presses("1").hears("main").presses("2")
    stranger.hears("consent").presses("1").hears("speak_now").says(SPEECH).hears("review").presses("1")
    stranger.hears("enter_number").presses(f"0{owner.number[3:]}#").can_be_called()
    new = is_sent_off_with(stranger, tasks_of)
    assert new["id"] != task["id"]
    assert new["receipt_code"] != task["receipt_code"]
    (still,) = tasks_of(owner.call_sid)
    assert (still["calls"], len(still["messages"])) == ([owner.call_sid], 1)


def test_a_mind_that_changes_leaves_what_was_said_last(caller, tasks_of) -> None:
    person = german(caller).presses("3").hears("services").presses("2").hears("appointment_consent").presses("1")
    person.hears("speak_now").says(SPEECH).hears("review").presses("1").hears("appointment_mode").presses("1")
    person.hears("appointment_reason").presses("1").hears("appointment_help").presses("3")
    person.hears("who_comes_along").presses("2").hears("training").presses("1").hears("confirm_number").presses("#")
    person.hears("called_before").presses("#").hears("training").presses("2").can_be_called()
    task = is_sent_off_with(person, tasks_of)
    wish = task["appointment_wish"]
    assert (wish["companion"], wish["impairment"], wish["large_room"]) == ("companion", True, True)
    assert (wish["priority_groups"], task["age_group"]) == (["impairment"], None)
