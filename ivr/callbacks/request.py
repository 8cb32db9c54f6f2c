"""A caller's request: what the answers given in the call script mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ivr.config.settings import settings
from ivr.domain.routing import AGE_GROUPS, CONCERNS


@dataclass(frozen=True)
class Request:
    """One thing a caller wants. A call may be about several, one after the other."""

    #: callback, postal_order or appointment
    kind: str = "callback"
    #: One of CONCERNS.
    concern: str = "other"
    emergency_kind: str = ""
    age_group: str = ""
    #: Key of an office.
    office: str = ""
    #: morning, afternoon, any_time
    availability: str = ""
    #: Receipt code of the earlier request that is being changed.
    changes: str = ""
    forms: tuple[str, ...] = ()
    customer_number: str = ""
    #: in_person, telephone, video
    mode: str = ""
    reason: str = ""
    #: interpreter, companion, none
    companion: str = ""
    #: yes: hearing or speaking is hard
    impairment: str = ""
    #: yes: under 25 and looking for training; no
    training: str = ""

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> Request:
        """Read from a call's facts; what is not known, or known no more, is left out."""

        def known(name: str, *values: str) -> str:
            value = facts.get(name, "")
            return value if value in values else ""

        return cls(
            kind=known("kind", "postal_order", "appointment") or "callback",
            concern=known("concern", *CONCERNS) or "other",
            emergency_kind=facts.get("emergency_kind", ""),
            age_group=known("age_group", *AGE_GROUPS),
            office=known("office", *settings().offices),
            availability=facts.get("availability", ""),
            changes=facts.get("request", ""),
            forms=tuple(form for form in facts.get("forms", "").split(",") if form),
            customer_number=facts.get("customer_number", ""),
            mode=facts.get("mode", ""),
            reason=facts.get("reason", ""),
            companion=facts.get("companion", ""),
            impairment=facts.get("impairment", ""),
            training=facts.get("training", ""),
        )

    @property
    def urgency(self) -> str:
        """normal or emergency."""
        return "emergency" if self.concern == "emergency" else "normal"

    @property
    def team(self) -> str:
        """Key of the responsible team."""
        return settings().team_for(self.concern, self.age_group, self.office)


#: The facts of a call that say what it is about.
FACTS = tuple("request" if field.name == "changes" else field.name for field in fields(Request))


def about(facts: Mapping[str, str]) -> dict[str, str]:
    """Those of a call's facts that say what it is about."""
    return {name: facts[name] for name in FACTS if facts.get(name)}
