"""The questions the hotline's branches ask. They answer; they never act."""

from __future__ import annotations

from ivr.flows.steps import Questions
from ivr.flows.verbs import State


def team_is_open(state: State, questions: Questions) -> bool:
    """Whether people answer now."""
    return questions.team_is_open(state)


def number_is_known(state: State, _questions: Questions) -> bool:
    """Whether there is a number to call back: shown by the carrier or keyed in."""
    return bool(state.facts.get("callback_number"))


def receipt_is_known(state: State, _questions: Questions) -> bool:
    """Whether the house could give a receipt code already."""
    return bool(state.facts.get("receipt_code"))
