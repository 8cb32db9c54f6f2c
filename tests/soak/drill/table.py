"""The table in which drills end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

#: A machine that has time answers sooner (seconds).
_MACHINE = 2.0


@dataclass
class Row:
    """What a drill has found. Seconds are those in which somebody who asked every second had no answer."""

    name: str
    calls: int = 0
    callers_lost: int = 0
    promises_lost: int = 0
    callers_waited: float = 0.0
    desk_waited: float = 0.0
    #: The same of a process that needs nothing of what is lost: for so long the machine itself had no time.
    machine_waited: float = 0.0
    #: From the fault until nothing waited any more: jobs, spools, events.
    done_after: float | None = None
    #: What goes beyond the drill's limits.
    problems: list[str] = field(default_factory=list)

    @property
    def machine_stood_still(self) -> bool:
        """Whether other work had the machine: then waits and unanswered callers say nothing of the product."""
        return self.machine_waited > _MACHINE


_HEAD = (
    "drill", "calls", "callers lost", "promises lost", "callers unanswered, s", "desk unanswered, s", "machine, s",
    "all done, s", "",
)  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    done = "never" if row.done_after is None else f"{row.done_after:.0f}"
    return (
        row.name, str(row.calls), str(row.callers_lost), str(row.promises_lost), f"{row.callers_waited:.1f}",
        f"{row.desk_waited:.1f}", f"{row.machine_waited:.1f}", done, _verdict(row),
    )  # fmt: skip


def is_ok(row: Row) -> bool:
    """Whether the drill has shown that all is well. A machine that stood still has shown nothing."""
    return not row.problems and not row.machine_stood_still


def _verdict(row: Row) -> str:
    if row.problems:
        return "FAILED"
    return "not judged" if row.machine_stood_still else "ok"


def written(rows: Sequence[Row]) -> str:
    """The rows as a table of Markdown that can be read as text too."""
    lines = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEAD))]

    def told(cells: Sequence[str]) -> str:
        first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        figures = [cell.strip().rjust(width) for cell, width in zip(others[:-1], widths[1:-1], strict=True)]
        return f"| {' | '.join([first, *figures, others[-1]])} |"

    rule = (
        f"| {' | '.join(['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:-1]), '-' * widths[-1]])} |"
    )
    return "\n".join([told(lines[0]), rule, *map(told, lines[1:])])
