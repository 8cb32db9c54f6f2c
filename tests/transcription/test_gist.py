"""The gist of a message in English: after the transcript, labelled, refused where the machine is unsure."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from ivr.domain.enums import WorkKind
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.platform.work_models import Work
from ivr.transcription import engines, gist, gist_job, transcribe_job, whisper_engine
from ivr.transcription.gist import Gist
from ivr.transcription.result import NoModel, TranscriptionResult
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of

SURE = {
    "avg_logprob": -0.2,
    "compression_ratio": 1.2,
    "no_speech_prob": 0.01,
    "words": [SimpleNamespace(probability=0.9), SimpleNamespace(probability=0.4)],
}


def rendered(
    monkeypatch: pytest.MonkeyPatch,
    *parts: dict[str, object],
    again: str | None = None,
    slower: str | None = None,
    heard: str | None = None,
    said: str = "",
) -> Gist:
    """What is made of parts that the model has rendered; the second time `again`, or the same; slower speech `slower`.

    `heard` is what the model writes down in the language itself, `said` what stands in the transcript.
    """
    segments = [SimpleNamespace(**{"text": " please call me back", **SURE, **part}) for part in parts]
    lengths: list[int] = []

    def transcribe(samples: Sized, **options: object) -> tuple[object, None]:
        lengths.append(len(samples))
        text = again if options["beam_size"] == 5 else slower if len(samples) > lengths[0] else None
        text = heard if options["task"] == "transcribe" else text
        return iter(segments if text is None else [SimpleNamespace(text=text, **SURE)]), None

    model = SimpleNamespace(transcribe=transcribe)
    monkeypatch.setattr(whisper_engine, "model", lambda: model)
    monkeypatch.setattr(whisper_engine, "model_directory", lambda: Path("base"))
    return gist.english(human_speech(4), "ar", said)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([{}, {"text": " my electricity is cut off"}], "please call me back my electricity is cut off"),
        ([{}, {"avg_logprob": -1.5}], "please call me back"),  # half of it stands
        ([{}, {"avg_logprob": -1.5}, {"avg_logprob": -1.5}], None),  # most of it is a guess
        ([{"compression_ratio": 5.0}], None),  # goes round in circles
        ([{"no_speech_prob": 0.9}], None),
        ([{"words": [SimpleNamespace(probability=0.99)] * 9 + [SimpleNamespace(probability=0.05)]}], None),  # one word
        ([{"words": []}], None),
        ([{"text": " I am the only person in this house is the only person"}], None),
        ([{"text": " they want to block or block the account"}], None),  # one word for two
        ([{"text": " I pay the rent and the heating"}], "I pay the rent and the heating"),
        ([{"text": " Thank you."}], None),  # what the model says where it understands nothing
        ([], None),
    ],
)
def test_what_is_probably_misleading_is_refused(monkeypatch, parts, text: str | None) -> None:
    assert rendered(monkeypatch, *parts).text == text


@pytest.mark.parametrize(
    ("again", "text"),
    [
        ("Please call me back!", "please call me back"),
        ("please call me a cab", None),
        ("", None),
    ],
)
def test_a_rendering_that_comes_out_differently_the_second_time_is_refused(
    monkeypatch, again: str, text: str | None
) -> None:
    assert rendered(monkeypatch, {}, again=again).text == text
    assert rendered(monkeypatch, {}, slower=again).text == text


@pytest.mark.parametrize(
    ("said", "heard", "text"),
    [
        ("", "لم أستلم المال اليوم", None),  # the model itself writes down a denial
        ("لم أستلم المال اليوم", "استلمت المال اليوم", None),  # the transcript has one
        ("", "استلمت المال اليوم", "I received the money today"),
        ("استلمت المال اليوم", "", "I received the money today"),  # nothing else is asked for
    ],
)
def test_a_rendering_that_says_the_opposite_of_the_transcript_is_refused(
    monkeypatch, said: str, heard: str, text: str | None
) -> None:
    part = {"text": " I received the money today"}
    assert rendered(monkeypatch, part, said=said, heard=heard).text == text


@pytest.mark.parametrize(("sure", "given"), [(0.9, "مرحبا"), (0.1, "")])
def test_only_a_transcript_that_nobody_doubts_is_compared(empty_database, monkeypatch, sure: float, given: str) -> None:
    set_up(monkeypatch, GIST_LANGUAGES='["ar"]')
    word = {"word": "مرحبا", "start": 0, "end": 1, "confidence": sure}
    heard = TranscriptionResult("مرحبا", sure, [word], "v")
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard)
    compared: list[str] = []
    monkeypatch.setattr(gist, "english", lambda sound, language, said: compared.append(said) or Gist(None, "w"))
    recording_id = a_message("ar")
    store(recording_id, human_speech(2))
    transcribe_job.transcribe(recording_id)
    gist_job.render(recording_id)
    assert compared == [given]


@pytest.mark.parametrize("text", ["Please call me back about the letter.", None])
def test_it_follows_the_transcript_and_stands_beside_it(desk, monkeypatch, text: str | None) -> None:
    set_up(monkeypatch, GIST_LANGUAGES='["ar"]')
    word = {"word": "مرحبا", "start": 0, "end": 1, "confidence": 0.9}
    monkeypatch.setattr(
        engines, "transcribe", lambda sound, language, phrases=(): TranscriptionResult("مرحبا", 0.9, [word], "v")
    )
    monkeypatch.setattr(gist, "english", lambda sound, language, said: Gist(text, "whisper base"))
    recording_id = a_message("ar")
    store(recording_id, human_speech(2))
    transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        assert session.scalars(select(Work.kind).where(Work.kind == WorkKind.RENDER_GIST)).all() == ["render_gist"]
        task_id = session.scalars(select(CallbackTask.id)).one()
    gist_job.render(recording_id)
    gist_job.render(recording_id)
    transcript = transcript_of(recording_id)
    assert (transcript.text, transcript.gist["text"]) == ("مرحبا", text)
    member = desk("mia")
    assert "Maschinelle Übersetzung" not in member.get(f"/desk/tasks/{task_id}").text, "covered"
    member.post(f"/desk/tasks/{task_id}/claim")
    page = member.get(f"/desk/tasks/{task_id}").text
    assert "Maschinelle Übersetzung, bitte anhören" in page
    assert (text or "nicht sicher genug") in page


def test_languages_that_nobody_has_named_and_hosts_without_the_model_have_none(empty_database, monkeypatch) -> None:
    def absent(sound: object, language: str, said: str) -> Gist:
        raise NoModel("whisper")

    monkeypatch.setattr(gist, "english", absent)
    recording_id = a_message("ar")
    store(recording_id, human_speech(2))
    with database.writing() as session:
        gist_job.plan(session, recording_id, "ar")
        assert session.scalars(select(Work).where(Work.kind == WorkKind.RENDER_GIST)).all() == []
    gist_job.render(recording_id)
    assert transcript_of(recording_id).gist is None
