"""From hang-up to the task, and from hang-up to the transcript of a ten-second message on an idle machine.

The baseline is bare Vosk in this process, with the same model and a recogniser used again, in the same run.

    python -m benchmarks.hang_up_to_transcript
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks.report import Report
from ivr.audio.wav import Sound
from ivr.config.settings import settings
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.transcription.vosk_engine import Recognition
from tests.support.running_hotline import RunningHotline
from tests.support.speech import human_speech
from tests.support.waiting import eventually

ROUNDS = 5
#: Seconds to the task; and times bare Vosk to the transcript.
TASK_SECONDS, TIMES_BARE = 1.0, 1.5
#: Decoding ten seconds of speech takes longer than this (seconds), or it has not been decoded.
_LEAST = 0.2


def main() -> None:
    """Print the medians."""
    sound = human_speech(10)
    models = settings().model_dir.absolute()
    if not (models / "ko").is_dir():
        raise SystemExit("the Korean model is needed: python -m ivr models fetch ko")
    with tempfile.TemporaryDirectory() as folder:
        hotline = RunningHotline(Path(folder), models)
        try:
            measure(hotline, sound)
        finally:
            hotline.stop()


def measure(hotline: RunningHotline, sound: Sound) -> None:
    """Ring, hang up, wait; and decode the same sound here. Each round is another caller: a second call of the same one
    belongs to the task of the first."""
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {hotline.token()}"
    bare = Recognition()
    bare.transcribe(sound, "ko")
    to_task, to_transcript, decoding = [], [], []
    seen: set[str] = set()
    for number in range(ROUNDS):
        caller = ScriptedCaller(keys=["3", "1", "1"], sounds=[sound], hangs_up=True)
        line = ScriptedLine(caller)
        report = hotline.switch.call(line, f"+49151123456{number:02d}", {"SipHeader_X-Hotline-At": "closed"})
        hung_up = time.monotonic()

        def message(call_sid: str = report.call_sid) -> dict[str, Any] | None:
            found = api.get(f"{hotline.url}/api/v1/tasks", params={"call_sid": call_sid}).json()["tasks"]
            return found[0]["messages"][-1] if found and found[0]["messages"] else None

        def transcribed() -> bool:
            return ((message() or {}).get("transcript") or {}).get("state") == "done"

        eventually(message)
        to_task.append(time.monotonic() - hung_up)
        eventually(transcribed, 60)
        to_transcript.append(time.monotonic() - hung_up)
        check(message(), seen, to_transcript[-1])
        started = time.monotonic()
        bare.transcribe(sound, "ko")
        decoding.append(time.monotonic() - started)
    task_s, transcript_s, bare_s = map(statistics.median, (to_task, to_transcript, decoding))
    figures = Report("hang-up to transcript (10 s of speech)")
    figures.at_most("hang-up to task", task_s, TASK_SECONDS, "s", 3)
    figures.shown("hang-up to transcript", transcript_s, "s", 3)
    figures.shown("bare decoding", bare_s, "s", 3)
    figures.shown("beside the decoding", transcript_s - bare_s, "s", 3)
    figures.at_most("hang-up to transcript, times bare Vosk", transcript_s / bare_s, TIMES_BARE)
    figures.finish()


def check(message: dict[str, Any] | None, seen: set[str], seconds: float) -> None:
    """Whether it was this call's recording that was transcribed meanwhile."""
    assert message is not None
    recording = message["recording_sid"]
    assert recording not in seen, "the transcript is of the recording of an earlier round"
    seen.add(recording)
    assert message["transcript"]["text"], "nothing was recognised"
    assert seconds > _LEAST, f"{seconds:.3f} s is too short for a decoding"


if __name__ == "__main__":
    main()
