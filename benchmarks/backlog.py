"""A backlog of ten-second messages on all cores, beside bare Vosk and Vosk's own command line, in the same run.

    python -m benchmarks.backlog [--messages 200] [--rounds 3]

Human speech (English telephone prompts through the Korean model: matched speech would be quicker for all three).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from benchmarks.report import Report
from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav, write_wav
from ivr.calls import calls
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import Transcript
from ivr.platform import database, job_queue, outbox
from ivr.platform.work_models import Work
from ivr.transcription.speech_detector import Finding, SpeechDetector
from ivr.transcription.vosk_engine import Recognition
from ivr.voicebox import audio_store, voicebox
from tests.support.environment import ROOT
from tests.support.running_hotline import RunningHotline
from tests.support.speech import VOICES
from tests.support.voicebox_calls import worker_processes
from tests.support.waiting import eventually

SECONDS = 10
#: Of bare Vosk's speed; times vosk-transcriber's; milliseconds of processor time a message for queue and database;
#: memory of a second transcriber, as a part of the first one's.
OF_BARE, TIMES_TOOL, MESSAGE_MS, SHARE = 0.97, 1.8, 10, 0.4
#: Messages of the run without decoding.
_EMPTY = 200


def human_messages(count: int) -> list[Sound]:
    """So many different stretches of ten seconds of human speech."""
    parts = [at_telephone_rate(read_wav(path.read_bytes())).samples for path in sorted(VOICES.glob("*.wav"))]
    whole = np.concatenate(parts)
    step = (len(whole) - SECONDS * RATE) // count
    return [Sound(whole[number * step : number * step + SECONDS * RATE], RATE) for number in range(count)]


def bare(messages: Sequence[Sound], cores: int) -> float:
    """Seconds that Vosk alone takes: a process a core, forked from a warmed parent, each with one recogniser."""
    warmed = Recognition()
    warmed.load("ko")
    warmed.warm("ko")
    began = time.monotonic()
    children = []
    for core in range(cores):
        if (pid := os.fork()) == 0:
            for message in messages[core::cores]:
                warmed.transcribe(message, "ko")
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    return time.monotonic() - began


def command_line(messages: Sequence[Sound], model: Path, cores: int) -> float:
    """Seconds that `vosk-transcriber` takes for the same files; the model's loading is part of it."""
    # It takes whatever lies in its folder for audio, its own output too.
    with tempfile.TemporaryDirectory() as audio, tempfile.TemporaryDirectory() as out:
        for number, message in enumerate(messages):
            (Path(audio) / f"{number:03d}.wav").write_bytes(write_wav(message))
        tool = Path(sys.executable).with_name("vosk-transcriber")
        command = [str(tool), "-m", str(model), "-i", audio, "-o", out, "-ts", str(cores)]
        began = time.monotonic()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.monotonic() - began
        written = [one for one in Path(out).iterdir() if one.stat().st_size]
        # Without ffmpeg it ends at once, and says that all went well.
        assert len(written) == len(messages), f"vosk-transcriber wrote {len(written)} texts: {done.stderr[-500:]}"
        return seconds


def lay_by(messages: Sequence[Sound], language: str) -> list[outbox.QueuedJob]:
    """Messages that are stored and wait for their transcript; the queue does not know of them yet."""
    before, told = outbox.hand_over, list[outbox.QueuedJob]()
    outbox.hand_over = lambda jobs: told.extend(one for one in jobs if one.kind == "transcribe")
    try:
        for number, message in enumerate(messages):
            now = utc_now()
            sid = f"{time.monotonic_ns():032x}"
            audio = write_wav(message)
            with database.writing() as session:
                call = calls.seen(session, f"CA{sid}", f"+4917{number:09d}", now)
                calls.progressed(call, "record", language, "benefits")
                take = voicebox.RecordingPlan(1, language, {"concern": "benefits"})
                recording = voicebox.announced(session, call, take, f"RE{sid}", now)
                voicebox.left(session, call, recording, SECONDS, now)
                kept = audio_store.save(f"RE{sid}", audio, voicebox.description(recording))
                voicebox.stored(session, recording, kept.sha256, kept.size, SECONDS, now)
    finally:
        outbox.hand_over = before
    with database.writing() as session:  # nothing else is asked of the workers meanwhile
        for work in session.scalars(select(Work).where(Work.done_at.is_(None), Work.kind != "transcribe")):
            work.done_at = utc_now()
    return told


def pending() -> int:
    """How many transcripts are not written yet."""
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Transcript).where(Transcript.state == "pending")) or 0


def finished(language: str) -> int:
    """How many transcripts in a language came to their end: text, or the reason why a person has to listen."""
    with database.reading() as session:
        over = select(func.count()).where(Transcript.language == language, Transcript.state != "pending")
        return session.scalar(over) or 0


def processor_seconds(hotline: RunningHotline) -> float:
    """Seconds of processor time that the worker's processes have used."""
    times = [process.cpu_times() for process in worker_processes(hotline)]
    return sum(time.user + time.system for time in times)


