"""Status of a request, for a caller who enters its receipt code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ivr.callbacks import contacts, further_attempts
from ivr.config.settings import settings
from ivr.domain import phone_numbers, sla_deadlines, working_hours
from ivr.domain.enums import AppointmentMode, Outcome, RequestStatus, TaskKind, TaskState, Urgency
from ivr.domain.outcomes import FINAL_OUTCOMES
from ivr.models.callbacks import AppointmentWish
from ivr.models.contacts import Contact
from ivr.notices import present

#: Statuses after which a request is not changed any more.
OVER = (RequestStatus.GRANTED, RequestStatus.REFUSED, RequestStatus.CLOSED, RequestStatus.WITHDRAWN)


def status_for_caller(contact: Contact, now: datetime) -> tuple[RequestStatus, dict[str, Any]]:
    """The status of what a contact asked for, and what is told with it: UTC instants, a place.

    Others may have called about the same task. Their appointment and the attempts to reach them are not told.
    """
    task = contact.task
    if contact.withdrawn_at is not None:
        return RequestStatus.WITHDRAWN, {}
    if task.state == TaskState.CLOSED:
        wish = task.appointment_wish if contacts.is_first(contact, task) else None
        if wish is not None and wish.appointment_at is not None:
            return RequestStatus.GRANTED, _granted(wish)
        if wish is not None and wish.refusal_reason is not None:
            return RequestStatus.REFUSED, {}
        return RequestStatus.WITHDRAWN if task.outcome == Outcome.WITHDRAWN else RequestStatus.CLOSED, {}
    tried = [attempt.at for attempt in task.attempts if attempt.at >= contact.at]
    if tried:
        again = further_attempts.follows(task, now)
        return RequestStatus.TRIED if again else RequestStatus.TRIED_LAST, {"tried_at": tried[-1]}
    work, (promised, since) = (present.hours(), settings().calling_hours), _promise(contact)
    # Where nobody worked in time, the caller was told an instant of the next time of work.
    due_at = max(promised, working_hours.next_deadline(*work, promised, since))
    in_time = working_hours.deadline(*work, due_at, now)
    if in_time is None or task.restricted_at is not None:  # nobody works in time any more, or nobody may work
        return RequestStatus.LATE, {}
    claimed = task.state == TaskState.CLAIMED
    return RequestStatus.CLAIMED if claimed else RequestStatus.OPEN, {"due_at": due_at}


def _promise(contact: Contact) -> tuple[datetime, datetime]:
    """When a contact's request is due, as far as its caller may know, and since when.

    A task that several have called about is due for the first of them. Who came later, or has heard nothing of another
    one's emergency, is told what was promised to them: an earlier instant would tell when another one has called.
    """
    task = contact.task
    others = [one for one in task.contacts if one is not contact]
    urgent = any(one.urgency == Urgency.EMERGENCY for one in others) and contact.urgency != Urgency.EMERGENCY
    if contacts.is_first(contact, task) and not urgent:
        return task.due_at, task.first_contact_at
    own = sla_deadlines.due_at(
        contact.at, contact.kind, contact.urgency, task.team.key, settings().sla_policies, present.hours()
    )
    return max(task.due_at, own), contact.at


def lacks_number(contact: Contact) -> bool:
    """Whether a contact waits for a call that nobody can make: no number is known, or none that is called (again).

    Forms come by post, and who wants the answer in writing waits for no call. A number that is given by receipt code
    counts before a member has confirmed it: its caller is told that it will be checked.
    """
    waits = contact.kind != TaskKind.POSTAL_ORDER and not contacts.wants_writing(contact)
    return waits and not has_number(contact)


def has_number(contact: Contact) -> bool:
    """Whether a contact has a number that is called (again). One given by receipt code counts, see `lacks_number`."""
    task = contact.task
    last = next((attempt for attempt in reversed(task.attempts) if attempt.at >= contact.at), None)
    if last is not None and last.outcome in FINAL_OUTCOMES:  # somebody else's, or nobody's
        return contact.number_changed_at is not None and contact.number_changed_at >= last.at
    numbers = (contact.callback_number, task.callback_number)
    return any(number and phone_numbers.dialable(number) and settings().is_rung(number) for number in numbers)


def _granted(wish: AppointmentWish) -> dict[str, Any]:
    """When, how and where. What a member has written as the place is one only for an appointment in person."""
    place = wish.place or "" if wish.mode == AppointmentMode.IN_PERSON else ""
    return {"appointment_at": wish.appointment_at, "appointment_mode": wish.mode, "appointment_place": place}
