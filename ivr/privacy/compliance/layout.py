"""How each compliance document is laid out as Markdown: head, tables, and periods of a table's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ivr.domain import words
from ivr.domain.words.tables import Translate
from ivr.privacy.compliance.data_inventory import Kept
from ivr.privacy.compliance.operator_facts import OperatorFacts
from ivr.privacy.retention_periods import PERIODS

_MADE = "<!-- Written by `python -m ivr papers` from the code's own tables; changes belong there. -->\n\n"


def paper(_: Translate, facts: OperatorFacts, title: str, *parts: str) -> str:
    """A whole document: its title, whether anything is missing, and its parts in their order."""
    head = [f"# {title}", facts.completeness(_)]
    if not facts.has_carrier:
        head.append(
            _(
                "There is no telephone carrier: calls come and go over the controller's own telephone system (SIP). Where "
                "“carrier” is written below, the exchange is meant, a process of the hotline on a machine of the controller."
            )
        )
    return _MADE + "\n\n".join([*head, *(part.strip() for part in parts)]) + "\n"


def table(head: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    """A table in Markdown; no cell can break it."""
    columns = list(head)
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    rows += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join(rows) + "\n"


def periods(_: Translate, kept: Kept, present: Mapping[str, int] | None = None) -> str:
    """The retention periods of a table in days, and which part each of them deletes; or when it ends.

    `present`: the periods that hold now; without it those by default.
    """
    days, row = _("days"), _("the row")
    named = [
        (
            f"{words.RETENTION_KINDS.of(kind, _)} ({(present or {}).get(kind, PERIODS[kind].days)} {days})",
            _(kept.parts[kind]) if kind in kept.parts else row,
        )
        for kind in kept.periods
    ]
    if not named:
        return _(kept.ends) if kept.ends else _("no data about persons")
    return "; ".join(f"{kind}: {part}" if kept.parts else kind for kind, part in named)
