"""Finding tasks by name, number, receipt code, and what was said or written down.

Words are kept in a table of their own, spelled plainly (see :mod:`ivr.domain.text_folding`), so that both databases
find them by the same index, however many tasks there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Select, delete, intersect, or_, select
from sqlalchemy.orm import Session

from ivr.domain.enums import TaskEventKind
from ivr.domain.text_folding import WORD, spellings
from ivr.models.callbacks import CallbackTask, SearchWord, TaskEvent
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform.column_types import insert

#: Characters of a word that are kept, and words of a task.
_LONGEST, _MOST = 60, 2000
#: Of what is found everywhere the newest.
_FOUND = 500
#: The end of a number is looked for from its last digit.
_FROM_BEHIND = "…"


def index_new(session: Session, task: CallbackTask) -> None:
    """Index a new task, in one statement."""
    rows = [{"word": word, "task_id": task.id} for word in sorted(set(_numbers_of(task)))]
    session.execute(insert(session.get_bind().dialect, SearchWord).values(rows).on_conflict_do_nothing())


def index(session: Session, task: CallbackTask) -> None:
    """Index a task again."""
    session.flush()
    words = set(list(_words_of(session, task))[:_MOST])
    known = set(session.scalars(select(SearchWord.word).where(SearchWord.task_id == task.id)))
    if gone := known - words:
        session.execute(delete(SearchWord).where(SearchWord.task_id == task.id, SearchWord.word.in_(gone)))
    if new := words - known:
        rows = [{"word": word, "task_id": task.id} for word in sorted(new)]
        session.execute(insert(session.get_bind().dialect, SearchWord).values(rows).on_conflict_do_nothing())


def index_missing(session: Session, limit: int = 500) -> int:
    """Index tasks that were opened before there was a search index.

    Returns their number, at most `limit`.
    """
    unknown = select(CallbackTask).where(~select(SearchWord).where(SearchWord.task_id == CallbackTask.id).exists())
    found = session.scalars(unknown.limit(limit)).all()
    for task in found:
        index(session, task)
    return len(found)


def _numbers_of(task: CallbackTask) -> Iterator[str]:
    yield from (task.receipt_code, *(contact.receipt_code for contact in task.contacts))
    for number in {task.callback_number, *(contact.callback_number for contact in task.contacts)} - {None}:
        digits = str(number).removeprefix("+")
        yield from (digits, digits.removeprefix("49"), _FROM_BEHIND + digits[::-1])


def _words_of(session: Session, task: CallbackTask) -> Iterator[str]:
    yield from _numbers_of(task)
    said = session.execute(
        select(Transcript.text, Transcript.corrected_text)
        .join(Recording)
        .join(VoiceboxMessage)
        .where(VoiceboxMessage.task_id == task.id)
    )
    notes = session.scalars(
        select(TaskEvent.text).where(TaskEvent.task_id == task.id, TaskEvent.kind == TaskEventKind.NOTED)
    )
    for text in (task.caller_name, *(text for row in said for text in row), *notes):
        for word in WORD.findall(text or ""):
            yield from (spelling[:_LONGEST] for spelling in spellings(word) if spelling)


def matching(text: str) -> Select[int] | None:
    """Ids of the newest tasks that have every word that was asked for, at its beginning; None where none was."""
    asked = [_having(words) for words in _asked(text)]
    if not asked:
        return None
    found = intersect(*asked).subquery() if len(asked) > 1 else asked[0].subquery()
    return select(found.c.task_id).order_by(found.c.task_id.desc()).limit(_FOUND)


def _asked(text: str) -> Iterator[set[str]]:
    if re.fullmatch(r"[\s\d+/()-]*\d[\s\d+/()-]*", text):  # a number, or a code, however it is grouped
        digits = re.sub(r"\D", "", text)
        local = re.sub(r"^(00)?(49)?0?", "", digits) or digits
        yield {digits, local, _FROM_BEHIND + digits[::-1]} if len(digits) >= 4 else {digits}
        return
    for word in WORD.findall(text)[:8]:
        yield {spelling[:_LONGEST] for spelling in spellings(word)}


def _having(words: set[str]) -> Select[int]:
    ranges = [(SearchWord.word >= word) & (SearchWord.word < word + "\U0010ffff") for word in sorted(words)]
    return select(SearchWord.task_id.label("task_id")).where(or_(*ranges)).distinct()
