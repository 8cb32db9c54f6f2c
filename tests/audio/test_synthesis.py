"""Speech synthesis in threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_two_who_speak_first_at_the_same_moment_share_one_synthesiser() -> None:
    """In a process of its own: a second engine would crash the first, and with it the web process."""
    code = """
import threading
from ivr.audio.synthesis import speak
barrier = threading.Barrier(8)
def first(number):
    barrier.wait()
    for round in range(5):
        assert len(speak(f"Guten Tag {number} {round}", "de").samples) > 1000
crowd = [threading.Thread(target=first, args=(number,)) for number in range(8)]
[one.start() for one in crowd]
[one.join() for one in crowd]
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
