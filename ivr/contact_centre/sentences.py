"""What a person of a conversation is to hear, out of its room: one sentence after the other, each to its end.

A sentence stays to be said until it has been said: whoever is called away in the middle of it hears it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ivr.domain.conversation_rules import Sentence
from ivr.domain.enums import LegState
from ivr.models.contact_centre import Leg

#: What is not true any more once the caller is fetched back.
_OF_WAITING = (Sentence.ON_HOLD, Sentence.BEING_TRANSFERRED)


def pending(leg: Leg) -> list[Sentence]:
    """What a person is to hear, in its order. A sentence that this version does not know is left out."""
    known = tuple(Sentence)
    then = [Sentence(one) for one in leg.to_hear_then or () if one in known]
    return [leg.to_hear, *then] if leg.to_hear is not None else then


def add(leg: Leg, sentence: Sentence | None) -> None:
    """A person is to hear a sentence, after those that wait already. One that waits is not said twice."""
    waiting = pending(leg)
    if sentence is not None and sentence not in waiting:
        _put(leg, [*waiting, sentence])


def say_only(leg: Leg, sentence: Sentence | None) -> None:
    """A person is to hear one last sentence: what has happened before does not matter any more."""
    _put(leg, [sentence] if sentence is not None else [])


def comes_back(leg: Leg) -> None:
    """A person who was to wait with music does not wait any more."""
    said(leg, _OF_WAITING)


def being_said(leg: Leg) -> Sequence[Sentence]:
    """What a person hears now. They are out of the room for it, even if the carrier has not told so yet."""
    if leg.state == LegState.JOINED:
        leg.state = LegState.ANSWERED
    return pending(leg)


def said(leg: Leg, sentences: Collection[str]) -> None:
    """A person has heard these sentences to their end."""
    _put(leg, [one for one in pending(leg) if one not in sentences])


def _put(leg: Leg, sentences: Sequence[Sentence]) -> None:
    leg.to_hear = sentences[0] if sentences else None
    leg.to_hear_then = [str(one.value) for one in sentences[1:]] or None
