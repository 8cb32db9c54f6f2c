"""The hotline's script: what a caller to 0421-178-2666 is asked, and where each answer leads.

Source: reachable daily 08:00 to 18:00; outside these hours a voicebox whose messages go to the
responsible team; a callback to settle the matter. Recording only after consent (§ 201 StGB).
"""

from __future__ import annotations

from collections.abc import Sequence

from ivr.flows.questions import number_is_known, receipt_is_known, team_is_open
from ivr.flows.steps import (
    Announce,
    Branch,
    Choice,
    Dial,
    End,
    EnterDigits,
    Flow,
    Menu,
    PlayBack,
    Promise,
    Record,
)
from ivr.flows.verbs import Line
from ivr.languages import DEFAULT_LANGUAGE
from ivr.phone_numbers import entered_number


def _about(concern: str) -> Choice:
    return Choice("reach_team", facts={"concern": concern})


def hotline(languages: Sequence[str]) -> Flow:
    """The script with a language menu of these languages, key 1 first."""
    keyed = {str(position): language for position, language in enumerate(languages, start=1)}
    return Flow(
        start="language",
        fallback="technical_problem",
        exhausted="enough",
        steps={
            "language": Menu(
                prompt="choose_language",
                lines=(
                    Line("welcome", DEFAULT_LANGUAGE),
                    *(Line("choose_language", code, {"key": key}) for key, code in keyed.items()),
                ),
                choices={key: Choice("concern", language=code) for key, code in keyed.items()},
                otherwise="concern",
            ),
            "concern": Menu(
                prompt="choose_concern",
                choices={
                    "1": _about("benefits"),
                    "2": _about("work"),
                    "3": _about("under_25"),
                    "4": _about("emergency"),
                    "5": _about("other"),
                    "9": _about("emergency"),
                },
                otherwise="reach_team",
                otherwise_facts={"concern": "other"},
            ),
            # -- people, while they answer
            "reach_team": Branch(on=team_is_open, yes="transfer", no="closed"),
            "transfer": Menu(
                prompt="transfer",
                choices={"1": Choice("consent")},
                otherwise="dial_team",
                attempts=1,
                timeout=2,
            ),
            "dial_team": Dial(answered="after_call", otherwise="nobody_answered"),
            "after_call": End("connected", ("goodbye",)),
            # -- where a call is taken up again after a failure of ours
            "technical_problem": Announce(("technical_problem",), to="after_problem"),
            "after_problem": Branch(on=receipt_is_known, yes="number_or_none", no="consent"),
            # -- the voicebox at all other times
            "closed": Announce(("closed",), to="consent"),
            "nobody_answered": Announce(("nobody_answered",), to="consent"),
            "consent": Menu(
                prompt="consent",
                choices={"1": Choice("record"), "2": Choice("ask_callback")},
                otherwise="goodbye_unserved",
            ),
            "record": Record(prompt="speak_now", to="review", otherwise="nothing_recorded"),
            "review": Menu(
                prompt="review",
                choices={"1": Choice("number"), "2": Choice("listen"), "3": Choice("record")},
                otherwise="number",
            ),
            "listen": PlayBack(to="review", otherwise="cannot_play"),
            "cannot_play": Announce(("cannot_play",), to="review"),
            # -- who does not wish to be recorded, or could not be heard, can still be called back
            "nothing_recorded": Branch(on=receipt_is_known, yes="number", no="offer_callback"),
            "offer_callback": Menu(
                prompt="offer_callback",
                choices={"1": Choice("ask_callback")},
                otherwise="goodbye_unserved",
            ),
            "ask_callback": Promise("callback_asked", to="number"),
            # -- the number to call back
            "number": Branch(on=number_is_known, yes="confirm_number", no="enter_number"),
            "confirm_number": Menu(
                prompt="confirm_number",
                choices={"1": Choice("number_given"), "2": Choice("enter_number")},
                otherwise="number_given",
            ),
            "enter_number": EnterDigits(
                prompt="enter_number",
                reads=entered_number,
                sets="callback_number",
                not_usable="number_not_usable",
                to="confirm_number",
                otherwise="number_or_none",
            ),
            "number_or_none": Branch(on=number_is_known, yes="number_given", no="no_number"),
            "no_number": Announce(("no_number",), to="receipt"),
            "number_given": Promise("number_given", to="receipt"),
            # -- the receipt, then goodbye
            "receipt": Branch(on=receipt_is_known, yes="receipt_code", no="goodbye_not_noted"),
            "receipt_code": End("promised", ("receipt", "receipt_again", "goodbye")),
            "goodbye_not_noted": End("promised", ("not_noted", "goodbye")),
            "goodbye_unserved": End("unserved", ("call_again", "goodbye")),
            # -- a storm of keys: what has been promised stays promised
            "enough": Branch(on=receipt_is_known, yes="number_or_none", no="goodbye_unserved"),
        },
    )