def without_decoding(hotline: RunningHotline, messages: Sequence[Sound]) -> tuple[float, float]:
    """Seconds of messages in a language without a model: wall time of all, processor time of the workers."""
    before = processor_seconds(hotline)
    wall = hotline_run(messages, "tr")
    return wall, processor_seconds(hotline) - before


def search_for_speech(messages: Sequence[Sound]) -> float:
    """Seconds of processor time that it takes to find the first speech in all of the messages."""
    assert SpeechDetector(messages[0]).finding() == Finding.SPEECH  # the network is loaded
    began = time.process_time()
    for message in messages:
        assert SpeechDetector(message).finding() == Finding.SPEECH
    return time.process_time() - began


def hotline_run(messages: Sequence[Sound], language: str) -> float:
    """Seconds from handing a backlog over to its last transcript."""
    before = finished(language)
    jobs = lay_by(messages, language)
    assert len(jobs) == len(messages)
    began = time.monotonic()
    job_queue.hand_over(jobs)
    eventually(lambda: pending() == 0, 3600, 0.05)
    seconds = time.monotonic() - began
    found = finished(language)
    assert found == len(messages) + before, f"{found - before} of {len(messages)} transcripts came to their end"
    return seconds


def proportional_memory(hotline: RunningHotline) -> float:
    """MiB of all of the worker's processes, what they share counted once."""
    return sum(process.memory_full_info().pss for process in worker_processes(hotline)) / 1024 / 1024


def start(folder: Path, models: Path, transcribers: int) -> RunningHotline:
    """A hotline whose clock is stopped: nothing but the backlog is done."""
    hotline = RunningHotline(folder, models, TRANSCRIBERS=str(transcribers), LANGUAGES='["de", "tr", "ko"]')
    hotline.children["clock"].kill()
    hotline.children["web"].kill()
    eventually(lambda: len(worker_processes(hotline)) == 4 + transcribers, 60)  # the models are loaded
    return hotline


def same_text(messages: Sequence[Sound], folder: Path, model: Path) -> int:
    """In how many messages a recogniser that is used again writes something else than a fresh one (dither off)."""
    quiet = folder / "ko"
    shutil.copytree(model, quiet, symlinks=False)
    with (quiet / "conf" / "mfcc.conf").open("a") as file:
        file.write("\n--dither=0\n")
    again = Recognition()
    again.load("ko", quiet)
    together = [again.transcribe(message, "ko").text for message in messages]
    differ = 0
    for message, text in zip(messages, together, strict=True):
        again._recognisers.clear()
        differ += again.transcribe(message, "ko").text != text
    return differ


def main() -> None:
    """Print the medians of paired runs."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--messages", type=int, default=40)
    arguments.add_argument("--rounds", type=int, default=2)
    wanted = arguments.parse_args()
    models, cores = ROOT / "var" / "models", os.cpu_count() or 1
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "VOSK_MODEL_DIR": str(models)}
    messages = human_messages(wanted.messages)
    some = messages[: max(10, wanted.messages // 5)]
    ratios, overheads, tools = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        one = start(Path(folder) / "one", models, 1)
        hotline_run(some[::cores], "ko")
        for _ in range(wanted.rounds):  # as many messages as each of several transcribers has: memory grows with them
            hotline_run(messages[::cores], "ko")
        first = proportional_memory(one)
        one.stop()
        hotline = start(Path(folder) / "hotline", models, cores)
        hotline_run(some, "ko")
        for _ in range(wanted.rounds):
            ours = hotline_run(messages, "ko")
            alone = bare(messages, cores)
            tool = command_line(some, models / "ko", cores) / len(some) * len(messages)
            ratios.append(alone / ours)
            tools.append(tool / ours)
            overheads.append((ours - alone) / len(messages) * cores)
            print(f"  hotline {ours:6.1f} s   bare Vosk {alone:6.1f} s   vosk-transcriber {tool:6.1f} s", flush=True)
        both = proportional_memory(hotline)
        empty = (messages * _EMPTY)[:_EMPTY]
        wall, processor = (seconds / _EMPTY * 1000 for seconds in without_decoding(hotline, empty))
        hotline.stop()
        differ = same_text(some[:20], Path(folder), models / "ko")
    searched = search_for_speech(messages) / len(messages) * 1000
    shared = (both - first) / max(cores - 1, 1) / first
    print(f"  memory: {first:.0f} MiB with one transcriber, {both:.0f} MiB with {cores}")
    report = Report(f"backlog ({len(messages)} messages of {SECONDS} s, {cores} cores)")
    report.at_least("of bare Vosk", statistics.median(ratios), OF_BARE, digits=3)
    report.at_least("times vosk-transcriber", statistics.median(tools), TIMES_TOOL)
    report.shown("beside the decoding, a message", statistics.median(overheads) * 1000, "ms", 1)
    report.at_most("queue and database, processor time a message", processor - searched, MESSAGE_MS, "ms", 1)
    report.shown("search for speech, processor time a message", searched, "ms", 1)
    report.shown("both, wall time a message and core", wall * cores, "ms", 1)
    report.at_most("memory of a further transcriber, of the first", shared, SHARE)
    report.at_most("texts that differ from a fresh recogniser's", differ, 0, digits=0)
    report.finish()


if __name__ == "__main__":
    main()
