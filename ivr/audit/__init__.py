"""The access log lives here: its lines, anchors, verification, break-glass openings and reports of unusual reading.

Rules about who may read what do not; they are in `ivr.domain.permissions`.
"""
