"""Counts what members have corrected: how much of it was wrong, and which words most often.

Nothing is stored for it: corrections are compared with their transcripts when somebody asks, and what is deleted counts
no more. A word is only named where it was corrected in several tasks, so that no name of a caller stands out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.domain.digits import is_digits
from ivr.domain.enums import TranscriptState
from ivr.domain.text_folding import parts_of, plain
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage

#: Corrections that are looked at, the newest first; tasks in which a word was wrong before it is named; words named.
_MOST, FEWEST_TASKS, _NAMED = 2000, 5, 20


@dataclass(frozen=True)
class WrongWord:
    """A word that machines do not hear: what was said, in how many tasks, and what was written most often instead."""

    said: str
    tasks: int
    heard: str


@dataclass(frozen=True)
class OfLanguage:
    """The corrections of a language. `rate`: wrong, missing and additional words of those that were said."""

    language: str
    messages: int
    corrected: int
    words: int
    wrong: int
    most: tuple[WrongWord, ...]

    @property
    def rate(self) -> float | None:
        """The error rate in corrected messages; None of so few that it would tell nothing."""
        return self.wrong / self.words if self.words and self.corrected >= FEWEST_TASKS else None


@dataclass
class _Counted:
    corrected: int = 0
    words: int = 0
    wrong: int = 0

    def __post_init__(self) -> None:
        self.tasks: dict[str, set[int]] = defaultdict(set)
        self.heard: dict[str, Counter[str]] = defaultdict(Counter)


def of_teams(session: Session, team_ids: Collection[int]) -> list[OfLanguage]:
    """The corrections of the teams' messages, by language; the language with most messages first."""
    messages = _messages(session, team_ids)
    counted: dict[str, _Counted] = defaultdict(_Counted)
    for language, text, corrected, task_id, name in _corrected(session, team_ids):
        _count(counted[language], parts_of(text), parts_of(corrected), task_id, set(map(plain, parts_of(name or ""))))
    return [
        OfLanguage(language, number, one.corrected, one.words, one.wrong, tuple(_most(one)))
        for language, number in messages
        for one in [counted[language]]
    ]


def _messages(session: Session, team_ids: Collection[int]) -> Iterable[tuple[str, int]]:
    query = (
        select(Transcript.language, func.count(Transcript.id))
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(VoiceboxMessage, VoiceboxMessage.id == Recording.message_id)
        .join(CallbackTask, CallbackTask.id == VoiceboxMessage.task_id)
        .where(CallbackTask.team_id.in_(team_ids), Transcript.state != TranscriptState.PENDING)
        .where(Transcript.text.is_not(None))
        .group_by(Transcript.language)
        .order_by(func.count(Transcript.id).desc(), Transcript.language)
    )
    return [(language, number) for language, number in session.execute(query)]


def _corrected(session: Session, team_ids: Collection[int]) -> Iterable[tuple[str, str, str, int, str | None]]:
    query = (
        select(
            Transcript.language, Transcript.text, Transcript.corrected_text, CallbackTask.id, CallbackTask.caller_name
        )
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(VoiceboxMessage, VoiceboxMessage.id == Recording.message_id)
        .join(CallbackTask, CallbackTask.id == VoiceboxMessage.task_id)
        .where(CallbackTask.team_id.in_(team_ids), CallbackTask.restricted_at.is_(None))
        .where(Transcript.corrected_text.is_not(None), Transcript.text.is_not(None))
        .order_by(Transcript.corrected_at.desc())
        .limit(_MOST)
    )
    for language, text, corrected, task_id, name in session.execute(query):
        yield language, text or "", corrected or "", task_id, name


def _count(counted: _Counted, heard: list[str], said: list[str], task_id: int, names: Collection[str]) -> None:
    counted.corrected += 1
    counted.words += len(said)
    for step in Levenshtein.opcodes(list(map(plain, heard)), list(map(plain, said))):
        if step.tag == "equal":
            continue
        wrong, right = heard[step.src_start : step.src_end], said[step.dest_start : step.dest_end]
        counted.wrong += max(len(wrong), len(right))
        for at, word in enumerate(right):
            if plain(word) in names or is_digits(word):
                continue
            counted.tasks[word].add(task_id)
            if at < len(wrong):
                counted.heard[word][wrong[at]] += 1


def _most(counted: _Counted) -> Iterable[WrongWord]:
    often = [(word, len(tasks)) for word, tasks in counted.tasks.items() if len(tasks) >= FEWEST_TASKS]
    for word, tasks in sorted(often, key=lambda one: (-one[1], one[0]))[:_NAMED]:
        usual = [heard for heard, number in counted.heard[word].most_common(1) if number >= FEWEST_TASKS]
        yield WrongWord(word, tasks, usual[0] if usual else "")
