"""The list of a view of the callback queue: what a page shows of it, and the fragment that refreshes it.

A list is the same for all who see the same teams, but for the names of callers whose tasks somebody holds or has
opened. So the fragment is made once for all of them, with an empty place for each name, and each reader gets the names
that they may read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from flask import Response, render_template
from markupsafe import Markup
from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import break_glass
from ivr.callbacks import caller_news, claims, promises, proposals, queries, tags
from ivr.callbacks.filters import Filters
from ivr.callbacks.readable import Listed
from ivr.contact_centre import interpreter_bookings
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.web import forms, kept_rows, shared_views, template_helpers
from ivr.web.authorisation import me
from ivr.web.form_fields import Line, integer, one_of
from ivr.web.login import chosen_language
from ivr.web.shared_views import Part

#: A task and its caller's name, without what is read with a task.
_Named = tuple[break_glass.Held, str]
#: The empty place of a name. Jinja escapes `<` in whatever comes from people, so that nobody can write one.
_PLACE = re.compile(r"<!--name ([0-9]+)-->")


class QueueAddress(forms.Form):
    """What an address of the queue holds beside the filters; `seen`: the version that the page shows already."""

    view: Annotated[str, one_of(queries.VIEWS)] = "open"
    page: Annotated[int, integer(1, queries.MOST_PAGES)] = 1
    seen: Line | None = None


@dataclass(frozen=True)
class Shown:
    """What a page of a view shows to all who see these teams. `about`: what its template needs of it."""

    named: Sequence[_Named]
    version: str
    about: Mapping[str, Any]


def read(session: Session, asked: QueueAddress, filters: Filters, count: int, now: datetime) -> Shown:
    """Read a page of a view that holds so many tasks."""
    view = asked.view
    listed, found, elsewhere = _found(session, asked, filters, count, now)
    ids = [task.id for task in listed.tasks]
    marks, tagged = caller_news.marks(session, ids), tags.of_tasks(session, ids)
    alike = proposals.with_others(session, me(), listed.tasks)
    booked = interpreter_bookings.upcoming(session, ids, now)
    soon_of = {task_id: interpreter_bookings.is_soon(one, now) for task_id, one in booked.items()}
    several, minute = len(me().scope) > 1, _minute(now)
    alone = (view, chosen_language(), several, minute)
    shown = {
        task.id: _hash((alone, marks[task.id], task.id in alike, tagged.get(task.id), _shown(task, now),
                        booked[task.id].begins_at if task.id in booked else None, soon_of.get(task.id)))
        for task in listed.tasks
    }  # fmt: skip
    version = _hash((shown, count, found, elsewhere, listed.unreadable, minute))[:16]

    def row(task: CallbackTask) -> Markup:
        def render() -> str:
            return render_template("_queue_row.html", **about, task=task, several=several, name_of=_place)

        return Markup(kept_rows.row(shown[task.id], render))  # noqa: S704 (a template has escaped it)

    about = {
        "view": view, "tasks": listed.tasks, "count": count, "now": now, "page": asked.page, "filters": filters,
        "pages": -(-found // queries.PAGE), "found": found, "unreadable": listed.unreadable,
        "full": len(listed.tasks) + len(listed.unreadable) == queries.PAGE, "elsewhere": elsewhere,
        "most": queries.MOST_COUNTED, "marks": marks, "alike": alike, "tags": tagged, "unused": claims.is_unused,
        "booked": booked, "booked_soon": interpreter_bookings.is_soon, "row": row,
    }  # fmt: skip
    named = [(break_glass.Held.of(task), task.caller_name) for task in listed.tasks if task.caller_name]
    return Shown(named, version, about)


def _found(
    session: Session, asked: QueueAddress, filters: Filters, count: int, now: datetime
) -> tuple[Listed, int, Sequence[str]]:
    """The tasks of a page, how many there are, and in which other views some of them are."""
    view = asked.view
    if filters.is_number:  # found wherever one may look, whatever the view and the filters
        listed = queries.everywhere(session, me(), filters.q, asked.page)
        found = queries.count(session, me(), "all", now, Filters(q=filters.q))
        return listed, found, queries.elsewhere(session, me(), view, now, filters)
    listed = queries.in_view(session, me(), view, asked.page, now=now, filters=filters)
    found = queries.count(session, me(), view, now, filters) if filters else count
    return listed, found, ()


@dataclass(frozen=True)
class Names:
    """The callers' names that one reader may read in a list."""

    of_tasks: Mapping[int, str]

    @classmethod
    def readable(cls, session: Session | Connection, named: Sequence[_Named], now: datetime) -> Names:
        """Of these names those that one may read oneself."""
        uncovered = break_glass.uncovered(session, [task for task, _ in named], me(), now) if named else ()
        return cls({task.id: name for task, name in named if task.id in uncovered})

    def __call__(self, task_id: int) -> Markup:
        """A name as a row shows it; nothing where one may not read it."""
        name = self.of_tasks.get(task_id)
        return Markup(' <small class="row-more"><bdi>{}</bdi></small>').format(name) if name else Markup("")

    def placed(self, text: str) -> str:
        """A text with these names in their places."""
        return _PLACE.sub(lambda place: self(int(place[1])), text)

    def version_of(self, shown: str) -> str:
        """The version of a list with these names."""
        return f"{shown}{_hash(sorted(self.of_tasks.items()))[:8]}" if self.of_tasks else shown


