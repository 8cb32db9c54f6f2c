"""Background processes: the worker pool, the job runner, the scheduler, and reconciliation with the carrier.

What a job does belongs to the package of its feature; the table `HANDLERS` in `runner` lists all jobs.
"""
