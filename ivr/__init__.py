"""The telephone hotline and voicebox of Jobcenter Bremen."""
