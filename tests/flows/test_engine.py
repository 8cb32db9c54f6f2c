"""The script itself: it is data, so it can be proved."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from ivr import prompts
from ivr.domain import receipt_codes
from ivr.domain.enums import CallEnding, CallQueueState, Concern, EventName, ReplyBy, RequestStatus, TaskKind
from ivr.domain.languages import LANGUAGES
from ivr.flows import engine
from ivr.flows.own_texts import NIGHT_QUESTIONS
from ivr.flows.protocol import (
    Bridged,
    HangUp,
    JoinQueue,
    Keys,
    LeftQueue,
    Listen,
    NoInterpreter,
    PlayRecording,
    PromptLine,
    Recorded,
    RecordSpeech,
    Resumed,
    Speak,
    StatusAnswer,
    TalkEnded,
    Wait,
)
from ivr.flows.request import CallerRequest
from ivr.flows.state import AnsweredQuestion, CallState
from ivr.flows.state_codec import CALL_STATES
from ivr.flows.steps import End, EnterDigits, Menu
from ivr.flows.whole_script import Flow
from tests.support.flows import FLOW, WHOLE
from tests.support.volume import volume

#: The caller has answered two questions.
TRAIL = (
    AnsweredQuestion("choose_language", CallerRequest()),
    AnsweredQuestion("main_menu", CallerRequest(concern=Concern.WORK)),
)


class Answers:
    """Answers questions as the test says."""

    def __init__(
        self,
        is_open: bool = False,
        ready: bool = True,
        asks: tuple[str, ...] = (),
        outcome: RequestStatus = RequestStatus.OPEN,
        queue: CallQueueState = CallQueueState.OPEN,
        shown: bool = False,
        announces: bool = False,
        answered: tuple[str, ...] = (),
        named: tuple[str, ...] = (),
        hears: bool = False,
        keeps: bool = False,
        works: bool = True,
        texts: bool = True,
    ) -> None:
        self.is_open, self.ready, self.asks, self.outcome, self.queue = is_open, ready, asks, outcome, queue
        self.shown, self.announces, self.answered, self.named = shown, announces, answered, named
        self.hears, self.keeps, self.works, self.texts = hears, keeps, works, texts

    def announcement_runs(self, state: CallState) -> bool:
        return self.announces

    def has_answer(self, question: str, state: CallState) -> bool:
        return question in self.answered

    def further_languages(self) -> tuple[str, ...]:
        return self.named

    def team_is_open(self, state: CallState) -> bool:
        return self.is_open

    def queue_state(self, state: CallState) -> CallQueueState:
        return self.queue

    def place_is_kept(self, state: CallState) -> bool:
        return self.keeps

    def recording_is_ready(self, state: CallState) -> bool:
        return self.ready

    def decides(self, question: str, state: CallState) -> bool:
        return question in self.asks

    def office_of(self, postal_code: str) -> str | None:
        return "office_1" if postal_code == "28195" else None

    def may_be_called(self, number: str) -> bool:
        return number.startswith("+49")

    def texts_are_sent(self) -> bool:
        return self.texts

    def may_be_texted(self, number: str) -> bool:
        return number.startswith("+49")

    def link_can_be_sent(self, number: str) -> bool:
        return True

    def shown_number(self) -> str:
        return "+4915112345678" if self.shown else ""

    def is_ours(self, number: str) -> bool:
        return number == "+494211782666"

    def can_be_called_back(self, state: CallState) -> bool:
        return self.shown and state.screened is None

    def silence_is_answered(self, state: CallState) -> bool:
        return self.can_be_called_back(state)

    def understands(self, language: str) -> bool:
        return self.hears

    def works_in_time(self, state: CallState) -> bool:
        return self.works

    def request_status(self, state: CallState) -> StatusAnswer:
        return StatusAnswer(self.outcome, replace(state.request, changes="12345674"))


def at(step: str, **slots: object) -> CallState:
    return CallState(step, "de").knowing(**slots)


# -- the keys that count anywhere --------------------------------------------------------------------


MENUS = [name for name, step in WHOLE.steps.items() if isinstance(step, Menu)]


@pytest.mark.parametrize("name", [name for name in MENUS if name not in ("choose_language", "choose_more_languages")])
def test_nine_is_an_emergency_at_every_menu(name: str) -> None:
    turn = engine.answer(WHOLE, at(name, changes="12345674", forms=("change",)), Keys("9"), Answers())
    assert (turn.state.step, turn.state.request.concern) == ("emergency_reason", "emergency")
    assert not turn.state.request.changes


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in MENUS
        if not name.endswith("_language")
        and name not in ("choose_more_languages", "emergency_more_languages", "welcome_back", "blocked", "held_off")
    ],
)
@pytest.mark.parametrize("is_open", [True, False])
def test_zero_reaches_a_person_or_the_voicebox(name: str, is_open: bool) -> None:
    turn = engine.answer(WHOLE, at(name), Keys("0"), Answers(is_open))
    assert turn.state.step == ("transfer" if is_open else "consent")


@pytest.mark.parametrize("name", [name for name, step in WHOLE.steps.items() if isinstance(step, Menu | EnterDigits)])
def test_the_star_repeats_and_the_hash_goes_back(name: str) -> None:
    while_people_answer = name in ("transfer", "your_place")
    before, answers = replace(at(name), trail=TRAIL), Answers(while_people_answer, answered=NIGHT_QUESTIONS)
    repeated = engine.answer(WHOLE, before, Keys("*"), answers)
    assert (repeated.state.step, repeated.state.trail) == (name, before.trail)
    back = engine.answer(WHOLE, before, Keys("#"), answers)
    step = WHOLE.steps[name]
    if not getattr(step, "optional", False) and "#" not in step.choices:
        assert (back.state.step, back.state.trail) == ("main_menu", TRAIL[:1])
        assert back.state.request.concern == "work"


def test_nothing_promised_is_gone_back_behind() -> None:
    turn = engine.answer(FLOW, replace(at("consent"), trail=TRAIL), Keys("2"), Answers())
    assert turn.state.trail == ()
    again = engine.answer(FLOW, turn.state, Keys("#"), Answers())
    assert again.state.step == turn.state.step


def test_a_caller_may_change_their_mind_at_every_step() -> None:
    turn = engine.begin(FLOW, CallState(FLOW.start, "de"), Answers())
    for keys, step in [
        ("1", "main_menu"),
        ("#", "choose_language"),
        ("2", "main_menu"),
        ("4", "other_matter"),
        ("#", "main_menu"),
        ("2", "consent"),
    ]:
        turn = engine.answer(FLOW, turn.state, Keys(keys), Answers())
        assert turn.state.step == step
    assert (turn.state.language, turn.state.request.concern) == ("en", "work")


def test_going_back_from_an_emergency_is_about_the_forms_again() -> None:
    turn = engine.answer(FLOW, at("services"), Keys("1"), Answers())
    turn = engine.answer(FLOW, turn.state, Keys("9"), Answers())
    assert turn.state.request.concern == "emergency"
    turn = engine.answer(FLOW, turn.state, Keys("#"), Answers())
    request = turn.state.request
    assert (turn.state.step, request.kind, request.concern) == ("send_where", "postal_order", "forms")


def test_an_entry_hears_the_keys_that_count_anywhere() -> None:
    assert engine.answer(FLOW, at("enter_number"), Keys("0"), Answers()).state.step == "consent"
    assert engine.answer(FLOW, at("enter_number"), Keys("9"), Answers()).state.step == "emergency_reason"
    skipped = engine.answer(
        FLOW, at("postal_code", receipt_code="12345674", callback_number="+4915112345678"), Keys("#"), Answers()
    )
    assert skipped.state.step == "availability"


def test_the_age_is_asked_only_where_the_team_depends_on_it() -> None:
    asked = engine.answer(FLOW, at("main_menu"), Keys("1"), Answers(is_open=True, asks=("age_group", "office")))
    assert asked.state.step == "age_group"
    asked = engine.answer(FLOW, asked.state, Keys("1"), Answers(is_open=True, asks=("office",)))
    assert asked.state.step == "office"
    outside = engine.answer(FLOW, asked.state, Keys("80331"), Answers(is_open=True, asks=("office",)))
    assert outside.verbs[0].lines[0].prompt == "postal_code_not_usable"
    found = engine.answer(FLOW, outside.state, Keys("28195"), Answers(is_open=True))
    assert (found.state.step, found.state.request.office) == ("transfer", "office_1")


def test_all_languages_are_told_on_one_page_and_those_beyond_eight_have_two_keys() -> None:
    first, second = WHOLE.steps["choose_language"], WHOLE.steps["choose_more_languages"]
    assert [first.choices[str(key)].language for key in range(1, 9)] == list(LANGUAGES)[:8]
    assert [choice.language for choice in second.choices.values() if choice.language] == list(LANGUAGES)[8:]
    assert first.choices["0"].to == "choose_more_languages"
    told = [(line.language, line.values["key"]) for line in first.lines if line.prompt == "choose_language"]
    assert [language for language, _ in told] == list(LANGUAGES), "each language's line in that language"
    assert [key for _, key in told] == [*"12345678", "01", "02", "03", "04", "05"]


@pytest.mark.parametrize(("flow", "page"), [(WHOLE, "choose_more_languages"), (FLOW, "choose_language")])
def test_who_speaks_none_of_the_languages_is_called_back_with_an_interpreter(flow: Flow, page: str) -> None:
    """Zero on the last page. The promise is made in German and English; there is no question about a recording."""
    turn = engine.answer(flow, at(page), Keys("0"), Answers(shown=True))
    assert [event.name for event in turn.events] == [EventName.INTERPRETER_WANTED]
    assert (turn.state.step, turn.state.request.concern) == ("unlisted_told", "other")
    (said,) = turn.verbs
    assert [(line.prompt, line.language) for line in said.lines] == [
        ("interpreter_callback", "de"), ("interpreter_callback", "en"),
    ]  # fmt: skip
    over = engine.answer(flow, turn.state, Keys(), Answers(shown=True))
    assert over.state.step == "goodbye_unlisted"
    assert not any(isinstance(verb, RecordSpeech) for verb in (*turn.verbs, *over.verbs))


def test_who_speaks_none_of_the_languages_and_shows_no_number_goes_on_in_german() -> None:
    turn = engine.answer(WHOLE, at("choose_more_languages"), Keys("0"), Answers(shown=False))
    assert (turn.state.step, turn.state.language, turn.events) == ("main_menu", "de", ())


@pytest.mark.parametrize(("keys", "language"), [("1", "de"), ("6", "uk"), ("01", "pl"), ("04", "fr")])
def test_nine_in_the_language_menu_asks_for_the_language_once(keys: str, language: str) -> None:
    """The emergency comes before the language. Who does not choose one goes on in German."""
    turn = engine.answer(WHOLE, at("choose_language"), Keys("9"), Answers())
    asked = WHOLE.steps[turn.state.step]
    assert {line.prompt for line in asked.lines} == {"choose_language"}, "nothing but the languages"
    silent = engine.answer(WHOLE, turn.state, Keys(), Answers()).state
    assert (silent.step, silent.language) == ("emergency_reason", "de")
    for key in keys:
        turn = engine.answer(WHOLE, turn.state, Keys(key), Answers())
    state = turn.state
    assert (state.step, state.language, state.request.concern) == ("emergency_reason", language, "emergency")


@pytest.mark.parametrize(("former", "present"), WHOLE.former.items())
def test_a_call_that_began_before_an_update_is_asked_the_present_question(former: str, present: str) -> None:
    """Its key answers a menu whose keys meant something else, so the menu of today is asked instead."""
    turn = engine.answer(WHOLE, at(former), Keys("3"), Answers())
    assert (turn.state.step, turn.state.request) == (present, CallerRequest())
    assert isinstance(turn.verbs[-1], Listen)
    behind = replace(at("consent"), trail=(AnsweredQuestion(former, CallerRequest()),))
    assert engine.answer(WHOLE, behind, Keys("#"), Answers()).state.step == present


@pytest.mark.parametrize("former", ["main", "other_concern", "emergency"])
def test_a_call_that_began_before_an_update_reaches_help_by_the_keys_that_count_anywhere(former: str) -> None:
    """What 9 and 0 mean has not changed; in the language menu 9 was a language, so it is asked again."""
    urgent = engine.answer(WHOLE, at(former), Keys("9"), Answers()).state
    assert (urgent.step, urgent.request.concern) == ("emergency_reason", "emergency")
    assert engine.answer(WHOLE, at(former), Keys("0"), Answers(is_open=True)).state.step == "transfer"
    assert engine.answer(WHOLE, at("language"), Keys("9"), Answers()).state.step == "choose_language"


@pytest.mark.parametrize("is_open", [True, False])
def test_a_caller_who_never_does_anything_is_sent_off_well(is_open: bool) -> None:
    hotline = Answers(is_open)
    turn = engine.begin(FLOW, CallState(FLOW.start, "de"), hotline)
    for _ in range(30):
        if isinstance(turn.verbs[-1], HangUp):
            break
        given = LeftQueue("nobody") if isinstance(turn.verbs[-1], JoinQueue) else Keys()
        turn = engine.answer(FLOW, turn.state, given, hotline)
    assert isinstance(turn.verbs[-1], HangUp)
    assert FLOW.steps[turn.state.step] == End(CallEnding.UNSERVED, ("call_again", "goodbye"))


def test_silence_in_the_language_menu_ends_in_german() -> None:
    turn = engine.begin(FLOW, CallState(FLOW.start, "de"), Answers())
    for _ in range(2):
        turn = engine.answer(FLOW, turn.state, Keys(), Answers())
    assert (turn.state.step, turn.state.language) == ("main_menu", "de")


@pytest.mark.parametrize("tone", ["record", "record_address", "record_emergency"])
def test_nothing_is_recorded_before_consent(tone: str) -> None:
    """§ 201 StGB: on every way to a tone the caller has pressed a key at a question that says it is recorded."""
    asking = {"consent", "consent_emergency", "appointment_consent", "send_where", "change_request"}
    before = {name for name in FLOW.steps if tone in FLOW.ways(name)}
    assert before <= asking | {"review", "review_address"}, "who reviews has recorded already"
    for name in before & asking:
        step = FLOW.steps[name]
        assert [key for key, choice in step.choices.items() if choice.to == tone] in (["1"], ["3"])
        assert step.otherwise != tone
        said = prompts.catalogue("de")[step.prompt]
        assert re.search("nehmen (wir )?Ihre Stimme auf", said), "it says that it is recorded"


def test_wrong_keys_are_asked_again_twice() -> None:
    hotline = Answers()
    turn = engine.answer(FLOW, at("offer_callback"), Keys("7"), hotline)
    assert turn.verbs[0].lines[0].prompt == "not_understood"
    turn = engine.answer(FLOW, turn.state, Keys(), hotline)
    assert turn.verbs[0].lines[0].prompt == "nothing_heard"
    turn = engine.answer(FLOW, turn.state, Keys("8"), hotline)
    assert turn.state.step == "goodbye_unserved"


def test_who_has_keyed_in_what_fits_nothing_is_not_told_that_nothing_was_heard() -> None:
    """Numbers were keyed in, and none was a customer number: a callback is offered, and nothing untrue is said."""
    turn = None
    for keyed in ("1", "12", "99"):
        turn = engine.answer(WHOLE, turn.state if turn else at("customer_number"), Keys(keyed), Answers())
    assert turn and turn.state.step == "offer_callback"
    assert [line.prompt for line in turn.verbs[-1].lines] == ["offer_callback"]


def test_who_wants_no_link_has_been_informed_and_is_not_called_back_for_saying_nothing_more() -> None:
    turn = engine.answer(WHOLE, at("link_by_sms"), Keys("2"), Answers(shown=True))
    assert turn.state.step == "anything_else"
    turn = engine.answer(WHOLE, turn.state, Keys(), Answers(shown=True))
    assert (turn.state.step, turn.events) == ("goodbye_informed", ())


@pytest.mark.parametrize("name", ["consent", "consent_emergency", "main_menu"])
def test_the_longest_questions_are_asked_again_once(name: str) -> None:
    again = engine.answer(FLOW, at(name), Keys(), Answers())
    assert again.state.step == name
    assert engine.answer(FLOW, again.state, Keys(), Answers()).state.step != name


def test_each_take_has_its_number() -> None:
    hotline = Answers()
    turn = engine.answer(FLOW, at("consent"), Keys("1"), hotline)
    assert turn.state.recording_number == 1
    assert [event.name for event in turn.events] == ["recording_begins"]
    assert isinstance(turn.verbs[-1], RecordSpeech)
    turn = engine.answer(FLOW, turn.state, Recorded("RE1", 4), hotline)
    assert [(event.name, event.recording_sid, event.seconds) for event in turn.events] == [("message_left", "RE1", 4)]
    turn = engine.answer(FLOW, turn.state, Keys("3"), hotline)
    assert turn.state.recording_number == 2


def test_who_waits_for_their_own_words_is_asked_for_patience_each_time_and_goes_on_without_them() -> None:
    turn = engine.answer(FLOW, at("review", recording_number=1), Keys("2"), Answers(ready=False))
    for _ in range(3):
        assert turn.verbs == (Speak((PromptLine("one_moment"),)), Wait(1)), "nobody is in silence for two seconds"
        turn = engine.answer(FLOW, turn.state, Resumed(), Answers(ready=False))
    assert turn.verbs[0].lines[0].prompt == "cannot_play"
    assert isinstance(turn.verbs[-1], Listen)
    turn = engine.answer(FLOW, at("review", recording_number=1), Keys("2"), Answers(ready=True))
    assert isinstance(turn.verbs[0], PlayRecording)
    assert isinstance(turn.verbs[1], Listen)


def test_a_storm_of_keys_ends_and_keeps_what_was_promised() -> None:
    storming = at("review", answers=FLOW.limit, receipt_code="12345674", callback_number="+49421178")
    turn = engine.answer(FLOW, storming, Keys("3"), Answers())
    assert isinstance(turn.verbs[-1], HangUp)
    assert [event.name for event in turn.events] == ["number_given"]


def test_random_inputs_at_every_step_never_fail() -> None:
    dice = random.Random(7)
    inputs = [
        Keys(),
        Keys("1"),
        Keys("x"),
        Keys("9" * 50),
        Recorded("RE", 3),
        Recorded(),
        LeftQueue("callback"),
        LeftQueue("emergency"),
        LeftQueue("?"),
        Bridged("room"),
        TalkEnded(),
        NoInterpreter(),
        Resumed(),
    ]
    for name in FLOW.steps:
        for _ in range(volume(test=5, ci=20, soak=20)):
            state = at(name, recording_number=1, callback_number="+4915112345678")
            for _ in range(10):
                turn = engine.answer(
                    FLOW,
                    state,
                    dice.choice(inputs),
                    Answers(
                        dice.random() < 0.5,
                        dice.random() < 0.5,
                        dice.choice([(), ("age_group",), ("office",)]),
                        dice.choice(list(FLOW.steps["find_request"].outcomes)),
                        dice.choice(list(CallQueueState)),
                    ),
                )
                assert turn.verbs, name
                state = CALL_STATES.decode(CALL_STATES.encode(turn.state))
                assert state == turn.state, "the carrier brings back what was sent"


# -- minds that change, keys that are wrong ----------------------------------------------------------


def test_zero_at_a_question_on_the_way_to_people_goes_on_without_an_answer() -> None:
    asks = Answers(is_open=True, asks=("age_group", "office"))
    for name, key in (("age_group", "0"), ("office", "0")):
        turn = engine.answer(WHOLE, at(name, concern=Concern.WORK), Keys(key), asks)
        assert turn.state.step in ("office", "transfer")
        assert turn.state.step != name


def test_who_gives_up_a_request_half_way_is_called_back() -> None:
    """Nothing was ordered yet: `0` or silence at the address makes a callback of it, not an empty postal order."""
    forms = at("send_where", kind=TaskKind.POSTAL_ORDER, concern=Concern.FORMS)
    person = engine.answer(WHOLE, forms, Keys("0"), Answers(False)).state
    assert (person.step, person.request.kind) == ("consent", "callback")
    offered = engine.answer(WHOLE, replace(forms, step="offer_callback"), Keys("1"), Answers(False)).state
    assert offered.request.kind == "callback"
    ordered = engine.answer(WHOLE, forms.knowing(receipt_code="12345674"), Keys("0"), Answers(False)).state
    assert ordered.request.kind == "postal_order", "what has been promised stays what it is"


def last_words(state: CallState, key: str, *, is_open: bool) -> list[str]:
    """The prompts that end a call after a key."""
    (said, _) = engine.answer(WHOLE, state, Keys(key), Answers(is_open)).verbs
    return [line.prompt for line in said.lines]


def test_who_wants_the_answer_in_writing_is_not_told_of_a_call() -> None:
    """Asked for by people who cannot hear: what they are told last says what they have chosen."""
    asked = replace(at("availability", receipt_code="12345674"), callback_number="+4915112345678")
    assert last_words(asked, "3", is_open=True)[0] == "callback_usual"
    assert last_words(asked, "4", is_open=True) == ["writing_noted", "receipt", "receipt_again", "goodbye"]
    closed_for_days = engine.answer(WHOLE, asked, Keys("3"), Answers(True, works=False)).verbs[0]
    assert closed_for_days.lines[0].prompt == "callback_by"
    unreachable = replace(asked, step="answer_in_writing", callback_number="")
    assert last_words(unreachable, "1", is_open=True)[0] == "writing_noted"
    assert last_words(unreachable, "2", is_open=True)[0] == "receipt"


def begun(step: str, answers: Answers, number: str = "+4915112345678", **slots: object) -> list[str]:
    """The prompts of a turn that begins at a step."""
    turn = engine.begin(WHOLE, replace(at(step, **slots), callback_number=number), answers)
    return [line.prompt for verb in turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]


@pytest.mark.parametrize("texts", [True, False])
def test_a_house_that_sends_no_text_messages_offers_none(texts: bool) -> None:
    """Neither the link nor an answer: the address is told, and a letter offered in their place."""
    answers, of_request = Answers(True, texts=texts), {"receipt_code": "12345674"}
    times, writing, noted = (
        ("availability", "answer_in_writing", "writing_noted")
        if texts
        else ("availability_or_letter", "answer_by_letter", "letter_noted")
    )
    assert begun("times_first", answers, **of_request) == [times]
    assert begun("written_how", answers, **of_request) == [writing]
    assert begun("change_times_how", answers, changes="12345674") == [times]
    assert begun("change_written_how", answers, changes="12345674") == [writing]
    assert begun("writing_told", answers, **of_request) == [noted, "receipt", "receipt_again", "goodbye"]
    link = ["link_by_sms"] if texts else ["address_told", "anything_else"]
    assert begun("online_services", answers) == ["online_services", *link]


def test_no_prompt_without_text_messages_speaks_of_one() -> None:
    for language in LANGUAGES:
        words = prompts.catalogue(language)
        named = {"de": "SMS", "ru": "СМС", "uk": "СМС", "bg": "СМС", "en": "text message"}.get(language, "SMS")
        for prompt in ("availability_or_letter", "answer_by_letter", "letter_noted", "address_told"):
            assert named not in words[prompt], (language, prompt)


def test_an_emergency_of_who_wants_no_call_promises_none() -> None:
    """They have changed an earlier request to an answer in writing, and then pressed 9."""
    urgent = {"concern": Concern.EMERGENCY, "receipt_code": "12345674", "called_before": False}
    for wish, promised in ((ReplyBy.WRITING, False), (ReplyBy.CALL, True), (None, True)):
        for step, keys in (("review", "1"), ("consent_emergency", "--")):
            state, said = replace(at(step, reply_by=wish, **urgent), callback_number="+4915112345678"), list[str]()
            for key in keys:
                turn = engine.answer(WHOLE, state, Keys(key.strip("-")), Answers(shown=True))
                state = turn.state
                said += [line.prompt for verb in turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]
            assert ("promise_emergency" in said) == promised, (wish, step)
            assert "emergency_help" in said
        confirmed = replace(at("confirm_number", reply_by=wish, **urgent), callback_number="+4915112345678")
        assert ("writing_noted" in last_words(confirmed, "1", is_open=True)) != promised


def test_whoever_calls_at_night_is_told_when_somebody_is_there_again() -> None:
    for kind in TaskKind:
        asked = replace(at("availability", kind=kind, receipt_code="12345674"), callback_number="+4915112345678")
        for key in "34":
            assert last_words(asked, key, is_open=False)[0] == "opening_again", (kind, key)
            assert "opening_again" not in last_words(asked, key, is_open=True)


def test_the_hash_key_takes_an_answer_back() -> None:
    chosen = engine.answer(WHOLE, at("choose_form", kind=TaskKind.POSTAL_ORDER), Keys("1"), Answers()).state
    assert chosen.request.forms
    back = engine.answer(WHOLE, chosen, Keys("#"), Answers()).state
    assert (back.step, back.request.forms) == ("choose_form", ())
    young = engine.answer(WHOLE, at("training", kind=TaskKind.APPOINTMENT), Keys("1"), Answers()).state
    again = engine.answer(WHOLE, young, Keys("#"), Answers()).state
    older = engine.answer(WHOLE, again, Keys("2"), Answers()).state
    assert (older.request.training, older.request.age_group) == (False, None)


def test_a_hash_key_behind_a_full_entry_only_ends_it() -> None:
    """Five digits end the entry by themselves; who presses the hash key all the same is not led back."""
    entered = engine.answer(WHOLE, at("postal_code", callback_number="+4915112345678"), Keys("28195"), Answers()).state
    assert entered.step == "availability"
    hash_key = engine.answer(WHOLE, entered, Keys("#"), Answers()).state
    assert hash_key.step == "availability"
    assert engine.answer(WHOLE, hash_key, Keys("#"), Answers()).state.step == "postal_code"


def test_the_star_repeats_what_was_told_before_the_question() -> None:
    found = engine.answer(WHOLE, at("enter_code"), Keys(receipt_codes.draw()), Answers(outcome=RequestStatus.OPEN))
    spoken = engine.answer(WHOLE, found.state, Keys("*"), Answers()).verbs
    assert [line.prompt for verb in spoken for line in verb.lines] == ["request_open", "change_request"]


@pytest.mark.parametrize("name", ["age_group", "another_form", "transfer", "anything_else"])
def test_a_wrong_key_is_told_so_once_everywhere(name: str) -> None:
    turn = engine.answer(WHOLE, at(name), Keys("8"), Answers(is_open=True))
    assert turn.state.step == name
    assert turn.verbs[0].lines[0].prompt == "not_understood"
    assert engine.answer(WHOLE, turn.state, Keys("8"), Answers(is_open=True)).state.step != name


@pytest.mark.parametrize("name", ["choose_language", "choose_more_languages"])
def test_silence_ends_in_german_even_for_who_was_greeted_in_another_language(name: str) -> None:
    turn = engine.answer(WHOLE, replace(at(name), language="tr", tries=1), Keys(), Answers())
    assert (turn.state.step, turn.state.language) == ("main_menu", "de")


def test_who_knows_the_menu_presses_its_key_while_being_greeted() -> None:
    greeted = engine.answer(WHOLE, replace(at("welcome_back"), language="tr"), Keys("2"), Answers(False)).state
    assert (greeted.step, greeted.request.concern, greeted.language) == ("consent", "work", "tr")


def test_nothing_said_while_changing_a_request_is_not_noted() -> None:
    silent = replace(at("record", changes="12345674", receipt_code="12345674"), tries=2)
    turn = engine.answer(WHOLE, silent, Recorded(), Answers())
    assert turn.state.step == "change_request"
    unusable = replace(at("enter_number", changes="12345674", receipt_code="12345674"), tries=2)
    assert engine.answer(WHOLE, unusable, Keys("112"), Answers()).state.step == "change_request"


def test_the_last_words_of_a_storm_of_keys_count() -> None:
    storm = replace(at("record", recording_number=1), answers=WHOLE.limit)
    turn = engine.answer(WHOLE, storm, Recorded("RE1", 4.0), Answers())
    assert [event.name for event in turn.events] == ["message_left"]


def test_who_hears_badly_may_bring_somebody_too() -> None:
    hard = engine.answer(WHOLE, at("appointment_help"), Keys("3"), Answers()).state
    assert (hard.step, hard.request.impairment) == ("who_comes_along", True)
    both = engine.answer(WHOLE, hard, Keys("2"), Answers()).state
    assert (both.request.companion, both.request.impairment) == ("companion", True)


# -- keys during an announcement ---------------------------------------------------------------------


def _prompts_of(verb: Listen | Speak) -> list[str]:
    return [line.prompt for line in verb.lines]


def test_an_announcement_is_the_beginning_of_the_question_after_it() -> None:
    turn = engine.answer(WHOLE, at("services"), Keys("3"), Answers())
    (listen,) = turn.verbs
    assert _prompts_of(listen) == ["online_services", "link_by_sms"], "a key during either answers the question"


def test_a_key_before_the_question_about_the_recording_agrees_to_nothing() -> None:
    closed = engine.answer(WHOLE, at("main_menu"), Keys("1"), Answers())
    announced, question = closed.verbs
    assert (announced.skippable, _prompts_of(announced)) == (True, ["closed"])
    assert _prompts_of(question) == ["consent"]
    for key in ("1", "2", "7"):
        early = engine.answer(WHOLE, closed.state, Keys(key, early=True), Answers())
        assert (early.state.step, early.events) == ("consent", ())
        assert [_prompts_of(verb) for verb in early.verbs] == [["consent"]], "it is asked at once"
    agreed = engine.answer(WHOLE, early.state, Keys("1"), Answers())
    assert agreed.state.step == "record"


def test_a_key_before_the_question_about_the_recording_may_be_an_emergency() -> None:
    closed = engine.answer(WHOLE, at("main_menu"), Keys("1"), Answers()).state
    assert engine.answer(WHOLE, closed, Keys("9", early=True), Answers()).state.step == "emergency_reason"
    again = engine.answer(WHOLE, closed, Keys("*", early=True), Answers())
    assert [_prompts_of(verb) for verb in again.verbs] == [["closed"], ["consent"]]
    wrong = engine.answer(WHOLE, closed, Keys("7"), Answers())
    assert [_prompts_of(verb) for verb in wrong.verbs] == [["not_understood"], ["consent"]], "nothing stands with it"


def test_every_menu_that_leads_to_a_tone_must_be_heard_first() -> None:
    assert WHOLE.consents >= {"consent", "appointment_consent", "send_where", "change_request", "review"}
    assert "consent_emergency" in WHOLE.consents
    assert not WHOLE.consents & {"main_menu", "emergency_reason", "choose_language"}
    assert "services" not in WHOLE.consents, "the question about the recording comes after it"


def test_a_key_before_the_tone_brings_the_tone_and_is_no_second_recording() -> None:
    told = engine.answer(WHOLE, at("consent"), Keys("1"), Answers())
    assert [type(verb) for verb in told.verbs] == [Speak, RecordSpeech]
    assert told.verbs[0].skippable
    skipped = engine.answer(WHOLE, told.state, Keys("5", early=True), Answers())
    assert (skipped.verbs, skipped.events) == ((RecordSpeech(7),), ())
    assert skipped.state.recording_number == told.state.recording_number
    repeated = engine.answer(WHOLE, told.state, Keys("*", early=True), Answers())
    assert [type(verb) for verb in repeated.verbs] == [Speak, RecordSpeech]


# -- callers who need longer -------------------------------------------------------------------------


def test_who_has_not_answered_once_has_longer_in_the_whole_call() -> None:
    turn = engine.answer(WHOLE, at("main_menu"), Keys(), Answers())
    assert turn.verbs[0].timeout == 15
    turn = engine.answer(WHOLE, turn.state, Keys("3"), Answers())
    assert (turn.state.step, turn.verbs[0].timeout) == ("services", 15)
    turn = engine.answer(WHOLE, turn.state, Keys(), Answers())
    assert turn.verbs[0].timeout == 25
    code = engine.answer(WHOLE, turn.state, Keys("4"), Answers())
    assert (code.state.step, code.verbs[0].timeout) == ("enter_code", 40)
    half = engine.answer(WHOLE, code.state, Keys("123"), Answers())
    assert half.verbs[0].timeout == 80, "the time may have been over before the entry was"
    for _ in range(9):
        half = engine.answer(WHOLE, replace(half.state, tries=0), Keys(), Answers())
    assert half.verbs[0].timeout == 80, "ten times at most"


def test_silence_where_waiting_is_usual_makes_nothing_longer() -> None:
    greeted = engine.answer(WHOLE, at("welcome_back"), Keys(), Answers()).state
    assert (greeted.step, greeted.patience) == ("main_menu", 1), "a known caller waits for the menu"
    skipped = engine.answer(WHOLE, at("age_group_later"), Keys(), Answers()).state
    assert skipped.patience == 1
    connected = engine.answer(WHOLE, at("main_menu", patience=10), Keys("2"), Answers(is_open=True))
    assert (connected.state.step, connected.verbs[0].timeout) == ("transfer", 2), "nobody waits for it in silence"
