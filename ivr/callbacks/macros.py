"""Macros (Makros): steps that are applied to a task together, with one key. All of them are done, or none is.

One is shipped for every team; supervisors add those of their teams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks import claims, collaboration, events, sms, text_modules, undo, workflow
from ivr.callbacks.refused import Refused, require_held
from ivr.config.settings import settings
from ivr.domain.digits import whole_number
from ivr.domain.enums import MacroStep, Outcome, Refusal, SmsTemplate, TaskEventKind, TextModuleUse
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.outcomes import ANSWERS, ATTEMPT_OUTCOMES, CLOSING_OUTCOMES, OUTCOMES_OF_KIND
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.team_tools import Macro
from ivr.notices import present

#: Key of the macro that every team has.
SHIPPED = "shipped"
#: Keys 1 to 9 apply the macros of a team.
MOST = 8
#: What a task can be closed with by a macro.
OUTCOMES = tuple(
    dict.fromkeys(
        outcome for outcome in (*CLOSING_OUTCOMES, *sum(OUTCOMES_OF_KIND.values(), ())) if outcome not in ANSWERS
    )
)
#: After these nobody works on the task for now, so they come last.
_LAST: Mapping[MacroStep, TaskEventKind] = {
    MacroStep.CLOSE: TaskEventKind.CLOSED,
    MacroStep.RELEASE: TaskEventKind.RELEASED,
    MacroStep.HAND_OVER: TaskEventKind.HANDED_OVER,
}


@dataclass(frozen=True)
class Step:
    """One step. `value`: an outcome, a kind of text message or the id of a text module, days, or a team."""

    kind: MacroStep
    value: str = ""


@dataclass(frozen=True)
class Named:
    """A macro as it is offered: by its key in addresses, without a name where it is the shipped one."""

    key: str
    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Done:
    """A step that was done; `left`: it was left out, because no text message may be sent to the caller."""

    step: Step
    left: bool = False


def _shipped() -> Named:
    text = (Step(MacroStep.TEXT, SmsTemplate.MISSED),) if settings().sends_texts else ()
    return Named(SHIPPED, "", (Step(MacroStep.ATTEMPT, Outcome.NO_ANSWER), *text))


def of_team(session: Session, team_id: int) -> Sequence[Named]:
    """The macros of a team: the shipped one, then its own by name."""
    own = session.scalars(select(Macro).where(Macro.team_id == team_id).order_by(Macro.name))
    return (_shipped(), *(Named(str(one.id), one.name, steps_of(one)) for one in own))


def of_teams(session: Session, team_ids: Sequence[int]) -> Sequence[Macro]:
    """The own macros of several teams, by team and name."""
    query = select(Macro).where(Macro.team_id.in_(team_ids)).options(joinedload(Macro.team))
    return session.scalars(query.order_by(Macro.team_id, Macro.name)).all()


def steps_of(macro: Macro) -> tuple[Step, ...]:
    """The steps of a macro."""
    return tuple(Step(MacroStep(one["kind"]), str(one["value"])) for one in macro.steps)


def keep(session: Session, macro: Macro, name: str, steps: Sequence[Step], user: User, now: datetime) -> None:
    """Write the steps of a new or changed macro.

    Raises:
        Refused: `name_needed`, `name_taken`, `steps_needed`, or `too_many_macros`.
    """
    if not name:
        raise Refused(Refusal.NAME_NEEDED)
    if not steps:
        raise Refused(Refusal.STEPS_NEEDED)
    with session.no_autoflush:
        known = {one.name: one.id for one in session.scalars(select(Macro).where(Macro.team_id == macro.team_id))}
    if known.get(name, macro.id) != macro.id:
        raise Refused(Refusal.NAME_TAKEN)
    if macro.id is None and len(known) >= MOST:
        raise Refused(Refusal.TOO_MANY_MACROS)
    macro.name, macro.steps = name, [{"kind": str(one.kind), "value": one.value} for one in steps]
    macro.changed_at, macro.changed_by_id = now, user.id
    session.add(macro)


def apply(session: Session, task: CallbackTask, key: str, user: User, now: datetime) -> Sequence[Done]:
    """Apply a macro of a task's team to the task, in the transaction of the caller.

    Raises:
        Refused: `macro_gone`, or why one of its steps cannot be done. Then none of them is done.
    """
    macro = next((one for one in of_team(session, task.team_id) if one.key == key), None)
    if macro is None:
        raise Refused(Refusal.MACRO_GONE)
    require_held(task, user)
    done = []
    for step in macro.steps:
        if step.kind == MacroStep.TEXT and not (settings().sends_texts and may_be_texted(task)):
            done.append(Done(step, left=True))
        elif step.kind in _LAST:
            with undo.recorded(session, _LAST[step.kind], [task], user, now):
                _do(session, task, step, macro.name, user, now)
            done.append(Done(step))
        else:
            _do(session, task, step, macro.name, user, now)
            done.append(Done(step))
    return done


def may_be_texted(task: CallbackTask) -> bool:
    """Whether who is to be called back has agreed to text messages at that number."""
    return any(
        contact.agreed_to_texts and contact.callback_number == task.callback_number and not contact.is_unconfirmed
        for contact in task.contacts
    )


def _do(session: Session, task: CallbackTask, step: Step, name: str, user: User, now: datetime) -> None:
    match step.kind:
        case MacroStep.ATTEMPT:
            workflow.record_attempt(session, task, user, step.value, now)
        case MacroStep.TEXT:
            _send(session, task, step.value, user, now)
        case MacroStep.NOTE:
            events.note(session, task, user, _module_text(session, task, step.value, TextModuleUse.NOTE), now)
        case MacroStep.PUT_OFF:
            later = now + timedelta(days=whole_number(step.value) or 1)
            opens = present.calls_from(later) or later
            workflow.put_off(session, task, user, min(opens, now + workflow.LONGEST_PAUSE), now)
        case MacroStep.HAND_OVER:
            collaboration.hand_over(session, task, user, step.value, name, now)
        case MacroStep.CLOSE:
            workflow.close(session, task, user, step.value, "", now)
        case MacroStep.RELEASE:
            claims.release(session, task, user, now)


def _send(session: Session, task: CallbackTask, value: str, user: User, now: datetime) -> None:
    if value == SmsTemplate.MISSED:
        sms.send(session, task, user, value, sms.draft(task, value, task.language), now)
        return
    text = _module_text(session, task, value, TextModuleUse.TEXT_MESSAGE)
    sms.send(session, task, user, SmsTemplate.MODULE, text, now)


def _module_text(session: Session, task: CallbackTask, value: str, use: TextModuleUse) -> str:
    module = text_modules.one(session, whole_number(value) or 0, task, use)
    if module is None:
        raise Refused(Refusal.MODULE_GONE)
    return text_modules.text(module, task, task.language if use == TextModuleUse.TEXT_MESSAGE else DEFAULT_LANGUAGE)


def offers(outcome: str) -> bool:
    """Whether a macro may record an attempt with an outcome: one that leaves the task open."""
    return outcome in ATTEMPT_OUTCOMES and outcome != Outcome.REACHED
