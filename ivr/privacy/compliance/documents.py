"""Each compliance document as Markdown, generated from the code's tables.

`_` translates a message id: every document is written in German and in English.
"""

from __future__ import annotations

from ivr.domain import words
from ivr.domain.permissions import ANYBODY, CARRIER, PERMISSIONS, PROGRAM
from ivr.domain.roles import ROLES
from ivr.domain.words.tables import Translate
from ivr.privacy.compliance.data_inventory import ABOUT, PLACES, TABLES, Kept
from ivr.privacy.compliance.layout import paper, periods, table
from ivr.privacy.compliance.operator_facts import OperatorFacts
from ivr.privacy.compliance.safeguards import MEASURES
from ivr.privacy.compliance.threats import LETTERS, RISKS, THREATS
from ivr.privacy.retention_periods import PERIODS

#: The place that a house without a carrier does not have.
_AT_CARRIER = "Telephone carrier"


def permissions(_: Translate, facts: OperatorFacts) -> str:
    """The permissions: which role may call which endpoint."""
    guards = (ANYBODY, CARRIER, PROGRAM)
    columns = [*ROLES, *guards]
    named = [*(words.ROLES.of(role, _) for role in ROLES), _("anybody"), _("carrier"), _("program")]
    lines = [
        (f"`{name}`", _(one.what), *("✓" if who in one.who else "" for who in columns), _("own") if one.team else "")
        for name, one in PERMISSIONS.items()
    ]
    about = _(
        "Everything that is not in this table is refused (404). An entry names a blueprint of the web process, or one of "
        "its endpoints, whose entry then takes precedence. Where a blueprint has another name than its module, see "
        "docs/architecture.md. *own*: only for tasks of the person's own teams: those a member works for, or a "
        "supervisor is responsible for. An administrator and the data protection officer see no callers' data; of the "
        "officer's pages none shows content."
    )
    return paper(_, facts, _("Permissions"), about, table((_("Endpoint"), _("What"), *named, _("Teams")), lines))


def everything(_: Translate, facts: OperatorFacts) -> list[tuple[str, Kept]]:
    """What is kept in the database, by the names of its tables, and in other places."""
    places = [(_(name), one) for name, one in PLACES.items() if facts.has_carrier or name != _AT_CARRIER]
    return [(f"`{name}`", one) for name, one in TABLES.items()] + places


def _legal_basis(_: Translate) -> str:
    return _(
        "Calls, tasks and callbacks: Art. 6 (1) e and (3) GDPR with §§ 67a, 67b, 67c SGB X, § 35 SGB I and § 50 SGB II; "
        "what a caller states of an impairment: Art. 9 (2) b GDPR with § 67a (1) SGB X. The recording: consent (Art. 6 "
        "(1) a, Art. 7, Art. 9 (2) a GDPR; § 67b (2) SGB X; § 201 StGB), asked by key before the tone; whoever refuses "
        "leaves a request by keypad. Withdrawal (Art. 7 (3) GDPR): to the controller, who has the recording deleted "
        "(page “Rights of data subjects”). Staff: § 26 BDSG or the law of the Land, and the agreement with the staff "
        "council."
    )


def _recipients(_: Translate, facts: OperatorFacts) -> str:
    if not facts.has_carrier:
        return _(
            "The responsible team. No telephone carrier: the provider that connects the controller's telephone system to "
            "the network transports calls, and gets neither recordings nor words to keep. Interpreters and companions "
            "whom a caller wants in the call. Where the settings name them: the storage of audio (S3), the mail server, "
            "the single sign-on, and programs that are told of tasks. Speech is made and transcribed on machines of the "
            "controller."
        )
    return _(
        "The responsible team. The telephone carrier and its sub-processors: calls, text messages, and where the "
        "settings name them its voices and its understanding of spoken answers. Interpreters and companions whom a "
        "caller wants in the call. Where the settings name them: the storage of audio (S3), the mail server, the single "
        "sign-on, and programs that are told of tasks. Speech is transcribed on machines of the controller."
    )


def _processors(_: Translate, facts: OperatorFacts) -> str:
    duty = _(
        "Art. 28 GDPR with § 80 SGB X: the authority that oversees the controller's lawfulness or work (Rechts- oder "
        "Fachaufsicht) is notified in writing before a processor is commissioned, sub-processors included; § 51 SGB "
        "II for bodies that are not public."
    )
    if not facts.has_carrier:
        return " ".join((duty, _("For calls and recordings there is none.")))
    return " ".join((duty, _("Sub-processors of the carrier:"), facts.stated("subprocessors", _)))


