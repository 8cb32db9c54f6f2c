"""Names of texts that the authority writes itself, in the place of prompts of the catalogue."""

from __future__ import annotations

from ivr.domain.enums import AnsweredQuestion

#: What is announced today, before the main menu.
ANNOUNCEMENT = "own_announcement"
#: The questions that are offered outside opening hours, in a language that has an answer.
NIGHT_QUESTIONS = (AnsweredQuestion.MONEY, AnsweredQuestion.APPLICATION, AnsweredQuestion.OFFICE)
#: The answer to each of them.
ANSWERS = {question: f"own_answer_{question.value}" for question in NIGHT_QUESTIONS}
#: Prompts of the catalogue in whose place an answer is spoken, in each language that has one.
REPLACED = {"emergency_help": AnsweredQuestion.HELP}
#: The keys that a language beyond the menu may have; `0` is none of them, and `9` an emergency.
FURTHER_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8")
#: The spoken name of the language behind each of them.
FURTHER_NAMES = {key: f"own_language_{key}" for key in FURTHER_KEYS}
#: Those that the catalogue does not have; they may be missing.
OWN_TEXTS = frozenset({ANNOUNCEMENT, *ANSWERS.values(), *FURTHER_NAMES.values()})
