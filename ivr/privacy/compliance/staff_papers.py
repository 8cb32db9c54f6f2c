"""The papers about staff: which data of members there is, and a draft of the agreement with the staff council.

Members are named in tables of their own and, by a reference to `users`, in tables about callers. Both are found in the
tables themselves, so that no column which names a member can be missing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import ivr.models  # noqa: F401 - registers every table
from ivr.audit import access_reports
from ivr.domain import words
from ivr.domain.permissions import PERMISSIONS
from ivr.domain.words.tables import Translate
from ivr.platform.orm import Base
from ivr.privacy.compliance.data_inventory import TABLES, Kept
from ivr.privacy.compliance.layout import paper, periods, table
from ivr.privacy.compliance.operator_facts import OperatorFacts

#: Pages on which somebody sees another person's presence, talks, attempts, notes, readings or log-in.
SEEN_ON = (
    "live.page", "roster", "desk.task", "desk.others", "live.notes", "marked", "supervision.corrected",
    "reading.readers", "desk_tools.team_readers", "protection", "administration", "telephones",
)  # fmt: skip


def names_members() -> Iterator[tuple[str, Kept, tuple[str, ...]]]:
    """Every table that is about staff or refers to a member: its name, what it holds, the referring columns."""
    for name, kept in TABLES.items():
        columns = Base.metadata.tables[name].columns
        referring = tuple(
            one.name for one in columns if any(key.column.table.name == "users" for key in one.foreign_keys)
        )
        if referring or kept.about == "staff":
            yield name, kept, referring


def staff_data(_: Translate, facts: OperatorFacts) -> str:
    """Which personal data of members there is, what for, who sees it, how long, and what is never made of it."""
    kept = [
        (f"`{name}`", _(one.what), ", ".join(f"`{column}`" for column in columns) or "–", periods(_, one))
        for name, one, columns in names_members()
    ]
    seen = [
        (_(one.what), ", ".join(words.ROLES.of(role, _) for role in words.ROLES if role in one.who),
         _("own") if one.team else "")
        for one in (PERMISSIONS[name] for name in SEEN_ON)
    ]  # fmt: skip
    return paper(
        _,
        facts,
        _("Personal data of staff"),
        _("Presence, times of talk, attempts and what somebody has read are personal data of members."),
        "## " + _("Purposes"),
        _purposes(_),
        "## " + _("No evaluation of a person"),
        _no_evaluation(_),
        "## " + _("Who sees it"),
        table((_("What"), _("Who"), _("Teams")), seen),
        "## " + _("What is kept where"),
        _(
            "A period counts from the event that the deletion concept names. Where no period applies, it is said when the "
            "data ends."
        ),
        table((_("Where"), _("What"), _("Names a member in"), _("Ends")), kept),
        "## " + _("Agreement with the staff council"),
        facts.stated("staff_council_agreement", _),
    )


def agreement_draft(_: Translate, facts: OperatorFacts) -> str:
    """A draft of the agreement with the staff council; it can be signed before itself is stated in the settings."""
    stated = replace(facts, staff_council_agreement=facts.staff_council_agreement or _("this draft"))
    points = (
        (_("Subject"), _subject(_)),
        (_("Purposes"), _purposes(_)),
        (_("Data"), _(
            "The paper “Personal data of staff” is the annex of this agreement. It lists all data of members, who sees "
            "it, and its periods; it is written anew with each version of the software. What is new in it is used only "
            "after the staff council has agreed.")),
        (_("No evaluation of a person"), _no_evaluation(_)),
        (_("Small teams"), _(
            "The dashboard shows figures of teams. Figures of a team of fewer than ____ members are read together with "
            "those of other teams only, because they would be figures about a person.")),
        (_("Listening in"), _(
            "Conversations are never recorded. A supervisor hears a conversation only after everybody in it has been "
            "told, for ____ (training, help at the member's wish), never to assess somebody.")),
        (_("Access log"), _access_log(_)),
        (_("Rights of members"), _(
            "Each member may see at any time what is kept about them (Art. 15 GDPR) and is told of changes that others "
            "make to their log-in. Nobody suffers a disadvantage for a pause, for declining a call or for asking for "
            "help.")),
        (_("Review"), _(
            "Both sides look at the annex together every ____ months. The staff council may have the settings, the "
            "reports and the access log's rules shown to it at any time, with an expert of its choice.")),
        (_("Entry into force"), _(
            "This agreement holds from ____ and may be ended with a notice of ____ months; until another follows, it "
            "continues to hold. Title and date are entered as the setting `staff_council_agreement`.")),
        (_("Signatures"), _("Head of the house: ____ · Staff council: ____")),
    )  # fmt: skip
    numbered = [f"## {number}. {title}\n\n{text}" for number, (title, text) in enumerate(points, start=1)]
    return paper(
        _,
        stated,
        _("Agreement with the staff council about the hotline: a draft"),
        _("A proposal of the software, not legal advice. What is left to the two sides is marked ____."),
        *numbered,
    )


def _subject(_: Translate) -> str:
    return _(
        "The hotline 0421-178-2666 with its callback desk is a technical device that can show the behaviour of staff; the "
        "staff council has a say in its introduction and use (§ 80 (1) no. 21 BPersVG, which holds in a gemeinsame "
        "Einrichtung by § 44h SGB II). Data of staff is processed by § 26 BDSG or the law of the Land, and by this "
        "agreement."
    )


def _purposes(_: Translate) -> str:
    return _(
        "Calls go to a member who is there and has been free longest. A task has one person who works on it, and its "
        "history shows what was tried, so that a promise is kept and a complaint can be answered. The duty roster says "
        "when somebody is needed. The access log protects callers from misuse of their data, marked calls protect staff "
        "from threats. Nothing is kept for another purpose."
    )


def _no_evaluation(_: Translate) -> str:
    by = ", ".join(words.DIMENSIONS.of(name, _) for name in words.DIMENSIONS)
    return _(
        "No report, figure, export or API of the software counts talks, times, attempts or pauses by person, and none "
        "ranks people: figures are counted for the house, by hour, and by %(dimensions)s. The data is not used to assess or to "
        "compare members, nor for pay, appraisal or promotion. A report by person may be made only after the agreement "
        "with the staff council allows it and is stated in the settings; this version has none."
    ) % {"dimensions": by}


def _access_log(_: Translate) -> str:
    return _(
        "The access log is read by the data protection officer, and by a team for its own tasks. One page counts by "
        "person: unusual reading (more than %(tasks)s tasks or %(searches)s searches a day, more than %(exported)s "
        "exported, at night, callers of the reader's own surname, tasks opened without a call or a word written). It "
        "serves to find misuse of callers' data and nothing else. Whoever is asked about it may bring the staff council; "
        "steps under labour law need its hearing before."
    ) % {
        "tasks": access_reports.MANY_TASKS,
        "searches": access_reports.MANY_SEARCHES,
        "exported": access_reports.MANY_EXPORTED,
    }