def _third_countries(_: Translate, facts: OperatorFacts) -> str:
    if not facts.has_carrier:
        return _(
            "None by the software's own doing: calls, recordings and words stay on machines of the controller. How the "
            "provider behind the telephone system transports calls, the contract with it has to say."
        )
    return _(
        "None by the software's own doing; what the carrier does decides. Where it processes and records calls, as the "
        "operator states it: %(region)s. With Twilio the region is set for each number: `carrier check` fails where that is not `twilio_region`, as often as somebody runs it, and with Twilio only; "
        "at another carrier nothing is checked. Nothing else is checked either (text messages, metadata of deleted "
        "recordings, sub-processors): the contract with the carrier has to say it (§ 80 (2) SGB X)."
    ) % {"region": facts.stated("carrier_region", _)}


def record_of_processing(_: Translate, facts: OperatorFacts) -> str:
    """The record of processing activities (Art. 30 GDPR)."""
    kept = [(name, _(ABOUT[one.about]), _(one.what), periods(_, one)) for name, one in everything(_, facts)]
    first = _(
        "**To be cleared first:** whether a gemeinsame Einrichtung may run this beside the central IT of the "
        "Bundesagentur für Arbeit (§ 50 (3) SGB II)."
    )
    points = (
        (_("a) Controller"), facts.stated("controller", _)),
        (_("Data protection officer"), facts.stated("data_protection_officer", _)),
        (_("b) Purposes"), _(
            "Answering calls to 0421-178-2666 in the caller's language; callback tasks and their promises; forms by post; "
            "appointment wishes; statistics for the Senate")),
        (_("Legal basis"), _legal_basis(_)),
        (_("c) Data subjects"), _("Callers, persons they trust, interpreters, staff")),
        (_("c) Categories of data"), _(
            "Numbers, names, voice, words, language, concern, age group, impairment (Art. 9 GDPR, where a caller states "
            "it), times; of staff: log-ins, presence, times of talk, attempts, and what they read")),
        (_("d) Recipients"), _recipients(_, facts)),
        (_("Processors"), _processors(_, facts)),
        (_("Agreement with the staff council"), facts.stated("staff_council_agreement", _)),
        (_("e) Third countries"), _third_countries(_, facts)),
        (_("f) Periods"), _("See the deletion concept")),
        (_("g) Measures"), _("See the technical and organisational measures")),
    )  # fmt: skip
    return paper(
        _,
        facts,
        _("Record of processing activities (Art. 30 GDPR)"),
        first,
        table((_("Point of Art. 30 (1)"), _("Content")), points),
        "## " + _("What is kept where"),
        table((_("Where"), _("About"), _("What"), _("Ends")), kept),
    )


def technical_and_organisational_measures(_: Translate, facts: OperatorFacts) -> str:
    """The technical and organisational measures (Art. 32 GDPR)."""
    measures = list(enumerate(MEASURES.values(), start=1))
    lines = [(_(one.goal), _(one.what), _(one.evidence), number) for number, one in measures]
    return paper(
        _,
        facts,
        _("Technical and organisational measures (Art. 32 GDPR, § 22 BDSG)"),
        _(
            "Each measure has its evidence: a page, a setting, a command or a log that an auditor can look at. Its number "
            "leads to the test that proves it with every change of the software (at the end)."
        ),
        table((_("Goal"), _("Measure"), _("What an auditor sees"), _("Test")), lines),
        "## " + _("The operator's part"),
        _(
            "TLS before the web process; encrypted disks; Redis on a socket or with a password and TLS; secrets from a "
            "vault; `python -m ivr audit head` sent to the data protection officer every month; backups kept elsewhere "
            "and their restore practised; a contract with the carrier (Art. 28 GDPR). The measures are reviewed once a "
            "year and after each incident."
        ),
        "## " + _("Last review"),
        facts.stated("measures_reviewed", _),
        "## " + _("Tests"),
        "\n".join(f"{number}. `tests/{one.proof}`" for number, one in measures),
    )


