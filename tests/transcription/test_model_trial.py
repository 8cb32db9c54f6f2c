"""A model that ends the process that loads it does so once: without its worker nobody is rung and no text is sent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.transcription import model_trial
from ivr.transcription.model_trial import EndsItsProcess
from tests.support.environment import ROOT

LOADS = """
from ivr.platform import log_setup
from ivr.workers.worker_pool import Pool
log_setup.set_up("text")
Pool()._load_models()
"""


def damaged_copy(model: Path, copy: Path) -> None:
    """A model of which one file is empty, as after a copy to a full disk."""
    for file in model.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(model)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file)
    empty = copy / "graph" / "disambig_tid.int"
    empty.unlink()
    empty.touch()


def test_a_damaged_model_ends_the_worker_once_and_not_again(tmp_path: Path, korean_model: Path) -> None:
    damaged_copy(korean_model / "ko", tmp_path / "models" / "ko")
    environment = {
        **os.environ, "VAR_DIR": str(tmp_path / "var"), "VOSK_MODEL_DIR": str(tmp_path / "models"),
        "LANGUAGES": '["de", "ko"]', "TRANSCRIBERS": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    (tmp_path / "var").mkdir()

    def loads() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", LOADS], env=environment, capture_output=True, text=True)

    assert loads().returncode == -signal.SIGSEGV, "the library does not survive it"
    for _ in range(2):
        again = loads()
        assert again.returncode == 0, again.stderr
        assert "the model for ko cannot be loaded" in again.stderr
        assert "it ends the process that loads it (SIGSEGV)" in again.stderr
    mended = tmp_path / "models" / "ko" / "graph" / "disambig_tid.int"
    mended.unlink()
    mended.symlink_to(korean_model / "ko" / "graph" / "disambig_tid.int")
    assert "models in memory: ko" in loads().stderr
    assert not list((tmp_path / "var").glob("loading-model-*"))


def test_a_model_that_was_loaded_when_its_process_was_killed_is_loaded_all_the_same(empty_database) -> None:
    (empty_database.var_dir / "loading-model-ko").touch()
    loaded: list[str] = []
    with model_trial.noted("ko", lambda: None):
        loaded.append("ko")
    with pytest.raises(ValueError, match="no model"), model_trial.noted("ko", lambda: None):
        raise ValueError("no model")  # which is no end of a process
    assert loaded == ["ko"]
    assert not (empty_database.var_dir / "loading-model-ko").exists()


def test_one_that_ends_its_process_again_stays_noted(empty_database) -> None:
    note = empty_database.var_dir / "loading-model-ko"
    note.touch()
    for end in (lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(3)):
        with pytest.raises(EndsItsProcess), model_trial.noted("ko", end):
            pytest.fail("it must not be loaded here")
        assert note.exists()
