"""Promises (Rückrufzusagen): what is promised for which task, how far each promise has come, and what becomes of it."""
