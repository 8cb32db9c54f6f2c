"""What a contact has answered by key, as a page names it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from flask_babel import gettext

from ivr.callbacks.request import Request
from ivr.domain import words
from ivr.domain.enums import ReplyBy
from ivr.flows.request import UnknownValue
from ivr.models.contacts import Contact
from ivr.web import template_helpers


def install(app: Flask) -> None:
    """Make the answers available to the templates."""
    app.jinja_env.globals.update(contact_answers=answers)


def answers(contact: Contact) -> list[tuple[str, str, bool]]:
    """Label and value of each answer that no other field of a contact shows, and whether it names the person."""
    try:
        request = Request.of_record(contact.about)
    except UnknownValue:  # written by a newer version
        return []
    return [*_answers(request)]


def _answers(request: Request) -> Iterator[tuple[str, str, bool]]:
    if request.office:
        yield gettext("Office"), template_helpers.office_name(request.office), False
    if request.age_group:
        yield gettext("Age group"), words.AGE_GROUPS.of(request.age_group, gettext), False
    if request.reply_by == ReplyBy.WRITING:
        yield gettext("Answer"), words.REPLY_BY.of(request.reply_by, gettext), False
    if request.forms:
        yield gettext("Forms"), ", ".join(map(template_helpers.form_name, request.forms)), False
    if request.customer_number:
        yield gettext("Customer number"), request.customer_number, True
    if request.mode:
        yield gettext("Appointment"), words.APPOINTMENT_MODES.of(request.mode, gettext), False
    if request.reason:
        yield gettext("Reason"), words.APPOINTMENT_REASONS.of(request.reason, gettext), False
    if request.companion:
        yield gettext("Comes with"), words.COMPANIONS.of(request.companion, gettext), False
    if request.impairment:
        yield gettext("Impairment"), gettext("hearing or speech impairment"), False
    if request.training:
        yield gettext("Training"), gettext("under 25 and looking for training"), False
