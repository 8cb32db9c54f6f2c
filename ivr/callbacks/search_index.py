"""Finding tasks by name, number, receipt code, and what was said or written down.

Words are kept in a table of their own, spelled plainly (see :mod:`ivr.domain.search_terms`), so that both databases
find them by the same index, however many tasks there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from sqlalchemy import Dialect, Select, Table, delete, intersect, or_, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ivr.domain.enums import TaskEventKind
from ivr.domain.search_terms import FROM_BEHIND, Term, asked, words_of, words_of_number
from ivr.models.callbacks import CallbackTask, SearchWord, TaskEvent
from ivr.models.representatives import Representative
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.platform.column_types import insert

_WORDS = Table("search_words", SearchWord.metadata)
#: Words of a task: three recordings of three minutes, and its notes, in all spellings.
_MOST = 10_000
#: The index holds this for every task that was indexed as it is done now. Nobody can ask for it.
VERSION = "~10"
#: Of what is found everywhere the newest.
_FOUND = 500
#: Behind every word that begins with another one.
_END = "\U0010ffff"


def index_new(session: Session, task: CallbackTask) -> None:
    """Index a new task, in one statement."""
    _add(session, task.id, set(_numbers_of(task)))


def index(session: Session, task: CallbackTask) -> None:
    """Index a task again, and the one that it was merged into."""
    session.flush()
    words = set(list(_words_of(session, task))[:_MOST])
    known = set(session.scalars(select(SearchWord.word).where(SearchWord.task_id == task.id)))
    if gone := known - words:
        session.execute(delete(SearchWord).where(SearchWord.task_id == task.id, SearchWord.word.in_(gone)))
    if new := words - known:
        _add(session, task.id, new)
    if task.merged_into is not None:
        index(session, task.merged_into)


def add_text(session: Session, task_id: int, text: str) -> None:
    """Index a new text of a task beside what is indexed of it already, in one statement."""
    _add(session, task_id, set(islice(words_of(text), _MOST)))


def _add(session: Session, task_id: int, words: set[str]) -> None:
    rows = [{"word": word, "task_id": task_id} for word in sorted(words)]
    if rows:
        # Rows beside the statement, not in it: so it is compiled once, however many words there are.
        session.connection().execute(_adding(session.get_bind().dialect), rows)


@lru_cache(maxsize=4)
def _adding(dialect: Dialect) -> postgresql.Insert | sqlite.Insert:
    return insert(dialect, _WORDS).on_conflict_do_nothing()


def index_missing(session: Session, limit: int = 100) -> int:
    """Index tasks that were indexed in another way, or not at all; until then they are found as before.

    Returns their number, at most `limit`. Safe to break off and to repeat.
    """
    present = select(SearchWord).where(SearchWord.task_id == CallbackTask.id, SearchWord.word == VERSION)
    unknown = select(CallbackTask).where(~present.exists()).order_by(CallbackTask.id.desc())
    found = session.scalars(unknown.limit(limit)).all()
    for task in found:
        index(session, task)
    return len(found)


def _numbers_of(task: CallbackTask) -> Iterator[str]:
    yield VERSION
    for code in {task.receipt_code, *(contact.receipt_code for contact in task.contacts)}:
        yield from (code, FROM_BEHIND + code[::-1])
    numbers = {task.callback_number}
    for contact in task.contacts:
        numbers |= {contact.callback_number, contact.changed_number_from, contact.call.from_number}
    for number in numbers - {None}:
        yield from words_of_number(str(number))
    if task.postal_order is not None:
        yield from words_of(task.postal_order.customer_number or "")


def _merged(session: Session, task: CallbackTask) -> Sequence[CallbackTask]:
    """The tasks that were merged into a task, and into those before. Their contacts and messages are the task's."""
    found: list[CallbackTask] = []
    ids = [task.id]
    while ids:
        latest = session.scalars(select(CallbackTask).where(CallbackTask.merged_into_id.in_(ids))).all()
        found += latest
        ids = [one.id for one in latest]
    return found


def _words_of(session: Session, task: CallbackTask) -> Iterator[str]:
    yield from _numbers_of(task)
    parts = [task, *_merged(session, task)]
    said = session.execute(
        select(Transcript.text, Transcript.corrected_text, Transcript.second, Transcript.spoken)
        .join(Recording)
        .join(VoiceboxMessage)
        .where(VoiceboxMessage.task_id == task.id)
    )
    notes = session.scalars(
        select(TaskEvent.text).where(
            TaskEvent.task_id.in_([one.id for one in parts]), TaskEvent.kind == TaskEventKind.NOTED
        )
    )
    for part in parts:
        yield from words_of(part.caller_name or "", name=True)
        yield from words_of_number(part.callback_number or "")
        yield from words_of(part.postal_order.customer_number or "" if part.postal_order is not None else "")
    for names in session.execute(
        select(Representative.name, Representative.represents).where(Representative.task_id == task.id)
    ):
        for name in names:
            yield from words_of(name, name=True)
    for text, corrected, *others in said:
        # What the second engine has heard, and what was heard in the language that is spoken.
        for one in (text, corrected, *(heard.get("text") for heard in others if heard)):
            yield from words_of(one or "")
    for text in notes:
        yield from words_of(text or "")


def find(session: Session, text: str) -> Sequence[int]:
    """Ids of the newest tasks that have every word that was asked for, at its beginning.

    Found once for all statements of a session: those of a page, its count, and what stands in other views.
    """
    kept: dict[str, Sequence[int]] = session.info.setdefault("found by words", {})
    if text not in kept:
        query = matching(text)
        kept[text] = session.scalars(query).all() if query is not None else ()
    return kept[text]


def matching(text: str) -> Select[int] | None:
    """The statement for :func:`find`; None where no word was asked for."""
    ways = [_having_all(terms) for terms in asked(text).ways]
    if not ways:
        return None
    found = (union(*ways) if len(ways) > 1 else ways[0]).subquery()
    return select(found.c.task_id).order_by(found.c.task_id.desc()).limit(_FOUND)


def _having_all(terms: Sequence[Term]) -> Select[int]:
    if len(terms) == 1:
        return _newest_having(terms[0])
    return select(intersect(*(_having(term) for term in terms)).subquery().c.task_id)


def _having(words: Term) -> Select[int]:
    ranges = [(SearchWord.word >= word) & (SearchWord.word < word + _END) for word in sorted(words)]
    return select(SearchWord.task_id.label("task_id")).where(or_(*ranges)).distinct()


def _newest_having(words: Term) -> Select[int]:
    """Of one word the newest are enough. Those of the whole word stand in the index in their order."""
    wheres = [
        where
        for word in sorted(words)
        for where in (SearchWord.word == word, (SearchWord.word > word) & (SearchWord.word < word + _END))
    ]
    newest = (
        select(SearchWord.task_id).where(where).distinct().order_by(SearchWord.task_id.desc()).limit(_FOUND)
        for where in wheres
    )
    return select(union(*(select(one.subquery().c.task_id) for one in newest)).subquery().c.task_id)
