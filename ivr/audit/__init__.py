"""The access log: its lines, anchors, verification, break-glass openings, and reports of unusual access.

Rules about who may read what belong to `ivr.domain.permissions`.
"""
