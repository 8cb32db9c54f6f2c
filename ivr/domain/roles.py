"""What somebody with a log-in is (Rolle). What each may do stands in :mod:`ivr.domain.permissions`."""

from __future__ import annotations

#: member: works for teams. supervisor: answers for teams. administrator: configuration and people, no callers' data.
#: officer: the data protection officer (Datenschutzbeauftragte*r): logs and deletion records, no content.
ROLES = ("member", "supervisor", "administrator", "officer")
#: Who takes calls and works on tasks.
SERVING = ("member", "supervisor")
