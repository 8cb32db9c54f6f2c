"""Conferences: who is in which room, what each hears of the others, and what the house is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import RATE, Samples
from ivr.local_carrier.store import new_sid

#: Seconds of conversation kept for who is slow to fetch them.
_KEPT = 10
#: Tells an event (name and fields) to a participant's status callback URL.
Tell = Callable[[str, dict[str, str]], None]


class Ear:
    """What one participant hears: the others' voices, mixed, as they come in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mixed: NDArray[np.int32] = np.zeros(0, np.int32)
        #: Samples that have been fetched already; positions count from the moment the participant joined.
        self._fetched = 0
        self._joined = time.monotonic()
        self._said: dict[str, int] = {}

    def hear(self, speaker: str, samples: Samples) -> None:
        """A piece of somebody's speech, which goes on where their last one ended, or begins now."""
        with self._lock:
            now = int((time.monotonic() - self._joined) * RATE)
            start = max(self._said.get(speaker, 0), now - len(samples), self._fetched)
            end = start + len(samples)
            self._said[speaker] = end
            if (missing := end - self._fetched - len(self._mixed)) > 0:
                self._mixed = np.concatenate([self._mixed, np.zeros(missing, np.int32)])
            self._mixed[start - self._fetched : end - self._fetched] += samples

    def fetch(self) -> Samples:
        """What there is to hear and has not been fetched; silence takes no room."""
        with self._lock:
            samples = np.clip(self._mixed[-_KEPT * RATE :], -32768, 32767).astype(np.int16)
            self._fetched += len(self._mixed)
            self._mixed = self._mixed[:0]
            return samples


@dataclass
class Participant:
    """A call in a room."""

    call_sid: str
    ends_room: bool = False
    ear: Ear = field(default_factory=Ear)
    #: Why the participant has to leave (the carrier's ReasonParticipantLeft), if so.
    sent_away: str = ""
    #: Wakes the line that waits in the conversation.
    wake: Callable[[], None] = lambda: None


class Room:
    """One conference."""

    def __init__(self, name: str, tell: Tell) -> None:
        self.sid = new_sid("CF")
        self.name = name
        self.created = format_datetime(datetime.now(UTC))
        self.participants: dict[str, Participant] = {}
        self.over = False
        # Carrier: the first participant's statusCallback is the conference's.
        self._tell = tell
        self._sequence = 0
        self._lock = threading.RLock()

    def join(self, participant: Participant) -> None:
        """Somebody comes in."""
        with self._lock:
            self.participants[participant.call_sid] = participant
            self._event("participant-join", participant)
            if len(self.participants) == 2:
                self._event("conference-start")

    def leave(self, participant: Participant, reason: str, call_status: str) -> None:
        """Somebody is gone; with them the conference, if it was theirs or they were the last."""
        with self._lock:
            if self.participants.pop(participant.call_sid, None) is None:
                return
            self._event(
                "participant-leave", participant, ReasonParticipantLeft=reason, ParticipantCallStatus=call_status
            )
            if participant.ends_room:
                self.end("moderator_ended_conference")
            elif not self.participants:
                self._finish("last-participant-left")

    def end(self, reason: str = "conference_ended_via_api") -> None:
        """Everybody's conversation is over; their calls go on with their documents."""
        with self._lock:
            for participant in list(self.participants.values()):
                self.send_away(participant, reason)
            if not self.participants:
                self._finish(reason)

    def send_away(self, participant: Participant, reason: str = "participant_removed_via_api") -> None:
        """One participant's conversation is over."""
        participant.sent_away = reason
        participant.wake()

    def say(self, call_sid: str, samples: Samples) -> None:
        """Somebody speaks; the others hear it."""
        with self._lock:
            others = [other for sid, other in self.participants.items() if sid != call_sid]
        for other in others:
            other.ear.hear(call_sid, samples)

    def _finish(self, reason: str) -> None:
        if not self.over:
            self.over = True
            self._event("conference-end", ReasonConferenceEnded=reason)

    def _event(self, name: str, participant: Participant | None = None, **fields: str) -> None:
        self._sequence += 1
        event = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "StatusCallbackEvent": name,
            "SequenceNumber": str(self._sequence),
            "Timestamp": format_datetime(datetime.now(UTC)),
            **fields,
        }
        if participant is not None:
            event |= {"CallSid": participant.call_sid, "Muted": "false", "Hold": "false"}
        self._tell(name, event)


class Rooms:
    """All conferences in progress, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._ended: list[Room] = []
        self._lock = threading.Lock()

    def join(self, name: str, participant: Participant, tell: Tell) -> Room:
        """Enter the conference of a name, which begins with its first participant."""
        with self._lock:
            room = self._rooms.get(name)
            if room is None or room.over:
                if room is not None:
                    self._ended = [*self._ended[-99:], room]
                room = self._rooms[name] = Room(name, tell)
            room.join(participant)
            return room

    def all(self) -> list[Room]:
        """The conferences, newest first, with the last ones that have ended."""
        with self._lock:
            return [*reversed(self._rooms.values()), *reversed(self._ended)]

    def one(self, sid: str) -> Room | None:
        """A conference by its id."""
        return next((room for room in self.all() if room.sid == sid), None)

    def of(self, call_sid: str) -> Room | None:
        """The conference a call is in."""
        return next((room for room in self.all() if call_sid in room.participants), None)
