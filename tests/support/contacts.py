"""Calls of people with and without a shown number, and the contacts and tasks they lead to."""

from __future__ import annotations

import secrets
from datetime import timedelta

from ivr.callbacks import contacts, intake, sla_clocks
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.domain import receipt_codes
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database

NUMBER = "+4917622222222"


def _called(session, number: str | None, age: timedelta, answers: dict[str, str]) -> tuple[Call, Request]:
    call = calls.seen(session, f"CA{secrets.token_hex(16)}", number, utc_now() - age)
    calls.progressed(call, "record", "de", answers["concern"])
    return call, Request.of_record(answers)


def opened(number: str | None = NUMBER, age: timedelta = timedelta(0), **answers: str) -> int:
    """A task of a call so long ago, whose missed promises are recorded; gives its id."""
    answers = {"kind": "callback", "concern": "benefits", **answers}
    with database.writing() as session:
        call, request = _called(session, number, age, answers)
        task = intake.open_for(session, call, request, utc_now() - age)
        sla_clocks.catch_up(session, task.id, utc_now())
        return task.id


def joined(task: int, age: timedelta = timedelta(0), number: str = NUMBER, **answers: str) -> int:
    """A further contact of a task, as when its caller has said that they have called about this before."""
    answers = {"kind": "callback", "concern": "benefits", **answers}
    with database.writing() as session:
        call, request = _called(session, number, age, answers)
        found = session.get_one(CallbackTask, task)
        contact = contacts.make(session, found, call, request, receipt_codes.draw())
        session.flush()
        return contact.id


def first_contact(task: int) -> int:
    """The id of the contact that has opened a task."""
    with database.reading() as session:
        return session.get_one(CallbackTask, task).contacts[0].id


def the_contact(contact: int) -> Contact:
    with database.reading() as session:
        return session.get_one(Contact, contact)


def changed_by_code(task: int, number: str = "", *, withdrawn: bool = False) -> int:
    """The first contact of a task, whose number was changed or which was withdrawn with its receipt code."""
    now = utc_now()
    with database.writing() as session:
        contact = session.get_one(CallbackTask, task).contacts[0]
        if number:
            contact.number_changed_at, contact.changed_number_from = now, contact.callback_number
            contact.callback_number = number
        if withdrawn:
            contact.withdrawn_at = now
        contact.confirmed_at = None
        return contact.id