def refreshed(asked: QueueAddress, filters: Filters, now: datetime) -> AnyResponse:
    """The fragment that refreshes a list: 204 while it would look the same."""

    def make() -> _Fragment:
        with database.reading() as session:
            shown = read(session, asked, filters, queries.count(session, me(), asked.view, now), now)
            text = render_template("_queue.html", **shown.about, version=shown.version)
        return _Fragment(shown.version, shown.named, text, Part(_PLACE.sub("", text)))

    if filters.q or asked.view in queries.OF_ONE_PERSON:
        made = make()
    else:
        about = (asked.view, asked.page, astuple(filters))
        made = shared_views.of_teams("queue", me(), ["team"], make, *about)
    with database.glancing() as connection:
        names = Names.readable(connection, made.named, now)
    version = names.version_of(made.version)
    if asked.seen == version:
        return Response(status=204)
    return made.with_names(names, version).answer() if names.of_tasks else made.nameless.answer()


@dataclass(frozen=True)
class _Fragment:
    """What refreshes a list: with empty places for names, and for who may read none."""

    version: str
    named: Sequence[_Named]
    text: str
    nameless: Part

    def with_names(self, names: Names, version: str) -> Part:
        """For somebody who may read some names."""
        text = self.text.replace(self.version, version)
        return Part(names.placed(text))


def _place(task_id: int) -> Markup:
    return Markup("<!--name {}-->").format(task_id)


@cache
def _columns() -> list[str]:
    """All that stands in a task's own row. Asked for at the first list: it makes SQLAlchemy set up every mapping."""
    return [column.key for column in inspect(CallbackTask).column_attrs]


def _shown(task: CallbackTask, now: datetime) -> tuple[object, ...]:
    """What a row shows of its task."""
    return (
        *(getattr(task, column) for column in _columns()),
        task.claimed_by and task.claimed_by.name,
        task.team.name,
        task.appointment_wish and task.appointment_wish.priority_groups,
        len(task.calls),
        task.call.source,
        [contact.is_unconfirmed for contact in task.contacts],
        template_helpers.transcript_state(task),
        claims.is_unused(task, now),
        [(one.measure, one.state, one.due_at, one.was_missed) for one in promises.of(task, now)],
    )


def _minute(now: datetime) -> datetime:
    """The countdown is shown in minutes."""
    return now.replace(second=0, microsecond=0)


def _hash(of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()
