"""The database's tables live here, one module for each area; instants end in `_at` and are UTC.

Queries and rules do not. Importing the package registers every table, so that relationships between areas resolve.
"""

from ivr.models import (
    accounts,
    alerts,
    audit,
    bookings,
    callbacks,
    calls,
    contact_centre,
    contacts,
    desk,
    directory,
    incidents,
    merges,
    notices,
    privacy,
    prompts,
    reporting,
    screening,
    sla,
    spending,
    voicebox,
)
from ivr.platform import settings_store, work_models

__all__ = [
    "accounts", "alerts", "audit", "bookings", "callbacks", "calls", "contact_centre", "contacts", "desk", "directory",
    "incidents", "merges", "notices", "privacy", "prompts", "reporting", "screening", "settings_store", "sla",
    "spending", "voicebox", "work_models",
]  # fmt: skip
