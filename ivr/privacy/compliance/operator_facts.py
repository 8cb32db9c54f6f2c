"""What only the operator knows of an installation, and the papers need."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ivr.config.settings import Settings
from ivr.domain.words.tables import Translate, _

#: What a carrier's contract says.
_OF_CARRIER = ("subprocessors", "carrier_region")


@dataclass(frozen=True)
class OperatorFacts:
    """Texts of the settings of the same names; empty where nobody has stated them. And whether there is a carrier."""

    controller: str = ""
    data_protection_officer: str = ""
    staff_council_agreement: str = ""
    subprocessors: str = ""
    carrier_region: str = ""
    measures_reviewed: str = ""
    has_carrier: bool = True

    @classmethod
    def of(cls, settings: Settings) -> OperatorFacts:
        """What the settings state."""
        return cls(**{name: getattr(settings, name).strip() for name in _texts()}, has_carrier=settings.has_carrier)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings that nobody has stated; of a carrier only where there is one."""
        wanted = [name for name in _texts() if self.has_carrier or name not in _OF_CARRIER]
        return tuple(name for name in wanted if not getattr(self, name))

    def stated(self, name: str, translate: Translate) -> str:
        """What is stated, in one line that cannot break a table; or that it is missing."""
        text = " ".join(str(getattr(self, name)).split())
        return text or translate(_("to be stated by the operator (setting `%s`)")) % name

    def completeness(self, translate: Translate) -> str:
        """A sentence for the head of each paper."""
        if not self.missing:
            return translate(_("Everything that only the operator knows is stated. Date and signature:"))
        names = ", ".join(f"`{name}`" for name in self.missing)
        return translate(_("**Incomplete, not to be signed.** The operator still has to state: %s.")) % names


def _texts() -> tuple[str, ...]:
    return tuple(one.name for one in fields(OperatorFacts) if one.type == "str")
