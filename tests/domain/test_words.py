"""The catalogue of words for people is complete, and says nothing rather than something wrong."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from ivr.domain import enums, outcomes, words
from ivr.domain.complete import complete
from ivr.platform.translations import catalogue
from ivr.privacy import compliance
from ivr.web.app import create_app
from ivr.web.words import TABLES

ROOT = Path(__file__).parent.parent.parent
#: Enumerations that no page, report, file or alert shows: what they stand for is said by whole sentences.
NOT_SHOWN = {
    "ClockState", "DatabaseFault", "DatabaseUser", "EntryOutcome", "EntryPlace", "Held", "Promised",
    "CallerIdIn", "CarrierName", "CarrierSide", "DialledFrom", "NumberFrom",
    "CallQueueState", "CallRowState", "ConversationKind", "ConversationState", "DeliveryState", "EventName",
    "InterpreterRequestState", "LegEnding", "LinkPurpose", "MessageState", "PendingDeletionKind", "Placeholder",
    "QueueEntryMode", "QueueEntryState",
    "QueueExit", "RecordingState", "RequestStatus", "RoutingQuestion", "Screening", "SimulatedHours", "SlaTime",
    "SpokenWords", "TokenScope", "TranscriptState", "TransferKind", "TransferState",
}  # fmt: skip


def test_every_shown_enumeration_has_its_words() -> None:
    """A table with an enumeration is complete, or the program does not start."""
    shown = {table.members.__name__ for table in words.TABLES.values() if table.members} | {"AlertEvent"}
    known = {name for name in enums.__all__ if issubclass(getattr(enums, name), StrEnum)}
    assert shown | NOT_SHOWN == known
    assert not shown & NOT_SHOWN
    assert words.ALERT_TITLES.keys() == set(enums.AlertEvent)


@cache
def german_catalogue() -> Catalog:
    with (ROOT / "ivr/web/translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="de")


@pytest.mark.parametrize("name", list(words.TABLES))
def test_every_word_is_there_in_german(name: str) -> None:
    german = german_catalogue()
    assert [text for text in words.TABLES[name].values() if not german.get(text) or not german.get(text).string] == []


def test_no_line_ends_between_a_paragraph_sign_and_its_number() -> None:
    """Pages, papers and PDFs take their texts from the catalogue, in which `make translations` joins them."""
    apart = re.compile(r"(?:§|Art\.|Abs\.|Nr\.) \d|lit\. [a-z]\b|SGB [IVX]")
    joined = 0
    for message in german_catalogue():
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert not apart.search(text), text
            joined += "§\u00a0" in text
    assert joined > 10
    assert (
        "\u00a067a, 67b, 67c SGB\u00a0X"
        in compliance.contents(compliance.OperatorFacts())["de/verarbeitungsverzeichnis.md"]
    )


def test_an_application_alone_is_one_for_benefits() -> None:
    """What a data subject demands is a Betroffenenantrag; Antrag alone is in a question of callers."""
    alone = re.compile(r"\bAntr(?:ag|ags|äge|ägen)\b")
    german = [(message.id, message.string) for message in german_catalogue() if message.id]
    found = [said for said, text in german if alone.search(text if isinstance(text, str) else " ".join(text))]
    assert found == ["What do I need for an application?"]


def test_a_member_without_a_word_cannot_be_forgotten() -> None:
    with pytest.raises(ValueError, match="urgency: no word for EMERGENCY"):
        words.Words("urgency", {enums.Urgency.NORMAL: "normal"}, enums.Urgency)


def test_other_tables_cannot_lack_a_member_either() -> None:
    """An alert without a title would have stopped the clock, a kind of task without outcomes could not be closed."""
    with pytest.raises(ValueError, match="outcomes: no entry for POSTAL_ORDER, APPOINTMENT"):
        complete("outcomes", {enums.TaskKind.CALLBACK: ()}, enums.TaskKind)
    assert set(outcomes.OUTCOMES_OF_KIND) == set(enums.TaskKind)
    assert all(words.ALERT_TITLES[event] for event in enums.AlertEvent)


def test_what_has_no_word_is_an_error_with_its_name(empty_database) -> None:
    with pytest.raises(words.UnknownWord, match="task states: no word for 'mislaid'"):
        words.TASK_STATES.of("mislaid", str)
    app = create_app()
    with app.test_request_context():
        page = app.jinja_env.from_string("{{ words.task_states[state] }}")
        assert page.render(state="open") == "offen"
        with pytest.raises(words.UnknownWord, match="mislaid"):
            page.render(state="mislaid")
    assert "mislaid" not in TABLES["task_states"]


def test_words_are_the_same_with_and_without_a_page(empty_database) -> None:
    """A report by e-mail calls a concern what the page calls it."""
    with create_app().test_request_context():
        on_the_page = dict(TABLES["concerns"])
    assert on_the_page == {key: words.CONCERNS.of(key, catalogue("de").gettext) for key in words.CONCERNS}
