"""Migrations of the database (Alembic) live here, and nothing else."""
