"""A recogniser that is used again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.volume import volume


@pytest.mark.soak
@pytest.mark.since("ci")
def test_a_recogniser_used_again_writes_what_a_fresh_one_writes(korean_model: Path, tmp_path: Path) -> None:
    """With `--dither=0` fresh recognisers repeat exactly, so any difference would come from the reuse."""
    model = tmp_path / "ko"
    model.mkdir()
    for part in (korean_model / "ko").iterdir():
        if part.name != "conf":
            (model / part.name).symlink_to(part)
    (model / "conf").mkdir()
    for part in (korean_model / "ko" / "conf").iterdir():
        text = part.read_text()
        (model / "conf" / part.name).write_text(text + "\n--dither=0\n" if part.name == "mfcc.conf" else text)
    code = """
import sys
from ivr.transcription.vosk_engine import Recognition
from tests.support.speech import human_speech
from ivr.audio.wav import Sound
size = int(sys.argv[1]) * 8000
whole = human_speech(4 * size / 8000)
parts = [Sound(whole.samples[start:start + size], 8000) for start in range(0, 4 * size, size)]
used_again = Recognition()
together = [used_again.transcribe(part, "ko") for part in parts]
for part, heard in zip(parts, together):
    used_again._recognisers.clear()
    alone = used_again.transcribe(part, "ko")
    assert alone.text == heard.text, (alone.text, heard.text)
    for ours, theirs in zip(heard.words, alone.words):
        assert abs(ours["start"] - theirs["start"]) < 0.05, (ours, theirs)
        assert ours["end"] <= part.seconds + 0.1
assert any(heard.words for heard in together)
"""
    environment = {**os.environ, "VOSK_MODEL_DIR": str(tmp_path), "VAR_DIR": str(tmp_path), "PYTHONPATH": "."}
    import sys

    command = [sys.executable, "-c", code, str(volume(test=2, soak=4))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
