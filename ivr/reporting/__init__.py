"""Figures live here: daily metrics, dashboard, the Senate's statement, publication, exports and staffing.

Nothing here changes a task or a call.
"""
