"""Callers ring at the local carrier, which is a process of its own, and what they hear is taken down."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import requests

from ivr.audio.wav import write_wav
from tests.soak.chaos.people import Wish
from tests.support.speech import human_speech


def recorded_speech() -> Mapping[float, bytes]:
    """People's speech as WAV, by its seconds: 1.0 to 3.0."""
    return {seconds / 10: write_wav(human_speech(seconds / 10)) for seconds in range(10, 31)}


def ring(exchange_url: str, wish: Wish, speech: Mapping[float, bytes]) -> None:
    """Place a call, as the command line does; the local carrier may die in the middle of it."""
    script = {"from": wish.number, "at": wish.at, "keys": wish.keys, "hangs_up": wish.hangs_up}
    files = [("speech", ("speech.wav", speech[seconds], "audio/wav")) for seconds in wish.speaks]
    for _ in range(200):
        try:
            with requests.post(
                f"{exchange_url}/softphone/scripts",
                data={"script": json.dumps(script)},
                files=files or None,
                stream=True,
                timeout=(2, 60),
            ) as response:
                for line in response.iter_lines():
                    _take_down(wish, json.loads(line))
            return
        except (requests.RequestException, ValueError):
            if wish.call_sid:
                return  # the local carrier died meanwhile
        time.sleep(0.2)


def _take_down(wish: Wish, event: dict) -> None:
    match event["type"]:
        case "dialled":
            wish.call_sid = event["call_sid"]
        case "said":
            wish.said.append(event["text"])
        case "spoke":
            wish.spoke += 1
        case "report":
            wish.finished = True
            wish.errors += event["errors"]
