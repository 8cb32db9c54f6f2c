"""Which Vosk models stay in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.transcription import engines, model_plan, vosk_engine
from tests.support.speech import human_speech
from tests.support.transcription import set_up


@pytest.fixture
def models(empty_database, tmp_path: Path, monkeypatch) -> Callable[..., None]:
    """Directories that look like models, of so many megabytes."""

    def install(**megabytes: int) -> None:
        for language, size in megabytes.items():
            (tmp_path / "models" / language / "am").mkdir(parents=True)
            with (tmp_path / "models" / language / "am" / "final.mdl").open("wb") as file:
                file.truncate(size * 1024 * 1024)
        set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path / "models"), LANGUAGES='["de", "en", "tr", "ru"]')

    return install


def test_all_models_stay_in_memory_if_they_fit(models, monkeypatch) -> None:
    models(de=100, en=100)
    set_up(monkeypatch, MODEL_MEMORY_MB="4000", RECOGNISER_MEMORY_MB="500")
    made = model_plan.make(engines.served_languages(), 2)
    assert (made.resident, made.in_turn, made.missing) == (("de", "en"), (), ("tr", "ru"))
    assert "in memory: de, en; no model, please listen: tr, ru" in str(made)


def test_otherwise_the_first_languages_stay_and_the_others_take_turns(models, monkeypatch) -> None:
    models(de=100, en=100, tr=100, ru=100)
    set_up(monkeypatch, MODEL_MEMORY_MB="1700", RECOGNISER_MEMORY_MB="300")
    made = model_plan.make(engines.served_languages(), 2)
    assert made.needed == 1400
    assert (made.resident, made.in_turn) == (("de", "en", "tr", "ru"), ())
    set_up(monkeypatch, MODEL_MEMORY_MB="1399")
    made = model_plan.make(engines.served_languages(), 2)
    assert (made.resident, made.in_turn) == (("de",), ("en", "tr", "ru"))
    assert "in turn: en, tr, ru" in str(made)


@pytest.mark.since("ci")
def test_a_model_taken_in_turn_makes_room_for_the_next(
    empty_database, korean_model: Path, tmp_path: Path, monkeypatch
) -> None:
    """With the real model under three names: at most one beside what was inherited."""
    monkeypatch.setattr(vosk_engine.vosk, "Model", _read_once(vosk_engine.vosk.Model))
    for name in ("de", "en", "tr"):
        (tmp_path / name).symlink_to(korean_model / "ko")
    set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path))
    ours = vosk_engine.Recognition()
    ours.load("de")
    ours.inherited, ours.memory_limited = frozenset({"de"}), True
    for language in ("en", "tr", "en"):
        ours.transcribe(human_speech(0.4), language)
        assert ours.loaded == {"de", language}


def _read_once(model: Callable[[str], object]) -> Callable[[str], object]:
    """Reading a model takes seconds: the second name of a directory gets what was read under the first."""
    read = functools.cache(model)
    return lambda path: read(str((Path(path) / "am" / "final.mdl").resolve().parents[1]))


@pytest.mark.since("ci")  # two real models are read and warmed up
def test_further_models_do_not_count_as_growth(empty_database, korean_model: Path, tmp_path: Path, monkeypatch) -> None:
    """Two models in one process: the recognisers of the first are kept, though the second is larger than the limit."""
    for name in ("de", "en"):
        (tmp_path / name).symlink_to(korean_model / "ko")
    set_up(monkeypatch, VOSK_MODEL_DIR=str(tmp_path), RECOGNISER_MEMORY_MB="400")
    ours = vosk_engine.Recognition()
    for language in ("de", "en"):
        ours.load(language)
        ours.warm(language)
    assert len(ours._recognisers) == 2
    ours.reset_memory_baseline()  # as after the fork
    ours.transcribe(human_speech(0.4), "de")
    assert len(ours._recognisers) == 2


def test_the_plan_does_not_count_loaded_models_twice(models, monkeypatch) -> None:
    models(de=100, en=100)
    set_up(monkeypatch, RECOGNISER_MEMORY_MB="50")
    model_plan._available.cache_clear()
    first = model_plan.make(("de",), 1)
    monkeypatch.setattr(
        model_plan.psutil, "virtual_memory", lambda: (_ for _ in ()).throw(AssertionError("asked again"))
    )
    assert model_plan.make(("de", "en"), 1).allowed == first.allowed
    model_plan._available.cache_clear()
