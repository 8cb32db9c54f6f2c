"""Data protection lives here: retention, erasure, restriction, legal holds, subject access and compliance documents.

The access log does not; it is in `ivr.audit`.
"""
