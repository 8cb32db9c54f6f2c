"""Key facts of a message: what is lit in its transcript, and what a member takes over with one button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated

from flask import Flask, abort
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.callbacks import heard_facts, queries
from ivr.config.settings import settings
from ivr.domain import phone_numbers, words
from ivr.domain.digits import is_digits
from ivr.domain.enums import FactKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database
from ivr.transcription import key_facts
from ivr.transcription.fact_reader import Fact
from ivr.web import forms
from ivr.web.actions import act_on_task, task_form, uncovered
from ivr.web.danger_actions import desk
from ivr.web.form_fields import line_of, one_of

__all__ = ["desk"]


@dataclass(frozen=True)
class ShownFact:
    """A key fact as a page shows it; `words` are the places of its words, `taken` whether it can be taken over."""

    kind: FactKind
    value: str
    text: str
    words: range

    @property
    def can_be_taken(self) -> bool:
        """Whether a member can take it over."""
        return self.kind in heard_facts.TAKEN


def of(transcript: Transcript | None) -> list[ShownFact]:
    """The key facts of a transcript, each value once. The hotline's own number, which many name, is none."""
    if transcript is None or not transcript.words:
        return []
    spoken = tuple(str(word["word"]) for word in transcript.words)
    found: dict[tuple[FactKind, str], ShownFact] = {}
    for fact in _found(transcript.language, spoken):
        if fact.value in settings().own_numbers:
            continue
        shown = ShownFact(fact.kind, fact.value, _text(fact), range(fact.first, fact.last + 1))
        found.setdefault((fact.kind, fact.value), shown)
    return list(found.values())


@lru_cache(maxsize=64)
def _found(language: str, spoken: tuple[str, ...]) -> tuple[Fact, ...]:
    return tuple(key_facts.find(language, spoken))


def lit(facts: list[ShownFact]) -> frozenset[int]:
    """The places of words that belong to a fact."""
    return frozenset(place for fact in facts for place in fact.words)


def _text(fact: Fact) -> str:
    if fact.kind == FactKind.PHONE:
        return phone_numbers.readable(fact.value)
    if fact.kind == FactKind.DATE:
        year, month, day = fact.value.rsplit("-", 2)
        return f"{day}.{month}." + (year if is_digits(year) else "")
    return f"{fact.value} €" if fact.kind == FactKind.AMOUNT else fact.value


class FactForm(forms.Form):
    """A key fact of a message."""

    kind: Annotated[str, one_of(heard_facts.TAKEN)]
    value: Annotated[str, line_of(120)]


@desk.post("/recordings/<int:recording_id>/fact")
def take_fact(recording_id: int) -> Response:
    """Take over a key fact that a member has checked."""
    with database.reading() as session:
        found = queries.recording(session, recording_id) or abort(404)
        task_id = found.message.task_id or abort(404)
        facts = of(found.transcript)
    form = task_form(FactForm, task_id)
    fact = next((one for one in facts if (one.kind, one.value) == (form.kind, form.value)), None) or abort(404)
    note = f"{words.FACT_KINDS.of(fact.kind, gettext)}: {fact.text}"

    def change(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
        recording = session.get_one(Recording, recording_id)
        heard_facts.take(session, task, recording, user, fact.kind, fact.value, note, now)

    done = {
        FactKind.PHONE: gettext("The number is the one to call back now."),
        FactKind.NAME: gettext("The name is saved."),
    }
    return act_on_task(task_id, uncovered(change), done=done.get(fact.kind, gettext("Written down as a note.")))


def install(app: Flask) -> None:
    """Let the templates ask."""
    app.jinja_env.globals.update(key_facts=of, lit_words=lit)
