"""A caller's request as the desk works on it: the answers given in the call script, and the team they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.config.settings import settings
from ivr.domain.enums import Concern
from ivr.flows.request import ANSWERS, RequestAnswers, from_record


@dataclass(frozen=True)
class Request(RequestAnswers):
    """One thing a caller wants. A call may be about several, one after the other."""

    concern: Concern = Concern.OTHER

    @classmethod
    def of(cls, answers: RequestAnswers) -> Request:
        """The request in a caller's answers; an office that the settings no longer know is left out."""
        known = {name: getattr(answers, name) for name in ANSWERS}
        known["concern"] = answers.concern or Concern.OTHER
        if answers.office not in settings().offices:
            known["office"] = ""
        return cls(**known)

    @classmethod
    def of_record(cls, record: Mapping[str, str]) -> Request:
        """The request in a stored record.

        Raises:
            UnknownValue: a value is none of its enumeration.
        """
        return cls.of(from_record(record))

    @property
    def team(self) -> str:
        """Key of the responsible team."""
        return settings().team_for(self.concern, self.age_group or "", self.office)
