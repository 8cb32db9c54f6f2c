"""Voicebox messages of the demo data: sentences in each language, with synthetic audio and a transcript."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound, write_wav
from ivr.domain.enums import MessageState, RecordingState, TranscriptReason, TranscriptState
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, Transcript, VoiceboxMessage
from ivr.voicebox import audio_store

#: Sentences that callers leave. Callers in a language without any leave no messages.
SENTENCES = {
    "de": ("Guten Tag, mir wird morgen der Strom abgestellt, bitte rufen Sie zurück.",
           "Ich wollte fragen, ob mein Antrag angekommen ist.",
           "Ich habe einen neuen Mietvertrag und brauche schnell eine Antwort."),
    "en": ("Hello, I have a question about my application.", "My rent has gone up, what should I do?"),
    "tr": ("Merhaba, başvurum hakkında bilgi almak istiyorum.", "Param kalmadı, lütfen beni arayın."),
    "ar": ("مرحبا، عندي سؤال عن طلبي.",),
    "ru": ("Здравствуйте, у меня вопрос по моему заявлению.",),
    "uk": ("Добрий день, я хочу дізнатися про свою заяву.",),
    "fa": ("سلام، من در مورد درخواست خود سؤال دارم.",),
    "kmr": ("Silav, pirsa min heye.",),
    "pl": ("Dzień dobry, mam pytanie o mój wniosek.",),
    "bg": ("Добър ден, имам въпрос за молбата си.",),
    "ro": ("Bună ziua, am o întrebare despre cererea mea.",),
    "fr": ("Bonjour, j'ai une question sur ma demande.",),
}  # fmt: skip


@dataclass(frozen=True)
class SpokenMessage:
    """What a caller has said; its audio is in the audio store."""

    recording_sid: str
    text: str
    seconds: float
    sha256: str
    size: int
    #: How sure the recogniser was of each word, and of all.
    sure: float
    of_words: tuple[float, ...]


def spoken_message(dice: random.Random, recording_sid: str, call_sid: str, language: str) -> SpokenMessage:
    """Speak a sentence and store its audio. The language must have sentences."""
    text = dice.choice(SENTENCES[language])
    sound = _spoken(text, language)
    kept = audio_store.save(recording_sid, write_wav(sound), {"call_sid": call_sid, "language": language})
    sure = dice.uniform(0.45, 0.95)
    of_words = tuple(min(1.0, dice.uniform(0.3, 0.7) + sure / 2) for _ in text.split())
    return SpokenMessage(recording_sid, text, sound.seconds, kept.sha256, kept.size, sure, of_words)


def add_message(session: Session, task: CallbackTask, spoken: SpokenMessage) -> None:
    """Add a message with recording and transcript to a task."""
    message = VoiceboxMessage(
        call_id=task.call_id,
        task_id=task.id,
        recording_number=1,
        about={"concern": task.concern},
        state=MessageState.LEFT,
        language=task.language,
        consented_at=task.first_contact_at,
        left_at=task.first_contact_at,
    )
    session.add(message)
    session.flush()
    recording = Recording(
        message_id=message.id, recording_sid=spoken.recording_sid, state=RecordingState.STORED,
        recorded_seconds=spoken.seconds, audio_sha256=spoken.sha256, audio_bytes=spoken.size,
        stored_at=task.first_contact_at,
        carrier_deleted_at=task.first_contact_at,
    )  # fmt: skip
    session.add(recording)
    session.flush()
    words, sure = spoken.text.split(), spoken.sure
    step = spoken.seconds / len(words)
    session.add(
        Transcript(
            recording_id=recording.id,
            state=TranscriptState.DONE if sure > 0.55 else TranscriptState.PLEASE_LISTEN,
            reason=None if sure > 0.55 else TranscriptReason.LOW_CONFIDENCE,
            language=task.language,
            engine="demo",
            text=spoken.text,
            confidence=sure,
            transcribed_at=task.first_contact_at,
            words=[
                {
                    "word": word,
                    "start": round(i * step, 2),
                    "end": round((i + 0.9) * step, 2),
                    "confidence": round(spoken.of_words[i], 2),
                }
                for i, word in enumerate(words)
            ],
        )
    )


@lru_cache(maxsize=64)
def _spoken(text: str, language: str) -> Sound:
    return speak(text, language)
