"""Telephones that are not ours ring the hotline: SIPp and baresip, of which neither shares a line with the library."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound, read_audio, write_wav
from ivr.local_carrier.lines import KeyEntry, Line, RecordedSpeech
from tests.support.servers import free_port
from tests.support.speech import human_speech
from tests.support.telephones import HOST, OURS, desk, likeness, utterance
from tests.support.volume import volume
from tests.support.waiting import eventually

SPEECH = human_speech(2.0)
PROMPT = Sound(SPEECH.samples[:RATE], RATE)
SCENARIOS = Path(__file__).parent


def sipp(address: tuple[str, int], scenario: str, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run SIPp with a scenario of ours."""
    port = free_port()
    media = port // 4 * 4 + 4  # it takes this one and the three after it
    command = [
        "sipp", f"{HOST}:{address[1]}", "-sf", str(SCENARIOS / scenario), "-s", OURS, "-i", HOST, "-p",
        str(port), "-mp", str(media), "-nostdin", "-timeout", "900s", "-timeout_error",
        *arguments,
    ]  # fmt: skip
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=960)


@pytest.mark.soak
def test_calls_of_sipp_come_and_go(tmp_path: Path) -> None:
    """Nothing is lost, and nothing is kept of them."""
    count = volume(test=10, soak=60, night=1000)
    entries: list[KeyEntry] = []

    def asks(line: Line) -> None:
        entries.append(line.keys(1, "", 20))
        line.hear(utterance(Sound(SPEECH.samples[:RATE], RATE)), interruptible=False)

    with desk(asks) as us:
        done = sipp(us.address, "sipp_keys_by_info.xml", "-m", str(count), "-r", "5", "-l", "20", directory=tmp_path)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-500:]
        eventually(lambda: len(entries) == count)
        eventually(us.is_idle)
        if count > 10:
            eventually(lambda: not us.station.wire.open_transactions, 60)
    assert entries == [KeyEntry("4")] * count


@pytest.fixture
def baresip(tmp_path: Path) -> Path:
    """The settings of a telephone that speaks a file and keeps what it hears."""
    pause = np.zeros(2 * RATE, np.int16)  # it speaks once it has heard the prompt
    (tmp_path / "speech.wav").write_bytes(write_wav(Sound(np.concatenate([pause, SPEECH.samples, pause]), RATE)))
    port = free_port()
    (tmp_path / "config").write_text(
        f"""
sip_listen {HOST}:{port}
net_interface {HOST}
module_path /usr/lib/baresip/modules
audio_source aufile,{tmp_path}/speech.wav
audio_player aubridge,nowhere
audio_alert aubridge,nowhere
snd_path {tmp_path}
ausrc_srate 8000
auplay_srate 8000
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
"""
    )
    (tmp_path / "accounts").write_text(f"<sip:+4915112345678@{HOST}>;regint=0;audio_codecs=pcma/8000/1\n")
    (tmp_path / "contacts").write_text("")
    return tmp_path


def test_a_call_of_baresip_is_heard_and_recorded(baresip: Path) -> None:
    speech: list[RecordedSpeech] = []

    def records(line: Line) -> None:
        line.hear(utterance(PROMPT), interruptible=False)
        speech.append(line.record(30, "#", 60, beep=False))

    with desk(records) as us:
        command = ["baresip", "-f", str(baresip), "-e", f"/dial sip:{OURS}@{HOST}:{us.address[1]}"]
        with (baresip / "log").open("w") as log:
            telephone = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            try:
                eventually(lambda: us.taken, 20)
                time.sleep(6.5)  # it has heard the prompt, and spoken its file
                telephone.terminate()  # it hangs up
                eventually(lambda: speech)
                telephone.wait(60)
            finally:
                telephone.kill()
                telephone.wait()
        assert us.taken[0].number == "+4915112345678", (baresip / "log").read_text()[-800:]
    assert speech[0].ended_by == "hangup"
    assert likeness(SPEECH.samples, speech[0].samples) >= 0.99
    (kept,) = baresip.glob("dump-*-dec.wav")
    assert likeness(PROMPT.samples, read_audio(kept.read_bytes())[0].samples) >= 0.95
