"""Job: understands a spoken answer, whose caller waits on the telephone, and deletes its recording at the carrier.

The audio is held in memory only. A word that is not understood in time, or whose worker was killed, is none.
"""

from __future__ import annotations

import logging
import time

import requests

from ivr.audio.wav import read_wav
from ivr.carrier import media
from ivr.domain.timestamps import utc_now
from ivr.models.voicebox import SpokenAnswer
from ivr.platform import database, outbox
from ivr.transcription import word_recogniser
from ivr.transcription.vosk_engine import recognition
from ivr.voicebox.spoken_answers import WAIT

log = logging.getLogger(__name__)

#: Seconds before the carrier is asked again for a recording that it does not have yet.
_ASK_AGAIN = 0.3


def understand(answer_id: int) -> None:
    """Understand an answer, and delete its recording. Safe to repeat.

    Raises:
        TwilioRestException, requests.RequestException: the recording is not deleted; to be tried again.
    """
    with database.reading() as session:
        answer = session.get(SpokenAnswer, answer_id)
    if answer is None or answer.recording_sid is None or answer.carrier_deleted_at is not None:
        return
    if answer.key is None:
        key = _key(answer, answer.recording_sid) if outbox.attempt.get() == 1 else ""
        with database.writing() as session:
            session.get_one(SpokenAnswer, answer_id).key = key
    media.delete_recording(answer.recording_sid)
    with database.writing() as session:
        session.get_one(SpokenAnswer, answer_id).carrier_deleted_at = utc_now()


def _key(answer: SpokenAnswer, recording_sid: str) -> str:
    """The key of the word that is said in a recording, empty for none."""
    if answer.language not in recognition.loaded:
        return ""  # to load a model takes too long for somebody who waits
    while answer.recorded_at is not None and utc_now() < answer.recorded_at + WAIT:
        try:
            sound = read_wav(media.fetch_audio(recording_sid))
        except media.NotThere:
            time.sleep(_ASK_AGAIN)
        except (media.NotAudio, ValueError, requests.RequestException) as error:
            log.warning("a spoken answer could not be fetched (%s)", type(error).__name__)
            return ""
        else:
            word = word_recogniser.understood(recognition.model(answer.language), sound, answer.words)
            return str(answer.words[word]) if word else ""
    return ""
