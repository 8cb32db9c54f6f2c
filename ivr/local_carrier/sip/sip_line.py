"""A telephone's end of a call over SIP: what the switch plays and hears goes by RTP, in real time."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from ivr.audio.wav import RATE, Samples, at_telephone_rate
from ivr.local_carrier.lines import (
    LOUDEST_SILENCE,
    HungUp,
    Interrupted,
    JoinedConference,
    RecordedSpeech,
    Utterance,
)
from ivr.local_carrier.real_time_line import RealTimeLine
from ivr.local_carrier.sip.live_mix import LiveMix
from ivr.local_carrier.sip.rtp_port import RtpPort
from ivr.local_carrier.sip.timeline import Timeline

#: The tone before a recording.
BEEP_SECONDS, BEEP_HERTZ, _BEEP_LOUDNESS = 0.4, 1000, 6000
#: Seconds by which a sound may take longer than it lasts, before the call goes on without its end.
_PATIENCE = 3.0


class Signalling(Protocol):
    """The SIP side of a call, as its line uses it."""

    def answer(self) -> None:
        """Answer the call, if it is not yet."""

    def end(self, status: str) -> None:
        """End the call: hang up, or refuse what was never answered with what `status` says."""


class SipLine(RealTimeLine):
    """A person at a telephone, in real time. Keys and audio come from the thread of the station."""

    def __init__(self, port: RtpPort, signalling: Signalling) -> None:
        super().__init__()
        self.port = port
        #: Seconds from the call's coming to the first sound; None before it.
        self.first_sound: float | None = None
        self._signalling = signalling
        self._came = time.monotonic()
        self._plays = self._stops_at_key = False
        self._loud_at = 0.0
        #: How this telephone tells its keys, once it has pressed one.
        self.keys_come = ""
        port.on_key = lambda key, ssrc, timestamp: self.press_by("rtp", key)
        port.on_played = self._played

    # -- called by the station ------------------------------------------------------------------

    def press_by(self, way: str, keys: str) -> None:
        """Keys were pressed. A telephone that tells each of them in two ways is listened to by the first one."""
        self.keys_come = self.keys_come or way
        if self.keys_come == way:
            self.press(keys)

    def press(self, keys: str) -> None:
        """Keys were pressed. A question that they may interrupt is silent from the next frame on."""
        if self._stops_at_key:
            self.port.stop()
        super().press(keys)

    def _played(self) -> None:
        with self._changed:
            self._plays = False
            self._changed.notify_all()

    # -- called by the switch -------------------------------------------------------------------

    def hear(self, utterance: Utterance, *, interruptible: bool) -> bool:
        """Play a prompt; a key stops one that is interruptible."""
        self._signalling.answer()
        samples = at_telephone_rate(utterance.audio()).samples
        self._play(samples, interruptible=interruptible)
        return interruptible and bool(self._keys)

    def _play(self, samples: Samples, *, interruptible: bool) -> None:
        with self._changed:
            if not len(samples) or (interruptible and self._keys):
                return
            self._plays, self._stops_at_key = True, interruptible
        if self.first_sound is None:
            self.first_sound = time.monotonic() - self._came
        self.port.play(samples)
        try:
            self._wait_until(
                lambda: not self._plays or (interruptible and bool(self._keys)), len(samples) / RATE + _PATIENCE
            )
        finally:
            self._stops_at_key = False
            self.port.stop()

    def record(self, max_seconds: int, finish: str, silence: int, *, beep: bool) -> RecordedSpeech:
        """Record until silence, a key, the longest duration or the hang-up; from the end of the tone on."""
        self._signalling.answer()
        if beep:
            try:
                self._play(_beep(), interruptible=False)
            except HungUp:
                return RecordedSpeech(np.zeros(0, np.int16), "hangup")
        self.drop_keys()
        timeline = Timeline(self.kept_at)
        self._loud_at = time.monotonic()
        self.port.on_frame = lambda ssrc, timestamp, pcm: self._hears(timeline, ssrc, timestamp, pcm)
        self.port.on_tone = timeline.key
        try:
            ended_by = self._speaks(max_seconds, finish, silence)
        finally:
            self.port.on_frame, self.port.on_tone = None, lambda ssrc, timestamp, samples: None
            self.drop_keys()
        return RecordedSpeech(timeline.finish()[: max_seconds * RATE], ended_by)

    def _hears(self, timeline: Timeline, ssrc: int, timestamp: int, pcm: bytes) -> None:
        timeline.add(ssrc, timestamp, pcm)
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        if float(samples @ samples) >= LOUDEST_SILENCE**2 * len(samples):
            self._loud_at = time.monotonic()

    def _speaks(self, max_seconds: int, finish: str, silence: int) -> str:
        """Let the caller speak. Returns what has ended it."""
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < max_seconds:
            try:
                if self._wait_until(lambda: any(key in finish for key in self._keys), min(0.25, max_seconds - elapsed)):
                    return next(key for key in self._keys if key in finish)
            except HungUp:
                return "hangup"
            except Interrupted:
                return "interrupted"
            if time.monotonic() - self._loud_at >= silence:
                break
        return ""

    def wait(self, seconds: float) -> None:
        """Let `seconds` of real time pass."""
        self._signalling.answer()
        super().wait(seconds)

    def _listens(self) -> None:
        self._signalling.answer()

    def sends(self, keys: str) -> None:
        """Send the tones of keys, and wait until they are sent."""
        self._signalling.answer()
        self.port.press(keys)
        self._wait_until(lambda: not self.port.is_pressing, len(keys) + _PATIENCE)

    def converse(self, conversation: JoinedConference, *, star: bool) -> str:
        """Take part in a conference: hear the others mixed, or music while nobody else is there."""
        self._signalling.answer()
        mix = LiveMix()
        self.drop_keys()
        conference, participant = conversation.conference, conversation.participant
        participant.incoming, participant.wake = mix, self._wake
        self.port.source = lambda: mix.frame(alone=conversation.is_alone())
        self.port.on_voice = lambda pcm: conference.say(
            participant.call_sid, np.frombuffer(pcm, "<i2").astype(np.int16)
        )
        try:
            if conversation.is_alone():
                mix.music(conversation.music())
            while not conversation.is_over():
                if self._wait_until(lambda: conversation.is_over() or (star and "*" in self._keys), 3600):
                    return "ended" if conversation.is_over() else "star"
            return "ended"
        finally:
            self.port.source, self.port.on_voice = None, None
            self.drop_keys()

    def over(self, reason: str) -> None:
        """The carrier has ended the call."""
        self.port.stop()
        self._signalling.end("failed" if reason == "error" else self.ends_as)


def _beep() -> Samples:
    places = np.arange(int(BEEP_SECONDS * RATE))
    return (np.sin(2 * np.pi * BEEP_HERTZ * places / RATE) * _BEEP_LOUDNESS).astype(np.int16)
