"""From hang-up to the task, and from hang-up to the transcript of a ten-second message on an idle machine.

The baseline is bare Vosk in this process, with the same model and a recogniser used again, in the same run.

    python -m benchmarks.hang_up_to_transcript
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import requests

from ivr.config.settings import settings
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.transcription.vosk_engine import Recognition
from tests.support.running_hotline import RunningHotline
from tests.support.speech import human_speech
from tests.support.waiting import eventually

ROUNDS = 5


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


def measure(hotline: RunningHotline, sound) -> None:
    """Ring, hang up, wait; and decode the same sound here."""
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {hotline.token()}"
    bare = Recognition()
    bare.transcribe(sound, "ko")
    to_task, to_transcript, decoding = [], [], []
    for _ in range(ROUNDS):
        caller = ScriptedCaller(keys=["3", "1", "1"], sounds=[sound], hangs_up=True)
        report = hotline.switch.call(ScriptedLine(caller), "+4915112345678", {"SipHeader_X-Hotline-At": "closed"})
        hung_up = time.monotonic()

        def task(call_sid: str = report.call_sid) -> dict | None:
            found = api.get(f"{hotline.url}/api/v1/tasks", params={"call_sid": call_sid}).json()["tasks"]
            return found[0] if found else None

        eventually(task)
        to_task.append(time.monotonic() - hung_up)
        eventually(lambda: task()["messages"][0]["transcript"]["state"] == "done", 60)
        to_transcript.append(time.monotonic() - hung_up)
        started = time.monotonic()
        bare.transcribe(sound, "ko")
        decoding.append(time.monotonic() - started)
    task_s, transcript_s, bare_s = map(statistics.median, (to_task, to_transcript, decoding))
    print(f"hang-up to task        {task_s:6.3f} s")
    print(f"hang-up to transcript  {transcript_s:6.3f} s")
    print(f"bare decoding          {bare_s:6.3f} s")
    print(f"beside the decoding    {transcript_s - bare_s:6.3f} s   ({transcript_s / bare_s:.2f} x bare Vosk)")


if __name__ == "__main__":
    main()
