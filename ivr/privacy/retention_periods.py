"""The retention periods (Löschfristen), their reasons, and how they are changed.

The defaults are short. An administrator proposes another period with a reason; it counts from the moment the data
protection officer confirms it. Both are written down (Art. 5 (1) e, Art. 25 GDPR; § 84 SGB X; § 67c SGB X).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.calls.retention import AUDIO_DAYS, confirmed_days
from ivr.config.settings import settings
from ivr.domain.enums import ProposalState, RetentionKind
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.models.privacy import PeriodChange
from ivr.reporting.daily_metrics import OPEN_DAYS

#: Figures of a day are final after this many days: what they count stays so long.
LEAST = OPEN_DAYS + 1

#: The longest period of all (days).
LONGEST = 36500


@dataclass(frozen=True)
class Period:
    """How long one kind of data is kept, by default, at least and at most (days); from when; and why."""

    kind: str
    days: int
    least: int
    most: int
    begins: str
    reason: str


PERIODS = {
    period.kind: period
    for period in (
        Period(
            RetentionKind.AUDIO,
            AUDIO_DAYS,
            LEAST,
            365,
            _("the task is closed (without a task: the call has ended)"),
            _(
                "To listen again while the caller may still ring about the same matter; the transcript and the notes "
                "hold what was agreed."
            ),
        ),
        Period(
            RetentionKind.TRANSCRIPT,
            90,
            LEAST,
            730,
            _("the task is closed (without a task: the call has ended)"),
            _(
                "Transcript, corrections, notes, drafts and search words: to answer questions about what was agreed; "
                "a decision may be objected to within a month (§ 84 SGG), and it takes time to be served."
            ),
        ),
        Period(
            RetentionKind.NUMBER_AND_NAME,
            90,
            LEAST,
            730,
            _("the task is closed (without a task: the call has ended)"),
            _("To reach the caller again and to recognise one who rings about the same matter."),
        ),
        Period(
            RetentionKind.TASK,
            365,
            LEAST,
            3650,
            _("the task is closed"),
            _("Without the caller's data: who worked on what promise when, for complaints about a missed one."),
        ),
        Period(
            RetentionKind.CALL_RECORD,
            90,
            LEAST,
            730,
            _("the call has ended, and no task belongs to it any more"),
            _("To find faults in telephony and to explain a caller's complaint."),
        ),
        Period(
            RetentionKind.INCIDENT,
            180,
            LEAST,
            1095,
            _("the call was marked"),
            _(
                "Evidence of an insult or a threat against staff, with the number: an insult is prosecuted on a "
                "request within three months (§ 77b StGB); who was threatened calls nobody back alone (§ 3 ArbSchG)."
            ),
        ),
        Period(
            RetentionKind.REMEMBERED_LANGUAGE,
            180,
            1,
            3650,
            _("the number's last call"),
            _("So that a caller is greeted in the language they understand; kept under a keyed hash."),
        ),
        Period(
            RetentionKind.ACCESS_LOG,
            365,
            180,
            3650,
            _("the line was written"),
            _("So that misuse can be found by an audit of a year."),
        ),
        Period(
            RetentionKind.STATISTICS,
            3650,
            365,
            LONGEST,
            _("the day that was counted"),
            _("Figures name nobody; the Senate is asked about years."),
        ),
    )
}
#: A kind of data never outlives one of these.
_WITHIN = (
    (RetentionKind.AUDIO, RetentionKind.TRANSCRIPT),
    (RetentionKind.AUDIO, RetentionKind.NUMBER_AND_NAME),
    (RetentionKind.TRANSCRIPT, RetentionKind.TASK),
    (RetentionKind.NUMBER_AND_NAME, RetentionKind.TASK),
)


class NotPossible(Exception):
    """A period that is refused.

    The message is a key of the interface's messages: `range`, `within_task`, `reason`, `same_person`, `decided`.
    """


def days(session: Session, kind: str) -> int:
    """The present period of a kind, in days."""
    confirmed = confirmed_days(session, kind)
    found = PERIODS[kind].days if confirmed is None else confirmed
    # The operator's setting may only shorten it.
    return min(found, settings().remember_language_days) if kind == RetentionKind.REMEMBERED_LANGUAGE else found


def all_days(session: Session) -> dict[str, int]:
    """All present periods, in days."""
    return {kind: days(session, kind) for kind in PERIODS}


def cutoff(session: Session, kind: str, now: datetime) -> datetime:
    """The UTC instant before which data of a kind has expired."""
    return now - timedelta(days=days(session, kind))


def propose(session: Session, kind: str, wanted: int, reason: str, user: User, now: datetime) -> PeriodChange:
    """Propose another period, as an administrator.

    Raises:
        NotPossible: out of range, longer than the task's own, or without a reason.
    """
    period = PERIODS[kind]
    reason = " ".join(reason.split())[:300]
    if not period.least <= wanted <= period.most:
        raise NotPossible("range")
    _check_within(session, kind, wanted)
    if len(reason) < 10:
        raise NotPossible("reason")
    change = PeriodChange(kind=kind, days=wanted, reason=reason, proposed_by_id=user.id, proposed_at=now)
    session.add(change)
    session.flush()
    return change


def _check_within(session: Session, kind: str, wanted: int) -> None:
    present = {**all_days(session), kind: wanted}
    if any(present[shorter] > present[longer] for shorter, longer in _WITHIN):
        raise NotPossible("within_task")


def decide(session: Session, change_id: int, confirmed: bool, user: User, now: datetime) -> PeriodChange:
    """Confirm or refuse a proposal, as the data protection officer.

    Raises:
        NotPossible: it was decided already, is their own, or fits no longer.
        LookupError: there is none.
    """
    change = session.get(PeriodChange, change_id, with_for_update=True)
    if change is None:
        raise LookupError(change_id)
    if change.state != ProposalState.PROPOSED:
        raise NotPossible("decided")
    if change.proposed_by_id == user.id:
        raise NotPossible("same_person")
    if confirmed:
        _check_within(session, change.kind, change.days)
    change.state = ProposalState.CONFIRMED if confirmed else ProposalState.REFUSED
    change.decided_by_id, change.decided_at = user.id, now
    return change


def history(session: Session) -> Sequence[PeriodChange]:
    """All proposals, the newest first."""
    return session.scalars(select(PeriodChange).order_by(PeriodChange.id.desc()).limit(200)).all()
