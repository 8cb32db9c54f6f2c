"""Pure rules live here: enumerations, languages, phone numbers, opening hours, routing, SLA policies, permissions.

Nothing here does I/O or reads settings; values come as arguments.
"""
