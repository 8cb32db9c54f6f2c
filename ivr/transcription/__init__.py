"""Speech recognition: engines, models, the transcription job, evaluation, and words of urgency.

Fetching and storing recordings belongs to `ivr.voicebox`; vosk is imported in this package only.
"""
