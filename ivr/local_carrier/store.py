"""Calls, recordings and text messages of the local carrier, on disk, so that it can be stopped and started again."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ivr.audio.wav import RATE, Samples, Sound, write_wav
from ivr.local_carrier.account import Account
from ivr.local_carrier.last_words import LastWords
from ivr.local_carrier.sip.timeline import read_frames

if TYPE_CHECKING:
    from ivr.local_carrier.call import Subscription


log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds within which a file may still be written by a process that is ending.
_MAY_BE_WRITTEN = 60
#: The final states of a call.
_OVER = ("completed", "busy", "no-answer", "failed", "canceled")


def _oldest_first(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def _record(path: Path, type_: type[T]) -> T | None:
    """What a file holds. One that was half written when the power failed is set aside, so that calls go on."""
    try:
        return type_(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        aside = path.with_suffix(".damaged")
        log.error("%s is no record of this version (%s); it is kept as %s", path, type(error).__name__, aside.name)
        path.replace(aside)
        return None


def _records(directory: Path, type_: type[T]) -> Iterator[tuple[Path, T]]:
    for path in _oldest_first(directory, "*.json"):
        if (found := _record(path, type_)) is not None:
            yield path, found


def _now() -> str:
    return format_datetime(datetime.now(UTC))


@dataclass
class CallRecord:
    """A call as the REST interface shows it; `duration` in seconds."""

    sid: str
    from_: str
    to: str
    direction: str = "inbound"
    parent_call_sid: str | None = None
    status: str = "in-progress"
    duration: int = 0
    date_created: str = field(default_factory=_now)
    #: Who has passed the call on.
    forwarded_from: str = ""
    #: Errors as the carrier's debugger would list them, each beginning with its number.
    errors: list[str] = field(default_factory=list)


@dataclass
class RecordingRecord:
    """A recording as the REST interface shows it; `duration` in whole seconds."""

    sid: str
    call_sid: str
    status: str = "in-progress"
    duration: int = 0
    date_created: str = field(default_factory=_now)


@dataclass
class MessageRecord:
    """A text message (SMS) as the REST interface shows it. One by the hotline is stored, and never sent."""

    sid: str
    from_: str
    to: str
    body: str
    status: str = "queued"
    date_created: str = field(default_factory=_now)
    #: Why it was not delivered; 0 where it was.
    error_code: int = 0
    direction: str = "outbound-api"


@dataclass
class Refusals:
    """What the carrier refuses on request, by number; `+90` stands for every number that begins so, `*` for each.

    An entry of `calls` and `texts` is an error number of the REST interface (`21215`), which refuses the request. One
    of `failed_calls` is a SIP answer (`503`), with which a call fails that was taken. One of `lost_texts` is an error
    number (`30005`), with which a message is reported as not delivered. `late_recordings` has one entry, `*`: how often
    the audio of a recording is not there yet.
    """

    calls: dict[str, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    failed_calls: dict[str, int] = field(default_factory=dict)
    lost_texts: dict[str, int] = field(default_factory=dict)
    late_recordings: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, given: object) -> Refusals:
        """What a JSON value asks to be refused.

        Raises:
            ValueError: it is not of this form; what is wrong is said.
        """
        if not isinstance(given, dict):
            raise ValueError('it is no object such as {"calls": {"+90": 21215}}')
        if strange := sorted(set(given) - set(cls.__dataclass_fields__)):
            raise ValueError(f"there is no table {', '.join(strange)}, but {', '.join(cls.__dataclass_fields__)}")
        for name, codes in given.items():
            if not isinstance(codes, dict) or not all(type(code) is int and code > 0 for code in codes.values()):
                raise ValueError(f'{name} has no numbers above 0 by telephone number, such as {{"+90": 21215}}')
        return cls(**given)

    def of(self, table: str, number: str) -> int | None:
        """The code with which something is refused to a number; None if it is not."""
        codes: dict[str, int] = getattr(self, table)
        begun = max((given for given in codes if given != "*" and number.startswith(given)), key=len, default="*")
        return codes.get(begun)


class Store:
    """Calls, recordings and text messages under a directory, one small file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.last_words = LastWords(directory / "last-words")
        self._lock = threading.Lock()
        self._calls: dict[str, CallRecord] = {}
        self._recordings: dict[str, RecordingRecord] = {}
        self._messages: dict[str, MessageRecord] = {}
        self._asked: Counter[str] = Counter()
        #: What is wrong with the file of refusals; it is told once.
        self._refusals_problem = ""
        for name in ("calls", "recordings", "messages"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        for _, call in _records(directory / "calls", CallRecord):
            if call.status not in _OVER:  # the call ended when the process did
                call.status = "failed"
            self._calls[call.sid] = call
        for path, recording in _records(directory / "recordings", RecordingRecord):
            if recording.status == "in-progress" and not self._rescued(recording):
                path.unlink()  # the audio was lost when the process ended
                continue
            self._recordings[recording.sid] = recording
        for _, message in _records(directory / "messages", MessageRecord):
            self._messages[message.sid] = message
        self._forget_fragments()

    def _forget_fragments(self) -> None:
        """Remove what a process was writing when it ended: nobody asks for it, so nobody would ever delete it."""
        drafts = self._directory.glob("**/*.part")
        unknown = (one for one in self._directory.glob("recordings/*.frames") if one.stem not in self._recordings)
        for fragment in (*drafts, *unknown):
            with suppress(FileNotFoundError):  # another process may be about to end, and still write
                if fragment.stat().st_mtime < time.time() - _MAY_BE_WRITTEN:
                    fragment.unlink()

    def _rescued(self, recording: RecordingRecord) -> bool:
        """Whether there is audio of a recording that was under way when the process ended; it is completed then."""
        frames = self.frames_path(recording.sid)
        samples = read_frames(frames) if frames.exists() else np.zeros(0, np.int16)
        if len(samples):
            recording.status, recording.duration = "completed", max(1, round(len(samples) / RATE))
            self.keep_recording(recording, samples)
        return self.audio_path(recording.sid).exists()

    @cached_property
    def account(self) -> Account:
        """What is set of the account; kept by `keep_account`."""
        kept = _record(self._directory / "account.json", dict[str, Any]) or {}
        return Account(**{name: value for name, value in kept.items() if name in Account.__dataclass_fields__})

    def keep_account(self) -> None:
        """Store what is set of the account."""
        self._write(self._directory / "account.json", json.dumps(asdict(self.account)).encode())

    def number(self) -> dict[str, str]:
        """The number's webhooks as they were last set by REST; empty if they never were."""
        return _record(self._directory / "number.json", dict[str, str]) or {}

    def keep_number(self, subscription: Subscription) -> None:
        """Store the number's webhooks."""
        self._write(self._directory / "number.json", json.dumps(asdict(subscription)).encode())

    def refusals(self) -> Refusals:
        """What the carrier refuses on request, read anew each time: the file may be written by hand.

        One that is written wrongly (or half written just now) stays as it is, and refuses nothing.
        """
        path, found, problem = self._directory / "refusals.json", Refusals(), ""
        try:
            found = Refusals.read(json.loads(path.read_text()))
        except FileNotFoundError:
            pass
        except (ValueError, OSError) as error:
            problem = str(error)
        if problem and problem != self._refusals_problem:
            log.error("%s is written wrongly and refuses nothing: %s", path, problem)
        self._refusals_problem = problem
        return found

    def is_late(self, recording_sid: str) -> bool:
        """Whether the audio of a recording is not there yet, as was asked for; each question brings it nearer."""
        self._asked[recording_sid] += 1
        return self._asked[recording_sid] <= (self.refusals().of("late_recordings", recording_sid) or 0)

    def keep_refusals(self, refusals: Refusals) -> None:
        """Store what the carrier refuses on request."""
        self._write(self._directory / "refusals.json", json.dumps(asdict(refusals)).encode())

    def keep_message(self, message: MessageRecord) -> None:
        """Store a text message."""
        with self._lock:
            self._messages[message.sid] = message
        self._write(self._directory / "messages" / f"{message.sid}.json", json.dumps(asdict(message)).encode())

    def message(self, sid: str) -> MessageRecord | None:
        """A text message by its id."""
        return self._messages.get(sid)

    def messages(self) -> Iterator[MessageRecord]:
        """All text messages, newest first."""
        with self._lock:
            return iter(list(self._messages.values())[::-1])

    def keep_call(self, call: CallRecord) -> None:
        """Store a call."""
        with self._lock:
            self._calls[call.sid] = call
        self._write(self._directory / "calls" / f"{call.sid}.json", json.dumps(asdict(call)).encode())

    def keep_recording(self, recording: RecordingRecord, samples: Samples | None = None) -> None:
        """Store a recording. The audio is written first, so that it can be fetched as soon as the recording exists."""
        if samples is not None:
            self._write(self.audio_path(recording.sid), write_wav(Sound(samples, RATE)))
            self.frames_path(recording.sid).unlink(missing_ok=True)
        with self._lock:
            self._recordings[recording.sid] = recording
        path = self._directory / "recordings" / f"{recording.sid}.json"
        self._write(path, json.dumps(asdict(recording)).encode())

    def call(self, sid: str) -> CallRecord | None:
        """A call by its id."""
        return self._calls.get(sid)

    def recording(self, sid: str) -> RecordingRecord | None:
        """A recording by its id."""
        return self._recordings.get(sid)

    def calls(self) -> Iterator[CallRecord]:
        """All calls, newest first."""
        with self._lock:
            return iter(list(self._calls.values())[::-1])

    def recordings(self, call_sid: str | None = None) -> Iterator[RecordingRecord]:
        """All recordings, or those of a call, newest first."""
        with self._lock:
            kept = list(self._recordings.values())[::-1]
        return (recording for recording in kept if call_sid in (None, recording.call_sid))

    def audio_path(self, sid: str) -> Path:
        """The path of a recording's audio."""
        return self._directory / "recordings" / f"{sid}.wav"

    def frames_path(self, sid: str) -> Path:
        """Where a line writes a recording frame by frame while it is under way."""
        return self._directory / "recordings" / f"{sid}.frames"

    def delete_recording(self, sid: str) -> bool:
        """Delete a recording and its audio. Returns False if there is none."""
        with self._lock:
            if self._recordings.pop(sid, None) is None:
                return False
        self.audio_path(sid).unlink(missing_ok=True)
        self.frames_path(sid).unlink(missing_ok=True)
        (self._directory / "recordings" / f"{sid}.json").unlink(missing_ok=True)
        return True

    def delete_call(self, sid: str) -> bool:
        """Delete a call. Returns False if there is none."""
        with self._lock:
            known = self._calls.pop(sid, None) is not None
        (self._directory / "calls" / f"{sid}.json").unlink(missing_ok=True)
        return known

    def delete_message(self, sid: str) -> bool:
        """Delete a text message. Returns False if there is none."""
        with self._lock:
            known = self._messages.pop(sid, None) is not None
        (self._directory / "messages" / f"{sid}.json").unlink(missing_ok=True)
        return known

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        draft = path.with_suffix(f".{secrets.token_hex(4)}.part")
        draft.write_bytes(content)
        draft.rename(path)
