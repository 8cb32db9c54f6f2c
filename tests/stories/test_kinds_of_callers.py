"""What a carrier may write into `From`, each kind with its outcome: what is stored, who is asked for a number."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.platform import database, write_behind
from tests.support.webhook_call import WebhookCall, carrier

MOBILE, OFFICE = "+4917612345678", "+494215550123"


@dataclass(frozen=True)
class Kind:
    """A kind of caller: what is stored of them. Who has no number is asked for one."""

    name: str
    from_: str | None
    number: str | None = None
    shown_as: str = ""
    form: dict[str, str] = field(default_factory=dict)


KINDS = [
    Kind("a number", MOBILE, MOBILE),
    Kind("anonymous", "anonymous"),
    Kind("unknown", "unknown"),
    Kind("restricted", "Restricted"),
    Kind("nothing", ""),
    Kind("no field", None),
    Kind("keypad: anonymous", "+266696687"),
    Kind("keypad: restricted", "+7378742833"),
    Kind("keypad: blocked", "+2562533"),
    Kind("keypad: unknown", "+8656696"),
    Kind("keypad: unavailable", "+86282452253"),
    Kind("a telephone system that shows itself", OFFICE, form={"ForwardedFrom": OFFICE}),
    Kind("forwarded, with an own number", MOBILE, MOBILE, form={"ForwardedFrom": OFFICE}),
    Kind("a person's address", "sip:anna@example.org", shown_as="anna@example.org"),
    Kind("a number as an address", "sip:+494215550123@carrier.example;user=phone", OFFICE),
    Kind("a client of the carrier", "client:anna", shown_as="client:anna"),
    Kind("a short code", "11833", shown_as="11833"),
    Kind("an emergency number", "110", shown_as="110"),
    Kind("national", "04215550123", OFFICE),
    Kind("with the zeros from abroad", "00494215550123", OFFICE),
    Kind("too long", "+49" + "1" * 40, shown_as="+49" + "1" * 40),
    Kind("much too long", "+" + "4" * 5000, shown_as="+" + "4" * 58 + "…"),
    Kind("Arabic digits", "+٤٩٤٢١٥٥٥٠١٢٣", OFFICE),
    Kind("signs without a letter or a digit", "📞🤖"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_caller_is_heard_and_only_a_number_is_called_back(empty_database, kind: Kind) -> None:
    """Every webhook answers 200 with a document (asserted by the call), whatever the field holds."""
    call = WebhookCall(carrier(), kind.from_ or "", **kind.form)
    if kind.from_ is None:
        del call.form["From"]
    call.rings()
    assert "<Response>" in call.document
    assert "callerId" not in call.document, "what is shown is never shown on to anybody"
    call.hears("choose_language").presses("1", "1", "2")
    if kind.number is None:
        call.hears("enter_number").presses("015112345678").hears("confirm_number").presses("1")
    call.ends()
    write_behind.flush()
    with database.reading() as session:
        row = session.scalars(select(Call)).one()
        task = session.scalars(select(CallbackTask)).one()
    assert (row.from_number, row.shown_as) == (kind.number, kind.shown_as)
    assert task.callback_number == (kind.number or "+4915112345678")
