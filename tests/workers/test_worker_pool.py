"""Workers: killed, starved, out of models, and transcribing with recognisers that are used again."""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from rq.exceptions import StopRequested
from sqlalchemy import func, select

from ivr.config.settings import Settings
from ivr.local_carrier.webhooks import WebhookFailed
from ivr.models.calls import Call
from ivr.models.voicebox import Transcript, VoiceboxMessage
from ivr.platform import database, job_queue
from ivr.platform.work_models import Work
from ivr.transcription.vosk_engine import recognition
from ivr.workers import queued_job, worker_pool
from tests.support.environment import forget_settings
from tests.support.speech import human_speech
from tests.support.voicebox_calls import leave_message, worker_processes
from tests.support.waiting import eventually


def transcript(tasks_of, person) -> dict:
    (task,) = tasks_of(person.call_sid)
    return task["messages"][0]["transcript"]


def is_being_decoded(recording_sid: str) -> bool:
    from ivr.models.voicebox import Recording

    with database.reading() as session:
        recording_id = session.scalar(select(Recording.id).where(Recording.recording_sid == recording_sid))
        work = session.scalar(select(Work).where(Work.kind == "transcribe", Work.subject_id == recording_id))
        return bool(work and work.leased_until)


def pending() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Transcript).where(Transcript.state == "pending"))


def test_a_message_is_transcribed_soon_after_the_hang_up(hotline, caller, tasks_of) -> None:
    """Under a second beside the decoding itself; measured as a figure here, judged in benchmarks/."""
    person = leave_message(caller, human_speech(10))
    started = time.monotonic()
    eventually(lambda: transcript(tasks_of, person)["state"] != "pending", 60)
    assert transcript(tasks_of, person)["state"] == "done"
    assert time.monotonic() - started < 30