def deletion_concept(_: Translate, facts: OperatorFacts) -> str:
    """The deletion concept: periods, and how deletion is verified."""
    lines = [
        (words.RETENTION_KINDS.of(one.kind, _), one.days, f"{one.least}–{one.most}", _(one.begins), _(one.reason))
        for one in PERIODS.values()
    ]
    kept = [(f"`{name}`", _(entry.what), periods(_, entry)) for name, entry in TABLES.items() if entry.periods]
    others = [
        (name, _(ABOUT[entry.about]), _(entry.what), periods(_, entry))
        for name, entry in everything(_, facts)
        if not entry.periods and entry.about != "nobody"
    ]
    return paper(
        _,
        facts,
        _("Deletion concept (Art. 5 (1) e GDPR, § 84 SGB X)"),
        _(
            "In the order of DIN 66398: kinds of data with their standard periods and what a period counts from, how "
            "deletion is carried out, exceptions and backups, and which data of the database each rule is about. Who is "
            "responsible: the administration proposes periods, the data protection officer confirms them, the software "
            "deletes, the officer checks the records (page “Deletions”), the operator answers for backups and logs of "
            "the database."
        ),
        table((_("Kind"), _("Days by default"), _("Possible"), _("Counted from"), _("Reason")), lines),
        *_how_it_is_deleted(_),
        "## " + _("Which period ends what"),
        _(
            "Where several periods apply, what each of them deletes is named: the content of some columns, some rows, or "
            "the whole row with all that is left."
        ),
        table((_("Table"), _("What"), _("Period")), kept),
        "## " + _("What these periods do not end"),
        _("Data about persons to which none of the periods above applies, and when it ends."),
        table((_("Where"), _("About"), _("What"), _("Ends")), others),
    )


def _how_it_is_deleted(_: Translate) -> tuple[str, ...]:
    return (
        _(
            "**How a period is changed:** the administrator proposes it with a reason (page “Periods”), the data "
            "protection officer confirms it; both are written into the access log. What has expired by the new period "
            "is deleted in the next night."
        ),
        _(
            "**How it is deleted:** every night after three (`ivr/privacy/nightly_job.py`) the key of a recording is "
            "destroyed first, then its audio, then rows. The carrier's records are deleted, and fetched again to verify "
            "that they are gone. The database's pages are rewritten (`VACUUM`), so that no deleted data is left in them. "
            "Then database, audio store, carrier and Redis are searched for remains, and a deletion record is written: "
            "kind, number, cut-off, whether everything was deleted; no personal data. The recording of a spoken answer "
            "is never stored here; the job that understands it deletes it at the carrier seconds later, and verifies "
            "that. Days that are not counted yet are counted first: statistics never change. `python -m ivr retention "
            "plan` shows what would be deleted, `retention run` deletes it now."
        ),
        _(
            "**What is not deleted:** tasks that are open; tasks on which a legal hold lies (Art. 17 (3) e); tasks whose "
            "use is restricted (Art. 18). PostgreSQL's own log (WAL) and its archive are the operator's: keep them no "
            "longer than backups."
        ),
        _(
            "**Backups:** keep them no longer than 30 days. A restore (`python -m ivr restore`) erases again what was "
            "erased since the backup, from sealed entries of keyed hashes in the audio store (`deletions/`). What has "
            "expired is deleted in the next night, so that holds which were placed since the backup can be placed again "
            "before. If the audio store is lost together with the database, restore its `deletions/` from the bucket's "
            "replica, or repeat the requests of data subjects since the backup (page “Deletions” has their dates)."
        ),
        _(
            "**List of open promises:** where the operator wants it, a sealed list is on a host's disk for when "
            "everything is down. A new one is written every hour, and those older than three hours are removed; printed "
            "ones are to be destroyed when the desk is back."
        ),
    )


def threat_model(_: Translate, facts: OperatorFacts) -> str:
    """The threat model: STRIDE over the architecture."""
    lines = [
        (_(one.part), _(LETTERS[one.letter]), _(one.what), "; ".join(_(MEASURES[name].what) for name in one.against) or "–",
         _(one.left) if one.left else "–")
        for one in THREATS
    ]  # fmt: skip
    return paper(
        _,
        facts,
        _("Threat model (STRIDE)"),
        _(
            "Over the parts of docs/architecture.md: caller – carrier – webhooks – database, audio store, Redis – workers "
            "– pages – API clients – backups. Trust ends between caller and carrier, carrier and webhooks, browser and "
            "pages, API client and API."
        ),
        table((_("Part"), "STRIDE", _("What could happen"), _("What stands against it"), _("What is left")), lines),
    )


