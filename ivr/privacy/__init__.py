"""Data protection: retention, erasure, restriction, legal holds, subject access and compliance documents.

The access log belongs to `ivr.audit`.
"""
