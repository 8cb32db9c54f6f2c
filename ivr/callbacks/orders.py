"""Orders of forms by post, of callers who have one task together."""

from __future__ import annotations

from ivr.models.callbacks import CallbackTask, PostalOrder


def add(task: CallbackTask, other: CallbackTask) -> None:
    """Add to the order of a task what another one orders, whose contacts it takes over."""
    theirs = other.postal_order
    if theirs is None:
        return
    order = task.postal_order or PostalOrder(task_id=task.id, forms=[])
    order.forms = [*order.forms, *(form for form in theirs.forms if form not in order.forms)]
    order.customer_number = order.customer_number or theirs.customer_number
    task.postal_order = order
