"""Speaks the authority's own texts in the place of prompts: by the carrier's voice, or as audio of the database."""

from __future__ import annotations

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.digits import whole_number
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.own_texts import ANNOUNCEMENT, ANSWERS, FURTHER_NAMES, OWN_TEXTS, REPLACED
from ivr.models.notices import AnnouncementText, FurtherLanguage, NightAnswer
from ivr.notices import present
from ivr.notices.present import OwnText
from ivr.prompts import Audio, Piece, Text
from ivr.prompts.parts import Part

#: The version in the addresses of audio; what an address plays never changes.
VERSION = "n"
_TABLES: dict[str, type[AnnouncementText] | type[NightAnswer] | type[FurtherLanguage]] = {
    "announcement": AnnouncementText,
    "answer": NightAnswer,
    "language": FurtherLanguage,
}


#: Names and prompts that :func:`pieces` knows.
NAMES = OWN_TEXTS | REPLACED.keys()
#: The key whose language each name says.
_KEYS = {name: key for key, name in FURTHER_NAMES.items()}
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
    elif name in _KEYS:
        named = present.notices().languages.get(_KEYS[name])
        found, kind = named.name if named else None, "language"
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
    # The name of a further language is played among German prompts.
    spoken_in = literal(DEFAULT_LANGUAGE) if table is FurtherLanguage else table.language
    row = session.execute(select(table.audio, table.text).where(table.id == row_id, spoken_in == language)).first()
    return (row.audio, row.text) if row is not None and row.audio is not None else None
