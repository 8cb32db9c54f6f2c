"""The telephone hotline and voicebox of Jobcenter Bremen."""

__version__ = "0.1.0"
