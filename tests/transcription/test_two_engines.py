"""Two engines hear one message: the first one writes the transcript, the second one shows where to listen."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.callbacks import search_index
from ivr.domain.enums import WorkKind
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, job_queue
from ivr.platform.work_models import Work
from ivr.transcription import engines, second_job, transcribe_job, whisper_engine, word_agreement
from ivr.transcription.result import NoModel, TranscriptionResult
from tests.support.people import the_task
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of


def words_of(text: str, confidence: float = 0.9) -> list[dict[str, object]]:
    return [
        {"word": word, "start": at * 0.4, "end": at * 0.4 + 0.4, "confidence": confidence}
        for at, word in enumerate(text.split())
    ]


def heard(text: str, engine: str, confidence: float = 0.9) -> TranscriptionResult:
    return TranscriptionResult(text, confidence, words_of(text, confidence), engine)


@pytest.mark.parametrize(
    ("first", "second", "differences"),
    [
        ("ich zahle keine miete", "Ich zahle keine Miete.", []),
        ("ich zahle keine miete", "ich zahle keine mitte", [("miete", "mitte")]),
        ("ich zahle miete", "ich zahle keine Miete", [("", "keine")]),
        ("ich zahle keine miete", "zahle miete", [("ich", ""), ("keine", "")]),
        ("beim job center", "beim Jobcenter", []),
        ("am zwanzigsten rufe ich an", "am zwanzigsten rufe ich an", []),
        ("null vier zwei eins", "0 4 2 1", []),
        ("es sind zweihundertzwölf euro", "es sind 212 Euro", []),
        ("es sind zweihundertzwölf euro", "es sind 210 Euro", [("zweihundertzwölf", "210")]),
        ("", "hallo", [("", "hallo")]),
        ("…", "hallo", [("", "hallo")]),
    ],
)
def test_words_differ_and_spellings_do_not(first: str, second: str, differences: list[tuple[str, str]]) -> None:
    found = word_agreement.compare("de", words_of(first), words_of(second))
    assert [(one.text, one.other) for one in found.differences] == differences
    places = {place for one in found.differences for place in range(one.first, one.end)}
    assert not found.alike & places


@pytest.fixture
def heard_twice(desk, monkeypatch: pytest.MonkeyPatch):
    """A message that both engines have heard; its recording and its task."""

    def hear(first: TranscriptionResult, second: TranscriptionResult | None) -> tuple[int, int]:
        def again(sound: object, language: str, phrases: object) -> TranscriptionResult:
            if second is None:
                raise NoModel(language)
            return second

        set_up(monkeypatch, BOTH_ENGINES='["de"]')
        monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): first)
        monkeypatch.setattr(engines, "transcribe_again", again)
        recording_id = a_message("de")
        store(recording_id, human_speech(4))
        transcribe_job.transcribe(recording_id)
        assert transcript_of(recording_id).second is None, "the first transcript waits for nobody"
        with database.reading() as session:
            assert session.scalars(select(Work.kind).where(Work.kind == WorkKind.HEAR_AGAIN)).all() == ["hear_again"]
        second_job.hear(recording_id)
        second_job.hear(recording_id)
        with database.reading() as session:
            return recording_id, session.scalars(select(CallbackTask.id)).one()

    return hear


def test_the_desk_marks_where_they_differ_and_leaves_the_rest_plain(desk, heard_twice) -> None:
    first = heard("ich zahle keine miete seit mai", "vosk de", 0.4)
    recording_id, task_id = heard_twice(first, heard("Ich zahle keine Mitte seit Mai.", "whisper base"))
    written = transcript_of(recording_id)
    assert (written.state, written.text) == ("please_listen", "ich zahle keine miete seit mai"), "unsure by itself"
    member = desk("mia")
    assert "Mitte" not in member.get(f"/desk/tasks/{task_id}").text, "covered"
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}").text
    assert page.count("app-word--uncertain") == 1, "what both have heard is plain"
    assert "Eine zweite Spracherkennung hat 1 Stelle anders erkannt" in page
    assert "Mitte" in page


def test_what_either_engine_has_heard_is_found_again(desk, heard_twice) -> None:
    """Also after the task was indexed anew, as every further message does."""
    _, task_id = heard_twice(heard("ich zahle keine mitte", "vosk de"), heard("ich zahle keine Miete", "whisper base"))
    for _ in range(2):
        with database.writing() as session:
            for word in ("mitte", "miete"):
                assert session.scalars(search_index.matching(word)).all() == [task_id], word
            search_index.index(session, session.get_one(CallbackTask, task_id))


def test_engines_that_have_heard_different_messages_ask_for_a_person(desk, heard_twice) -> None:
    first = heard("wetter morgen schön sonne regen wind", "vosk de")
    recording_id, _ = heard_twice(first, heard("ich brauche bitte einen termin", "whisper base"))
    written = transcript_of(recording_id)
    assert (written.state, written.reason) == ("please_listen", "engines_differ")
    transcribe_job.transcribe(recording_id)
    assert transcript_of(recording_id).reason == "engines_differ", "it is settled"


def test_danger_that_only_the_second_one_has_heard_counts(desk, heard_twice) -> None:
    _, task_id = heard_twice(heard("ja na so", "vosk de"), heard("ich bringe mich um", "whisper base"))
    assert the_task(task_id).danger == "life"


def test_a_host_without_a_second_engine_changes_nothing(desk, heard_twice) -> None:
    recording_id, _ = heard_twice(heard("guten tag", "vosk de"), None)
    assert (transcript_of(recording_id).second, transcript_of(recording_id).state) == (None, "done")


def test_no_second_engine_is_asked_where_nobody_wants_two(empty_database, monkeypatch) -> None:
    set_up(monkeypatch)
    recording_id = a_message("de")
    with database.writing() as session:
        second_job.plan(session, recording_id, "de")
        assert session.scalars(select(Work).where(Work.kind == WorkKind.HEAR_AGAIN)).all() == []
    assert job_queue.LISTENING not in job_queue.names()


def test_the_operator_names_the_order(empty_database, monkeypatch, tmp_path: Path) -> None:
    model = tmp_path / "de" / "am" / "final.mdl"
    model.parent.mkdir(parents=True)
    model.touch()
    monkeypatch.setattr(whisper_engine, "model_directory", lambda path=None: tmp_path)
    orders = '{"de": ["whisper", "vosk"], "ru": ["whisper"]}'
    set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path), TRANSCRIPTION_ENGINES=orders, BOTH_ENGINES='["de"]')
    assert engines.served_languages() == ("de", "ru")
    assert (engines.at_hand("de"), engines.at_hand("ru"), engines.at_hand("fr")) == (
        ("whisper", "vosk"),
        ("whisper",),
        (),
    )
    with pytest.raises(NoModel):
        engines.transcribe_again(human_speech(1), "ru")
    assert job_queue.LISTENING in job_queue.names()


def test_words_of_the_team_are_expected_by_the_engine_that_can_be_told(desk, monkeypatch) -> None:
    told: list[object] = []

    def listen(sound: object, language: str, phrases: object = ()) -> TranscriptionResult:
        told.append(phrases)
        return heard("guten tag", "whisper base")

    recording_id = a_message("de")
    store(recording_id, human_speech(2))
    with database.reading() as session:
        team = session.scalars(select(CallbackTask)).one().team.key
    set_up(monkeypatch, RECOGNITION_PHRASES=f'{{"{team}": ["Vegesack", "Bürgergeld"]}}')
    monkeypatch.setattr(engines, "transcribe", listen)
    transcribe_job.transcribe(recording_id)
    assert told == [("Vegesack", "Bürgergeld")]
