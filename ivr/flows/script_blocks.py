"""Pieces the script uses in several places."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.flows import conditions
from ivr.flows.steps import Announce, Choice, EnterDigits, Menu, PlayBack, Record, Step

#: A choice of something new: what is known of an earlier matter of the same call does not belong to it.
ANEW = {"request": "", "receipt_code": "", "left": "", "again": "", "emergency_kind": ""}


def about(concern: str, to: str = "reach_team", kind: str = "callback", **facts: str) -> Choice:
    """A choice of what the call is about."""
    return Choice(to, facts={**ANEW, "kind": kind, "concern": concern, "age_group": "", **facts})


#: What a call is about whose caller does not say.
OTHERWISE_OTHER = about("other").facts


def age_group(to: str, *, on_the_way: bool = False) -> Menu:
    """Under 25, or older; who does not say goes on, and so does who wants a person and is `on_the_way` to one."""
    return Menu(
        prompt="age_group",
        choices={
            "1": Choice(to, facts={"age_group": "under_25"}),
            "2": Choice(to, facts={"age_group": "25_and_over"}),
            **_straight_on(to, on_the_way),
        },
        otherwise=to,
        attempts=1,
        optional=True,
    )


def _straight_on(to: str, on_the_way: bool) -> Mapping[str, Choice]:
    return {"0": Choice(to)} if on_the_way else {}


def postal_code(to: str, *, on_the_way: bool = False) -> EnterDigits:
    """Where the caller lives, from which the office follows; may be left out (see :func:`age_group`)."""
    return EnterDigits(
        prompt="postal_code",
        reads=conditions.entered_postal_code,
        sets="office",
        not_usable="postal_code_not_usable",
        to=to,
        otherwise=to,
        max_digits=5,
        timeout=6,
        attempts=2,
        optional=True,
        choices=_straight_on(to, on_the_way),
    )


def times(to: str) -> Mapping[str, Choice]:
    """When the caller can be reached."""
    return {
        "1": Choice(to, facts={"availability": "morning"}),
        "2": Choice(to, facts={"availability": "afternoon"}),
        "3": Choice(to, facts={"availability": "any_time"}),
    }


def spoken_message(prompt: str, to: str, otherwise: str, name: str = "") -> Mapping[str, Step]:
    """Speech after a tone, which the caller can hear and record again: the steps `record<name>`, `review<name>` and
    so on. `otherwise` when nothing was said."""
    record, review, listen, cannot_play = (f"{step}{name}" for step in ("record", "review", "listen", "cannot_play"))
    return {
        record: Record(prompt=prompt, to=review, otherwise=otherwise),
        review: Menu(
            prompt="review",
            choices={"1": Choice(to), "2": Choice(listen), "3": Choice(record, facts={"again": "1"})},
            otherwise=to,
        ),
        listen: PlayBack(to=review, otherwise=cannot_play),
        cannot_play: Announce(("cannot_play",), to=review),
    }
