"""What the authority says itself: the announcement of today, and answers to frequent questions when it is closed."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.enums import AnsweredQuestion
from ivr.flows import conditions
from ivr.flows.own_texts import ANNOUNCEMENT, ANSWERS
from ivr.flows.protocol import PromptLine
from ivr.flows.questions import Condition
from ivr.flows.steps import Announce, Branch, Choice, Menu, Step

#: Each question's key, and whether it is answered.
_QUESTIONS: Mapping[str, tuple[AnsweredQuestion, Condition]] = {
    "1": (AnsweredQuestion.MONEY, conditions.answers_money),
    "2": (AnsweredQuestion.APPLICATION, conditions.answers_application),
    "3": (AnsweredQuestion.OFFICE, conditions.answers_office),
}
_LINES = tuple(
    PromptLine(f"night_question_{question.value}", values={"key": key}) for key, (question, _) in _QUESTIONS.items()
)
_ONLY_IF = {key: is_answered for key, (_, is_answered) in _QUESTIONS.items()}
#: The line of a menu that leads to the answers.
OFFER = "night_answers_offer"


def announcement(to: str) -> Mapping[str, Step]:
    """What is announced today is the beginning of the question at `to`, so that any key goes on."""
    return {
        "announcement_first": Branch(on=conditions.announcement_runs, yes="announcement", no=to),
        "announcement": Announce((ANNOUNCEMENT,), to=to),
    }


def night_answers(menu: str, unanswered: Choice, over: str) -> Mapping[str, Step]:
    """The questions that are answered in the caller's language.

    `menu`: where to choose what else the call is about; `unanswered`: the way of who asks nothing; `over`: of who wants
    nothing more.
    """
    answers: dict[str, Step] = {
        f"night_answer_{question.value}": Menu(
            prompt="night_answer_over",
            lines=(PromptLine(ANSWERS[question]), PromptLine("night_answer_over")),
            choices={"1": Choice("night_answers"), "2": Choice(menu)},
            otherwise=over,
            attempts=1,
        )
        for question, _ in _QUESTIONS.values()
    }
    questions = {key: Choice(f"night_answer_{question.value}") for key, (question, _) in _QUESTIONS.items()}
    return {
        "night_answers": Menu(
            prompt="night_question_money",
            lines=_LINES,
            choices=questions,
            otherwise=unanswered.to,
            otherwise_sets=unanswered.sets,
            only_if=_ONLY_IF,
        ),
        **answers,
    }
