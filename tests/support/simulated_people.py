"""People at handsets in simulated time: they answer, decline, let ring, press twice, and hang up at any instant."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.simulated_calls import SimulatedCall
    from tests.support.simulated_carrier import SimulatedCarrier

#: What a ringing telephone does: the result, the seconds until then, and how often of a hundred.
_RINGING = (("answer", 3.0, 72), ("busy", 2.0, 8), ("no-answer", 60.0, 10), ("mailbox", 12.0, 10))


class Handset:
    """A telephone and the person beside it, who does what the dice say."""

    #: Whether it has several lines, so that two members may call it at one time.
    has_lines = False

    def __init__(self, carrier: SimulatedCarrier, name: str, number: str) -> None:
        self.carrier, self.name, self.number = carrier, name, number
        carrier.handsets[number] = self
        #: The prompts of the document that is executed now.
        self.prompts: list[str] = []
        self.is_mailbox = False

    def rings(self, call: SimulatedCall, dice: random.Random) -> tuple[str, float]:
        """What becomes of a ringing telephone, and after how many seconds."""
        does, seconds, _ = dice.choices(_RINGING, [one[2] for one in _RINGING])[0]
        self.is_mailbox = does == "mailbox"
        if self.is_mailbox:
            self.carrier.clock.after(seconds + 25, lambda: self.carrier.hangs_up(call))
            return "answer", seconds
        return does, dice.uniform(0.5, 2 * seconds) if does != "no-answer" else seconds

    def is_asked(self, call: SimulatedCall, text: str, dice: random.Random) -> None:
        """A question begins: whether, when and what is pressed."""
        if self.is_mailbox:
            return
        if (key := self.chooses(text, dice)) is not None:
            self.presses(call, key, dice.uniform(0.3, 6.0), dice)
        if dice.random() < 0.04:
            self.carrier.clock.after(dice.uniform(0.1, 8.0), lambda: self.carrier.hangs_up(call))

    def presses(self, call: SimulatedCall, key: str, seconds: float, dice: random.Random) -> None:
        """Press a key after a while; some press it twice."""
        clock, carrier = self.carrier.clock, self.carrier
        clock.after(seconds, lambda: carrier.presses(call, key))
        if dice.random() < 0.08:
            clock.after(seconds + 0.25, lambda: carrier.presses(call, key))

    def chooses(self, text: str, dice: random.Random) -> str | None:
        """The key for a question; None: nothing is pressed."""
        return dice.choices(["1", "2", None], [80, 12, 8])[0]

    def is_in_room(self, call: SimulatedCall, dice: random.Random) -> None:
        """In a conference: they talk for a while, and hang up unless the others do."""
        self.carrier.clock.after(dice.expovariate(1 / 40.0) + 0.2, lambda: self._leaves(call))

    def _leaves(self, call: SimulatedCall) -> None:
        if call.room:
            self.carrier.hangs_up(call)

    def call_over(self, call: SimulatedCall) -> None:
        """A call of this handset has ended."""


class CallerHandset(Handset):
    """Somebody who calls the hotline: they wait or not, and may be called back."""

    #: Keys by the prompt that asks for them, with how often of a hundred each is pressed.
    KEYS = (
        ("choose_language", (("1", 45), ("2", 10), ("3", 35), (None, 10))),
        ("transfer", ((None, 100),)),
        ("line_options", ((None, 86), ("1", 8), ("2", 4), ("9", 2))),
        ("conversation_over", (("1", 30), ("2", 20), (None, 50))),
        ("no_interpreter", (("1", 40), ("2", 40), (None, 20))),
        ("confirm_number", (("1", 100),)),
        ("consent", (("1", 50), ("2", 40), (None, 10))),
        ("main", (("1", 95), ("9", 5))),
        ("review", (("1", 100),)),
    )

    def chooses(self, text: str, dice: random.Random) -> str | None:
        for prompt, keys in self.KEYS:
            if prompt in self.prompts:
                return dice.choices([key for key, _ in keys], [share for _, share in keys])[0]
        return dice.choices(["1", "2", None], [70, 20, 10])[0]


class MemberHandset(Handset):
    """A team member, who sometimes fetches an interpreter by the star key."""

    def is_in_room(self, call: SimulatedCall, dice: random.Random) -> None:
        super().is_in_room(call, dice)
        if dice.random() < 0.15:
            clock, carrier, later = self.carrier.clock, self.carrier, dice.uniform(1.0, 15.0)
            clock.after(later, lambda: carrier.presses(call, "*"))
            clock.after(later + 2.0, lambda: carrier.presses(call, "7"))


class Window(MemberHandset):
    """A window of a member's browser that is their telephone: it is never asked for a key, and may be closed."""

    is_open = True

    def rings(self, call: SimulatedCall, dice: random.Random) -> tuple[str, float]:
        does, seconds = super().rings(call, dice) if self.is_open else ("no-answer", 60.0)
        if self.is_mailbox:  # a browser has none
            self.is_mailbox, does = False, "no-answer"
        return does, seconds

    def is_asked(self, call: SimulatedCall, text: str, dice: random.Random) -> None:
        if "/leg/star" not in call.asked_at and "/leg/language" not in call.asked_at:
            self.carrier.fault(f"{self.name} has no keys, and is asked at {call.asked_at}")

    def closes(self) -> None:
        """The window is closed, or its connection is lost: what is said in it ends."""
        self.is_open = False
        for call in self.carrier.calls_of(self.number):
            self.carrier.hangs_up(call)


class Waiting(CallerHandset):
    """A caller who presses what leads into the call queue, and waits."""

    KEYS = (("transfer", ((None, 1),)), ("line_options", ((None, 1),)), ("main", (("1", 1),)))

    def is_asked(self, call: SimulatedCall, text: str, dice: random.Random) -> None:
        for prompt, ((key, _),) in (*self.KEYS, ("", (("1", 1),))):
            if not prompt or prompt in self.prompts:
                if key:
                    self.carrier.clock.after(1.0, lambda key=key: self.carrier.presses(call, key))
                return

    def is_in_room(self, call: SimulatedCall, dice: random.Random) -> None:
        """They talk until the other one hangs up."""
