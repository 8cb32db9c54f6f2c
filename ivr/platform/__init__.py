"""Technical services live here: database, outbox, job queue, spool, blob storage, encryption, logging.

Nothing here knows what a caller, a task or a team is.
"""
