"""A thing that the hotline needs, and what is wrong with it: what `/readyz` and `ivr doctor` list."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"


@dataclass(frozen=True)
class Part:
    """One thing that the hotline needs."""

    name: str
    #: "ok", or what is missing.
    state: str = OK
    remedy: str = ""
    #: Whether callers and members notice nothing of it: it only has to be known.
    is_a_note: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to mend it."""
        return self.state != OK and not self.is_a_note
