"""Voicebox messages live here: what a caller left, its recording and the audio store.

Transcription does not; that is in `ivr.transcription`.
"""
