"""Background processes live here: the worker pool, the job runner, the scheduler and reconciliation with the carrier.

What a job does lives in the package of its feature.
"""
