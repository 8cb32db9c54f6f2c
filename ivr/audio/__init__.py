"""Functions on audio: WAV files, resampling, waveforms and speech synthesis.

They take and return samples and bytes: no calls, no settings, no database.
"""
