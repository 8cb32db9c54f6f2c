"""What a synthetic call presses at each step of the script, on its way from the menu to a receipt code.

It leaves a message and never waits in a call queue. A step that is missing here is met with silence, as by a caller
who does not choose.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Keys by step; those that end with `#` answer a question for several digits.
KEYS: Mapping[str, str] = {
    "choose_language": "1",
    "main_menu": "4",
    "other_matter": "3",
    "age_group": "2",
    "office": "28195#",
    "transfer": "1",
    "consent": "1",
    "review": "1",
    "called_before": "2",
    "confirm_number": "1",
    "postal_code": "28195#",
    "age_group_later": "2",
    "availability": "3",
    "availability_or_letter": "3",
}
#: The step at which it speaks.
SPEAKS = "record"
