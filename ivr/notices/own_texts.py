"""Speaks the authority's own texts in the place of prompts: by the carrier's voice, or as audio of the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.digits import whole_number
from ivr.flows.own_texts import ANNOUNCEMENT, ANSWERS, OWN_TEXTS, REPLACED
from ivr.models.notices import AnnouncementText, NightAnswer
from ivr.notices import present
from ivr.notices.present import OwnText
from ivr.prompts import Audio, Piece, Text
from ivr.prompts.parts import Part

#: The version in the addresses of audio; what an address plays never changes.
VERSION = "n"
_TABLES: dict[str, type[AnnouncementText] | type[NightAnswer]] = {
    "announcement": AnnouncementText,
    "answer": NightAnswer,
}


#: Names and prompts that :func:`pieces` knows.
NAMES = OWN_TEXTS | REPLACED.keys()
#: The question that each name is the answer to.
_QUESTIONS = {**{name: question for question, name in ANSWERS.items()}, **REPLACED}


def pieces(name: str, language: str, announcement_id: str) -> tuple[list[Piece], str] | None:
    """An own text in the best available form, and the language it is in; nothing where there is no text any more.

    None: the prompt of the catalogue is spoken. `announcement_id`: the announcement that runs at the caller's instant.
    """
    if name == ANNOUNCEMENT:
        running = next(
            (one for one in present.notices().announcements if str(one.announcement_id) == announcement_id), None
        )
        found, kind = running.text_for(language) if running else None, "announcement"
    else:
        found, kind = present.answer(_QUESTIONS[name], language), "answer"
        if found is None and name in REPLACED:
            return None
    return (_spoken(found, kind), found.language) if found else ([], language)


def _spoken(text: OwnText, kind: str) -> list[Piece]:
    if text.has_audio:
        return [Audio(Part(text.language, f"{kind}-{text.row_id}", text.text), VERSION)]
    voice = settings().carrier_voice(text.language)
    return [Text(text.text, *voice)] if voice else []


def audio(session: Session, language: str, name: str) -> tuple[bytes, str] | None:
    """The WAV file behind an address, and what it says; None where there is none."""
    kind, _, number = name.partition("-")
    table, row_id = _TABLES.get(kind), whole_number(number)
    if table is None or row_id is None:
        return None
    row = session.execute(select(table.audio, table.text).where(table.id == row_id, table.language == language)).first()
    return (row.audio, row.text) if row is not None and row.audio is not None else None
