"""Names of texts that the authority writes itself, in the place of prompts of the catalogue; they may be missing."""

from __future__ import annotations

from ivr.domain.enums import NightQuestion

#: What is announced today, before the main menu.
ANNOUNCEMENT = "own_announcement"
#: The answer to each question, for callers outside opening hours.
ANSWERS = {question: f"own_answer_{question.value}" for question in NightQuestion}
#: All of them.
OWN_TEXTS = frozenset({ANNOUNCEMENT, *ANSWERS.values()})
