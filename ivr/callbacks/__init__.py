"""Callback tasks (Rückrufaufträge) live here: intake, workflow, claims, queries, search,
SLA clocks, alerts and text messages.

Live calls, recordings and web pages do not.
"""
