"""Technical services: database, outbox, job queue, spool, blob storage, keys and encryption, logging.

No module here may know what a caller, a task or a team is; rq is imported here and in `ivr.workers` only.
"""
