"""Gather: keys that a caller presses at prompts."""

from __future__ import annotations

from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import CallVerb, Request
from ivr.local_carrier.verbs.prompts import Pause, Play, Prompt, Say

_PROMPTS: dict[str, type[Prompt]] = {"Say": Say, "Play": Play, "Pause": Pause}


class Gather(CallVerb):
    """Plays the nested prompts, and collects keys: those that are pressed from its beginning on."""

    RULES = ("action", "actionOnEmptyResult", "finishOnKey", "numDigits", "nested prompts", "keys before it")

    def execute(self) -> Request | None:
        """Collect keys. Without any the next verb follows, unless `actionOnEmptyResult` asks for the action."""
        self.execution.line.drop_keys()  # Carrier: keys that were pressed before it began are lost.
        for child in self.verb.children:
            if self._prompt(child).is_interrupted(interruptible=True):
                break  # Carrier: the first key ends the prompts.
        entry = self.execution.line.keys(
            self.verb.number("numDigits", 1_000_000),
            self.verb.attributes.get("finishOnKey", "#"),
            self.verb.number("timeout", 5),
        )
        if entry.digits or self.verb.attributes.get("actionOnEmptyResult") == "true":
            return Request(self.action_url, {"Digits": entry.digits, "FinishedOnKey": entry.finished_on})
        return None

    def _prompt(self, child: Verb) -> Prompt:
        return _PROMPTS[child.name](self.execution, self.url, child)