def test_a_process_that_is_stopped_before_it_listens_ends_without_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Settings
) -> None:
    """RQ takes such a request for an error. A stop is none: nobody is to look for its cause."""

    def stopped(*_: object, **__: object) -> None:
        raise StopRequested

    said = tmp_path / "said"
    monkeypatch.setattr(job_queue, "patient", lambda: None)
    monkeypatch.setattr(queued_job, "worker", lambda *_: SimpleNamespace(work=stopped))
    if not (child := os.fork()):
        logging.basicConfig(filename=said, force=True)
        worker_pool._work(worker_pool._Child("calls-1", job_queue.CALLS, time.monotonic()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not said.exists() or "Traceback" not in said.read_text()


def test_a_transcriber_killed_in_its_work_is_replaced_at_once(hotline, caller, tasks_of) -> None:
    person = leave_message(caller, human_speech(25))
    eventually(lambda: is_being_decoded(person.report.recording_sids[0]), 30)
    before = {process.pid for process in worker_processes(hotline)}
    busy = max(worker_processes(hotline)[1:], key=lambda process: process.cpu_times().user)
    busy.kill()
    eventually(lambda: {process.pid for process in worker_processes(hotline)} - before, 5)
    eventually(lambda: is_being_decoded(person.report.recording_sids[0]), 2)
    eventually(lambda: transcript(tasks_of, person)["state"] == "done", 90, 0.2)
    eventually(lambda: pending() == 0, 60)


@pytest.mark.since("ci")
def test_the_whole_worker_killed_leaves_no_orphan_and_no_message_behind(hotline, caller, tasks_of) -> None:
    """kill -9 in the middle of a transcription: it is there within two minutes of the worker's return, once."""
    person = leave_message(caller, human_speech(25))
    eventually(lambda: is_being_decoded(person.report.recording_sids[0]), 30)
    processes = worker_processes(hotline)
    os.kill(processes[0].pid, signal.SIGKILL)
    hotline.children["worker"]._process.wait()
    eventually(lambda: not any(process.is_running() and process.status() != "zombie" for process in processes), 5)
    assert transcript(tasks_of, person)["state"] == "pending"
    hotline.children["worker"].start()
    eventually(lambda: transcript(tasks_of, person)["state"] == "done", 120, 0.2)


def test_processes_that_end_as_soon_as_they_begin_serve_no_queue(empty_database, monkeypatch) -> None:
    """Their parent forked them again and again and reported them, and nobody was told that no job is done."""
    pool, reported = worker_pool.Pool(), list[dict[str, int]]()
    monkeypatch.setattr(worker_pool, "_work", lambda child: os._exit(child.queue == job_queue.CALLS or time.sleep(20)))
    monkeypatch.setattr(job_queue, "report_alive", lambda _redis, _name, alive, _models: reported.append(dict(alive)))
    monkeypatch.setattr(pool, "_requeue", lambda child: None)
    for queue in (job_queue.CALLS, job_queue.GENERAL):
        pool._fork(queue)

    def told() -> dict[str, int]:
        pool._replace_dead_children()
        pool._shown = 0.0
        pool._report_alive()
        return reported[-1]

    try:
        eventually(lambda: told() == {job_queue.GENERAL: 1})
    finally:
        for pid in pool._children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_a_request_to_stop_that_meets_a_process_as_it_begins_ends_it(empty_database, monkeypatch) -> None:
    """It ran the handler of the parent in the child, which waited for jobs for ever, and the parent for the child."""
    pool = worker_pool.Pool()
    handler = signal.signal(signal.SIGTERM, pool._stop)

    class Library:
        def prctl(self, *_: int) -> None:  # the first thing that the child does
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    monkeypatch.setattr(worker_pool.ctypes, "CDLL", lambda _: Library())
    try:
        pool._fork(job_queue.GENERAL)
        (pid,) = pool._children
        ended = eventually(lambda: [status for found, status in [os.waitpid(pid, os.WNOHANG)] if found])
        assert os.waitstatus_to_exitcode(ended[0]) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_a_process_that_does_not_hear_a_request_to_stop_is_asked_again(empty_database, monkeypatch) -> None:
    """An error of RQ that another part of the process catches loses the request."""

    def deaf_once(_child: object) -> None:
        asked = list[int]()
        signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        while len(asked) < 2:
            time.sleep(0.01)
        os._exit(0)

    monkeypatch.setattr(worker_pool, "_work", deaf_once)
    monkeypatch.setattr(worker_pool, "_ASK_AGAIN", 0.2)
    pool = worker_pool.Pool()
    monkeypatch.setattr(pool, "_requeue", lambda child: None)
    pool._fork(job_queue.GENERAL)
    (pid,) = pool._children

    def has_ended() -> bool:
        pool._ask_again_to_stop()
        pool._replace_dead_children()
        return not pool._children

    try:
        pool._stop()
        eventually(has_ended)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_messages_left_while_redis_is_away_are_found_by_the_clock(hotline, caller, tasks_of) -> None:
    hotline.redis.terminate()
    hotline.redis._process.wait()
    try:
        person = leave_message(caller, human_speech(3))
        eventually(lambda: any(task["messages"] for task in tasks_of(person.call_sid)), 20)
        assert transcript(tasks_of, person)["state"] == "pending"
    finally:
        hotline.redis.start()

    def is_done() -> bool:
        for child in hotline.children.values():
            child.keep_running()  # it takes two calls to start one again
        return transcript(tasks_of, person)["state"] == "done"

    eventually(is_done, 90, 0.2)
    hotline.await_ready()


def test_a_message_that_waited_for_its_model_is_transcribed_when_it_arrives(hotline, caller, tasks_of) -> None:
    """English has no model here; the Korean one under its name shows that the message wakes up."""
    person = caller().dials()
    person.hears("choose_language").presses("2").speaking("en").hears("main").presses("1")
    person.hears("consent").presses("1").hears("speak_now").says(human_speech(4), then="hangup")
    eventually(lambda: transcript(tasks_of, person)["reason"] == "no_model", 60)
    arriving = hotline.settings.model_dir / "en"
    arriving.symlink_to("ko")
    try:
        eventually(lambda: transcript(tasks_of, person)["state"] == "done", 120, 0.2)
    finally:
        arriving.unlink()


def test_a_model_that_could_not_be_loaded_is_loaded_when_it_has_been_put_back(
    empty_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that finds half of a copy must not have to be restarted; while somebody copies, it does not try."""
    mark, tried = tmp_path / "models" / "ko" / "am" / "final.mdl", list[str]()
    mark.parent.mkdir(parents=True)
    mark.write_text("half")
    monkeypatch.setenv("VOSK_MODEL_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("LANGUAGES", '["de", "ko"]')
    forget_settings()

    def load(language: str) -> None:
        tried.append(mark.read_text())
        if mark.read_text() != "whole":
            raise RuntimeError("Failed to create a model")
        recognition._models[language] = "the model"

    monkeypatch.setattr(worker_pool, "_load", load)
    monkeypatch.setattr(recognition, "_models", {})
    pool = worker_pool.Pool()
    for content in ("half", "half", "three quarters", "nearly all", "whole", "whole", "whole"):
        if mark.read_text() != content:
            mark.write_text(content)
        pool._load_models()
    assert recognition.loaded == {"ko"}
    assert tried == ["half", "whole"]


# -- the outbox ------------------------------------------------------------------------------------


@pytest.mark.since("ci")
def test_redis_that_comes_back_empty_loses_nothing(hotline, caller, tasks_of) -> None:
    """The queue knows nothing any more; the outbox does."""
    connection = job_queue.patient()
    hotline.children["worker"].terminate()
    hotline.children["worker"]._process.wait(60)  # it ends what an earlier story has left to be transcribed
    person = leave_message(caller, human_speech(2))
    eventually(lambda: tasks_of(person.call_sid))
    connection.flushall()
    hotline.children["worker"].start()
    eventually(lambda: transcript(tasks_of, person)["state"] == "done", 90, 0.2)


# -- recognisers used again ------------------------------------------------------------------------


def test_a_recording_no_event_ever_told_of_is_found_at_the_carrier(hotline, caller, tasks_of) -> None:
    """Status callbacks get lost: some minutes later the carrier is asked what it has of the call."""
    from ivr.voicebox import fetch_job

    lost = hotline.switch.post_status
    hotline.switch.post_status = lambda url, form: None if "/voice/recording" in url else lost(url, form)
    hotline.switch.webhooks.post, post = _losing_the_action(hotline.switch.webhooks.post), hotline.switch.webhooks.post
    try:
        person = leave_message(caller, human_speech(3))
    finally:
        hotline.switch.post_status, hotline.switch.webhooks.post = lost, post
    with database.reading() as session:
        message_id = session.scalar(select(VoiceboxMessage.id).join(Call).where(Call.call_sid == person.call_sid))
    eventually(lambda: tasks_of(person.call_sid), 30)  # nobody told us: the clock had the carrier asked
    fetch_job.find_recording(message_id)
    assert len(tasks_of(person.call_sid)) == 1
    eventually(lambda: transcript(tasks_of, person)["state"] == "done", 60, 0.2)


def _losing_the_action(post):
    def lossy(url, form):
        if form.get("Digits") == "hangup":
            raise WebhookFailed(11205, "lost on the way")
        return post(url, form)

    return lossy
