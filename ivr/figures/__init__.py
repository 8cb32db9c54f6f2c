"""Figures (Kennzahlen): what is counted of calls and tasks, day by day, so that it outlives the persons counted."""
