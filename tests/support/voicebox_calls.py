"""Callers who leave a message, and the processes that transcribe it."""

from __future__ import annotations

import psutil

from ivr.audio.wav import Sound
from tests.support.caller import Caller
from tests.support.running_hotline import RunningHotline


def worker_processes(hotline: RunningHotline) -> list[psutil.Process]:
    """The worker pool's parent process and its children."""
    parent = psutil.Process(hotline.children["worker"]._process.pid)
    return [parent, *parent.children(recursive=True)]


def leave_message(caller, sound: Sound) -> Caller:
    """A caller speaks Korean into the voicebox and hangs up."""
    person = caller().dials()
    person.hears("choose_language").presses("3").speaking("ko").hears("main").presses("1")
    person.hears("consent").presses("1").hears("speak_now").says(sound, then="hangup")
    return person
