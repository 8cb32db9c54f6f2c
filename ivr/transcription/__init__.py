"""Speech recognition lives here: engines, models, the transcription job, evaluation and words of urgency.

The audio store does not; it is in `ivr.voicebox`.
"""
