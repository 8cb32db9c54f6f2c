"""Functions on audio live here: WAV files, waveforms and speech synthesis.

Nothing here knows calls, settings or the database.
"""
