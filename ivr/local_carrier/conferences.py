"""Conferences: their participants, the mixed audio that each hears, and the events that the hotline receives."""

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
from ivr.domain.carrier_ids import of_exchange

#: Seconds of conversation kept for a participant who fetches them late.
_KEPT_SECONDS = 10
#: Sends an event (name and fields) to a participant's status callback URL.
SendEvent = Callable[[str, dict[str, str]], None]


class MixedAudio:
    """The audio that one participant hears: the others' voices at 8 kHz, mixed as they arrive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mixed: NDArray[np.int32] = np.zeros(0, np.int32)
        #: Samples that have been fetched already. Positions count from the moment the participant joined.
        self._fetched = 0
        self._joined = time.monotonic()
        self._said: dict[str, int] = {}

    def hear(self, speaker: str, samples: Samples) -> None:
        """Mix in a piece of speech. It follows the speaker's last piece without a gap, or begins now."""
        with self._lock:
            now = int((time.monotonic() - self._joined) * RATE)
            start = max(self._said.get(speaker, 0), now - len(samples), self._fetched)
            end = start + len(samples)
            self._said[speaker] = end
            if (missing := end - self._fetched - len(self._mixed)) > 0:
                self._mixed = np.concatenate([self._mixed, np.zeros(missing, np.int32)])
            self._mixed[start - self._fetched : end - self._fetched] += samples

    def fetch(self) -> Samples:
        """The audio that has not been fetched yet. Silence is not stored."""
        with self._lock:
            samples = np.clip(self._mixed[-_KEPT_SECONDS * RATE :], -32768, 32767).astype(np.int16)
            self._fetched += len(self._mixed)
            self._mixed = self._mixed[:0]
            return samples


class HoldMusic:
    """What a participant hears who is alone: a sound, again and again, from its beginning each time."""

    def __init__(self, sound: Callable[[], Samples]) -> None:
        self._sound = sound
        self._loaded: Samples | None = None
        self._began: float | None = None
        self._fetched = 0

    def fetch(self, *, alone: bool) -> Samples:
        """The music since the last request; none for who is not alone."""
        if not alone:
            self._began = None
            return np.zeros(0, np.int16)
        if self._loaded is None:
            self._loaded = self._sound()
        now = time.monotonic()
        if self._began is None:
            self._began, self._fetched = now, 0
        until = min(int((now - self._began) * RATE), self._fetched + _KEPT_SECONDS * RATE)
        places = np.arange(self._fetched, until)
        self._fetched = until
        return self._loaded[places % len(self._loaded)] if len(self._loaded) else self._loaded


@dataclass
class Participant:
    """A call in a conference."""

    call_sid: str
    ends_conference: bool = False
    #: Hears the others, and is not heard.
    muted: bool = False
    incoming: MixedAudio = field(default_factory=MixedAudio)
    #: The carrier's ReasonParticipantLeft if the participant was removed, else empty.
    removed_because: str = ""
    #: Wakes the line that waits in the conversation.
    wake: Callable[[], None] = lambda: None


class Conference:
    """One conference."""

    def __init__(self, name: str, send_event: SendEvent, exchange: int = 1) -> None:
        self.sid = of_exchange("CF", exchange)
        self.name = name
        self.created = format_datetime(datetime.now(UTC))
        self.participants: dict[str, Participant] = {}
        self.over = False
        # Carrier: the first participant's statusCallback is the conference's.
        self._send_event = send_event
        self._sequence = 0
        self._lock = threading.RLock()

    def join(self, participant: Participant) -> None:
        """Add a participant."""
        with self._lock:
            self.participants[participant.call_sid] = participant
            self._event("participant-join", participant)
            if len(self.participants) == 2:
                self._event("conference-start")

    def leave(self, participant: Participant, reason: str, call_status: str) -> None:
        """Remove a participant who has left. The conference ends with its moderator or its last participant."""
        with self._lock:
            if self.participants.pop(participant.call_sid, None) is None:
                return
            self._event(
                "participant-leave", participant, ReasonParticipantLeft=reason, ParticipantCallStatus=call_status
            )
            if participant.ends_conference:
                self.end("participant-with-end-conference-on-exit-left")
            elif not self.participants:
                self._finish("last-participant-left")

    def end(self, reason: str = "conference-ended-via-api") -> None:
        """End the conference. The calls go on with their documents, unless they are ended too."""
        with self._lock:
            for participant in list(self.participants.values()):
                self.remove(participant, reason.replace("-", "_"))
            if not self.participants:
                self._finish(reason)

    def remove(self, participant: Participant, reason: str = "participant_removed_via_api") -> None:
        """End the conversation of one participant. The call goes on with its document."""
        participant.removed_because = reason
        participant.wake()

    def say(self, call_sid: str, samples: Samples) -> None:
        """Play a participant's speech to the others."""
        with self._lock:
            speaker = self.participants.get(call_sid)
            if speaker is not None and speaker.muted:
                return
            others = [other for sid, other in self.participants.items() if sid != call_sid]
        for other in others:
            other.incoming.hear(call_sid, samples)

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
            event |= {"CallSid": participant.call_sid, "Muted": str(participant.muted).lower(), "Hold": "false"}
        self._send_event(name, event)


class Conferences:
    """All conferences in progress, by name, and the last hundred that have ended."""

    def __init__(self, exchange: int = 1) -> None:
        """`exchange`: the number of the process that holds them."""
        self._exchange = exchange
        self._conferences: dict[str, Conference] = {}
        self._ended: list[Conference] = []
        self._lock = threading.Lock()

    def join(self, name: str, participant: Participant, send_event: SendEvent) -> Conference:
        """Join the conference of this name. It begins with its first participant."""
        with self._lock:
            conference = self._conferences.get(name)
            if conference is None or conference.over:
                if conference is not None:
                    self._ended = [*self._ended[-99:], conference]
                conference = self._conferences[name] = Conference(name, send_event, self._exchange)
            conference.join(participant)
            return conference

    def all(self) -> list[Conference]:
        """The conferences, newest first, then those that have ended."""
        with self._lock:
            return [*reversed(self._conferences.values()), *reversed(self._ended)]

    def one(self, sid: str) -> Conference | None:
        """A conference by its id."""
        return next((conference for conference in self.all() if conference.sid == sid), None)

    def of(self, call_sid: str) -> Conference | None:
        """The conference that a call is in."""
        return next((conference for conference in self.all() if call_sid in conference.participants), None)
