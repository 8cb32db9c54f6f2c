"""The answer to a notice that cannot be used."""

from __future__ import annotations

from ivr.domain.enums import NoticeProblem


class Unusable(ValueError):
    """What was entered cannot be used; `detail` is what the sentence about it names: seconds, or a time."""

    def __init__(self, problem: NoticeProblem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else str(problem))
        self.problem = problem
        self.detail = detail
