"""Notices of supervisors: questions that they answer, and what is wrong with what was entered."""

from __future__ import annotations

from ivr.domain.enums import AnsweredQuestion, NoticeProblem
from ivr.domain.words.tables import Words, _

ANSWERED_QUESTIONS = Words(
    "answered questions",
    {
        AnsweredQuestion.MONEY: _("Where is my money?"),
        AnsweredQuestion.APPLICATION: _("What do I need for an application?"),
        AnsweredQuestion.OFFICE: _("Where is my office?"),
        AnsweredQuestion.HELP: _("Where is there help at once in an emergency?"),
    },
    AnsweredQuestion,
)
NOTICE_PROBLEMS = Words(
    "notice problems",
    {
        NoticeProblem.PAST: _("This is over already. Please choose today or a later day."),
        NoticeProblem.FAR: _("Please choose a day within the next 400 days."),
        NoticeProblem.ORDER: _("The end is not after the beginning. Please correct it."),
        NoticeProblem.SAME: _("These are the opening hours of the day already."),
        NoticeProblem.HOURS: _("Please say from when until when it is open, or choose “closed”."),
        NoticeProblem.GONE: _("This entry does not count any more. The page shows what counts now."),
        NoticeProblem.LONG: _("An announcement runs for 31 days at most. Please choose an earlier end."),
        NoticeProblem.OVERLAP: _("Another announcement runs at that time: %(detail)s. Only one can run at a time."),
        NoticeProblem.GERMAN: _("The German text is missing. Callers whose language has no text hear it."),
        NoticeProblem.SECONDS: _("This is too long: %(detail)s. Please shorten it."),
        NoticeProblem.EMPTY: _("Please write the text. It is shown to colleagues, also where a recording is played."),
        NoticeProblem.AUDIO: _(
            "This recording cannot be used: a WAV file of 16 bits and at least 8 kHz is needed, "
            "neither silent nor clipped, of at least a fifth of a second."
        ),
        NoticeProblem.LANGUAGE: _("Please choose a language that is not in the language menu."),
        NoticeProblem.FULL: _("All eight keys are taken. Please take a language back first."),
    },
    NoticeProblem,
)
