"""Building blocks that the call script uses in several places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.domain.enums import AgeGroup, Availability, Concern, ReplyBy, SpokenWords, TaskKind
from ivr.flows import conditions
from ivr.flows.request import RESET_REQUEST
from ivr.flows.steps import Announce, Branch, Choice, EnterDigits, Menu, PlayBack, Record, Step


def about(concern: Concern, to: str = "reach_team", kind: TaskKind = TaskKind.CALLBACK, **sets: Any) -> Choice:
    """A choice of what the call is about. It begins a new request; the age group is asked again."""
    return Choice(to, sets={**RESET_REQUEST, "kind": kind, "concern": concern, "age_group": None, **sets})


#: What a call is about whose caller does not say.
OTHERWISE_OTHER = about(Concern.OTHER).sets


def age_group(to: str, *, on_the_way: bool = False) -> Menu:
    """Under 25, or older.

    A caller who does not say goes on, and so does one who wants a person and is `on_the_way` to one.
    """
    return Menu(
        prompt="age_group",
        choices={
            "1": Choice(to, sets={"age_group": AgeGroup.UNDER_25}),
            "2": Choice(to, sets={"age_group": AgeGroup.FROM_25}),
            **_straight_on(to, on_the_way),
        },
        otherwise=to,
        attempts=1,
        optional=True,
        spoken=SpokenWords.YES_NO,
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


#: The caller wants the answer by text message or letter: some cannot hear or speak well on the telephone.
IN_WRITING: Mapping[str, Any] = {"reply_by": ReplyBy.WRITING}


def in_writing(prompt: str, chosen: str, otherwise: str, attempts: int = 3) -> Menu:
    """The question whether somebody who cannot be called wants an answer in writing."""
    return Menu(prompt, {"1": Choice(chosen, sets=IN_WRITING), "2": Choice(otherwise)}, otherwise, attempts)


def times(to: str) -> Mapping[str, Choice]:
    """When the caller can be reached, or that they want no call."""
    return {
        "1": Choice(to, sets={"availability": Availability.MORNING, "reply_by": ReplyBy.CALL}),
        "2": Choice(to, sets={"availability": Availability.AFTERNOON, "reply_by": ReplyBy.CALL}),
        "3": Choice(to, sets={"availability": Availability.ANY_TIME, "reply_by": ReplyBy.CALL}),
        "4": Choice(to, sets=IN_WRITING),
    }


def consent(tone: str, otherwise: str, name: str = "") -> Mapping[str, Step]:
    """The question whether the caller may be recorded (§ 201 StGB), and what happens to the recording.

    The steps `consent<name>` and `about_recording<name>`. `tone`: the step that records.
    """
    question, about_it = f"consent{name}", f"about_recording{name}"
    return {
        question: Menu(
            prompt=question,
            choices={
                "1": Choice(tone, sets={"records_again": False, "speech_agreed": True}),
                "2": Choice("ask_callback", sets={"speech_agreed": False}),
                "3": Choice(about_it),
            },
            otherwise=otherwise,
            otherwise_sets={"speech_agreed": False},
            attempts=2,
        ),
        about_it: Announce(("about_recording",), to=question),
    }


def spoken_message(prompt: str, to: str, otherwise: str, name: str = "") -> Mapping[str, Step]:
    """Speech after a tone, which the caller can hear and record again.

    The steps `record<name>`, `review<name>` and so on. `otherwise` when nothing was said. Who is still speaking when
    the time for one recording is over goes on in a further one, which is a part of the same message.
    """
    record, review, listen, cannot_play = (f"{step}{name}" for step in ("record", "review", "listen", "cannot_play"))
    cut, time_is_up, speak_on, no_more = (f"{step}{name}" for step in ("cut", "time_is_up", "speak_on", "no_more_time"))
    return {
        record: Record(prompt=prompt, to=review, otherwise=otherwise, cut=cut),
        cut: Branch(on=conditions.may_go_on, yes=time_is_up, no=no_more),
        # Who has not noticed, and speaks through the question, goes on after the next tone. The hash key ends it.
        time_is_up: Menu(
            prompt="time_is_up",
            choices={"1": Choice(speak_on), "2": Choice(review), "#": Choice(review)},
            otherwise=speak_on,
            attempts=1,
            timeout=2,
        ),
        speak_on: Record(prompt="speak_on", to=review, otherwise=review, attempts=1, cut=cut, continues=True),
        no_more: Announce(("no_more_time",), to=review),
        review: Menu(
            prompt="review",
            choices={"1": Choice(to), "2": Choice(listen), "3": Choice(record, sets={"records_again": True})},
            otherwise=to,
            spoken=SpokenWords.NUMBERS,
        ),
        listen: PlayBack(to=review, otherwise=cannot_play, prompt="one_moment"),
        cannot_play: Announce(("cannot_play",), to=review),
    }
