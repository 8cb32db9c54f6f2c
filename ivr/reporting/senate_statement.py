"""The monthly statement (Monatsstatistik): the source's questions 1, 1a, 1b, 1c, 3 and 5, in its own wording.

In 2020 the Senate's answer was "statistische Daten … werden nicht erhoben". The statement is made for publication: all
its numbers come from :func:`counts`, and small ones are hidden (:mod:`ivr.reporting.disclosure_control`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from ivr.accounts.former_names import Names
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import AgeGroup
from ivr.domain.words import DEFINITIONS, Translate
from ivr.reporting import daily_metrics
from ivr.reporting.cell_suppression import Limit, Sum
from ivr.reporting.dimension_labels import dimension_name, keys, name
from ivr.reporting.tables import Column, Table, Value, ratio

QUESTION_1 = (
    "1. Mit wie vielen Kund*innen sind persönliche Gesprächstermine in den Jobcentern vereinbart worden? "
    "a. Wie viele Vor-Ort-Termine wurden monatlich aufgrund von persönlichen Not- oder Krisensituationen von "
    "Kund*innen vereinbart? b. Wie viele Vor-Ort-Termine wurden monatlich jenseits einer Notlage vereinbart? "
    "c. Mit wie vielen Kund*innen unter 25 Jahren wurden monatlich aufgrund von persönlichen Krisensituationen oder "
    "jenseits einer Notlage Vor-Ort-Termine vereinbart?"
)
QUESTION_3 = (
    "3. Wie vielen Kund*innen, die den Wunsch nach einem persönlichen Gesprächstermin geäußert haben, wurde dieser "
    "verwehrt? Welche Gründe gab es dafür?"
)
QUESTION_5 = "5. Wie viele persönliche Beratungen sind in den Servicebüros aktuell täglich möglich?"

#: The published breakdowns of tasks. Team and age group are left out: concerns lead to teams, and one concern is for
#: people under 25, so one table would disclose what another hides.
BREAKDOWNS = ("office", "language", "concern")
_GROUPS = (AgeGroup.UNDER_25, AgeGroup.FROM_25)
_OF_TASKS = (
    "tasks", "decided", "in_time", "missed", "reached_decided", "reached_in_time", "reached_missed", "closed_unspoken",
)  # fmt: skip
_AGREED = ("agreed", "agreed_urgent", "agreed_under_25", "agreed_urgent_under_25")

#: A number that stands in no table; it is there for a sum.
UNSEEN = ("wishes/rest",)

Counts = dict[str, int]


def counts(session: Session, first: date, last: date) -> tuple[Counts, list[Sum]]:
    """All numbers of the statement, and which of them are sums of others."""
    found: Counts = {}
    sums: list[Sum] = []
    _appointments(session, first, last, found, sums)
    _refusals(session, first, last, found, sums)
    _consultations(session, first, last, found, sums)
    _promises(session, first, last, found, sums)
    return found, sums


def _appointments(session: Session, first: date, last: date, found: Counts, sums: list[Sum]) -> None:
    """A table with margins: emergency or not, by under 25 or not."""
    total = daily_metrics.totals(session, first, last, _AGREED)
    agreed, urgent, young, urgent_young = (int(total[metric]) for metric in _AGREED)
    cells = {
        ("urgent", AgeGroup.UNDER_25): urgent_young,
        ("urgent", AgeGroup.FROM_25): urgent - urgent_young,
        ("other", AgeGroup.UNDER_25): young - urgent_young,
        ("other", AgeGroup.FROM_25): agreed - urgent - young + urgent_young,
    }
    for (row, column), value in cells.items():
        found[f"agreed/{row}/{column}"] = value
    for row in ("urgent", "other"):
        found[f"agreed/{row}"] = sum(cells[row, column] for column in _GROUPS)
        sums.append((f"agreed/{row}", [f"agreed/{row}/{column}" for column in _GROUPS]))
    for column in _GROUPS:
        found[f"agreed//{column}"] = sum(cells[row, column] for row in ("urgent", "other"))
        sums.append((f"agreed//{column}", [f"agreed/{row}/{column}" for row in ("urgent", "other")]))
    found["agreed"] = agreed
    sums.append(("agreed", ["agreed/urgent", "agreed/other"]))
    sums.append(("agreed", [f"agreed//{column}" for column in _GROUPS]))


def _refusals(session: Session, first: date, last: date, found: Counts, sums: list[Sum]) -> None:
    reasons = daily_metrics.by(session, "reason", first, last, ("refused",))
    names = keys("reason", [key for key, values in reasons.items() if values["refused"]])
    for key in names:
        found[f"refused/{key}"] = int(reasons.get(key, {}).get("refused", 0))
    found["refused"] = sum(found[f"refused/{key}"] for key in names)
    sums.append(("refused", [f"refused/{key}" for key in names]))
    found["wishes"] = int(daily_metrics.totals(session, first, last, ("wishes_in_person",))["wishes_in_person"])


def _consultations(session: Session, first: date, last: date, found: Counts, sums: list[Sum]) -> None:
    total = daily_metrics.totals(session, first, last, ("consultations", "consultations_large"))
    large = int(total["consultations_large"])
    found |= {"consultations": int(total["consultations"]), "consultations/large": large}
    found["consultations/small"] = found["consultations"] - large
    sums.append(("consultations", ["consultations/large", "consultations/small"]))


def _promises(session: Session, first: date, last: date, found: Counts, sums: list[Sum]) -> None:
    """Requests, and promises of a first attempt and to reach somebody, met or missed, by each breakdown."""
    metrics = ("tasks", "tried_in_time", "tried_missed", "reached_in_time", "reached_missed", "closed_unspoken")
    for dimension in BREAKDOWNS:
        by = daily_metrics.by(session, dimension, first, last, metrics)
        names = keys(dimension, list(by))
        for key in names:
            values = by.get(key, dict.fromkeys(metrics, 0.0))
            at = f"{dimension}/{key}"
            found[f"tasks/{at}"] = int(values["tasks"])
            found[f"in_time/{at}"], found[f"missed/{at}"] = int(values["tried_in_time"]), int(values["tried_missed"])
            found[f"decided/{at}"] = found[f"in_time/{at}"] + found[f"missed/{at}"]
            sums.append((f"decided/{at}", [f"in_time/{at}", f"missed/{at}"]))
            for what in ("reached_in_time", "reached_missed", "closed_unspoken"):
                found[f"{what}/{at}"] = int(values[what])
            found[f"reached_decided/{at}"] = found[f"reached_in_time/{at}"] + found[f"reached_missed/{at}"]
            sums.append((f"reached_decided/{at}", [f"reached_in_time/{at}", f"reached_missed/{at}"]))
        for what in _OF_TASKS:
            found[what] = sum(found[f"{what}/{dimension}/{key}"] for key in names)
            sums.append((what, [f"{what}/{dimension}/{key}" for key in names]))
    sums.append(("decided", ["in_time", "missed"]))
    sums.append(("reached_decided", ["reached_in_time", "reached_missed"]))
    # Wishes that are not for an appointment in person are the rest of that concern.
    rest = found["tasks/concern/appointment"] - found["wishes"]
    if rest >= 0:
        found["wishes/rest"] = rest
        sums.append(("tasks/concern/appointment", ["wishes", "wishes/rest"]))


def limits(found: Mapping[str, int]) -> list[Limit]:
    """What is decided was asked for before: a reader who adds up the months knows that it never is more.

    What is open at the end of a month may be nothing, and may be decided in the next one; so in each month, what more
    could have been decided must have been asked for as well. Where nobody asked, this zero is hidden with it.
    """
    known: list[Limit] = [("wishes", ["agreed", "refused"]), ("tasks", ["decided_24h"])]
    for asked_for in (key for key in found if key.partition("/")[0] == "tasks"):
        at = asked_for.removeprefix("tasks")
        decided = (["decided"], ["reached_decided"], ["reached_in_time", "closed_unspoken"])
        known += [(asked_for, [f"{what}{at}" for what in whats]) for whats in decided]
    return known


def _days_of_offices(first: date, last: date) -> int:
    """The days on which the offices see people. The hotline may be open on more."""
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(opening_hours.is_workday(settings().office_weekdays, day) for day in every)


def tables(
    seen: Mapping[str, Value], first: date, last: date, names: Names, language: str, _: Translate
) -> list[Table]:
    """The tables of the statement, from the numbers that are not hidden."""
    urgent, other = _("in personal emergencies or crises (1a)"), _("beyond an emergency (1b)")
    columns = [
        Column(_("Appointments in person agreed"), "text"),
        Column(_("in all")),
        Column(_("under 25 (1c)")),
        Column(_("25 and over, or not known")),
    ]
    rows = [
        [label, seen[f"agreed{row}"], *(seen[f"agreed{row or '/'}/{group}"] for group in _GROUPS)]
        for label, row in ((urgent, "/urgent"), (other, "/other"), (_("Appointments in all (1)"), ""))
    ]
    note = DEFINITIONS.of("appointments", _)
    found = [Table(_("Appointments in person"), columns, rows, note=note, question=QUESTION_1)]
    found += [_refused(seen, language, _), *_consulted(seen, first, last, _)]
    return [*found, *(_breakdown(seen, dimension, names, language, _) for dimension in BREAKDOWNS)]


def _refused(seen: Mapping[str, Value], language: str, _: Translate) -> Table:
    reasons = [key.removeprefix("refused/") for key in seen if key.startswith("refused/")]
    refused: list[Sequence[Value]] = [[name("reason", key, language, _), seen[f"refused/{key}"]] for key in reasons]
    refused += [
        [_("Refused in all"), seen["refused"]],
        [_("for comparison: wishes for an appointment in person expressed in the month"), seen["wishes"]],
    ]
    columns = [Column(_("Reason"), "text"), Column(_("Times refused"))]
    note = DEFINITIONS.of("refused", _)
    return Table(_("Refused appointments"), columns, refused, note=note, question=QUESTION_3)


def _consulted(seen: Mapping[str, Value], first: date, last: date, _: Translate) -> list[Table]:
    configured = settings()
    many = seen["consultations"]
    on_days = ratio(many, _days_of_offices(first, last))
    rooms, each = configured.service_rooms, configured.consultations_per_room
    possible = float(rooms * each) if rooms and each else None
    consulted: list[Sequence[Value]] = [
        [_("Rooms for consultations in which a third person can take part"), float(rooms) if rooms else None],
        [_("Consultations possible a day in these rooms"), possible],
        [_("Consultations in person that had an appointment in the month"), many],
        [_("of these in a large room"), seen["consultations/large"]],
        [_("of these in a small room"), seen["consultations/small"]],
    ]
    notes = [DEFINITIONS.of("consultations", _)]
    if not possible:
        notes.append(_("How many are possible has not been stated yet."))
    columns = [Column(_("Figure"), "text"), Column(_("Count"))]
    per_day = [[_("Consultations a day, on average of the offices' days"), on_days]]
    return [
        Table(_("Consultations"), columns, consulted, note=" ".join(notes), question=QUESTION_5),
        Table(
            _("Consultations a day"),
            [Column(_("Figure"), "text"), Column(_("Mean"), "number")],
            per_day,
            note=DEFINITIONS.of("consultations_a_day", _),
        ),
    ]


def _breakdown(seen: Mapping[str, Value], dimension: str, names: Names, language: str, _: Translate) -> Table:
    start = f"tasks/{dimension}/"
    found = [key.removeprefix(start) for key in seen if key.startswith(start)]
    columns = [
        Column(dimension_name(dimension, _), "text"),
        Column(_("Requests")),
        Column(_("Promises decided")),
        Column(_("Tried in time")),
        Column(_("First attempt missed")),
        Column(_("Share in time"), "share"),
        Column(_("Spoken with in time")),
        Column(_("Not reached in time")),
        Column(_("Closed without contact")),
    ]
    rows = [_row(seen, name(dimension, key, language, _, names), f"/{dimension}/{key}", language) for key in found]
    title = _("Promises by: %(what)s") % {"what": dimension_name(dimension, _)}
    return Table(title, columns, [*rows, _row(seen, _("In all"), "", language)], note=DEFINITIONS.of("promises", _))


def _row(seen: Mapping[str, Value], label: str, at: str, language: str) -> list[Value]:
    tasks, decided, in_time, missed, _, reached, not_reached, unspoken = (seen[f"{what}{at}"] for what in _OF_TASKS)
    share = seen.get(f"share{at}", ratio(in_time, decided))
    if isinstance(share, str) and language != "de":  # a band is written as a share is
        share = share.replace("\u202f", "")
    return [label, tasks, decided, in_time, missed, share, reached, not_reached, unspoken]
