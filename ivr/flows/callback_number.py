"""At which number a caller is called back: shown or keyed in, confirmed, or abroad and only noted."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.enums import EventName, SpokenWords
from ivr.flows import conditions
from ivr.flows.steps import Announce, Branch, Choice, EnterDigits, Menu, Promise, RecordEvent, Step


def _another(to: str) -> Choice:
    """The number that was read back is not the right one."""
    return Choice(to, event=EventName.NUMBER_REFUSED)


def callback_number() -> Mapping[str, Step]:
    """The number to call back. One in a country that is not called is noted, and its caller is told so.

    What is keyed in counts from the last key on: many hang up while it is read back to them.
    """
    return {
        "number": Branch(on=conditions.number_is_known, yes="number_first", no="enter_number"),
        "number_first": Branch(on=conditions.number_can_be_called, yes="confirm_number", no="number_abroad"),
        "confirm_number": Menu(
            prompt="confirm_number",
            choices={"1": Choice("number_given"), "2": _another("enter_number")},
            otherwise="number_given",
            spoken=SpokenWords.YES_NO,
        ),
        "number_abroad": Menu(
            prompt="number_abroad",
            choices={"1": _another("enter_number"), "2": Choice("number_given")},
            otherwise="number_given",
            attempts=2,
        ),
        "enter_number": EnterDigits(
            prompt="enter_number",
            reads=conditions.entered_number,
            sets="callback_number",
            not_usable="number_not_usable",
            to="number_entered",
            otherwise="number_left_out",
            event=EventName.NUMBER_KEYED,
        ),
        "number_entered": Branch(on=conditions.is_changing, yes="new_number_first", no="number_first"),
        "new_number_first": Branch(
            on=conditions.number_can_be_called, yes="confirm_new_number", no="new_number_abroad"
        ),
    }


def kept_place() -> Mapping[str, Step]:
    """A place in the call queue that a caller keeps: it is said to be kept once there is a number to call."""
    return {
        "keep_place": Promise(EventName.PLACE_KEPT, to="place_of_whom"),
        # The number of an earlier request may be missing, or wait to be confirmed: its caller is promised no place.
        "place_of_whom": Branch(on=conditions.is_changing, yes="noted_first", no="place_open"),
        # Closing time ends all places: who has asked for one at that moment is called back like everybody else.
        "place_open": Branch(on=conditions.team_is_open, yes="place_number", no="place_closed"),
        "place_closed": Announce(("closed",), to="number"),
        "place_number": Branch(on=conditions.number_can_be_called, yes="place_kept", no="enter_place_number"),
        "place_kept": Announce(("place_kept",), to="number"),
        "enter_place_number": EnterDigits(
            prompt="enter_number",
            reads=conditions.entered_callable_number,
            sets="callback_number",
            not_usable="number_not_usable",
            to="confirm_place_number",
            otherwise="number_left_out",
            event=EventName.NUMBER_KEYED,
        ),
        "confirm_place_number": Menu(
            prompt="confirm_number",
            choices={"1": Choice("place_number_given"), "2": _another("enter_place_number")},
            otherwise="place_number_given",
        ),
        "place_number_given": RecordEvent(EventName.NUMBER_GIVEN, to="place_still_open"),
        "place_still_open": Branch(on=conditions.team_is_open, yes="place_kept_now", no="after_number"),
        "place_kept_now": Announce(("place_kept",), to="after_number"),
    }
