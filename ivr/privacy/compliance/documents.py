"""Each compliance document as Markdown, generated from the code's tables."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.domain.permissions import ANYBODY, CARRIER, PERMISSIONS, PROGRAM
from ivr.domain.roles import ROLES
from ivr.privacy.compliance.data_inventory import PLACES, TABLES, Kept
from ivr.privacy.compliance.safeguards import LETTERS, MEASURES, THREATS
from ivr.privacy.retention_periods import PERIODS

_MADE = "<!-- Written by `python -m ivr papers` from the code's own tables; changes belong there. -->\n\n"


def _table(head: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    columns = list(head)
    rows = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    rows += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join(rows) + "\n"


def permissions() -> str:
    """The permissions: which role may call which endpoint."""
    guards = (ANYBODY, CARRIER, PROGRAM)
    columns = [*ROLES, *guards]
    lines = [
        (f"`{name}`", one.what, *("✓" if who in one.who else "" for who in columns), "own" if one.team else "")
        for name, one in PERMISSIONS.items()
    ]
    return (
        f"{_MADE}# Permissions (Rollen- und Berechtigungskonzept)\n\n"
        "Everything that is not in this table is refused (404). An entry names a blueprint of the web process, or one "
        "of its endpoints, whose entry then takes precedence. Where a blueprint has another name than its module, see "
        "docs/architecture.md. *own*: only for tasks of the person's own teams: those a member works for, or a "
        "supervisor is responsible for. An administrator and the data protection "
        "officer (officer) see no callers' data; of the officer's pages none shows content.\n\n"
        + _table(("Endpoint", "What", *columns, "Teams"), lines)
    )


def _periods(kept: Kept) -> str:
    named = [(f"{kind} ({PERIODS[kind].days} days)", kept.parts.get(kind, "the row")) for kind in kept.periods]
    return "; ".join(f"{kind}: {part}" if kept.parts else kind for kind, part in named) or "see there"


def record_of_processing() -> str:
    """The record of processing activities (Art. 30 GDPR)."""
    everything = [(f"`{name}`", kept.about, kept.what, _periods(kept)) for name, kept in TABLES.items()]
    everything += [(name, kept.about, kept.what, _periods(kept)) for name, kept in PLACES.items()]
    return (
        f"{_MADE}# Record of processing activities (Verzeichnis von Verarbeitungstätigkeiten, Art. 30 GDPR)\n\n"
        + _table(
            ("Point of Art. 30 (1)", "Content"),
            (
                ("a) Controller", "Jobcenter Bremen; its data protection officer (to be filled in: names and addresses)"),
                ("b) Purposes", "Answering calls to 0421-178-2666 in the caller's language; callback tasks and their "
                 "promises; forms by post; appointment wishes; statistics for the Senate"),
                ("Legal basis", "§§ 67a, 67b, 67c SGB X with § 35 SGB I; consent for recordings (§ 201 StGB, Art. 6 (1) a, "
                 "Art. 9 (2) a GDPR), asked before the tone"),
                ("c) Data subjects", "Callers, persons they trust, interpreters, staff"),
                ("c) Categories of data", "Numbers, names, voice, words, language, concern, age group, impairment "
                 "(Art. 9 GDPR, where a caller states it), times; of staff: log-ins and what they read"),
                ("d) Recipients", "The responsible team; the telephone carrier (processor, Art. 28 GDPR); nobody else. "
                 "Speech is transcribed on machines of the controller."),
                ("e) Third countries", "None by the software. In which region the carrier processes and records calls is set "
                 "there for each number: `carrier check` fails where that is not `twilio_region`, as often as somebody "
                 "runs it, and with Twilio only; at another carrier nothing is checked. Nothing else is checked either "
                 "(text messages, metadata of deleted recordings, subprocessors): the contract with the carrier has to "
                 "say it."),
                ("f) Periods", "See the deletion concept"),
                ("g) Measures", "See the technical and organisational measures"),
            ),
        )
        + "\n## What is kept where\n\n" + _table(("Where", "About", "What", "Ends with the period"), everything)
    )  # fmt: skip


def technical_and_organisational_measures() -> str:
    """The technical and organisational measures (Art. 32 GDPR)."""
    lines = [(one.goal, one.what, f"`tests/{one.proof}`") for one in MEASURES.values()]
    return (
        f"{_MADE}# Technical and organisational measures (Art. 32 GDPR, § 67c SGB X)\n\n"
        "Each measure is proved by a test, which runs with every change.\n\n"
        + _table(("Goal", "Measure", "Proved by"), lines)
        + "\n## The operator's part\n\n"
        "TLS before the web process; encrypted disks; Redis on a socket or with a password and TLS; secrets from a "
        "vault; `python -m ivr audit head` sent to the data protection officer every month; backups kept elsewhere "
        "and their restore practised; a contract with the carrier (Art. 28 GDPR).\n"
    )


def deletion_concept() -> str:
    """The deletion concept: periods, and how deletion is verified."""
    lines = [(f"`{one.kind}`", one.days, f"{one.least}–{one.most}", one.begins, one.reason) for one in PERIODS.values()]
    kept = [(f"`{name}`", entry.what, _periods(entry)) for name, entry in TABLES.items() if entry.periods]
    return (
        f"{_MADE}# Deletion concept (Löschkonzept, Art. 5 (1) e GDPR, § 84 SGB X)\n\n"
        + _table(("Kind", "Days by default", "Possible", "Counted from", "Reason"), lines)
        + "\n**How a period is changed:** the administrator proposes it with a reason (page “Periods”), the data "
        "protection officer confirms it; both are written into the access log. What has expired by the new period is deleted in the next "
        "night.\n\n**How it is deleted:** every night after three (`ivr/privacy/nightly_job.py`) the key of a recording is "
        "destroyed first, then its audio, then rows. The carrier's records are deleted, and fetched again to verify "
        "that they are gone. The database's pages are rewritten (`VACUUM`), so that no deleted data is left in them. Then "
        "database, audio store, carrier and Redis are searched for remains, and a deletion record is written: kind, "
        "number, cut-off, whether everything was deleted; no personal data. The recording of a spoken answer is never "
        "stored here; the job that understands it deletes it at the carrier seconds later, and verifies that. Days that are not counted yet are counted first: statistics never change. "
        "`python -m ivr retention plan` shows what would be deleted, `retention run` deletes it now.\n\n"
        "**What is not deleted:** tasks that are open; tasks on which a legal hold lies (Art. 17 (3) e); tasks whose use "
        "is restricted (Art. 18). PostgreSQL's own log (WAL) and its archive are the operator's: keep them no longer "
        "than backups.\n\n"
        "**Backups:** keep them no longer than 30 days. A restore (`python -m ivr restore`) erases again what was erased "
        "since the backup, from sealed entries of keyed hashes in the audio store (`deletions/`). What has "
        "expired is deleted in the next night, so that holds which were placed since the backup can be placed again "
        "before. If the audio store is lost together with the database, restore its `deletions/` from the bucket's replica, "
        " or repeat the requests of data subjects since the backup (page “Deletions” has their dates).\n\n"
        "**List of open promises:** where the operator wants it, a sealed list is on a host's disk for when everything is "
        "down. A new one is written every hour, and those older than three hours are removed; printed ones are to be "
        "destroyed when the desk is back.\n\n"
        "## Which period ends what\n\nWhere several periods apply, what each of them deletes is named: the "
        "content of some columns, some rows, or the whole row with all that is left.\n\n"
        + _table(("Table", "What", "Period"), kept)
    )


def threat_model() -> str:
    """The threat model: STRIDE over the architecture."""
    lines = [
        (one.part, LETTERS[one.letter], one.what, "; ".join(MEASURES[name].what for name in one.against) or "–",
         one.left or "–")
        for one in THREATS
    ]  # fmt: skip
    return (
        f"{_MADE}# Threat model (STRIDE)\n\n"
        "Over the parts of docs/architecture.md: caller – carrier – webhooks – database, audio store, Redis – workers – "
        "pages – API clients – backups. Trust ends between caller and carrier, carrier and webhooks, browser and pages, "
        "API client and API.\n\n"
        + _table(("Part", "STRIDE", "What could happen", "What stands against it", "What is left"), lines)
    )


def impact_assessment() -> str:
    """The content that Art. 35 (7) GDPR asks for."""
    risks = [
        ("A caller's need becomes known to a neighbour who works here", "medium", "high", "hidden, log"),
        (
            "Others who use the telephone learn of the Jobcenter",
            "medium",
            "high",
            "nothing is said before the called person has confirmed; no messages on answering machines",
        ),
        (
            "A wrong transcript leads to a wrong decision",
            "medium",
            "medium",
            "shown with its confidence; whoever decides listens; corrections stand beside it",
        ),
        ("Recordings are stolen", "low", "high", "audio_keys, retention"),
        ("Data is kept for too long", "low", "medium", "retention, replay"),
        ("A message is lost, and help comes too late", "low", "high", "spool, backup"),
        (
            "Staff are watched by the access log",
            "medium",
            "medium",
            "read by the data protection officer, and by a team about its own tasks; for a year; works council to be heard",
        ),
    ]
    return (
        f"{_MADE}# What a data-protection impact assessment needs (Art. 35 (7) GDPR)\n\n"
        "An assessment is needed: social data of many people, special categories now and then, vulnerable persons, voice "
        "(Art. 35 (3) b). The controller decides; this is what the product contributes.\n\n"
        "**a) Description:** docs/architecture.md, record-of-processing.md.\n\n"
        "**b) Necessity and proportionality:** the number is needed to call back; a caller who does not agree to be recorded "
        "leaves a callback request by keypad; a caller who withholds the number enters one or none; transcripts spare "
        "staff listening and are made on machines of the controller; live calls are never recorded. Spoken answers in place of keys are off "
        "by default, need consent by key, and are not kept. Periods are short and stated "
        "(deletion-concept.md).\n\n**c) Risks and d) measures:**\n\n"
        + _table(("Risk to the person", "Likelihood", "Severity", "Measures"), risks)
        + "\nMeasures by name: measures.md. What is left after them: the last column of threat-model.md.\n\n"
        "**Views of data subjects (Art. 35 (9)):** to be sought by the controller, for example through the advice "
        "centres.\n"
    )


def accessibility() -> str:
    """The accessibility statement (BITV 2.0)."""
    tested = [
        (
            "axe-core in light and dark",
            "every page of the desk",
            "tests/browser/test_callback_desk.py, tests/browser/test_first_call.py, "
            "tests/browser/test_dashboard.py, tests/browser/test_data_protection.py",
        ),
        ("Reflow at 320 px", "every page of the desk", "the same"),
        ("Keyboard alone", "claim, note, close", "tests/browser/test_callback_desk.py"),
        ("PDF/UA-1", "reports", "tests/reporting/test_senate_statement.py"),
        (
            "Every menu by keypad, with repetition and a way back; relay services",
            "the call script",
            "tests/flows/test_engine.py, tests/stories/test_call_script.py",
        ),
    ]
    return (
        f"{_MADE}# Accessibility statement (Erklärung zur Barrierefreiheit, BITV 2.0, § 12b BGG; BremBGG)\n\n"
        "The public statement is a page of the desk (`/accessibility`), in German first.\n\n"
        "**Status:** partly in accordance with EN 301 549 / WCAG 2.1 AA: tested by machine and by hand in one browser; "
        "a test by people who depend on it is outstanding.\n\n"
        + _table(("What was tested", "Where", "By"), tested)
        + "\n**Not accessible, or not tried:** recordings of callers have a machine's transcript where there is a speech "
        "model, otherwise none; the statement has not been made by an outside body; screen readers were not tried; the "
        "PDF of a data subject's request may hold letters of scripts its fonts lack (the JSON beside it has them).\n\n"
        "**Feedback:** Jobcenter Bremen, telephone 0421-178-2666. **Enforcement:** Zentralstelle für barrierefreie "
        "Informationstechnik der Freien Hansestadt Bremen, beim Landesbehindertenbeauftragten.\n"
    )
