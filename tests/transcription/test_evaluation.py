"""An operator measures a model with their own audio."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.audio.wav import write_wav
from ivr.cli import hotline as command_line
from ivr.transcription.result import TranscriptionResult
from tests.support.speech import human_speech
from tests.support.transcription import VOICES

CONGRATULATIONS = (
    "Congratulations. You have successfully installed and executed the Asterisk open source PBX. You have also "
    "installed a set of sample sounds and configuration files that should help you to get started. Like a normal PBX, "
    "you will navigate this demonstration by dialing digits. If you are using a console channel driver instead of a "
    "real phone, you can use the dial, answer, and hangup commands to simulate the actions of a standard telephone."
)


@pytest.fixture
def judged(empty_database, tmp_path: Path) -> Path:
    folder = tmp_path / "own audio"
    folder.mkdir()
    (folder / "demo.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "demo.txt").write_text(CONGRATULATIONS)
    (folder / "no text.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "broken.txt").write_text("broken")
    (folder / "empty.wav").write_bytes((VOICES / "demo-congrats.wav").read_bytes())
    (folder / "empty.txt").write_text(" …\n")
    return folder


@pytest.mark.since("ci")
def test_an_operator_judges_a_model_on_their_own_audio(judged: Path, whisper_directory: Path) -> None:
    model = ["--model", str(whisper_directory), "--worst", "1"]
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), "--language", "en", *model])
    assert answer.exit_code == 0, answer.output
    assert "left out: broken.wav" in answer.output
    assert "left out: empty.wav: its text is empty" in answer.output
    rates = {
        line.split("rate")[0].strip(): float(line.split("rate")[1].split("%")[0])
        for line in answer.output.splitlines()
        if "error rate" in line
    }
    assert 0 <= rates["character error"] <= rates["word error"] < 20
    assert "files                 1 (" in answer.output
    assert " words, " in answer.output.split("character error rate")[1], "the table of reliability"
    assert "memory  " in answer.output


@pytest.mark.since("ci")  # the same command as above, with the other engine
def test_a_vosk_model_is_judged_by_the_same_command(judged: Path, korean_model: Path) -> None:
    (judged / "demo.wav").write_bytes(write_wav(human_speech(1)))  # Korean: what it hears is not what is asked
    model = ["--engine", "vosk", "--model", str(korean_model / "ko"), "--limit", "3"]
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), "--language", "en", *model])
    assert answer.exit_code == 0, answer.output
    assert "engine                vosk en" in answer.output
    assert "%" in answer.output


def test_rates_and_their_intervals() -> None:
    from ivr.transcription.evaluation import count_errors, rate

    def judge(wanted: str, written: str) -> tuple[int, int, int]:
        judged = count_errors("x", wanted, TranscriptionResult(written, None, [], "test"))
        return judged.word_errors, judged.words, judged.letter_errors

    assert judge("Guten Tag, Herr Müller!", "guten tag herr müller") == (0, 4, 0)
    assert judge("kein Strom seit gestern", "kein strom gestern") == (1, 4, 5)
    assert judge("ja", "") == (1, 1, 2)
    assert judge("ja", "ja ja ja")[0] == 2
    measured = rate([(1, 10)] * 50 + [(3, 10)] * 50)
    assert measured.value == pytest.approx(0.2)
    assert 0.17 < measured.low < measured.value < measured.high < 0.23
    assert rate([(2, 4)]).low == rate([(2, 4)]).high == 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--language", "xx"], "is not one of"),
        (["--language", "de"], "there is no model for de"),
        (["--language", "de", "--engine", "whisper"], "there is no model for de"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(judged: Path, arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(command_line, ["transcribe-eval", str(judged), *arguments])
    assert answer.exit_code != 0
    assert said in answer.output


def test_an_empty_folder_is_one_sentence(empty_database, tmp_path: Path, korean_model: Path) -> None:
    (tmp_path / "none").mkdir()
    command = ["transcribe-eval", str(tmp_path / "none"), "--language", "ko", "--model", str(korean_model / "ko")]
    answer = CliRunner().invoke(command_line, command)
    assert answer.exit_code == 1
    assert "no NAME.wav with a NAME.txt" in answer.output
