"""Which words stand for which keys in a language, and whether they can be understood now."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from ivr.config.settings import settings
from ivr.domain.enums import SpokenWords
from ivr.domain.timestamps import utc_now
from ivr.flows.protocol import Listen, Turn, Verb, Words
from ivr.flows.spoken_answers import INVITATIONS
from ivr.platform import database, job_queue
from ivr.prompts.catalogue import catalogue
from ivr.voicebox import spoken_answers

log = logging.getLogger(__name__)

#: Seconds that a caller has for a key where an answer cannot be spoken after all.
_KEYS_ONLY = 10


def are_understood(language: str) -> bool:
    """Whether answers may be spoken in a language, and a transcriber has its model in memory.

    No, while Redis does not answer.
    """
    if language not in settings().spoken_answers or not catalogue(language).yes_no:
        return False
    try:
        return language in job_queue.models_alive(job_queue.impatient())
    except RedisError:
        return False


def with_rows(turn: Turn, call_sid: str) -> Turn:
    """The turn with a row for each answer that may be spoken. While the database does not answer there are keys only.

    Without its row a recording could be taken for a message.
    """
    if not any(isinstance(verb, Listen) and verb.words for verb in turn.verbs):
        return turn
    return replace(turn, verbs=tuple(_with_row(verb, turn.state.language, call_sid) for verb in turn.verbs))


def _with_row(verb: Verb, language: str, call_sid: str) -> Verb:
    if not isinstance(verb, Listen) or verb.words is None:
        return verb
    try:
        with database.writing() as session:
            means = _keys_of(verb.words, language)
            answer_id = spoken_answers.expect(session, call_sid, language, means, utc_now())
    except SQLAlchemyError:
        log.warning("an answer cannot be spoken, because the database does not answer", exc_info=True)
        lines = tuple(line for line in verb.lines if line.prompt not in INVITATIONS)
        return replace(verb, lines=lines, words=None, timeout=_KEYS_ONLY)
    return replace(verb, words=replace(verb.words, answer_id=answer_id))


def _keys_of(words: Words, language: str) -> Mapping[str, str]:
    # Words that are no answer here are listened for too: else a recogniser makes an answer of whatever is said.
    said = catalogue(language)
    none = dict.fromkeys((*said.digits, *said.yes_no), "")
    if words.kind == SpokenWords.YES_NO:
        return none | dict(zip(said.yes_no, words.keys, strict=True))
    return none | {said.digits[int(key)]: key for key in words.keys}
