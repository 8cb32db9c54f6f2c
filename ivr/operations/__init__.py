"""An operator's work: backup, restore, migrations and demo data.

Periodic work of the product belongs to `ivr.workers`.
"""
