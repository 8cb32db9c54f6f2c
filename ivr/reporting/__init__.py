"""Metrics and reports: daily metrics, dashboard, the Senate's statement, publication, exports and staffing.

Reports only read: no module here may change a task or a call.
"""
