"""What goes into spreadsheets."""

from __future__ import annotations


def harmless(cell: str | None) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell or ""
