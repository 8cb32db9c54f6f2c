"""The hotline's script: what a caller to 0421-178-2666 is asked, and where each answer leads.

Source: reachable daily 08:00 to 18:00; outside these hours a voicebox whose messages go to the responsible
team; a callback to settle the matter; emergencies (no money, power cut, urgent offer of a flat, food voucher)
first; forms by post and appointments by telephone. Recording only after consent (§ 201 StGB).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.domain.enums import (
    AgeGroup,
    Availability,
    CallEnding,
    Concern,
    EventName,
    QueueExit,
    SpokenWords,
    TaskKind,
)
from ivr.flows import conditions
from ivr.flows.callback_number import callback_number, kept_place
from ivr.flows.emergency import emergency
from ivr.flows.language_menu import EMERGENCY, EMERGENCY_KEY, beginning
from ivr.flows.notices import OFFER, announcement, night_answers
from ivr.flows.protocol import PromptLine
from ivr.flows.script_blocks import (
    OTHERWISE_OTHER,
    about,
    age_group,
    consent,
    in_writing,
    postal_code,
    spoken_message,
    times,
)
from ivr.flows.services import services
from ivr.flows.steps import Announce, Branch, Choice, End, Menu, Promise, RecordEvent, Step, Talk, WaitInQueue
from ivr.flows.whole_script import Flow

#: A caller who gives up a request half-way for a person wants to talk. What was promised already stays what it is.
_PERSON = Choice("reach_team", sets={"kind": TaskKind.CALLBACK}, unless="receipt_code")
_MAIN = {
    "1": about(Concern.BENEFITS),
    "2": about(Concern.WORK),
    "3": Choice("services"),
    "4": Choice("other_matter"),
}
#: Steps at which calls begun before an update may stand, and that have other keys, or another name, since then.
_FORMER = {
    "language": "choose_language",
    "more_languages": "choose_language",
    "main": "main_menu",
    "other_concern": "other_matter",
    "emergency": "emergency_reason",
}


def hotline(languages: Sequence[str], forms: Sequence[str] = ()) -> Flow:
    """The script with a language menu of these languages, key 1 first, and these forms to order by post.

    Each form is the name of a prompt that speaks its name.
    """
    return Flow(
        start="screened_first",
        fallback="technical_problem",
        exhausted="enough",
        noted="receipt_code",
        not_noted="not_noted_first",
        unserved="goodbye_unserved",
        # Emergency first; and no menu keeps a caller from people.
        anywhere={EMERGENCY_KEY: EMERGENCY, "0": _PERSON},
        former=_FORMER,
        steps={
            **beginning(languages, _MAIN),
            **_concerns(),
            **emergency(),
            **_way_to_a_team(),
            **_conversation(),
            **_voicebox(),
            **_unanswered(),
            **_number_and_times(),
            **_receipt(),
            **callback_number(),
            **kept_place(),
            **services(forms),
            **announcement(to="main_menu"),
            **night_answers("main_menu", about(Concern.OTHER), "goodbye_informed"),
        },
    )


def _concerns() -> Mapping[str, Step]:
    """What the call is about."""
    return {
        "main_menu": Menu(
            prompt="main", choices=_MAIN, otherwise="reach_team", otherwise_sets=OTHERWISE_OTHER, attempts=2
        ),
        "other_matter": Menu(
            prompt="other_concern",
            lines=(PromptLine("other_concern"), PromptLine(OFFER, values={"key": "4"})),
            choices={
                "1": about(Concern.UNDER_25, age_group=AgeGroup.UNDER_25),
                "2": about(Concern.REHAB),
                "3": about(Concern.OTHER),
                "4": Choice("night_answers"),
            },
            only_if={"4": conditions.answers_are_known},
            told_if={"4": conditions.nobody_answers},  # who was told at 07:59 is answered at 08:00
            otherwise="reach_team",
            otherwise_sets=OTHERWISE_OTHER,
        ),
    }


def _way_to_a_team() -> Mapping[str, Step]:
    """Until a caller waits for people, while they answer.

    Age and office are asked first only where the team depends on them.
    """
    return {
        "reach_team": Branch(on=conditions.team_is_open, yes="age_first", no="closed_first"),
        "age_first": Branch(on=conditions.age_decides, yes="age_group", no="office_first"),
        "age_group": age_group(to="office_first", on_the_way=True),
        "office_first": Branch(on=conditions.office_decides, yes="office", no="transfer"),
        "office": postal_code(to="transfer", on_the_way=True),
        "transfer": Menu(
            prompt="transfer",
            choices={"1": Choice("message_first", sets={"records_again": False})},
            otherwise="queue_first",
            attempts=1,
            timeout=2,
            asked_while=conditions.team_is_open,
        ),
        "queue_first": Branch(on=conditions.team_is_open, yes="present_first", no="closed_first"),
        "present_first": Branch(on=conditions.somebody_is_there, yes="kept_first", no="nobody_answered"),
        # Who says yes goes on at that place, though no further caller may wait. Nothing is said of whose place it is.
        "kept_first": Branch(on=conditions.waits_anew, yes="place_first", no="your_place"),
        "your_place": Menu(
            prompt="your_place",
            choices={
                "1": Choice("call_queue", sets={"comes_back": True}),
                "2": Choice("place_first", sets={"comes_back": False}),
            },
            otherwise="place_first",
            otherwise_sets={"comes_back": False},
            attempts=1,
            asked_while=conditions.team_is_open,
        ),
        "place_first": Branch(on=conditions.queue_has_room, yes="call_queue", no="queue_full"),
        "call_queue": WaitInQueue(
            bridged="talk",
            ways={
                QueueExit.CALLBACK: "keep_place",
                QueueExit.MESSAGE: "message_first",
                QueueExit.CLOSED: "closed",
                QueueExit.FULL: "queue_full",
            },
            otherwise="nobody_answered",
        ),
        "queue_full": Announce(("line_full",), to="unattended", event=EventName.NO_PLACE_FREE),
    }


def _conversation() -> Mapping[str, Step]:
    """The conversation, and what comes after it."""
    return {
        "talk": Talk(over="conversation_over", no_interpreter="no_interpreter", missed="queue_first"),
        # A member's telephone may have failed. A caller who was cut off can have the old place in the queue.
        "conversation_over": Menu(
            prompt="conversation_over",
            choices={
                "1": Choice("back_to_queue", sets={"comes_back": True}),
                "2": Choice("message_first", sets={"records_again": False}),
            },
            otherwise="after_call",
            attempts=1,
        ),
        "back_to_queue": Branch(on=conditions.can_report_emergency, yes="emergency_again", no="queue_first"),
        "emergency_again": Promise(EventName.EMERGENCY_REPORTED, to="queue_first"),
        "no_interpreter": Menu(
            prompt="no_interpreter",
            choices={"1": Choice("interpreter_callback"), "2": Choice("talk")},
            otherwise="talk",
            attempts=2,
        ),
        "interpreter_callback": Promise(EventName.INTERPRETER_WANTED, to="number"),
        "after_call": End(CallEnding.CONNECTED, ("goodbye",)),
    }


def _voicebox() -> Mapping[str, Step]:
    """The voicebox at all other times, and the callback for callers who do not wish to be recorded."""
    return {
        # where a call is taken up again after a failure of ours
        "technical_problem": Announce(("technical_problem",), to="after_problem"),
        "after_problem": Branch(on=conditions.is_settled, yes="finish", no="message_first"),
        # Nobody is asked for a recording in a language they do not understand, if they can be called back.
        "closed_first": Branch(on=conditions.waits_for_interpreter, yes="unlisted_task", no="closed_urgent"),
        "closed_urgent": Branch(on=conditions.is_emergency, yes="consent_emergency", no="closed"),
        "closed": Announce(("closed",), to="unattended"),
        "nobody_answered": Announce(("nobody_answered",), to="unattended", event=EventName.NOBODY_THERE),
        "unattended": Branch(on=conditions.waits_for_interpreter, yes="unlisted_task", no="unattended_urgent"),
        "unattended_urgent": Branch(on=conditions.is_emergency, yes="consent_emergency", no="silent_first"),
        "silent_first": Branch(on=conditions.has_pressed_nothing, yes="silent_number", no="consent"),
        "silent_number": Branch(on=conditions.silence_is_answered, yes="silent_task", no="consent"),
        "message_first": Branch(on=conditions.waits_for_interpreter, yes="unlisted_task", no="consent"),
        **consent("record", otherwise="leave_unserved"),
        **spoken_message("speak_now", to="details", otherwise="nothing_recorded"),
        # a caller who could not be heard can still be called back
        "nothing_recorded": Branch(on=conditions.receipt_is_known, yes="nothing_added", no="nothing_heard"),
        "nothing_heard": Announce(("nothing_heard",), to="offer_callback"),
        "nothing_added": Branch(on=conditions.is_changing, yes="change_request", no="details"),
        "offer_callback": Menu(
            prompt="offer_callback",
            choices={"1": Choice("ask_callback", sets={"kind": TaskKind.CALLBACK}, unless="receipt_code")},
            otherwise="leave_unserved",
        ),
        "ask_callback": Promise(EventName.ASKED, to="details"),
        "details": Branch(on=conditions.is_changing, yes="noted_first", no="emergency_told_first"),
        "appointment_first": Branch(on=conditions.is_appointment, yes="appointment_open", no="called_before_first"),
        "appointment_open": Branch(on=conditions.reason_is_known, yes="called_before_first", no="appointment_mode"),
    }


def _unanswered() -> Mapping[str, Step]:
    """The end for callers who do not choose. Whose number is shown is called back once, a single time."""
    return {
        "leave_unserved": Branch(on=conditions.receipt_is_known, yes="finish", no="silent_at_last"),
        "silent_at_last": Branch(on=conditions.silence_is_answered, yes="silent_task", no="unserved_first"),
        "unserved_first": Branch(on=conditions.team_is_open, yes="goodbye_unserved", no="unserved_closed"),
        "unserved_closed": Announce(("opening_again",), to="goodbye_unserved"),
        "silent_task": Promise(EventName.SILENT_CALLER, to="goodbye_silent"),
        "goodbye_silent": End(CallEnding.PROMISED, ("silent_callback", "goodbye")),
        "goodbye_unserved": End(CallEnding.UNSERVED, ("call_again", "goodbye")),
        # a storm of keys
        "enough": Branch(on=conditions.receipt_is_known, yes="finish", no="goodbye_unserved"),
    }


def _number_and_times() -> Mapping[str, Step]:
    """Where and when to call back."""
    return {
        # Always asked where a number is shown: asked only where something is open, it would tell that to strangers.
        "called_before_first": Branch(on=conditions.may_have_called_before, yes="called_before", no="number"),
        "called_before": Menu(
            prompt="called_before",
            choices={
                "1": Choice("calls_again", sets={"called_before": True}),
                "2": Choice("number", sets={"called_before": False}),
            },
            otherwise="number",
            otherwise_sets={"called_before": False},
            attempts=1,
            spoken=SpokenWords.YES_NO,
        ),
        "calls_again": RecordEvent(EventName.JOIN_WANTED, to="number"),
        "number_left_out": Branch(on=conditions.is_changing, yes="change_request", no="number_or_none"),
        # what has been promised stays promised; a request that is only being changed keeps its number
        "finish": Branch(on=conditions.is_changing, yes="goodbye_changed", no="number_or_none"),
        "number_or_none": Branch(on=conditions.number_is_known, yes="number_given_at_last", no="no_number"),
        "number_given_at_last": RecordEvent(EventName.NUMBER_GIVEN, to="receipt"),
        "no_number": Announce(("no_number",), to="receipt"),
        "number_given": RecordEvent(EventName.NUMBER_GIVEN, to="after_number"),
        "after_number": Branch(on=conditions.is_changing, yes="number_noted", no="where"),
        "where": Branch(on=conditions.office_is_wanted, yes="postal_code", no="age_later"),
        "postal_code": postal_code(to="age_later"),
        "age_later": Branch(on=conditions.age_decides, yes="age_group_later", no="when"),
        "age_group_later": age_group(to="when"),
        "when": Branch(on=conditions.times_are_wanted, yes="times_first", no="writing_first"),
        "writing_first": Branch(on=conditions.writing_is_offered, yes="written_how", no="receipt"),
        "written_how": Branch(on=conditions.texts_are_sent, yes="answer_in_writing", no="answer_by_letter"),
        "answer_in_writing": in_writing("answer_in_writing", "receipt", "receipt", attempts=1),
        "answer_by_letter": in_writing("answer_by_letter", "receipt", "receipt", attempts=1),
        "times_first": Branch(on=conditions.texts_are_sent, yes="availability", no="availability_or_letter"),
        "availability": _times("availability"),
        "availability_or_letter": _times("availability_or_letter"),
    }


def _times(prompt: str) -> Menu:
    return Menu(
        prompt=prompt,
        choices=times("receipt"),
        otherwise="receipt",
        otherwise_sets={"availability": Availability.ANY_TIME},
        attempts=2,
        spoken=SpokenWords.NUMBERS,
    )


def _receipt() -> Mapping[str, Step]:
    """What is told at the end: when we call, and the receipt code."""
    return {
        "receipt": Branch(on=conditions.receipt_is_known, yes="told_first", no="not_noted_first"),
        "told_first": Branch(on=conditions.is_emergency, yes="emergency_at_last", no="hours_first"),
        # When we open again is said here, so that outside opening hours the tone comes sooner.
        "hours_first": Branch(on=conditions.team_is_open, yes="usual_first", no="hours_told"),
        "hours_told": Announce(("opening_again",), to="usual_first"),
        "usual_first": Branch(on=conditions.is_called_back_as_usual, yes="day_first", no="writing_told_first"),
        # "Within 88 hours" is hard to understand: where nobody works in time, the day is named.
        "day_first": Branch(on=conditions.works_in_time, yes="usual_time", no="day_told"),
        "day_told": Announce(("callback_by",), to="receipt_code"),
        "usual_time": Announce(("callback_usual",), to="receipt_code"),
        "writing_told_first": Branch(on=conditions.wants_writing, yes="writing_told", no="receipt_code"),
        "writing_told": Branch(on=conditions.texts_are_sent, yes="writing_noted", no="letter_noted"),
        "writing_noted": Announce(("writing_noted",), to="receipt_code"),
        "letter_noted": Announce(("letter_noted",), to="receipt_code"),
        "receipt_code": End(CallEnding.PROMISED, ("receipt", "receipt_again", "goodbye")),
        "not_noted_first": Branch(
            on=conditions.is_called_within_hours, yes="goodbye_not_noted", no="goodbye_not_noted_otherwise"
        ),
        "goodbye_not_noted": End(CallEnding.PROMISED, ("not_noted", "goodbye")),
        "goodbye_not_noted_otherwise": End(CallEnding.PROMISED, ("not_noted_otherwise", "goodbye")),
    }
