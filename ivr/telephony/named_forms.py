"""The forms that a menu has named, in the order of their keys: the list may be changed before a key is pressed.

They stand in the address that is asked with the key, so that nobody is sent another form than the one they heard of.
"""

from __future__ import annotations

from ivr.domain.digits import whole_number
from ivr.flows.protocol import Listen, Turn
from ivr.flows.steps import Menu
from ivr.prompts.script import script
from ivr.telephony.carrier_request import current

#: Parameter of an address: the forms that were named.
_NAMED = "forms"
#: What no key is: a form that is not ordered any more is answered as a key without a meaning.
_NO_KEY = "?"


def carried(turn: Turn) -> dict[str, str]:
    """The parameter of an address behind a menu that names forms."""
    lines = (line for verb in turn.verbs if isinstance(verb, Listen) for line in verb.lines)
    named = [line.values["form"].removeprefix("form_") for line in lines if "form" in line.values]
    return {_NAMED: ",".join(named)} if named else {}


def key_now(step: str, digits: str) -> str:
    """The key that leads now to the form whose key was pressed; any other key as it is."""
    named, menu = current().args.get(_NAMED, "").split(","), script().steps.get(step)
    number = whole_number(digits, len(named))
    if not number or not named[0] or not isinstance(menu, Menu):
        return digits
    keys = (key for key, choice in menu.choices.items() if choice.adds.get("forms") == named[number - 1])
    return next(keys, _NO_KEY)
