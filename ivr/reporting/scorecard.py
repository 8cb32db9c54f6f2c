"""The published scorecard (Servicekennzahlen), on the model of the Behördennummer 115.

Source: 115 promises that 75 % of calls are answered within 30 seconds and 65 % settled at first contact, with a reply
within 24 hours of service time otherwise. Jobcenter Hamburg promises an interpreter within two minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from ivr.accounts.former_names import Names
from ivr.config.settings import settings
from ivr.domain.words import DEFINITIONS, Translate
from ivr.reporting import daily_metrics
from ivr.reporting.cell_suppression import Sum
from ivr.reporting.tables import Column, Table, Value, ratio

#: Each target: the metric of all cases, and that of the cases which met it.
_GOALS = {
    "answered": ("waited", "answered_in_time"),
    "settled": ("conversations", "settled"),
    "tried": ("decided", "in_time"),
    "within_24h": ("decided_24h", "tried_within_24h"),
    "reached": ("reached_decided", "reached_in_time"),
    "interpreters": ("interpreters_wanted", "interpreters_in_time"),
}
#: How it ends for callers who want a team.
_ENDINGS = ("answered", "abandoned", "abandoned_early", "to_task", "unserved")
#: Numbers that stand in no table; they are there for the sums.
UNSEEN = ("answered/late", "waited/open")


def counts(session: Session, first: date, last: date) -> tuple[dict[str, int], list[Sum]]:
    """All numbers of the scorecard, and which of them are sums of others."""
    metrics = (
        "calls", "waited", "answered", "answered_in_time", "abandoned", "abandoned_early", "to_task", "unserved",
        "conversations", "settled", "tried_in_time", "tried_missed", "tried_within_24h", "not_tried_within_24h",
        "reached_in_time", "reached_missed", "interpreters_wanted", "interpreters_in_time",
    )  # fmt: skip
    total = {metric: int(value) for metric, value in daily_metrics.totals(session, first, last, metrics).items()}
    # The names are those of the statement, so that a number is hidden in both reports or in neither.
    total["in_time"], total["missed"] = total.pop("tried_in_time"), total.pop("tried_missed")
    total["decided"] = total["in_time"] + total["missed"]
    total["reached_decided"] = total["reached_in_time"] + total["reached_missed"]
    total["decided_24h"] = total["tried_within_24h"] + total["not_tried_within_24h"]
    found, sums = dict(total), list[Sum]()
    for of, within in _GOALS.values():
        rest = _rest(of)
        found[rest] = total[of] - total[within]
        sums.append((of, [within, rest]))
    # Who wants a team is answered (in time or late), hangs up (at once, or after waiting), is taken on as a task, is
    # not served, or still waits at midnight.
    # Who is answered has a conversation, as every reader assumes. Where it is not so, they reckon wrongly.
    if total["answered"] == total["conversations"]:
        sums.append(("answered", ["conversations"]))
    found["answered/late"] = total["answered"] - total["answered_in_time"]
    found["waited/open"] = total["waited"] - sum(total[ending] for ending in _ENDINGS)
    sums.append(("answered", ["answered_in_time", "answered/late"]))
    sums.append(("waited", [*_ENDINGS, "waited/open"]))
    return found, sums


def _rest(of: str) -> str:
    """The name of the cases that did not meet a target."""
    named = {"decided": "missed", "decided_24h": "not_tried_within_24h", "reached_decided": "reached_missed"}
    return named.get(of, f"{of}/rest")


def tables(
    seen: Mapping[str, Value], first: date, last: date, names: Names, language: str, _: Translate
) -> list[Table]:
    """The tables of the scorecard, from the numbers that are not hidden."""
    targets = settings().targets
    labels: dict[str, tuple[str, float | None]] = {
        "answered": (
            _("Answered within 30 seconds, of all who wanted a team in opening hours"),
            targets.answered_in_time,
        ),
        "settled": (_("Settled at first contact, of all conversations"), targets.settled),
        "tried": (_("First callback attempt as promised"), targets.tried_in_time),
        "within_24h": (_("First callback attempt within 24 hours of the first contact"), targets.tried_within_24h),
        "reached": (_("Spoken with, as promised"), None),
        "interpreters": (_("Interpreter on the line within two minutes"), targets.interpreter_in_time),
    }
    columns = [
        Column(_("What was promised"), "text"), Column(_("Cases")), Column(_("kept")), Column(_("not kept")),
        Column(_("Share"), "share"), Column(_("Target"), "share"),
    ]  # fmt: skip
    goals = [
        [label, seen[of], seen[within], seen[_rest(of)], ratio(seen[within], seen[of]), target]
        for (label, target), (of, within) in ((labels[goal], cells) for goal, cells in _GOALS.items())
    ]
    calls = [
        [_("Calls"), seen["calls"]],
        [_("Wanted a team in opening hours"), seen["waited"]],
        [_("Answered"), seen["answered"]],
        [_("Hung up after waiting 5 seconds or longer"), seen["abandoned"]],
        [_("Hung up within 5 seconds"), seen["abandoned_early"]],
        [_("Chose a callback or the voicebox instead"), seen["to_task"]],
        [_("Not served: nobody there, no place free, or closing time"), seen["unserved"]],
    ]
    return [
        Table(_("Promises, and what was kept"), columns, goals, note=DEFINITIONS.of("goals", _)),
        Table(_("Calls"), [Column(_("Figure"), "text"), Column(_("Count"))], calls, note=DEFINITIONS.of("calls", _)),
    ]
