"""Orders of forms by post: what a caller has chosen, and what callers who have one task together have."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from ivr.callbacks import search_index
from ivr.callbacks.request import Request
from ivr.models.callbacks import CallbackTask, PostalOrder
from ivr.models.contacts import Contact


def take(session: Session, task: CallbackTask, request: Request) -> None:
    """Take over the forms and the customer number that a caller has keyed in. Members find the task by the number."""
    known = task.postal_order
    order = known or PostalOrder(task_id=task.id, forms=[])
    order.forms = list(request.forms) or order.forms
    before, order.customer_number = order.customer_number, request.customer_number or order.customer_number
    task.postal_order = order
    if known is not None and order.customer_number != before:
        search_index.index(session, task)


def add(task: CallbackTask, other: CallbackTask) -> None:
    """Add to the order of a task what another one orders, whose contacts it takes over."""
    theirs = other.postal_order
    if theirs is None:
        return
    order = task.postal_order or PostalOrder(task_id=task.id, forms=[])
    order.forms = [*order.forms, *(form for form in theirs.forms if form not in order.forms)]
    order.customer_number = order.customer_number or theirs.customer_number
    task.postal_order = order


def leave(task: CallbackTask, gone: Iterable[Contact]) -> None:
    """Take the forms out of a task that only contacts that have left it have ordered."""
    if task.postal_order is not None:
        left = _forms(gone) - _forms(task.contacts)
        task.postal_order.forms = [form for form in task.postal_order.forms if form not in left]


def _forms(contacts: Iterable[Contact]) -> set[str]:
    return {form for one in contacts for form in Request.of_record(one.about).forms}
