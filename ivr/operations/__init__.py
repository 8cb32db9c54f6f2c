"""Work of an operator lives here: backup, restore, migrations and demo data.

Periodic work of the product does not; that is in `ivr.workers`.
"""
