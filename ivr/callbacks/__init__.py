"""Callback tasks (Rückrufaufträge) live here.

Intake, workflow, claims, queries, search, SLA clocks, alerts and text messages.

Live calls, recordings and web pages do not.
"""
