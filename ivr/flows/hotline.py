"""The hotline's script: what a caller to 0421-178-2666 is asked, and where each answer leads.

Source: reachable daily 08:00 to 18:00; outside these hours a voicebox whose messages go to the responsible
team; a callback to settle the matter; emergencies (no money, power cut, urgent offer of a flat, food voucher)
first; forms by post and appointments by telephone. Recording only after consent (§ 201 StGB).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows import conditions
from ivr.flows.protocol import Line
from ivr.flows.script_blocks import ANEW, OTHERWISE_OTHER, about, age_group, postal_code, spoken_message, times
from ivr.flows.services import services
from ivr.flows.steps import Announce, Branch, Choice, End, EnterDigits, Flow, Menu, Promise, Step, Talk, WaitInLine

#: Languages on the first page of the language menu, one a key.
_PAGE = 9
_EMERGENCY = Choice("emergency", facts={**ANEW, "kind": "callback", "concern": "emergency", "kept_away": ""})
#: Who gives a request up half-way for a person wants to talk; what has been promised already stays what it is.
_PERSON = Choice("reach_team", facts={"kind": "callback"}, unless="receipt_code")
_KEPT_AWAY = {"9": _EMERGENCY, "0": Choice("goodbye_kept_away")}
_MAIN = {
    "1": about("benefits"),
    "2": about("work"),
    "3": about("under_25", age_group="under_25"),
    "4": Choice("other_concern"),
    "5": Choice("services"),
}


def hotline(languages: Sequence[str], forms: Sequence[str] = ()) -> Flow:
    """The script with a language menu of these languages, key 1 first, and these forms to order by post.

    Each form is the name of a prompt that speaks its name.
    """
    return Flow(
        start="unwanted_first",
        fallback="technical_problem",
        exhausted="enough",
        # Emergency first; and nobody is locked out from people by a menu.
        anywhere={"9": _EMERGENCY, "0": _PERSON},
        steps={
            **_languages(languages),
            **_concerns(),
            **_people(),
            **_voicebox(),
            **_callback(),
            **services(forms),
        },
    )


def _languages(languages: Sequence[str]) -> Mapping[str, Step]:
    """The language menu, on two pages if there are more languages than keys."""
    first, second = languages[:_PAGE], languages[_PAGE:]
    other_page = {"0": Choice("more_languages")} if second else {}
    more = tuple(Line("more_languages", code, {"key": "0"}) for code in second)
    greeting = (Line("welcome"), Line("other_languages", values={"key": "0"}))
    shared = tuple(  # telephones are shared: the next caller may not understand the last one's language
        Line("other_languages", code, {"key": "0"}) for code in languages[:2]
    )
    steps: dict[str, Step] = {
        # Who is kept away hears why and how to write instead; an emergency is heard all the same.
        "unwanted_first": Branch(on=conditions.is_kept_away, yes="kept_away_first", no="answered"),
        "kept_away_first": Branch(on=conditions.is_blocked, yes="blocked", no="held_off"),
        "blocked": Menu(prompt="blocked", choices=_KEPT_AWAY, otherwise="goodbye_kept_away", attempts=1),
        "held_off": Menu(prompt="held_off", choices=_KEPT_AWAY, otherwise="goodbye_kept_away", attempts=1),
        "goodbye_kept_away": End("kept_away", ("goodbye",)),
        "answered": Branch(on=conditions.language_is_known, yes="welcome_back", no="language"),
        "welcome_back": Menu(
            prompt="other_languages",
            lines=(*greeting, *shared),
            choices={"0": Choice("language")},
            ahead=_MAIN,
            otherwise="main",
            attempts=1,
            timeout=2,
            continues=True,
        ),
        # Who waits hears the other page; who waits there, too, is spoken to in German.
        "language": Menu(
            prompt="choose_language",
            lines=(Line("welcome", DEFAULT_LANGUAGE), *_language_lines(first), *more),
            choices={**_language_choices(first), **other_page},
            otherwise="more_languages" if second else "main",
            otherwise_language="" if second else DEFAULT_LANGUAGE,
            attempts=1 if second else 3,
            continues=bool(second),
        ),
    }
    if second:
        steps["more_languages"] = Menu(
            prompt="choose_language",
            lines=_language_lines(second),
            choices={**_language_choices(second), "0": Choice("language")},
            otherwise="main",
            otherwise_language=DEFAULT_LANGUAGE,
            attempts=1,
        )
    return steps


def _language_lines(languages: Sequence[str]) -> tuple[Line, ...]:
    return tuple(Line("choose_language", code, {"key": str(key)}) for key, code in enumerate(languages, start=1))


def _language_choices(languages: Sequence[str]) -> dict[str, Choice]:
    return {
        str(key): Choice("main", language=code, event="language_chosen") for key, code in enumerate(languages, start=1)
    }


def _concerns() -> Mapping[str, Step]:
    """What the call is about."""
    return {
        "main": Menu(prompt="main", choices=_MAIN, otherwise="reach_team", otherwise_facts=OTHERWISE_OTHER),
        "other_concern": Menu(
            prompt="other_concern",
            choices={"1": about("rehab"), "2": about("other")},
            otherwise="reach_team",
            otherwise_facts=OTHERWISE_OTHER,
        ),
        "emergency": Menu(
            prompt="emergency",
            lines=(Line("danger"), Line("emergency")),
            choices={
                "1": Choice("reach_team", facts={"emergency_kind": "no_money"}),
                "2": Choice("reach_team", facts={"emergency_kind": "power_cut"}),
                "3": Choice("reach_team", facts={"emergency_kind": "housing"}),
                "4": Choice("reach_team", facts={"emergency_kind": "food_voucher"}),
                "5": Choice("reach_team", facts={"emergency_kind": "other"}),
            },
            otherwise="reach_team",
            otherwise_facts={"emergency_kind": "other"},
            attempts=2,
        ),
    }


def _people() -> Mapping[str, Step]:
    """People, while they answer. Age and office are asked first only where the team depends on them."""
    return {
        "reach_team": Branch(on=conditions.team_is_open, yes="age_first", no="closed"),
        "age_first": Branch(on=conditions.age_decides, yes="age_group", no="office_first"),
        "age_group": age_group(to="office_first", on_the_way=True),
        "office_first": Branch(on=conditions.office_decides, yes="office", no="transfer"),
        "office": postal_code(to="transfer", on_the_way=True),
        "transfer": Menu(
            prompt="transfer",
            choices={"1": Choice("consent", facts={"again": ""})},
            otherwise="line_first",
            attempts=1,
            timeout=2,
        ),
        "line_first": Branch(on=conditions.somebody_is_there, yes="room_first", no="nobody_answered"),
        "room_first": Branch(on=conditions.line_has_room, yes="line", no="line_full"),
        "line": WaitInLine(
            bridged="talk",
            ways={
                "callback": "keep_place",
                "message": "consent",
                "closed": "closed",
                "full": "line_full",
            },
            otherwise="nobody_answered",
        ),
        "line_full": Announce(("line_full",), to="promise"),
        "keep_place": Promise("place_kept", to="place_kept"),
        "place_kept": Announce(("place_kept",), to="number"),
        "talk": Talk(over="conversation_over", no_interpreter="no_interpreter", missed="line_first"),
        # A member's telephone may have died: nobody is left in silence, and who was cut off has their old place.
        "conversation_over": Menu(
            prompt="conversation_over",
            choices={"1": Choice("line_first", facts={"back": "1"}), "2": Choice("consent", facts={"again": ""})},
            otherwise="after_call",
            attempts=1,
        ),
        "no_interpreter": Menu(
            prompt="no_interpreter",
            choices={"1": Choice("interpreter_callback"), "2": Choice("talk")},
            otherwise="talk",
            attempts=2,
        ),
        "interpreter_callback": Promise("interpreter_wanted", to="number"),
        "after_call": End("connected", ("goodbye",)),
    }


def _voicebox() -> Mapping[str, Step]:
    """The voicebox at all other times, and the callback for who does not wish to be recorded."""
    return {
        # where a call is taken up again after a failure of ours
        "technical_problem": Announce(("technical_problem",), to="after_problem"),
        "after_problem": Branch(on=conditions.receipt_is_known, yes="finish", no="consent"),
        "closed": Announce(("closed",), to="promise"),
        "nobody_answered": Announce(("nobody_answered",), to="promise"),
        "promise": Branch(on=conditions.is_emergency, yes="promise_emergency", no="promise_callback"),
        "promise_callback": Announce(("promise_callback",), to="consent"),
        "promise_emergency": Announce(("promise_emergency",), to="consent"),
        "consent": Menu(
            prompt="consent",
            choices={"1": Choice("record", facts={"again": ""}), "2": Choice("ask_callback")},
            otherwise="leave_unserved",
        ),
        **spoken_message("speak_now", to="details", otherwise="nothing_recorded"),
        # who could not be heard can still be called back
        "nothing_recorded": Branch(on=conditions.receipt_is_known, yes="nothing_added", no="offer_callback"),
        "nothing_added": Branch(on=conditions.is_changing, yes="change_request", no="details"),
        "offer_callback": Menu(
            prompt="offer_callback",
            choices={"1": Choice("ask_callback", facts={"kind": "callback"}, unless="receipt_code")},
            otherwise="leave_unserved",
        ),
        "ask_callback": Promise("asked", to="details"),
        "details": Branch(on=conditions.is_changing, yes="noted", no="appointment_first"),
        "appointment_first": Branch(on=conditions.is_appointment, yes="appointment_open", no="number"),
        "appointment_open": Branch(on=conditions.reason_is_known, yes="number", no="appointment_mode"),
        "leave_unserved": Branch(on=conditions.receipt_is_known, yes="finish", no="goodbye_unserved"),
        "goodbye_unserved": End("unserved", ("call_again", "goodbye")),
        # a storm of keys
        "enough": Branch(on=conditions.receipt_is_known, yes="finish", no="goodbye_unserved"),
    }


def _callback() -> Mapping[str, Step]:
    """Where and when to call back, and the receipt."""
    return {
        "number": Branch(on=conditions.number_is_known, yes="confirm_number", no="enter_number"),
        "confirm_number": Menu(
            prompt="confirm_number",
            choices={"1": Choice("number_given"), "2": Choice("enter_number")},
            otherwise="number_given",
        ),
        "enter_number": EnterDigits(
            prompt="enter_number",
            reads=conditions.entered_number,
            sets="callback_number",
            not_usable="number_not_usable",
            to="confirm_number",
            otherwise="number_left_out",
        ),
        "number_left_out": Branch(on=conditions.is_changing, yes="change_request", no="number_or_none"),
        # what has been promised stays promised; a request that is only being changed keeps its number
        "finish": Branch(on=conditions.is_changing, yes="goodbye_changed", no="number_or_none"),
        "number_or_none": Branch(on=conditions.number_is_known, yes="number_given_at_last", no="no_number"),
        "number_given_at_last": Promise("number_given", to="receipt"),
        "no_number": Announce(("no_number",), to="receipt"),
        "number_given": Promise("number_given", to="after_number"),
        "after_number": Branch(on=conditions.is_changing, yes="noted", no="where"),
        "where": Branch(on=conditions.office_is_wanted, yes="postal_code", no="age_later"),
        "postal_code": postal_code(to="age_later"),
        "age_later": Branch(on=conditions.age_decides, yes="age_group_later", no="when"),
        "age_group_later": age_group(to="when"),
        "when": Branch(on=conditions.times_are_wanted, yes="availability", no="receipt"),
        "availability": Menu(
            prompt="availability",
            choices=times("receipt"),
            otherwise="receipt",
            otherwise_facts={"availability": "any_time"},
            attempts=2,
        ),
        "receipt": Branch(on=conditions.receipt_is_known, yes="receipt_code", no="goodbye_not_noted"),
        "receipt_code": End("promised", ("receipt", "receipt_again", "goodbye")),
        "goodbye_not_noted": End("promised", ("not_noted", "goodbye")),
    }
