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
    identities,
    incidents,
    merges,
    notices,
    privacy,
    prompts,
    reporting,
    representatives,
    screening,
    sla,
    spending,
    synthetic_calls,
    team_tools,
    voicebox,
)
from ivr.platform import settings_store, work_models

__all__ = [
    "accounts", "alerts", "audit", "bookings", "callbacks", "calls", "contact_centre", "contacts", "desk", "directory",
    "identities", "incidents", "merges", "notices", "privacy", "prompts", "reporting", "representatives", "screening",
    "settings_store", "sla", "spending", "synthetic_calls", "team_tools", "voicebox", "work_models",
]  # fmt: skip