def impact_assessment(_: Translate, facts: OperatorFacts) -> str:
    """The content that Art. 35 (7) GDPR asks for."""
    levels = {"low": _("low"), "medium": _("medium"), "high": _("high")}
    risks = [
        (_(one.risk), levels[one.likelihood], levels[one.severity],
         "; ".join([*(_(MEASURES[name].what) for name in one.against), *([_(one.also)] if one.also else [])]),
         levels[one.left])
        for one in RISKS
    ]  # fmt: skip
    return paper(
        _,
        facts,
        _("What a data protection impact assessment needs (Art. 35 (7) GDPR)"),
        _(
            "An assessment is needed: social data of many people, special categories now and then, vulnerable persons, "
            "voice (Art. 35 (3) b). The controller decides; this is what the software contributes."
        ),
        _(
            "**Lists under Art. 35 (4):** the list of the conference of supervisory authorities (DSK) names the processing "
            "on a large scale of data under social secrecy, and of data about the behaviour of staff. Before signing, "
            "compare it and the BfDI's own list for public bodies of the Federation in their present versions."
        ),
        _("**a) Description:** docs/architecture.md and the record of processing activities."),
        _(
            "**b) Necessity and proportionality:** the number is needed to call back; a caller who does not agree to be "
            "recorded leaves a callback request by keypad; a caller who withholds the number enters one or none; "
            "transcripts spare staff listening and are made on machines of the controller; live calls are never recorded. "
            "Spoken answers in place of keys are off by default, need consent by key, and are not kept. Periods are short "
            "and stated (deletion concept)."
        ),
        _("**c) Risks and d) measures:**"),
        table((_("Risk to the person"), _("Likelihood"), _("Severity"), _("Measures"), _("Risk that is left")), risks),
        _("The last column is a proposal of the software; the controller rates it."),
        _(
            "**Advice of the data protection officer (Art. 35 (2)):** to be sought by the controller and added here; where "
            "a high risk is left, the BfDI is consulted first (Art. 36)."
        ),
        _(
            "**Views of data subjects (Art. 35 (9)):** to be sought by the controller, for example through the advice "
            "centres."
        ),
    )


def accessibility(_: Translate, facts: OperatorFacts) -> str:
    """The accessibility statement (BITV 2.0)."""
    desk = "tests/browser/test_callback_desk.py"
    others = "tests/browser/test_first_call.py, tests/browser/test_dashboard.py, tests/browser/test_data_protection.py"
    tested = [
        (_("axe-core in light and dark"), _("every page of the desk"), f"{desk}, {others}"),
        (_("Reflow at 320 px"), _("every page of the desk"), f"{desk}, {others}"),
        (_("Keyboard alone"), _("claim, note, close"), desk),
        ("PDF/UA-1", _("reports"), "tests/reporting/test_senate_statement.py"),
        (
            _("Every menu by keypad, with repetition and a way back; relay services"),
            _("the call script"),
            "tests/flows/test_engine.py, tests/stories/test_call_script.py",
        ),
    ]
    return paper(
        _,
        facts,
        _("Accessibility statement (BITV 2.0, § 12b BGG; BremBGG)"),
        _("The public statement is a page of the desk (`/accessibility`), in German first."),
        _(
            "**Status:** partly in accordance with EN 301 549 / WCAG 2.1 AA: tested by machine and by hand in one "
            "browser; a test by people who depend on it is outstanding."
        ),
        table((_("What was tested"), _("Where"), _("By")), tested),
        _(
            "**Not accessible, or not tried:** recordings of callers have a machine's transcript where there is a speech "
            "model, otherwise none; the statement has not been made by an outside body; screen readers were not tried; "
            "the PDF of a data subject's request may hold letters of scripts its fonts lack (the JSON beside it has them)."
        ),
        _(
            "**Feedback:** Jobcenter Bremen, telephone 0421-178-2666. **Enforcement:** Zentralstelle für barrierefreie "
            "Informationstechnik der Freien Hansestadt Bremen, beim Landesbehindertenbeauftragten."
        ),
    )
