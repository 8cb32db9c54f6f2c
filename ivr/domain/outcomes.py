"""Which outcomes an attempt may have, and with which outcomes a task may be closed."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.complete import complete
from ivr.domain.enums import Outcome, RefusalReason, TaskKind

#: How an attempt to reach the caller may end, as a member or the carrier reports it.
ATTEMPT_OUTCOMES = (
    Outcome.REACHED,
    Outcome.NO_ANSWER,
    Outcome.BUSY,
    Outcome.ANSWERING_MACHINE,
    Outcome.WRONG_PERSON,
    Outcome.CALL_REFUSED,
    Outcome.NUMBER_INVALID,
)
#: After these outcomes the number is not rung again.
FINAL_OUTCOMES = (Outcome.WRONG_PERSON, Outcome.CALL_REFUSED, Outcome.NUMBER_INVALID)
#: Outcomes with which a task of any kind may be closed; the last two are no attempt to ring the caller.
CLOSING_OUTCOMES = (
    Outcome.REACHED,
    Outcome.WRONG_PERSON,
    Outcome.NUMBER_INVALID,
    Outcome.LETTER_SENT,
    Outcome.SETTLED_OTHERWISE,
)
#: Further outcomes by the kind of task: forms posted, an appointment granted or refused.
OUTCOMES_OF_KIND: Mapping[TaskKind, tuple[Outcome, ...]] = complete(
    "domain/outcomes.py, OUTCOMES_OF_KIND",
    {
        TaskKind.CALLBACK: (),
        TaskKind.POSTAL_ORDER: (Outcome.FORMS_SENT,),
        TaskKind.APPOINTMENT: (Outcome.GRANTED, Outcome.REFUSED),
    },
    TaskKind,
)
#: Outcomes that need an answer to the wish: a date and a place, or a reason.
ANSWERS = OUTCOMES_OF_KIND[TaskKind.APPOINTMENT]
#: Why an appointment may be refused. Source, question 3: "aus welchen Gründen?"
REFUSAL_REASONS = tuple(RefusalReason)


#: The outcome that most tasks of a kind are closed with: it is chosen already where a task is closed by hand.
_USUAL: Mapping[TaskKind, Outcome | None] = complete(
    "domain/outcomes.py, _USUAL",
    {
        TaskKind.CALLBACK: Outcome.REACHED,
        TaskKind.POSTAL_ORDER: Outcome.FORMS_SENT,
        TaskKind.APPOINTMENT: None,
    },
    TaskKind,
)


def usual(kind: TaskKind) -> Outcome | None:
    """The outcome that is chosen already for a kind of task; None where a member has to choose."""
    return _USUAL[kind]


def closing_outcomes(kind: TaskKind) -> tuple[Outcome, ...]:
    """The outcomes with which a task of a kind may be closed."""
    return (*OUTCOMES_OF_KIND[kind], *CLOSING_OUTCOMES)
