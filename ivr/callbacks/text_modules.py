"""Text modules (Textbausteine): texts that a team uses again and again in notes and text messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import phone_numbers, placeholders
from ivr.domain.enums import Placeholder, Refusal, TextModuleUse
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.team_tools import TextModule

#: Characters of a text message.
LONGEST = 800


def of_team(session: Session, team_id: int, use: TextModuleUse | None = None) -> Sequence[TextModule]:
    """The text modules of a team by name, for one use or for all."""
    query = select(TextModule).where(TextModule.team_id == team_id).order_by(TextModule.name)
    return session.scalars(query if use is None else query.where(TextModule.use == use)).all()


def of_teams(session: Session, team_ids: Sequence[int]) -> Sequence[TextModule]:
    """The text modules of several teams, by team and name."""
    query = select(TextModule).where(TextModule.team_id.in_(team_ids)).options(joinedload(TextModule.team))
    return session.scalars(query.order_by(TextModule.team_id, TextModule.name)).all()


def keep(
    session: Session, module: TextModule, name: str, use: TextModuleUse, texts: Mapping[str, str], user: User,
    now: datetime,
) -> None:  # fmt: skip
    """Write what a new or changed text module says. Texts of a language that are empty are left out.

    Raises:
        Refused: `name_needed`, `name_taken`, `german_needed`, `text_too_long`, or what a text must not say.
    """
    given = {language: text.strip() for language, text in texts.items() if text.strip()}
    if not name:
        raise Refused(Refusal.NAME_NEEDED)
    if not given.get(DEFAULT_LANGUAGE):
        raise Refused(Refusal.GERMAN_NEEDED)
    if any(len(text) > LONGEST for text in given.values()):
        raise Refused(Refusal.TEXT_TOO_LONG)
    for text in given.values():
        if (reason := placeholders.problem(text, use)) is not None:
            raise Refused(reason)
    same = select(TextModule.id).where(TextModule.team_id == module.team_id, TextModule.name == name)
    with session.no_autoflush:
        known = session.scalar(same)
    if known is not None and known != module.id:
        raise Refused(Refusal.NAME_TAKEN)
    module.name, module.use, module.texts = name, use, given
    module.changed_at, module.changed_by_id = now, user.id
    session.add(module)


def one(session: Session, module_id: int, task: CallbackTask, use: TextModuleUse) -> TextModule | None:
    """A text module of a task's team for a use; None where there is none (any more)."""
    found = session.get(TextModule, module_id)
    return found if found is not None and found.team_id == task.team_id and found.use == use else None


def text(module: TextModule, task: CallbackTask, language: str) -> str:
    """What a text module says about a task, in a language. It never falls back to another one.

    Raises:
        Refused: `no_translation` with the name of the module, `no_office` where it names the office and the task has
            none.
    """
    written = module.texts.get(language)
    if written is None:
        raise Refused(Refusal.NO_TRANSLATION, by=module.name)
    office = settings().offices.get(task.office or "")
    if office is None and Placeholder.OFFICE in placeholders.needed(written):
        raise Refused(Refusal.NO_OFFICE)
    values = {
        Placeholder.OFFICE: office.name if office else "",
        Placeholder.TEAM: task.team.name,
        Placeholder.HOTLINE: phone_numbers.readable(settings().hotline_number),
    }
    return placeholders.filled(written, values)[: LONGEST if module.use == TextModuleUse.TEXT_MESSAGE else 20_000]
