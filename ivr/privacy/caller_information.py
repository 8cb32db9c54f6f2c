"""What callers are told about their data: before (Art. 13 GDPR), and when they ask for it (Art. 15 GDPR)."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain import words
from ivr.domain.enums import RetentionKind
from ivr.domain.words import Translate
from ivr.privacy.compliance import OperatorFacts

#: The periods that end something of a caller, in the order in which they are told.
_OF_CALLERS = (
    RetentionKind.AUDIO, RetentionKind.TRANSCRIPT, RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK,
    RetentionKind.CALL_RECORD, RetentionKind.INCIDENT, RetentionKind.REMEMBERED_LANGUAGE, RetentionKind.ACCESS_LOG,
)  # fmt: skip


def sections(periods: Mapping[str, int], facts: OperatorFacts, _: Translate) -> list[tuple[str, str]]:
    """Headings and what stands below them. `periods`: days of each kind, as they are applied now."""
    kept = "; ".join(
        _("%(kind)s: %(days)s days") % {"kind": words.RETENTION_KINDS.of(kind, _), "days": periods[kind]}
        for kind in _OF_CALLERS
    )
    unknown = _("not stated yet; please ask on the telephone")
    return [
        (_("Who is responsible"), " ".join(facts.controller.split()) or unknown),
        (_("Data protection officer"), " ".join(facts.data_protection_officer.split()) or unknown),
        (_("Purpose and legal basis"), _(
            "To answer your call, to call you back and to record what was agreed: Art. 6 (1) e and (3) GDPR with "
            "§ 67a, § 67b and § 67c SGB X, § 35 SGB I. What you say of an impairment: Art. 9 (2) b GDPR. A voicebox "
            "message is recorded with your consent only (Art. 6 (1) a, Art. 7, Art. 9 (2) a GDPR); without it you can "
            "ask for a callback by keys. You can withdraw it at any time: then the recording is deleted, and what was "
            "done with it before stays lawful.")),
        (_("Where the data comes from"), _(
            "From you: what you say and key in. From your telephone company: the number that your telephone shows. "
            "From staff: what they note about a call. Where somebody calls for you, from them.")),
        *_recipients(facts, unknown, _),
        (_("How long it is kept"), _(
            "%(periods)s. The days count from when your request is closed, without a request from the end of the call; "
            "for the remembered language from your last call, for incidents and the log from their entry.")
         % {"periods": kept}),
        (_("What a machine decides"), _(
            "Nothing about you. A machine writes down what you say on the voicebox and looks for words of need, such "
            "as an eviction or a power cut: then your request is raised to an emergency, so that somebody calls you "
            "earlier. Nobody is put back by it, and people decide everything else.")),
        (_("Your rights"), _(
            "You may demand access (Art. 15 GDPR), correction (Art. 16), erasure (Art. 17) and restriction (Art. 18), "
            "and object (Art. 21). You need not say anything on the telephone: you can write or come instead.")),
        (_("Complaint"), _(
            "To the Federal Commissioner for Data Protection and Freedom of Information (BfDI), Graurheindorfer Straße "
            "153, 53117 Bonn, who supervises jobcenters (§ 50 (4) SGB II, Art. 77 GDPR).")),
    ]  # fmt: skip


def _recipients(facts: OperatorFacts, unknown: str, _: Translate) -> list[tuple[str, str]]:
    if not facts.has_carrier:
        who = _(
            "The team that is responsible. Your telephone company and ours transport the call; it is recorded on "
            "machines of the Jobcenter alone. Interpreters and companions whom you want in the call. Where the "
            "Jobcenter uses them: a storage for recordings, a mail server, other software that is told of requests."
        )
        return [(_("Who receives it"), who)]
    return [
        (_("Who receives it"), _(
            "The team that is responsible. The telephone carrier and its sub-processors, who connect calls and text "
            "messages. Interpreters and companions whom you want in the call. Where the Jobcenter uses them: a storage "
            "for recordings, a mail server, other software that is told of requests.")),
        (_("Sub-processors of the carrier, and their countries"), " ".join(facts.subprocessors.split()) or unknown),
        (_("In which countries the carrier processes calls"), " ".join(facts.carrier_region.split()) or unknown),
    ]  # fmt: skip
